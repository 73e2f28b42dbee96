//! Tokens that are over before their time, on all nodes.
//!
//! They are in a table that outlives all nodes, under the token's id, with the token's own end. Each node has all of it
//! in memory before it serves anybody, and is told of what changes.

use std::sync::{Arc, Weak};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::StreamExt;
use tokio::time::sleep;
use tracing::{debug, warn};
use vws_core::Millis;

use super::Cluster;
use super::bus::{Bus, BusError, Change, Changes, Table};
use crate::auth::{Revocation, RevokeError, Revoked, TokenId};
use crate::store::now;

/// Keys whose time is over, which are removed with each new one at most.
const SWEPT: usize = 16;
/// How long a bus that is not heard of is left alone.
const AGAIN: Duration = Duration::from_millis(500);

impl Cluster {
    /// The tokens that are over on any node, all of them, which follow the others from then on.
    ///
    /// # Errors
    /// That the others are out of reach: a token that was revoked must not come back unseen.
    pub async fn revoked(&self) -> Result<Arc<Revoked>, BusError> {
        let revoked = Arc::new(Revoked::default());
        let mut changes = self.bus.watch(Table::Revoked).await?;
        loop {
            match changes.next().await {
                Some(Change::Current) => break,
                Some(change) => take(&revoked, change),
                None => return Err(BusError("the revoked tokens were not told to their end".to_owned())),
            }
        }
        self.keep(follow(Arc::clone(&self.bus), Arc::downgrade(&revoked), changes));
        Ok(revoked)
    }

    /// Has a token be over on all nodes. When this returns it is so here, and kept for the others, who are told.
    ///
    /// # Errors
    /// [`RevokeError`]; the token may go on to hold then.
    pub async fn revoke(&self, revoked: &Revoked, revocation: Revocation) -> Result<(), RevokeError> {
        let (is_there, now) = (revoked.check_room(&revocation, now())?, now());
        if is_there {
            return Ok(());
        }
        let value = revocation.until.to_string();
        self.bus.put(Table::Revoked, key(&revocation.id), value.into()).await?;
        revoked.learn(revocation);
        let over = revoked.over(now, SWEPT);
        if !over.is_empty() {
            let bus = Arc::clone(&self.bus);
            tokio::spawn(async move {
                for id in over {
                    if let Err(failed) = bus.remove(Table::Revoked, key(&id)).await {
                        return debug!(error = %failed, "what is over anyway is left for another time");
                    }
                }
            });
        }
        Ok(())
    }
}

fn key(id: &TokenId) -> String {
    URL_SAFE_NO_PAD.encode(id.as_str())
}

fn read(key: &str, value: &[u8]) -> Option<Revocation> {
    let id = String::from_utf8(URL_SAFE_NO_PAD.decode(key).ok()?).ok()?.parse().ok()?;
    let until: Millis = std::str::from_utf8(value).ok()?.parse().ok()?;
    Some(Revocation { id, until })
}

fn take(revoked: &Revoked, change: Change) {
    match change {
        Change::Put { key, value } => match read(&key, &value) {
            Some(revocation) => revoked.learn(revocation),
            None => warn!(key, "a revoked token cannot be read, and is passed over"),
        },
        // What is over by itself need not be remembered; nothing else is ever removed.
        Change::Removed { .. } => revoked.forget_over(now()),
        Change::Current => {}
    }
}

async fn follow(bus: Arc<dyn Bus>, revoked: Weak<Revoked>, mut changes: Changes) {
    loop {
        while let Some(change) = changes.next().await {
            let Some(revoked) = revoked.upgrade() else { return };
            take(&revoked, change);
        }
        changes = loop {
            match bus.watch(Table::Revoked).await {
                Ok(changes) => break changes,
                Err(failed) => debug!(error = %failed, "the revoked tokens are not told"),
            }
            sleep(AGAIN).await;
        };
    }
}
