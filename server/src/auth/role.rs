//! What there is to do, and the one table of roles and operations.

pub use vws_core::model::Role;

/// How far a token has to reach for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// To the session that it is done in.
    Session,
    /// To every session: it is not done in one that is there already.
    Server,
    /// Not at all; what is shown is only what the token reaches.
    Filtered,
}

/// What there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Read a session: its state, past, models and events, as files too, and follow it.
    Read,
    /// Show oneself in a session: name, camera, pointer and selection.
    Present,
    /// Change what is in a session, by any command, an undo or a model.
    Change,
    /// Make a token for a session, of one's own role at most.
    Share,
    /// Delete a session.
    Delete,
    /// List sessions, and follow the list.
    List,
    /// Make a session: new, as a fork, or of a file.
    Create,
    /// Read what the server measures of itself.
    Observe,
    /// Revoke tokens, and read who came and what was refused.
    Administer,
    /// Read all that the server keeps, as one file.
    BackUp,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 10] = [
        Self::Read,
        Self::Present,
        Self::Change,
        Self::Share,
        Self::Delete,
        Self::List,
        Self::Create,
        Self::Observe,
        Self::Administer,
        Self::BackUp,
    ];

    /// The table (rule AUTH3): the least role that may do it, and how far its token reaches.
    #[must_use]
    pub const fn needs(self) -> (Role, Reach) {
        match self {
            Self::Read | Self::Present => (Role::View, Reach::Session),
            Self::Change => (Role::Edit, Reach::Session),
            Self::Share | Self::Delete => (Role::Own, Reach::Session),
            Self::List => (Role::View, Reach::Filtered),
            Self::Create | Self::Observe => (Role::Own, Reach::Server),
            Self::Administer | Self::BackUp => (Role::Admin, Reach::Server),
        }
    }

    /// What it is, after "may not".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Read => "read this session",
            Self::Present => "be seen in this session",
            Self::Change => "change this session",
            Self::Share => "share this session",
            Self::Delete => "delete this session",
            Self::List => "list sessions",
            Self::Create => "make sessions",
            Self::Observe => "read what the server measures",
            Self::Administer => "administer this server",
            Self::BackUp => "back up this server",
        }
    }
}
