//! Who may do what.
//!
//! A request or a connection shows a signed token, or none; what comes of it is a [`Grant`], and the grant is asked
//! before anything is done. No token is ever logged, counted, put into an address or repeated in a refusal.
//!
//! # Layout
//! - [`role`](Operation): what there is to do, and the one table of roles and operations.
//! - `setup`: how a server's flags become its rules.
//! - `audit`: who came, who was refused, and what is gone.
//! - `grant`: what somebody may do, and why something is refused.
//! - `token`: what a token says, read strictly.
//! - `keys`: the keys that tokens are signed and checked with.
//! - `revoked`: tokens that are over before their time.

mod audit;
mod grant;
mod keys;
mod revoked;
mod role;
mod setup;
mod token;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use vws_core::Millis;
use vws_core::wire::Access;

pub use audit::{Audit, Entry, Happened, MAX_ENTRIES};
pub use grant::{Denied, Grant, Scope};
pub use keys::{KeyError, Keys};
pub use revoked::{MAX_REVOKED, Revocation, RevokeError, Revoked};
pub use role::{Operation, Reach, Role};
pub use setup::{Anonymous, SetupError, anonymous};
pub use token::{Claims, LATEST_SECONDS, MAX_TOKEN_BYTES, Subject, TokenFault, TokenId};

/// Who may do what on one server.
#[derive(Debug)]
pub struct Auth {
    keys: Keys,
    /// What may be done without a token.
    anonymous: Arc<Grant>,
    revoked: Arc<Revoked>,
    audit: Arc<Audit>,
}

impl Auth {
    /// A server with these keys, that gives `anonymous` to who shows no token.
    #[must_use]
    pub fn new(keys: Keys, anonymous: Option<Role>, revoked: impl Into<Arc<Revoked>>) -> Self {
        let anonymous = Arc::new(Grant::anonymous(anonymous));
        Self { keys, anonymous, revoked: revoked.into(), audit: Arc::default() }
    }

    /// The same, that goes on with this record.
    #[must_use]
    pub fn with_audit(self, audit: Arc<Audit>) -> Self {
        Self { audit, ..self }
    }

    /// What is on record.
    #[must_use]
    pub const fn audit(&self) -> &Arc<Audit> {
        &self.audit
    }

    /// What may be done by who shows this token, or none.
    ///
    /// # Errors
    /// [`Denied::Token`] for a token that does not hold now. Who shows a bad one is not taken for anonymous: it
    /// would do less than its holder believes.
    pub fn grant(&self, token: Option<&str>, now: Millis) -> Result<Arc<Grant>, Denied> {
        // A server without keys knows no tokens: those that come with a request are for somebody before it.
        let Some(token) = token.filter(|_| self.keys.are_there()) else {
            return Ok(Arc::clone(&self.anonymous));
        };
        let grant = self.keys.verify(token, now).map_err(Denied::Token)?;
        match grant.token() {
            Some(id) if self.revoked.has(id) => Err(Denied::Token(TokenFault::Revoked)),
            _ => Ok(Arc::new(grant)),
        }
    }

    /// The keys.
    #[must_use]
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// What may be done without a token.
    #[must_use]
    pub fn anonymous(&self) -> &Grant {
        &self.anonymous
    }

    /// What the holder of `grant` is told that they may do; `None` where nobody is asked who they are.
    #[must_use]
    pub fn access(&self, grant: &Grant) -> Option<Access> {
        let asks = self.keys.are_there() || !self.is_open();
        let role = grant.role().filter(|_| asks)?;
        Some(Access { role, until: grant.until(), shares: self.shares(grant) })
    }

    /// The tokens that are over before their time.
    #[must_use]
    pub fn revoked(&self) -> &Revoked {
        &self.revoked
    }

    /// Resolves when `grant` no longer holds, with the reason: its time is over, or it was revoked. `now` is the time
    /// by the system's clock.
    pub async fn end_of(&self, grant: &Grant, now: impl Fn() -> Millis) -> TokenFault {
        let Some((id, until)) = grant.token().zip(grant.until()) else {
            return std::future::pending().await;
        };
        let mut news: watch::Receiver<u64> = self.revoked.news();
        loop {
            news.mark_unchanged();
            if self.revoked.has(id) {
                return TokenFault::Revoked;
            }
            let left = until.saturating_sub(now());
            if left == 0 {
                return TokenFault::Expired { at: until };
            }
            // The system's clock may be set while this waits.
            let wait = Duration::from_millis(left).min(LOOK_AGAIN);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                changed = news.changed() => {
                    if changed.is_err() {
                        tokio::time::sleep(wait).await;
                    }
                }
            }
        }
    }
}

/// The longest that a clock is believed in.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
