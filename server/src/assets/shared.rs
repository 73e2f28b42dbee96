//! Assets that several nodes have in common.
//!
//! Which session has which is in a table, under `SESSION.ASSET`; each content is one file, under its hash, whichever
//! sessions have it. Every node knows the whole table, and has contents that were asked for a moment ago in memory. What
//! one name means never changes, so that nothing that is in memory is ever wrong.
//!
//! The bounds hold by what a node knows of the table: what nodes take at the same moment, before they have told each
//! other, may be beyond them by that much.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use hashlink::LinkedHashMap;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;
use tokio::time::sleep;
use tracing::{debug, error, info, warn};
use vws_core::SessionId;

use super::content::Content;
use super::keep::{Added, Assets, Bounds, Draft, Stored, Waiting};
use super::{Asset, AssetError, AssetId, Kind};
use crate::cluster::{Bus, BusError, Change, Changes, Table};
use crate::store::now;

/// Bytes of contents that are kept in memory.
const CACHE: usize = 64 * 1024 * 1024;
/// Contents that are fetched at once: each is in memory meanwhile.
const AT_ONCE: usize = 4;
/// How long a bus that tells nothing is left alone.
const AGAIN: Duration = Duration::from_millis(500);
/// A session that nobody knows is a deleted one where it is older: a newer one may just not be told of yet.
const SETTLED_MS: u64 = 3_600_000;

/// What there is to it where other nodes have the same.
pub(super) struct Shared {
    bus: Arc<dyn Bus>,
    /// What is counted once, by content.
    stored: Mutex<HashMap<AssetId, Weak<Stored>>>,
    cache: Mutex<Cache>,
    fetching: Semaphore,
    /// Follows the table; ends with this.
    following: Mutex<Option<AbortHandle>>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(task) = self.following.get_mut() {
            task.abort();
        }
    }
}

/// Contents that were used last.
#[derive(Default)]
struct Cache {
    /// The one that was used last comes last.
    contents: LinkedHashMap<AssetId, Bytes>,
    bytes: usize,
}

impl Cache {
    fn get(&mut self, id: AssetId) -> Option<Bytes> {
        self.contents.to_back(&id).cloned()
    }

    fn keep(&mut self, id: AssetId, content: Bytes) {
        self.bytes += content.len();
        if let Some(former) = self.contents.insert(id, content) {
            self.bytes -= former.len();
        }
        while self.bytes > CACHE {
            let Some((_, oldest)) = self.contents.pop_front() else { break };
            self.bytes -= oldest.len();
        }
    }
}

/// The key of an asset of a session, or of any (`*`).
fn key(session: &str, asset: &str) -> String {
    format!("{session}.{asset}")
}

fn value(asset: Asset) -> Bytes {
    format!("{} {}", asset.kind.extension(), asset.bytes).into()
}

fn read(key: &str, value: &[u8]) -> Option<(SessionId, Asset)> {
    let (session, id) = read_key(key)?;
    let (extension, bytes) = std::str::from_utf8(value).ok()?.split_once(' ')?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.extension() == extension)?;
    Some((session, Asset { id, kind, bytes: bytes.parse().ok()? }))
}

fn read_key(key: &str) -> Option<(SessionId, AssetId)> {
    let (session, id) = key.split_once('.')?;
    Some((session.parse().ok()?, id.parse().ok()?))
}

impl From<BusError> for AssetError {
    fn from(error: BusError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl Shared {
    /// What counts the bytes of a content, made where there is none.
    pub(super) fn stored(&self, id: AssetId, make: impl FnOnce() -> Arc<Stored>) -> Arc<Stored> {
        let mut all = self.stored.lock();
        if let Some(stored) = all.get(&id).and_then(Weak::upgrade) {
            return stored;
        }
        // Those that nobody has any more go now and then.
        if all.len() == all.capacity() {
            all.retain(|_, stored| stored.strong_count() > 0);
        }
        let stored = make();
        all.insert(id, Arc::downgrade(&stored));
        stored
    }

    fn is_stored(&self, id: AssetId) -> bool {
        self.stored.lock().get(&id).is_some_and(|stored| stored.strong_count() > 0)
    }

    /// Removes, in time, what sessions have that are there no more.
    pub(super) fn clean(&self, gone: Vec<SessionId>) {
        let made_ms = |session: &SessionId| {
            let time = session.as_uuid().get_timestamp().map_or((0, 0), |time| time.to_unix());
            time.0 * 1_000
        };
        let old: Vec<_> = gone.into_iter().filter(|id| made_ms(id) + SETTLED_MS < now()).collect();
        if old.is_empty() {
            return;
        }
        let bus = Arc::clone(&self.bus);
        tokio::spawn(async move {
            for session in old {
                warn!(session.id = %session, "assets of a session that is not there are removed");
                if let Err(failed) = end(&*bus, session).await {
                    return warn!(error = %failed, "they are left for another time");
                }
            }
        });
    }
}

impl Assets {
    /// The assets of all nodes, which follow what the others do from then on.
    ///
    /// # Errors
    /// That the others are out of reach.
    pub async fn of_nodes(bus: Arc<dyn Bus>, bounds: Bounds) -> Result<Arc<Self>, BusError> {
        let mut changes = bus.watch(Table::Models).await?;
        let shared = Shared {
            bus: Arc::clone(&bus),
            stored: Mutex::default(),
            cache: Mutex::default(),
            fetching: Semaphore::new(AT_ONCE),
            following: Mutex::default(),
        };
        let assets = Arc::new(Self::with_others(bounds, shared));
        if !assets.learn_all(&mut changes).await {
            return Err(BusError("the models were not told to their end".to_owned()));
        }
        let following = tokio::spawn(follow(Arc::downgrade(&assets), bus, changes)).abort_handle();
        if let Some(shared) = &assets.shared {
            *shared.following.lock() = Some(following);
        }
        Ok(assets)
    }

    /// Whether other nodes have the same.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    fn shared(&self) -> Result<&Shared, AssetError> {
        self.shared.as_ref().ok_or_else(|| AssetError::Unavailable("there are no other nodes".to_owned()))
    }

    /// Has a draft count on all nodes.
    ///
    /// # Errors
    /// As for [`add`](Self::add), or that the others are out of reach.
    pub(crate) async fn add_for_all(&self, session: SessionId, draft: Draft) -> Result<Added, AssetError> {
        let Draft { asset, content } = draft;
        if self.find(session, asset.id).is_some() {
            return Ok(Added { asset, is_new: false });
        }
        let Some(Waiting::Memory(content)) = content else {
            return Err(AssetError::NotFound { session, asset: asset.id });
        };
        let shared = self.shared()?;
        self.room(session, asset.bytes)?;
        if !shared.is_stored(asset.id) {
            self.room_for_all(asset.bytes)?;
        }
        let (bus, name) = (&shared.bus, asset.id.to_string());
        bus.put_file(name.clone(), content.clone()).await?;
        bus.put(Table::Models, key(&session.to_string(), &name), value(asset)).await?;
        // Whoever has let go of the last one of another session meanwhile has not seen this one.
        if !bus.has_file(name.clone()).await? {
            bus.put_file(name, content.clone()).await?;
        }
        shared.cache.lock().keep(asset.id, content);
        self.learn(session, asset);
        Ok(Added { asset, is_new: true })
    }

    /// An asset and its content, wherever that is.
    ///
    /// # Errors
    /// [`AssetError::NotFound`], or that it cannot be had now.
    pub(crate) async fn content(
        &self,
        session: SessionId,
        id: AssetId,
    ) -> Result<(Asset, Content), AssetError> {
        let Some(shared) = &self.shared else { return self.read(session, id) };
        let not_found = AssetError::NotFound { session, asset: id };
        let asset = match self.find(session, id) {
            Some(asset) => asset,
            // It may have been added at another node a moment ago.
            None => {
                let rows = shared.bus.rows(Table::Models, key(&session.to_string(), &id.to_string())).await?;
                let found = rows.first().and_then(|(key, value)| read(key, value));
                let (_, asset) = found.ok_or(not_found)?;
                self.learn(session, asset);
                asset
            }
        };
        Ok((asset, Content::memory(shared.fetch(id).await?)))
    }

    /// Removes an asset of a session on all nodes.
    ///
    /// # Errors
    /// [`AssetError::NotFound`], or that the others are out of reach.
    pub(crate) async fn remove_for_all(&self, session: SessionId, id: AssetId) -> Result<(), AssetError> {
        let shared = self.shared()?;
        let key = key(&session.to_string(), &id.to_string());
        if self.find(session, id).is_none() && shared.bus.rows(Table::Models, key.clone()).await?.is_empty() {
            return Err(AssetError::NotFound { session, asset: id });
        }
        shared.bus.remove(Table::Models, key).await?;
        self.unlearn(session, id);
        // It is gone; what it took is found again by whoever lets go of the same content.
        if let Err(failed) = collect(&*shared.bus, id).await {
            warn!(asset = %id, error = %failed, "the content of an asset that is gone is left");
        }
        Ok(())
    }

    /// Has a session that is about to begin have all that another one has, on all nodes.
    ///
    /// # Errors
    /// That the others are out of reach; what was shared until then goes with the session.
    pub(crate) async fn share_for_all(&self, from: SessionId, to: SessionId) -> Result<(), AssetError> {
        let shared = self.shared()?;
        let rows = shared.bus.rows(Table::Models, key(&from.to_string(), "*")).await?;
        for (_, asset) in rows.iter().filter_map(|(key, value)| read(key, value)) {
            let name = asset.id.to_string();
            shared.bus.put(Table::Models, key(&to.to_string(), &name), value(asset)).await?;
            self.learn(to, asset);
            if !shared.bus.has_file(name).await? {
                warn!(session.id = %from, asset = %asset.id, "an asset's file is missing");
            }
        }
        Ok(())
    }

    /// Removes all assets of a session that has ended. Every node may do so, and one is enough.
    pub(crate) async fn end_for_all(&self, session: SessionId) {
        let Some(shared) = &self.shared else { return };
        if let Err(failed) = end(&*shared.bus, session).await {
            error!(session.id = %session, error = %failed, "assets of a session that has ended are left");
        }
        self.end(session);
    }

    /// Takes in all that there is. Answers whether it was told to its end.
    async fn learn_all(&self, changes: &mut Changes) -> bool {
        let mut left: std::collections::HashSet<_> = self.known().into_iter().collect();
        while let Some(change) = changes.next().await {
            match &change {
                Change::Current => {
                    left.into_iter().for_each(|(session, id)| self.unlearn(session, id));
                    return true;
                }
                Change::Put { key, .. } => drop(read_key(key).map(|known| left.remove(&known))),
                Change::Removed { .. } => {}
            }
            self.take(change);
        }
        false
    }

    fn take(&self, change: Change) {
        match change {
            Change::Put { key, value } => match read(&key, &value) {
                Some((session, asset)) => self.learn(session, asset),
                None => debug!(key, "an asset cannot be read, and is passed over"),
            },
            Change::Removed { key } => {
                if let Some((session, id)) = read_key(&key) {
                    self.unlearn(session, id);
                }
            }
            Change::Current => {}
        }
    }
}

impl Shared {
    /// A content, out of memory or from where all nodes have it.
    async fn fetch(&self, id: AssetId) -> Result<Bytes, AssetError> {
        if let Some(content) = self.cache.lock().get(id) {
            return Ok(content);
        }
        let closed = |_| AssetError::Unavailable("the server ends".to_owned());
        let _turn = self.fetching.acquire().await.map_err(closed)?;
        // Somebody else may have fetched it while this one waited.
        if let Some(content) = self.cache.lock().get(id) {
            return Ok(content);
        }
        let content = self.bus.file(id.to_string()).await?;
        let content = content.ok_or_else(|| AssetError::Unavailable("its content is nowhere".to_owned()))?;
        if AssetId::of(&content) != id {
            error!(asset = %id, "the content of an asset is not the one that its name says");
            return Err(AssetError::Unavailable("its content is another one".to_owned()));
        }
        self.cache.lock().keep(id, content.clone());
        Ok(content)
    }
}

async fn follow(assets: Weak<Assets>, bus: Arc<dyn Bus>, mut changes: Changes) {
    loop {
        while let Some(change) = changes.next().await {
            let Some(assets) = assets.upgrade() else { return };
            assets.take(change);
        }
        info!("the models of all nodes are told anew");
        sleep(AGAIN).await;
        match bus.watch(Table::Models).await {
            Ok(again) => changes = again,
            Err(failed) => {
                debug!(error = %failed, "the models are not told");
                continue;
            }
        }
        let Some(assets) = assets.upgrade() else { return };
        assets.learn_all(&mut changes).await;
    }
}

/// Removes all that a session has.
async fn end(bus: &dyn Bus, session: SessionId) -> Result<(), BusError> {
    for (key, _) in bus.rows(Table::Models, key(&session.to_string(), "*")).await? {
        let id = read_key(&key).map(|(_, id)| id);
        bus.remove(Table::Models, key).await?;
        if let Some(id) = id {
            collect(bus, id).await?;
        }
    }
    Ok(())
}

/// Removes a content that no session has. One that a session has come to have in this very moment is put back.
async fn collect(bus: &dyn Bus, id: AssetId) -> Result<(), BusError> {
    let (name, holders) = (id.to_string(), key("*", &id.to_string()));
    if !bus.rows(Table::Models, holders.clone()).await?.is_empty() {
        return Ok(());
    }
    let Some(content) = bus.file(name.clone()).await? else { return Ok(()) };
    bus.remove_file(name.clone()).await?;
    if bus.rows(Table::Models, holders).await?.is_empty() {
        return Ok(());
    }
    bus.put_file(name, content).await
}
