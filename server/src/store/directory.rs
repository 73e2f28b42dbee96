//! The set of sessions where other processes change it too.

use std::collections::HashSet;
use std::sync::Weak;

use futures_util::StreamExt;
use tokio::time::{Duration, sleep};
use tracing::warn;
use vws_core::{Millis, SessionId};

use super::cold::Slot;
use super::now;
use super::registry::Inner;
use crate::log::{Directory, Listed, Sessions};

/// How long a log that does not list its sessions is left alone before it is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// Keeps the set in step with the log's, for as long as there is the store.
pub(super) async fn follow_directory(store: Weak<Inner>, mut directory: Directory) {
    while let Some(change) = directory.next().await {
        let Some(inner) = store.upgrade() else { return };
        match change {
            Sessions::Listed(listed) => inner.is_listed(listed),
            Sessions::Deleted { session, at } => inner.is_deleted(session, at).await,
            Sessions::Gap => {
                drop(inner);
                list_again(&store).await;
            }
        }
    }
}

async fn list_again(store: &Weak<Inner>) {
    while let Some(inner) = store.upgrade() {
        let before: HashSet<_> = inner.sessions.read().keys().copied().collect();
        match inner.log.list().await {
            Ok(all) => {
                let there: HashSet<_> = all.iter().map(|listed| listed.info.session_id).collect();
                all.into_iter().for_each(|listed| inner.is_listed(listed));
                // What came meanwhile is not among those that were there before.
                for gone in before.difference(&there) {
                    inner.is_deleted(*gone, now()).await;
                }
                return;
            }
            Err(error) => warn!(%error, "the log does not list its sessions"),
        }
        drop(inner);
        sleep(AGAIN).await;
    }
}

impl Inner {
    /// Takes in that a session is there no more. Who loads it at this moment is let finish, and does not bring it back.
    async fn is_deleted(&self, session: SessionId, at: Millis) {
        let _turn = self.turns.take(session).await;
        self.leave(session, at).await;
    }

    /// Takes in what the log tells of a session. One that is in memory knows better.
    fn is_listed(&self, listed: Listed) {
        let id = listed.info.session_id;
        let mut sessions = self.sessions.write();
        let renamed = match sessions.get_mut(&id) {
            None => {
                drop(sessions);
                let info = listed.info.clone();
                return self.appear(&info, Slot::of(listed));
            }
            Some(Slot::Cold(cold)) if cold.info.seq <= listed.info.seq => {
                let renamed = (cold.info.name != listed.info.name).then(|| listed.info.name.clone());
                cold.info = listed.info;
                renamed
            }
            Some(Slot::Cold(_) | Slot::Live(_)) => None,
        };
        drop(sessions);
        if let Some(name) = renamed {
            self.lobby.renamed(id, name, now());
        }
    }
}
