//! Backups of a store, and data directories made of them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use vws_core::command::Change;
use vws_core::reduce::State;
use vws_core::wire::Resume;
use vws_core::{Session, SessionId};
use vws_server::assets::{Assets, Bounds, Kind};
use vws_server::auth::{Audit, Entry, Happened, Revocation, Revoked};
use vws_server::backup::{self, Damage, Epochs, Manifest, Nothing, ReadError, RestoreError};
use vws_server::config::Limits;
use vws_server::log::disk::{DiskLog, Level, Options};
use vws_server::log::{EventLog, LogError, MemoryLog};
use vws_server::store::{LiveSession, Moment, SessionStore, StoreConfig};

use crate::support::{TestLog, authored, command, config, create, over, run, session};

/// A store with models over a log in memory, with a short history.
async fn small(max_history: u64) -> (SessionStore, Arc<MemoryLog>) {
    let log = Arc::new(MemoryLog::default());
    let assets = Arc::new(Assets::in_memory(Bounds::from(&Limits::DEFAULT)));
    let config = StoreConfig { max_history, ..config() };
    let store =
        SessionStore::with_assets(Arc::clone(&log) as Arc<dyn EventLog>, assets, config, Arc::default());
    (store.await.expect("opens"), log)
}

async fn fill(live: &Arc<LiveSession>, objects: usize) {
    for n in 0..objects {
        let made = run(live, authored(create(&format!("o{n}"), 0.5), "ada", n as u64 + 1));
        made.await.expect("is made");
    }
}

/// Waits until the log of a session has let go of something.
async fn trimmed(log: &MemoryLog, id: SessionId) {
    while !matches!(log.read(id, 0, 1).await, Err(LogError::Trimmed { .. })) {
        tokio::task::yield_now().await;
    }
}

struct Taken {
    folder: TempDir,
    manifest: Manifest,
}

impl Taken {
    async fn of(store: &SessionStore) -> Self {
        Self::with(store, Vec::new(), Vec::new()).await
    }

    async fn with(store: &SessionStore, revoked: Vec<Revocation>, audit: Vec<Arc<Entry>>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let job = store.backup(revoked, audit, 1_700_000_000_000);
        let file = File::create(folder.path().join("backup")).expect("a file");
        let runtime = Handle::current();
        let manifest = spawn_blocking(move || job.write(&runtime, file)).await.expect("does not panic");
        Self { folder, manifest: manifest.expect("is written") }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("backup")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    async fn restore(&self, epochs: Epochs) -> Result<Manifest, RestoreError> {
        let (file, data, runtime) = (self.file(), self.data(), Handle::current());
        let done = spawn_blocking(move || backup::restore(&file, &data, epochs, &runtime, |_| ()));
        done.await.expect("does not panic")
    }

    /// The store of what was restored.
    async fn store(&self) -> SessionStore {
        let log = Arc::new(DiskLog::open(&self.data(), Options::new(Level::Buffered)).expect("opens"));
        let assets = Assets::open(&self.data(), Level::Buffered, Bounds::from(&Limits::DEFAULT), None);
        let assets = Arc::new(assets.expect("opens"));
        SessionStore::with_assets(log, assets, config(), Arc::default()).await.expect("opens")
    }

    fn read(&self) -> Result<Manifest, ReadError> {
        backup::read(&self.file(), &mut Nothing, |_| ())
    }
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none())
}

#[tokio::test]
async fn ops2_what_is_restored_is_what_was_there_with_its_past() {
    let (store, log) = small(40).await;
    let (lived, empty) = (session(&store).await, session(&store).await);
    fill(&lived, 30).await;
    run(&lived, command(r#"{"type":"rename_session","name":"Atelier"}"#)).await.expect("is allowed");
    let fork = store.fork(lived.id(), Some(Moment::Seq(20)), Change::Keep).await.expect("forks");
    let fork = store.get(fork.session_id).await.expect("is there");
    run(&fork, create("of the fork", 1.0)).await.expect("is made");
    let long = session(&store).await;
    fill(&long, 90).await;
    trimmed(&log, long.id()).await;
    let all = [&lived, &empty, &fork, &long];
    let were: Vec<_> = all.iter().map(|live| live.read(Session::snapshot)).collect();
    let first = log.read(long.id(), 0, 1).await.err();

    let taken = Taken::of(&store).await;
    // What comes later is not in it.
    run(&lived, create("late", 1.0)).await.expect("is made");
    assert_eq!((taken.manifest.sessions, taken.read().ok()), (4, Some(taken.manifest.clone())));
    assert_eq!(taken.restore(Epochs::Kept).await.expect("is restored"), taken.manifest);
    let again = taken.store().await;
    assert_eq!(again.count(), 4);
    for was in &were {
        let live = again.get(was.session.session_id).await.expect("is served");
        assert_eq!(live.read(Session::snapshot), *was, "state, seq, epoch, origin and times");
    }
    let again_lived = again.get(lived.id()).await.expect("is served");
    let page = again_lived.events(0, 100).await.expect("is kept");
    assert_eq!(
        page.events,
        lived.events(0, 31).await.expect("is kept").events,
        "each event, with its author"
    );
    let past = again_lived.at(Moment::Seq(7)).await.expect("is kept");
    assert_eq!(past.digest(), lived.at(Moment::Seq(7)).await.expect("is kept").digest());
    let again_long = again.get(long.id()).await.expect("is served");
    let gone = again_long.events(0, 1).await.expect_err("is let go of");
    assert_eq!(gone.code(), "history_gone");
    assert!(first.is_some(), "there was something that is gone");
    let next = run(&again_long, create("next", 0.0)).await.expect("goes on");
    assert_eq!(next.seq, were[3].session.seq + 1);
    again.close().await.expect("ends");
}

#[tokio::test]
async fn ops3_a_command_that_is_sent_again_after_a_restore_has_its_first_outcome() {
    // Of the first, the outcomes are in events; of the second, beside a state.
    for (max_history, objects) in [(1_000, 40), (8, 64)] {
        let (store, log) = small(max_history).await;
        let live = session(&store).await;
        fill(&live, objects).await;
        if max_history < 1_000 {
            trimmed(&log, live.id()).await;
        }
        let last = authored(create(&format!("o{}", objects - 1), 0.5), "ada", objects as u64);
        let outcome = run(&live, last.clone()).await.expect("is known");
        let first = authored(create("o0", 0.5), "ada", 1);
        let first_outcome = run(&live, first.clone()).await.expect("is known");
        let taken = Taken::of(&store).await;
        taken.restore(Epochs::New).await.expect("is restored");
        let again = taken.store().await;
        let live = again.get(live.id()).await.expect("is served");
        assert_eq!(run(&live, last).await.expect("has one effect"), outcome, "history of {max_history}");
        assert_eq!(run(&live, first).await.expect("has one effect").seqs, first_outcome.seqs);
        assert_eq!(live.read(State::seq), objects as u64);
        again.close().await.expect("ends");
    }
}

#[tokio::test]
async fn ops4_clients_get_the_state_anew_unless_nothing_has_changed() {
    let (store, _) = small(1_000).await;
    let live = session(&store).await;
    fill(&live, 10).await;
    let epoch = live.read(Session::epoch);
    let taken = Taken::of(&store).await;
    for (epochs, goes_on) in [(Epochs::New, None), (Epochs::Kept, Some(2))] {
        taken.restore(epochs).await.expect("is restored");
        let again = taken.store().await;
        let live = again.get(live.id()).await.expect("is served");
        let place = live.resume(Resume { epoch, seq: 8 }).map(|place| place.lag());
        assert_eq!(place, goes_on, "{epochs:?}");
        let other = live.read(Session::epoch);
        assert_eq!(other > epoch, epochs == Epochs::New, "{epochs:?}");
        assert_eq!(live.resume(Resume { epoch: other, seq: 10 }).map(|place| place.lag()), Some(0));
        again.close().await.expect("ends");
        drop((live, again));
        fs::remove_dir_all(taken.data()).expect("is removed");
    }
}

#[tokio::test]
async fn ops5_models_revoked_tokens_and_the_record_are_in_it() {
    let (store, _) = small(1_000).await;
    let live = session(&store).await;
    let model = Bytes::from_static(br#"{"asset":{"version":"2.0"}}"#);
    let added = store.add_asset(live.id(), Kind::Gltf, model.clone()).await.expect("is taken");
    let fork = store.fork(live.id(), None, Change::Keep).await.expect("forks").session_id;
    let other = Bytes::from_static(br#"{"asset":{"version":"2.0"},"scenes":[]}"#);
    let other_added = store.add_asset(fork, Kind::Gltf, other).await.expect("is taken");
    let revoked = vec![Revocation { id: "gone-1".parse().expect("is an id"), until: u64::MAX >> 1 }];
    let noted = Entry { seq: 7, at: 3, ..Entry::of(Happened::Login) };
    let taken = Taken::with(&store, revoked.clone(), vec![Arc::new(noted.clone())]).await;
    let Manifest { models, revoked: tokens, audit, .. } =
        taken.restore(Epochs::New).await.expect("is restored");
    assert_eq!((models, tokens, audit), (2, 1, 1), "what is shared is there once");
    let again = taken.store().await;
    for (id, expected) in [(live.id(), vec![added.asset]), (fork, vec![added.asset, other_added.asset])] {
        let mut expected = expected;
        expected.sort_by_key(|asset| asset.id);
        assert_eq!(again.list_assets(id, None, 10).await.expect("is there"), expected);
    }
    let (_, mut content) = again.asset(fork, added.asset.id).await.expect("is there");
    assert_eq!(content.next().await.expect("is read"), Some(model.clone()));
    assert_eq!(again.assets().bytes(), added.asset.bytes + other_added.asset.bytes);
    assert_eq!(Revoked::open(&taken.data()).expect("is read").list(0), revoked);
    let record = Audit::open(&taken.data()).expect("is read").list(None, 10);
    assert_eq!(record.iter().map(|entry| (**entry).clone()).collect::<Vec<_>>(), [noted]);
    again.close().await.expect("ends");
}

#[tokio::test]
async fn ops6_a_damaged_session_is_left_out_and_named_and_a_deleted_one_is_neither() {
    let log = Arc::new(TestLog::default());
    let before = over(Arc::clone(&log) as Arc<dyn EventLog>).await;
    let (sound, damaged, deleted) = (session(&before).await, session(&before).await, session(&before).await);
    fill(&sound, 3).await;
    log.damage(damaged.id(), "event 2 is not what was written");
    let store = over(Arc::clone(&log) as Arc<dyn EventLog>).await;
    let job = store.backup(Vec::new(), Vec::new(), 1);
    store.delete(deleted.id()).await.expect("ends");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("backup");
    let (file, runtime) = (File::create(&path).expect("a file"), Handle::current());
    let manifest = spawn_blocking(move || job.write(&runtime, file)).await.expect("does not panic");
    let manifest = manifest.expect("is written");
    let left_out: Vec<_> = manifest.left_out.iter().map(|left| (left.session_id, &*left.reason)).collect();
    assert_eq!(left_out, [(damaged.id(), "event 2 is not what was written")]);
    assert_eq!((manifest.sessions, manifest.events), (1, 3));
    assert_eq!(backup::read(&path, &mut Nothing, |_| ()).expect("holds"), manifest);
}

#[tokio::test]
async fn ops7_whatever_is_changed_or_cut_is_found_and_nothing_is_restored() {
    let (store, _) = small(1_000).await;
    let live = session(&store).await;
    fill(&live, 20).await;
    store
        .add_asset(live.id(), Kind::Gltf, Bytes::from_static(br#"{"asset":{"version":"2.0"}}"#))
        .await
        .expect("is taken");
    let taken = Taken::of(&store).await;
    let sound = fs::read(taken.file()).expect("is there");
    let mut harmless = 0;
    for at in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(taken.file(), &bytes).expect("is written");
        // Frames begin with bits that mean nothing, and a size of memory that may be larger: what is in them is what
        // was written all the same.
        match taken.read() {
            Err(_) => {}
            Ok(manifest) => {
                assert_eq!(manifest, taken.manifest, "byte {at}");
                harmless += 1;
            }
        }
    }
    assert!(harmless * 20 < sound.len(), "{harmless} of {} changes were not found", sound.len());
    for length in (0..sound.len()).step_by(7) {
        fs::write(taken.file(), &sound[..length]).expect("is written");
        let read = taken.read();
        assert!(
            matches!(
                read,
                Err(ReadError::NotABackup { .. } | ReadError::Damaged { damage: Damage::CutShort { .. }, .. })
            ),
            "{length} bytes: {read:?}"
        );
    }
    for bytes in [&sound[..sound.len() - 1], b"no backup at all", b""] {
        fs::write(taken.file(), bytes).expect("is written");
        assert!(matches!(taken.restore(Epochs::New).await, Err(RestoreError::Read(_))));
        assert!(!taken.data().exists(), "nothing is left of it");
        fs::create_dir(taken.data()).expect("is made");
        assert!(matches!(taken.restore(Epochs::New).await, Err(RestoreError::Read(_))));
        assert!(is_empty(&taken.data()), "and nothing is in a folder that was there");
        fs::remove_dir(taken.data()).expect("is empty");
    }
    fs::write(taken.file(), [&sound[..], b"more"].concat()).expect("is written");
    assert!(matches!(taken.read(), Err(ReadError::Damaged { .. })), "what follows it is not part of it");
}

/// A backup by hand.
fn packed(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, text) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, path, text.as_bytes()).expect("memory takes it");
    }
    zstd::stream::encode_all(&tar.into_inner().expect("memory takes it")[..], 1).expect("memory takes it")
}

#[test]
fn ops8_a_backup_of_another_version_or_form_is_refused_with_what_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("backup");
    let head = |version| {
        format!(r#"{{"format":"vws.backup","version":{version},"written_by":"vws 9","taken_at":1}}"#)
    };
    for (entries, told) in [
        (vec![("vws-backup.json", head(2))], "has version 2 of its format; this version of vws reads 1"),
        (vec![("vws-backup.json", r#"{"format":"else"}"#.to_owned())], "is no backup of vws"),
        (vec![("README", String::new())], "is no backup of vws"),
        (
            vec![("vws-backup.json", head(1)), ("etc/passwd", String::new())],
            "a backup has no such entry there",
        ),
        (
            vec![("vws-backup.json", head(1)), ("audit.jsonl", String::new())],
            "the revoked tokens are missing",
        ),
        (vec![("vws-backup.json", head(1))], "before its manifest"),
    ] {
        let entries: Vec<_> = entries.iter().map(|(name, text)| (*name, &**text)).collect();
        fs::write(&path, packed(&entries)).expect("is written");
        let found = backup::read(&path, &mut Nothing, |_| ()).expect_err("is refused").to_string();
        assert!(found.contains(told) && found.contains("backup"), "{told}: {found}");
    }
}

#[tokio::test]
async fn ops9_a_folder_that_has_something_is_left_as_it_is() {
    let (store, _) = small(1_000).await;
    let taken = Taken::of(&store).await;
    fs::create_dir(taken.data()).expect("is made");
    fs::write(taken.data().join("mine"), "text").expect("is written");
    let refused = taken.restore(Epochs::New).await.expect_err("is refused").to_string();
    assert!(refused.contains("mine") && refused.contains("empty"), "{refused}");
    assert_eq!(fs::read(taken.data().join("mine")).expect("is there"), b"text");
    fs::remove_file(taken.data().join("mine")).expect("is removed");
    // What a restore has left that was killed is of no use to anybody.
    fs::create_dir_all(taken.data().join("restoring/sessions")).expect("is made");
    taken.restore(Epochs::New).await.expect("begins anew");
    assert!(!taken.data().join("restoring").exists());
    taken.store().await.close().await.expect("it can be used");
}
