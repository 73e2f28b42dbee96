//! How far this server knows its sessions, where other servers change them too.

use vws_core::Session;
use vws_core::SessionId;
use vws_core::reduce::State;
use vws_core::wire::Resume;

use super::SessionStore;
use super::cold::Slot;

impl SessionStore {
    /// How far a session is known here, without loading it; `None` where there is none, or what is kept of it is damaged.
    #[must_use]
    pub fn place_of(&self, id: SessionId) -> Option<Resume> {
        match self.0.sessions.read().get(&id)? {
            Slot::Live(live) => Some(live.read(|s| Resume { epoch: Session::epoch(s), seq: s.seq() })),
            Slot::Cold(cold) if cold.damaged.is_none() => {
                Some(Resume { epoch: cold.info.epoch, seq: cold.info.seq })
            }
            Slot::Cold(_) => None,
        }
    }

    /// Whether other servers write to the log as well.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.0.is_shared()
    }

    /// Whether the log is within reach, as far as anybody knows. Where it is not, what is in memory is read all the same,
    /// and may be older than what other servers have.
    #[must_use]
    pub fn is_log_within_reach(&self) -> bool {
        self.0.log.shared().is_none_or(|shared| shared.is_within_reach())
    }
}
