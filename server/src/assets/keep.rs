//! The assets of all sessions.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use tracing::warn;
use vws_core::SessionId;

use super::content::Content;
use super::disk::{Disk, Staged};
use super::shared::Shared;
use super::{Asset, AssetError, AssetId, Kind, gltf};
use crate::config::Limits;
use crate::log::disk::{Faults, Files, Level};
use crate::units::ByteSize;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Assets of one session.
    pub count: usize,
    /// Bytes of the assets of one session.
    pub session: ByteSize,
    /// Bytes of the assets of all sessions. What a fork shares with its origin counts once.
    pub all: ByteSize,
}

impl From<&Limits> for Bounds {
    fn from(limits: &Limits) -> Self {
        Self {
            count: limits.max_assets as usize,
            session: limits.max_session_assets,
            all: limits.max_all_assets,
        }
    }
}

/// The assets of all sessions, by session and content.
///
/// All of it may be called from any thread and may wait for the disk. Who changes what a session has, and who ends the
/// session, does so one at a time.
pub struct Assets {
    bounds: Bounds,
    /// Where they are; in memory where there is none.
    disk: Option<Disk>,
    /// The other nodes that have them too, where there are some.
    pub(super) shared: Option<Shared>,
    /// Guards what is known; held for a look or a change, never over I/O.
    index: RwLock<HashMap<SessionId, BTreeMap<AssetId, Kept>>>,
    /// Files of sessions that have ended, which could not be removed.
    doomed: Mutex<Vec<(SessionId, AssetId, Kind)>>,
    tally: Arc<Tally>,
}

/// One asset of one session.
#[derive(Debug, Clone)]
struct Kept {
    kind: Kind,
    stored: Arc<Stored>,
}

/// Bytes that are kept once, for one session or for several.
#[derive(Debug)]
pub(super) struct Stored {
    bytes: u64,
    /// Where they are in memory.
    content: Option<Bytes>,
    tally: Arc<Tally>,
}

/// What is counted over all sessions.
#[derive(Debug, Default)]
struct Tally {
    bytes: AtomicU64,
    shown: Gauge,
    count: Gauge,
}

/// A file that was judged and written, and is no session's yet.
pub struct Draft {
    pub(super) asset: Asset,
    /// Nothing where the session has it already.
    pub(super) content: Option<Waiting>,
}

pub(super) enum Waiting {
    Memory(Bytes),
    Disk(Staged),
}

/// What an addition came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// The asset.
    pub asset: Asset,
    /// Whether the session did not have it before.
    pub is_new: bool,
}

/// How much a session has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    /// Assets.
    pub count: usize,
    /// Their bytes.
    pub bytes: u64,
}

impl std::fmt::Debug for Assets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Assets").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}

impl Tally {
    /// Counts `more` bytes, unless there would be more than `max`.
    fn take(&self, more: u64, max: u64) -> Result<(), u64> {
        let add = |kept: u64| kept.checked_add(more).filter(|sum| *sum <= max);
        let was = self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add)?;
        self.show(was + more);
        Ok(())
    }

    fn show(&self, bytes: u64) {
        self.shown.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}

impl Stored {
    /// Of `bytes` that the tally has counted.
    fn counted(bytes: u64, content: Option<Bytes>, tally: &Arc<Tally>) -> Arc<Self> {
        Arc::new(Self { bytes, content, tally: Arc::clone(tally) })
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        let was = self.tally.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        self.tally.show(was - self.bytes);
    }
}

impl Assets {
    /// Assets that end with the process.
    #[must_use]
    pub fn in_memory(bounds: Bounds) -> Self {
        Self {
            bounds,
            disk: None,
            shared: None,
            index: RwLock::default(),
            doomed: Mutex::default(),
            tally: Arc::default(),
        }
    }

    /// Assets that other nodes have as well.
    pub(super) fn with_others(bounds: Bounds, shared: Shared) -> Self {
        Self { shared: Some(shared), ..Self::in_memory(bounds) }
    }

    /// The assets in a data directory that this process alone has. Waits for the disk.
    ///
    /// # Errors
    /// The system's.
    pub fn open(
        data: &Path,
        level: Level,
        bounds: Bounds,
        faults: Option<Arc<dyn Faults>>,
    ) -> io::Result<Self> {
        let (disk, found) = Disk::open(data, level, Files::with(faults))?;
        let assets = Self { disk: Some(disk), ..Self::in_memory(bounds) };
        let mut shared: HashMap<(u64, u64), Arc<Stored>> = HashMap::new();
        for file in found {
            let store = || {
                // What is there is there, whatever the bounds are now.
                let taken = assets.tally.take(file.asset.bytes, u64::MAX);
                debug_assert!(taken.is_ok(), "a disk has less");
                Stored::counted(file.asset.bytes, None, &assets.tally)
            };
            let stored = match file.shared {
                Some(name) => Arc::clone(shared.entry(name).or_insert_with(store)),
                None => store(),
            };
            assets.enter(file.session, file.asset.id, Kept { kind: file.asset.kind, stored });
        }
        Ok(assets)
    }

    /// Lets go of the assets of all sessions that are not there any more.
    pub fn keep_only(&self, is_there: impl Fn(SessionId) -> bool) {
        let gone: Vec<_> = self.index.read().keys().copied().filter(|id| !is_there(*id)).collect();
        if let Some(shared) = &self.shared {
            return shared.clean(gone);
        }
        for session in gone {
            warn!(session.id = %session, "assets of a session that is not there are removed");
            self.end(session);
        }
    }

    /// Judges a file that is to be an asset of a session, and writes it where it is to be kept. It counts once it is
    /// [`add`](Self::add)ed.
    ///
    /// # Errors
    /// [`AssetError::Invalid`], [`AssetError::TooMany`], [`AssetError::TooLarge`], or that the disk does not take it.
    pub fn draft(&self, session: SessionId, kind: Kind, bytes: Bytes) -> Result<Draft, AssetError> {
        gltf::check(kind, &bytes)?;
        let asset = Asset { id: AssetId::of(&bytes), kind, bytes: bytes.len() as u64 };
        if let Some(kept) = self.find(session, asset.id) {
            return Ok(Draft { asset: kept, content: None });
        }
        // Before all of it is written; it is asked again when it counts.
        self.room(session, asset.bytes)?;
        self.sweep();
        let content = match &self.disk {
            None => Waiting::Memory(bytes),
            Some(disk) => Waiting::Disk(disk.stage(&bytes).map_err(|error| failed("written", error))?),
        };
        Ok(Draft { asset, content: Some(content) })
    }

    /// Has a draft count. The session is there, and remains so meanwhile.
    ///
    /// # Errors
    /// As for [`draft`](Self::draft).
    pub fn add(&self, session: SessionId, draft: Draft) -> Result<Added, AssetError> {
        let Draft { asset, content } = draft;
        if let Some(kept) = self.find(session, asset.id) {
            return Ok(Added { asset: kept, is_new: false });
        }
        // The session may have lost it since it was drafted.
        let Some(content) = content else { return Err(AssetError::NotFound { session, asset: asset.id }) };
        self.room(session, asset.bytes)?;
        let max = self.bounds.all;
        let taken = self.tally.take(asset.bytes, max.0);
        let whose = "all sessions";
        taken.map_err(|kept| AssetError::TooLarge { more: asset.bytes, kept, whose, max })?;
        let (content, staged) = match content {
            Waiting::Memory(bytes) => (Some(bytes), None),
            Waiting::Disk(staged) => (None, Some(staged)),
        };
        // From here on dropping it gives the room back.
        let stored = Stored::counted(asset.bytes, content, &self.tally);
        if let (Some(disk), Some(staged)) = (&self.disk, &staged) {
            let placed = disk.place(staged, session, asset.id, asset.kind);
            placed.map_err(|error| failed("given its name", error))?;
        }
        self.enter(session, asset.id, Kept { kind: asset.kind, stored });
        Ok(Added { asset, is_new: true })
    }

    /// Has a session that is about to begin have all that another one has. Neither disturbs the other from then on.
    ///
    /// # Errors
    /// That the disk does not take it; the new one has nothing then.
    pub fn share(&self, from: SessionId, to: SessionId) -> Result<(), AssetError> {
        let all = self.index.read().get(&from).cloned().unwrap_or_default();
        if all.is_empty() {
            return Ok(());
        }
        let shared = self.share_all(from, to, all);
        shared.inspect_err(|_| self.end(to)).map_err(|error| failed("shared", error))
    }

    fn share_all(&self, from: SessionId, to: SessionId, all: BTreeMap<AssetId, Kept>) -> io::Result<()> {
        for (id, mut kept) in all {
            match self.disk.as_ref().map(|disk| disk.share(from, to, id, kept.kind)).transpose() {
                Ok(None | Some(true)) => {}
                Ok(Some(false)) => {
                    // Another copy of the bytes. A fork is not refused for what it has of its origin.
                    let taken = self.tally.take(kept.stored.bytes, u64::MAX);
                    debug_assert!(taken.is_ok(), "a disk has less");
                    kept.stored = Stored::counted(kept.stored.bytes, None, &self.tally);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    warn!(session.id = %from, asset = %id, "an asset's file is missing");
                    continue;
                }
                Err(error) => return Err(error),
            }
            self.enter(to, id, kept);
        }
        self.disk.as_ref().map_or(Ok(()), |disk| disk.secure(to, true))
    }

    /// An asset and its content.
    ///
    /// # Errors
    /// [`AssetError::NotFound`], or that the disk does not give it.
    pub fn read(&self, session: SessionId, id: AssetId) -> Result<(Asset, Content), AssetError> {
        let kept = self.index.read().get(&session).and_then(|assets| assets.get(&id)).cloned();
        let kept = kept.ok_or(AssetError::NotFound { session, asset: id })?;
        let asset = kept.asset(id);
        let content = match (&kept.stored.content, &self.disk) {
            (Some(bytes), _) => Content::memory(bytes.clone()),
            (None, Some(disk)) => match disk.read(session, asset) {
                Ok((file, readers)) => Content::file(file, asset.bytes, readers),
                // It was deleted in this very moment.
                Err(_) if self.find(session, id).is_none() => {
                    return Err(AssetError::NotFound { session, asset: id });
                }
                Err(error) => return Err(failed("read", error)),
            },
            (None, None) => return Err(AssetError::Unavailable("its content is nowhere".to_owned())),
        };
        Ok((asset, content))
    }

    /// At most `limit` assets of a session in the order of their ids, after the one named.
    #[must_use]
    pub fn list(&self, session: SessionId, after: Option<AssetId>, limit: usize) -> Vec<Asset> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let index = self.index.read();
        let assets = index.get(&session).into_iter().flat_map(|a| a.range((from, Bound::Unbounded)));
        assets.take(limit).map(|(id, kept)| kept.asset(*id)).collect()
    }

    /// Removes an asset of a session. Those who read it read it to its end.
    ///
    /// # Errors
    /// [`AssetError::NotFound`], or that the disk keeps it.
    pub fn remove(&self, session: SessionId, id: AssetId) -> Result<(), AssetError> {
        let asset = self.find(session, id).ok_or(AssetError::NotFound { session, asset: id })?;
        let Some(disk) = &self.disk else {
            self.leave(session, id);
            return Ok(());
        };
        disk.remove(session, id, asset.kind).map_err(|error| failed("removed", error))?;
        // It is gone from here on, whether the loss of power could bring it back or not.
        let was_last = self.leave(session, id);
        let secured = disk.secure(session, false);
        if was_last {
            disk.remove_folder(session);
        }
        secured.map_err(|error| failed("removed for good", error))
    }

    /// Takes an asset out of what is known. Answers whether it was the session's last one.
    fn leave(&self, session: SessionId, id: AssetId) -> bool {
        let mut index = self.index.write();
        let Some(assets) = index.get_mut(&session) else { return false };
        if assets.remove(&id).is_some() {
            self.tally.count.dec();
        }
        assets.is_empty() && index.remove(&session).is_some()
    }

    /// Removes all assets of a session that has ended. Files that cannot be removed now are removed later.
    pub fn end(&self, session: SessionId) {
        let Some(assets) = self.index.write().remove(&session) else { return };
        self.tally.count.dec_by(i64::try_from(assets.len()).unwrap_or(i64::MAX));
        if self.disk.is_some() {
            self.doomed.lock().extend(assets.iter().map(|(id, kept)| (session, *id, kept.kind)));
            self.sweep();
        }
    }

    /// Removes files of sessions that have ended.
    fn sweep(&self) {
        let doomed = std::mem::take(&mut *self.doomed.lock());
        let Some(disk) = self.disk.as_ref().filter(|_| !doomed.is_empty()) else { return };
        for (session, id, kind) in doomed {
            match disk.remove(session, id, kind) {
                Ok(()) => disk.remove_folder(session),
                Err(error) => {
                    warn!(session.id = %session, asset = %id, %error, "an asset of a deleted session cannot be removed");
                    self.doomed.lock().push((session, id, kind));
                }
            }
        }
    }

    /// How much a session has.
    #[must_use]
    pub fn held(&self, session: SessionId) -> Held {
        let index = self.index.read();
        let assets = index.get(&session);
        Held {
            count: assets.map_or(0, BTreeMap::len),
            bytes: assets.map_or(0, |assets| assets.values().map(|kept| kept.stored.bytes).sum()),
        }
    }

    /// Bytes of all assets; what sessions share counts once.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.tally.bytes.load(Ordering::Relaxed)
    }

    /// The bounds in force.
    #[must_use]
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Has what is counted be told with the server's metrics.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("assets", "Assets of all sessions", self.tally.count.clone());
        registry.register_with_unit(
            "assets_stored",
            "What the assets of all sessions take; what forks share counts once",
            Unit::Bytes,
            self.tally.shown.clone(),
        );
    }

    pub(super) fn find(&self, session: SessionId, id: AssetId) -> Option<Asset> {
        self.index.read().get(&session)?.get(&id).map(|kept| kept.asset(id))
    }

    fn enter(&self, session: SessionId, id: AssetId, kept: Kept) {
        if self.index.write().entry(session).or_default().insert(id, kept).is_none() {
            self.tally.count.inc();
        }
    }

    /// Takes in that a session has an asset whose content is elsewhere. What is there for another session is counted
    /// once.
    pub(super) fn learn(&self, session: SessionId, asset: Asset) {
        let mut index = self.index.write();
        if index.get(&session).is_some_and(|assets| assets.contains_key(&asset.id)) {
            return;
        }
        let stored = self.shared.as_ref().map(|shared| {
            shared.stored(asset.id, || {
                let taken = self.tally.take(asset.bytes, u64::MAX);
                debug_assert!(taken.is_ok(), "what others have taken is there");
                Stored::counted(asset.bytes, None, &self.tally)
            })
        });
        let Some(stored) = stored else { return };
        index.entry(session).or_default().insert(asset.id, Kept { kind: asset.kind, stored });
        self.tally.count.inc();
    }

    /// Takes in that a session has an asset no more.
    pub(super) fn unlearn(&self, session: SessionId, id: AssetId) {
        self.leave(session, id);
    }

    /// All that is known, for who has learnt of all that there is.
    pub(super) fn known(&self) -> Vec<(SessionId, AssetId)> {
        let index = self.index.read();
        index.iter().flat_map(|(session, assets)| assets.keys().map(|id| (*session, *id))).collect()
    }

    /// Whether all sessions together may have so many bytes more.
    pub(super) fn room_for_all(&self, more: u64) -> Result<(), AssetError> {
        let (kept, max) = (self.bytes(), self.bounds.all);
        if kept.saturating_add(more) <= max.0 {
            return Ok(());
        }
        Err(AssetError::TooLarge { more, kept, whose: "all sessions", max })
    }

    /// Whether a session may have an asset of so many bytes more.
    pub(super) fn room(&self, session: SessionId, more: u64) -> Result<(), AssetError> {
        let Held { count, bytes: kept } = self.held(session);
        if count >= self.bounds.count {
            return Err(AssetError::TooMany { max: self.bounds.count });
        }
        let max = self.bounds.session;
        if kept.saturating_add(more) > max.0 {
            return Err(AssetError::TooLarge { more, kept, whose: "the session", max });
        }
        Ok(())
    }
}

impl Kept {
    fn asset(&self, id: AssetId) -> Asset {
        Asset { id, kind: self.kind, bytes: self.stored.bytes }
    }
}

/// What the disk has said is for the operator.
fn failed(what: &str, error: io::Error) -> AssetError {
    warn!(%error, "an asset cannot be {what}");
    error.into()
}
