//! What is in memory of a session that is not loaded.

use std::sync::Arc;

use vws_core::{Session, SessionId, SessionInfo};

use super::{LiveSession, Usage};
use crate::log::Listed;

/// One session of the set.
pub(super) enum Slot {
    /// It is in memory.
    Live(Arc<LiveSession>),
    /// It is in the log alone. In a box, so that many cold sessions take little.
    Cold(Box<Cold>),
}

/// What is known of a session that is in the log alone.
pub(super) struct Cold {
    pub(super) info: SessionInfo,
    /// Why it is not served, if it is not.
    pub(super) damaged: Option<Box<str>>,
}

impl Slot {
    pub(super) fn of(listed: Listed) -> Self {
        let Listed { info, damaged } = listed;
        Self::Cold(Box::new(Cold { info, damaged: damaged.map(String::into_boxed_str) }))
    }

    pub(super) fn known(&self) -> Known {
        match self {
            Self::Live(live) => Known::Loaded(Arc::clone(live)),
            Self::Cold(cold) => match &cold.damaged {
                None => Known::Cold(cold.info.clone()),
                Some(reason) => Known::Damaged(cold.info.clone(), reason.to_string()),
            },
        }
    }
}

/// A session as a list of all finds it.
#[derive(Debug, Clone)]
pub enum Known {
    /// It is in memory.
    Loaded(Arc<LiveSession>),
    /// It is in the log alone, as of its last event.
    Cold(SessionInfo),
    /// What is kept of it is not what was written, for the reason that is told: it is not served.
    Damaged(SessionInfo, String),
}

impl Known {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> SessionId {
        match self {
            Self::Loaded(live) => live.id(),
            Self::Cold(info) | Self::Damaged(info, _) => info.session_id,
        }
    }

    /// What it is, as of its last event.
    #[must_use]
    pub fn info(&self) -> SessionInfo {
        match self {
            Self::Loaded(live) => live.read(Session::info),
            Self::Cold(info) | Self::Damaged(info, _) => info.clone(),
        }
    }

    /// Why it is not served, if it is not.
    #[must_use]
    pub fn damaged(&self) -> Option<&str> {
        match self {
            Self::Loaded(_) | Self::Cold(_) => None,
            Self::Damaged(_, reason) => Some(reason),
        }
    }

    /// What it holds of the server; `None` when it is not in memory.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        match self {
            Self::Loaded(live) => Some(live.usage()),
            Self::Cold(_) | Self::Damaged(..) => None,
        }
    }
}
