//! What somebody may do, and why something is refused.

use thiserror::Error;
use vws_core::{DisplayName, Millis, Problem, SessionId};

use super::role::{Operation, Reach, Role};
use super::token::{Subject, TokenFault, TokenId};

/// The sessions that a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One.
    Session(SessionId),
    /// All, and those that will be.
    All,
}

impl Scope {
    /// Whether the session is among them.
    #[must_use]
    pub fn has(self, session: SessionId) -> bool {
        match self {
            Self::Session(only) => only == session,
            Self::All => true,
        }
    }
}

/// What somebody may do. One that is there is proof that a token was right, or none was needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    role: Option<Role>,
    scope: Scope,
    holder: Option<Holder>,
}

/// Who shows a token.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Holder {
    subject: Subject,
    name: Option<DisplayName>,
    token: TokenId,
    until: Millis,
}

/// Why something is not done. The words never hold a token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Denied {
    /// The token does not hold.
    #[error("the token is not taken: {0}")]
    Token(TokenFault),
    /// It needs a token.
    #[error("without a token one may not {}; it takes the role {needed}", .operation.words())]
    TokenNeeded {
        /// What was to be done.
        operation: Operation,
        /// The least role that may.
        needed: Role,
    },
    /// It needs another role.
    #[error("the role {role} may not {}; it takes {needed}", .operation.words())]
    Role {
        /// What was to be done.
        operation: Operation,
        /// The role that there is.
        role: Role,
        /// The least role that may.
        needed: Role,
    },
    /// The token is for another session.
    #[error("the token is for another session")]
    OtherSession,
    /// The client id is somebody else's.
    #[error("the client id is in use by somebody else")]
    OtherClient,
    /// The token is for one session.
    #[error("the token is for one session, and to {} it takes one for all", .operation.words())]
    OneSession {
        /// What was to be done.
        operation: Operation,
    },
}

impl Denied {
    /// Whether another token, or one at all, would help: what HTTP calls unauthenticated.
    #[must_use]
    pub const fn is_about_identity(&self) -> bool {
        matches!(self, Self::Token(_) | Self::TokenNeeded { .. })
    }

    /// The stable name of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Token(fault) => fault.code(),
            Self::TokenNeeded { .. } => "token_needed",
            Self::Role { .. } | Self::OtherSession | Self::OtherClient | Self::OneSession { .. } => {
                "forbidden"
            }
        }
    }
}

impl Denied {
    /// What HTTP answers beside it (RFC 6750, section 3).
    #[must_use]
    pub const fn challenge(&self) -> &'static str {
        match self {
            Self::TokenNeeded { .. } => "Bearer realm=\"vws\"",
            Self::Token(_) => "Bearer realm=\"vws\", error=\"invalid_token\"",
            Self::Role { .. } | Self::OtherSession | Self::OtherClient | Self::OneSession { .. } => {
                "Bearer realm=\"vws\", error=\"insufficient_scope\""
            }
        }
    }

    /// As it travels over the WebSocket.
    #[must_use]
    pub fn to_problem(&self) -> Problem {
        Problem { code: self.code().to_owned(), detail: self.to_string(), errors: Vec::new() }
    }
}

impl Grant {
    pub(super) const fn anonymous(role: Option<Role>) -> Self {
        Self { role, scope: Scope::All, holder: None }
    }

    pub(super) const fn of_token(
        subject: Subject,
        name: Option<DisplayName>,
        token: TokenId,
        until: Millis,
        role: Role,
        scope: Scope,
    ) -> Self {
        Self { role: Some(role), scope, holder: Some(Holder { subject, name, token, until }) }
    }

    /// Whether it allows `operation`, in `session` where it is one of a session.
    ///
    /// # Errors
    /// [`Denied`], which says what is missing.
    pub fn check(&self, operation: Operation, session: Option<SessionId>) -> Result<(), Denied> {
        let (needed, reach) = operation.needs();
        match (reach, session, self.scope) {
            (Reach::Session, Some(session), scope) if !scope.has(session) => {
                return Err(Denied::OtherSession);
            }
            // What is of a session and names none is of every one.
            (Reach::Session, None, Scope::Session(_)) | (Reach::Server, _, Scope::Session(_)) => {
                return Err(Denied::OneSession { operation });
            }
            _ => {}
        }
        match self.role {
            Some(role) if role >= needed => Ok(()),
            Some(role) if self.holder.is_some() => Err(Denied::Role { operation, role, needed }),
            _ => Err(Denied::TokenNeeded { operation, needed }),
        }
    }

    /// The role; `None` for who may do nothing.
    #[must_use]
    pub const fn role(&self) -> Option<Role> {
        self.role
    }

    /// The sessions that it is for.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        self.scope
    }

    /// Who it is; `None` for who shows no token.
    #[must_use]
    pub fn subject(&self) -> Option<&Subject> {
        self.holder.as_ref().map(|holder| &holder.subject)
    }

    /// What they are called.
    #[must_use]
    pub fn name(&self) -> Option<&DisplayName> {
        self.holder.as_ref().and_then(|holder| holder.name.as_ref())
    }

    /// The id of the token.
    #[must_use]
    pub fn token(&self) -> Option<&TokenId> {
        self.holder.as_ref().map(|holder| &holder.token)
    }

    /// When it ends.
    #[must_use]
    pub fn until(&self) -> Option<Millis> {
        self.holder.as_ref().map(|holder| holder.until)
    }
}
