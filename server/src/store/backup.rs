//! What a backup of all sessions is made of.

use std::sync::Arc;

use vws_core::Millis;

use super::{Known, SessionStore};
use crate::auth::{Entry, Revocation};
use crate::backup::Job;
use crate::log::Listed;

impl SessionStore {
    /// A backup of the sessions that there are now, each as it is when its turn comes. Sessions that are not in memory
    /// stay so.
    #[must_use]
    pub fn backup(&self, revoked: Vec<Revocation>, audit: Vec<Arc<Entry>>, at: Millis) -> Job {
        let store = self.clone();
        let listed =
            |known: Known| Listed { info: known.info(), damaged: known.damaged().map(str::to_owned) };
        Job {
            log: Arc::clone(&self.0.log),
            assets: Arc::clone(&self.0.assets),
            sessions: self.0.sessions.read().keys().copied().collect(),
            known: Box::new(move |id| store.known(id).map(listed)),
            revoked,
            audit,
            at,
        }
    }
}
