//! Ends in order and out of it.

use super::*;
use crate::log::disk::frame::{FILE_HEAD, FileHead, Scan};

#[tokio::test]
async fn dur1_what_was_acknowledged_is_there_after_an_end_in_order_and_out_of_it() {
    for level in [Level::Buffered, Level::Sync] {
        let mut world = World::new(level);
        let log = world.open();
        let (a, b) = (world.begin(&log).await, world.begin(&log).await);
        world.write(&log, a, 3).await;
        world.write(&log, b, 600).await;
        world.check(&log).await;
        drop(log);
        let log = world.open();
        assert_eq!(log.recovered().replayed, 6, "two sessions, each told twice, and two batches");
        world.check(&log).await;
        world.write(&log, a, 2).await;
        log.settle().await.expect("is moved");
        world.check(&log).await;
        world.write(&log, b, 1).await;
        drop(log);
        let log = world.open();
        assert_eq!(log.recovered().replayed, 1, "what was moved is not in the journal");
        world.check(&log).await;
        log.close().await.expect("ends in order");
        assert!(world.try_write(&log, a, 1).await.is_err(), "nothing is taken after");
        drop(log);
        let left = bytes(&world.path().join("journal"));
        assert!(left < world.segment / 2, "room that nobody needs is left: {left} bytes");
        let log = world.open();
        let found = log.recovered();
        assert!(found.in_order);
        assert_eq!((found.torn, found.may_have_lost, found.damaged), (0, false, 0));
        world.check(&log).await;
    }
}

#[tokio::test]
async fn dur1_what_was_deleted_stays_deleted() {
    let mut world = World::new(Level::Buffered);
    let log = world.open();
    let (a, b, c) = (world.begin(&log).await, world.begin(&log).await, world.begin(&log).await);
    for id in [a, b, c] {
        world.write(&log, id, 5).await;
    }
    log.settle().await.expect("is moved");
    world.save(&log, b).await;
    for id in [a, b] {
        log.delete(id).await.expect("ends");
        world.sessions.remove(&id);
    }
    // A session of the same id begins anew.
    let again = Session::new(a, None, 9_000, 8);
    log.create(again.snapshot()).await.expect("begins");
    world.sessions.insert(a, again);
    world.write(&log, a, 2).await;
    drop(log);
    let log = world.open();
    world.check(&log).await;
    log.settle().await.expect("is moved");
    drop(log);
    let log = world.open();
    world.check(&log).await;
    log.settle().await.expect("is moved");
    log.close().await.expect("ends");
    let left = std::fs::read_dir(world.path().join("sessions")).expect("reads").count();
    assert_eq!(left, 3, "folders");
    let files = walk(&world.path().join("sessions"));
    assert_eq!(files.len(), 2, "nothing is left of what was deleted: {files:?}");
}

#[tokio::test]
async fn dur1_imp1_what_was_begun_and_not_finished_is_not_there_after_a_kill() {
    for finish in [false, true] {
        for settle in 0..4_u8 {
            let mut world = World::new(Level::Buffered);
            let log = world.open();
            let other = world.begin(&log).await;
            let id = SessionId::from_uuid(uuid::Uuid::from_bytes([200; 16]));
            let session = Session::new(id, None, 1_000, 7);
            log.begin(session.snapshot()).await.expect("begins");
            world.sessions.insert(id, session);
            world.write(&log, id, 4).await;
            if settle & 1 > 0 {
                log.settle().await.expect("is moved");
            }
            world.write(&log, other, 1).await;
            if finish {
                log.finish(id).await.expect("is finished");
            }
            if settle & 2 > 0 {
                log.settle().await.expect("is moved");
            }
            drop(log);
            if !finish {
                world.sessions.remove(&id);
            }
            let log = world.open();
            world.check(&log).await;
            log.settle().await.expect("is moved");
            let files = walk(&world.path().join("sessions"));
            assert_eq!(files.len(), world.sessions.len(), "nothing is left of it: {files:?}");
            drop(log);
            world.check(&world.open()).await;
        }
    }
}

#[tokio::test]
async fn dur4_snapshots_and_what_belongs_to_them_survive() {
    let mut world = World::new(Level::Buffered);
    let log = world.open();
    let id = world.begin(&log).await;
    world.write(&log, id, 10).await;
    world.save(&log, id).await;
    let at_ten = world.sessions[&id].clone();
    world.write(&log, id, 10).await;
    drop(log);
    let log = world.open();
    let found = log.checkpoint_at(id, 19).await.expect("reads");
    assert_eq!(found.snapshot, at_ten.snapshot());
    assert_eq!(*found.memory, [1; 5]);
    world.check(&log).await;
    log.settle().await.expect("is moved");
    log.trim(id, 15).await.expect("trims");
    drop(log);
    let log = world.open();
    assert_eq!(log.read(id, 9, 1).await, Err(LogError::Trimmed { trimmed: 10 }));
    assert_eq!(log.checkpoint_at(id, 10).await.expect("reads").snapshot, at_ten.snapshot());
    world.check(&log).await;
}

#[tokio::test]
async fn dur4_a_trim_frees_the_space() {
    let mut world = World::new(Level::Buffered);
    let log = world.open();
    let id = world.begin(&log).await;
    world.write(&log, id, 1_000).await;
    log.settle().await.expect("is moved");
    let before = bytes(&world.path().join("sessions"));
    world.save(&log, id).await;
    world.write(&log, id, 1).await;
    log.trim(id, 1_000).await.expect("trims");
    world.check(&log).await;
    log.settle().await.expect("is moved");
    let after = bytes(&world.path().join("sessions"));
    assert!(after * 10 < before * 9, "{before} bytes became {after}");
    log.delete(id).await.expect("ends");
    log.settle().await.expect("is moved");
    assert_eq!(bytes(&world.path().join("sessions")), 0, "a session that is deleted leaves nothing");
    assert_eq!(bytes(&world.path().join("journal")), 0);
}

#[tokio::test]
async fn dur2_a_recovery_that_is_done_twice_gives_the_same() {
    let mut world = World::new(Level::Buffered);
    let log = world.open();
    for _ in 0..5 {
        let id = world.begin(&log).await;
        world.write(&log, id, 7).await;
    }
    log.settle().await.expect("is moved");
    for id in world.sessions.keys().copied().collect::<Vec<_>>() {
        world.write(&log, id, 3).await;
    }
    drop(log);
    let first = copy(&world);
    let second = copy(&world);
    let mut states = Vec::new();
    for path in [&first, &second] {
        let log = DiskLog::open(&path.path().join("data"), world.options()).expect("opens");
        world.check(&log).await;
        log.settle().await.expect("is moved");
        let mut bytes = Vec::new();
        for id in world.sessions.keys() {
            let snapshot = load(&log, *id).await.expect("loads").snapshot();
            bytes.push(vws_core::wire::canonical_json(&snapshot));
        }
        states.push(bytes);
    }
    assert_eq!(states[0], states[1]);
}

#[tokio::test]
async fn dur5_a_data_directory_is_of_one_process_and_one_format() {
    let world = World::new(Level::Buffered);
    let log = world.open();
    let error = DiskLog::open(&world.path(), world.options()).expect_err("is taken").to_string();
    assert!(error.contains("is in use by process"), "{error}");
    drop(log);
    std::fs::write(world.path().join("FORMAT"), "vws-data 99\n").expect("writes");
    let error = DiskLog::open(&world.path(), world.options()).expect_err("is of another format").to_string();
    assert!(
        error.contains(r#"has the format "vws-data 99"; this version of vws reads "vws-data 1""#),
        "{error}"
    );
    let foreign = world.folder.path().join("photos");
    std::fs::create_dir(&foreign).expect("is made");
    std::fs::write(foreign.join("cat.jpg"), "").expect("writes");
    let error = DiskLog::open(&foreign, world.options()).expect_err("is no data directory").to_string();
    assert!(error.contains("it is no data directory of vws"), "{error}");
    let file = foreign.join("cat.jpg");
    let error = DiskLog::open(&file, world.options()).expect_err("is a file").to_string();
    assert_eq!(error, format!("{} is not a directory", file.display()));
    let error = doctor::examine(&file, |_, _| {}).expect_err("is a file").to_string();
    assert_eq!(error, format!("{} is not a directory", file.display()));
    let missing = foreign.join("missing");
    let error = doctor::examine(&missing, |_, _| {}).expect_err("is not there").to_string();
    assert!(error.starts_with(&format!("cannot use {}: ", missing.display())), "{error}");
    assert!(!missing.exists(), "looking makes nothing");
}

#[tokio::test]
async fn dur6_after_a_loss_of_power_every_session_has_a_new_epoch_and_keeps_it() {
    let mut world = World::new(Level::Buffered);
    let log = world.open();
    let (a, b) = (world.begin(&log).await, world.begin(&log).await);
    world.write(&log, a, 3).await;
    log.settle().await.expect("is moved");
    world.write(&log, b, 3).await;
    drop(log);
    // Another run of the machine, and the last thing written did not reach its disk.
    std::fs::write(world.path().join("RUN"), "running buffered another-boot\n").expect("writes");
    let journal = newest(&world.path().join("journal"));
    let len = written(&journal) as u64;
    let file = std::fs::OpenOptions::new().write(true).open(&journal).expect("opens");
    file.set_len(len - 70).expect("is cut");
    let log = world.open();
    assert!(log.recovered().may_have_lost);
    let epochs: Vec<_> = log.list().await.expect("lists").iter().map(|listed| listed.info.epoch).collect();
    assert!(epochs.iter().all(|epoch| *epoch > 1_000_000), "{epochs:?}");
    let (of_a, of_b) = (load(&log, a).await.expect("loads"), load(&log, b).await.expect("loads"));
    assert_eq!((of_a.seq(), of_b.seq()), (3, 0), "what was not there yet is cut");
    assert_eq!((of_a.epoch(), of_b.epoch()), (epochs[0], epochs[1]));
    drop(log);
    let log = world.open();
    assert!(!log.recovered().may_have_lost);
    let again: Vec<_> = log.list().await.expect("lists").iter().map(|listed| listed.info.epoch).collect();
    assert_eq!(again, epochs);
}

/// A copy of a world's data directory.
pub(super) fn copy(world: &World) -> TempDir {
    let to = tempfile::tempdir().expect("a folder for the test");
    for from in walk(&world.path()) {
        let path = to.path().join("data").join(from.strip_prefix(world.path()).expect("is inside"));
        std::fs::create_dir_all(path.parent().expect("has a folder")).expect("is made");
        std::fs::copy(&from, &path).expect("copies");
    }
    to
}

/// Every file below.
pub(super) fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("reads") {
        let path = entry.expect("reads").path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else if path.file_name().is_some_and(|name| name != "RESERVE") {
            // That one is nothing but room.
            files.push(path);
        }
    }
    files.sort();
    files
}

pub(super) fn bytes(folder: &Path) -> u64 {
    walk(folder).iter().map(|path| path.metadata().expect("is there").len()).sum()
}

/// Bytes of a file before the zeros at its end. What is written ends in a sum, of which the last byte is
/// zero now and then.
pub(super) fn written(path: &Path) -> usize {
    let bytes = std::fs::read(path).expect("reads");
    let salt = FileHead::decode(&bytes).expect("is whole").salt;
    let mut scan = Scan::new(&bytes, salt, FILE_HEAD);
    while scan.next().is_some() {}
    scan.at()
}

pub(super) fn newest(folder: &Path) -> PathBuf {
    walk(folder).pop().expect("there is one")
}

/// A machine that goes down while it forces a write to disk leaves any of its pages: of a write that was not
/// acknowledged nothing is there, whatever is left of it, and of others all.
#[tokio::test]
async fn dur1_dur6_a_loss_of_power_takes_the_last_write_only() {
    let mut world = World::new(Level::Sync);
    let log = world.open();
    let id = world.begin(&log).await;
    world.write(&log, id, 3).await;
    let journal = newest(&world.path().join("journal"));
    let before = written(&journal);
    let acknowledged = world.sessions[&id].clone();
    world.write(&log, id, 40).await;
    drop(log);
    std::fs::write(world.path().join("RUN"), "running sync another-boot\n").expect("writes");
    let after = written(&journal);
    let whole = std::fs::read(&journal).expect("reads");
    for (from, to) in
        [(before, before + 10), (before + 100, before + 600), (before + 70, after), (after - 4, after)]
    {
        let mut bytes = whole.clone();
        bytes[from..to].fill(0);
        let copy = copy(&world);
        let path = copy.path().join("data");
        std::fs::write(path.join("journal").join(journal.file_name().expect("has one")), bytes)
            .expect("writes");
        let log = DiskLog::open(&path, world.options()).expect("opens");
        assert!(!log.recovered().may_have_lost && log.recovered().torn > 0, "{from} to {to}");
        let found = load(&log, id).await.expect("loads");
        assert_eq!(found.snapshot(), acknowledged.snapshot(), "{from} to {to}");
    }
    // What is damaged before is damage.
    let mut bytes = whole.clone();
    bytes[before - 40] ^= 1;
    std::fs::write(&journal, bytes).expect("writes");
    let log = world.open();
    assert!(matches!(load(&log, id).await, Err(LogError::Damaged { .. })));
}
