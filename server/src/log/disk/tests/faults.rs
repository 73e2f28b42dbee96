//! Disks that are full or fail.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::*;

/// A disk that fails from some change on, until it is mended.
#[derive(Default)]
struct Sick {
    on: AtomicBool,
    /// Only changes of this kind fail; all do where there is none.
    only: Mutex<Option<FileOp>>,
    /// Changes that go well before.
    left: AtomicU64,
    seen: AtomicU64,
}

impl Sick {
    fn fail(&self, only: Option<FileOp>, after: u64) {
        *self.only.lock() = only;
        self.left.store(after, Ordering::SeqCst);
        self.on.store(true, Ordering::SeqCst);
    }

    fn mend(&self) {
        self.on.store(false, Ordering::SeqCst);
    }
}

impl Faults for Sick {
    fn before(&self, op: FileOp, _: &Path) -> std::io::Result<()> {
        self.seen.fetch_add(1, Ordering::SeqCst);
        if !self.on.load(Ordering::SeqCst) || self.only.lock().is_some_and(|only| only != op) {
            return Ok(());
        }
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_ok() { Ok(()) } else { Err(std::io::Error::from_raw_os_error(28)) }
    }
}

fn open(world: &World, disk: &Arc<Sick>) -> DiskLog {
    let disk = Arc::clone(disk);
    DiskLog::open(&world.path(), world.options().faults(disk)).expect("opens")
}

#[tokio::test]
async fn law5_dur7_a_full_disk_refuses_and_takes_again_when_there_is_room() {
    for level in [Level::Buffered, Level::Sync] {
        let (mut world, disk) = (World::new(level), Arc::new(Sick::default()));
        let log = open(&world, &disk);
        let id = world.begin(&log).await;
        world.write(&log, id, 4).await;
        disk.fail(Some(FileOp::Write), 0);
        for _ in 0..3 {
            let refused = world.try_write(&log, id, 2).await.expect_err("there is no room");
            assert!(
                matches!(&refused, LogError::Unavailable(why) if why.contains("No space left")),
                "{refused}"
            );
        }
        world.check(&log).await;
        disk.mend();
        world.write(&log, id, 2).await;
        world.check(&log).await;
        drop(log);
        let log = world.open();
        assert_eq!(log.recovered().torn, 0, "what failed was cut at once");
        world.check(&log).await;
    }
}

#[tokio::test]
async fn law5_dur7_what_cannot_be_flushed_is_refused_and_is_not_there_later() {
    let (mut world, disk) = (World::new(Level::Sync), Arc::new(Sick::default()));
    let log = open(&world, &disk);
    let id = world.begin(&log).await;
    disk.fail(Some(FileOp::Sync), 0);
    for _ in 0..3 {
        world.try_write(&log, id, 2).await.expect_err("cannot be flushed");
    }
    disk.mend();
    world.write(&log, id, 3).await;
    world.check(&log).await;
    drop(log);
    world.check(&world.open()).await;
}

#[tokio::test]
async fn dur7_what_the_system_could_not_force_to_disk_is_written_anew() {
    let (mut world, disk) = (World::new(Level::Buffered), Arc::new(Sick::default()));
    let log = open(&world, &disk);
    let id = world.begin(&log).await;
    world.write(&log, id, 4).await;
    disk.fail(Some(FileOp::Sync), 0);
    // Until the flusher has failed, it is taken: the system has it.
    while world.try_write(&log, id, 1).await.is_ok() {
        tokio::task::yield_now().await;
    }
    world.check(&log).await;
    disk.mend();
    log.settle().await.expect("is moved");
    world.write(&log, id, 1).await;
    drop(log);
    world.check(&world.open()).await;
}

/// Whatever change fails while the journal is moved, trimmed, deleted and saved, and however long: nothing
/// is lost, and all is well once the disk is.
#[tokio::test]
async fn dur7_every_change_of_a_file_may_fail() {
    let changes = {
        let (mut world, disk) = (World::new(Level::Buffered), Arc::new(Sick::default()));
        let log = open(&world, &disk);
        let before = disk.seen.load(Ordering::SeqCst);
        busy(&mut world, &log).await;
        disk.seen.load(Ordering::SeqCst) - before
    };
    assert!(changes > 30, "{changes}");
    for after in 0..changes {
        let (mut world, disk) = (World::new(Level::Buffered), Arc::new(Sick::default()));
        let log = open(&world, &disk);
        disk.fail(None, after);
        busy(&mut world, &log).await;
        world.check_known(&log, after).await;
        disk.mend();
        log.settle().await.unwrap_or_else(|error| panic!("after {after} changes: {error}"));
        world.check_known(&log, after).await;
        busy(&mut world, &log).await;
        world.check(&log).await;
        drop(log);
        world.check(&world.open()).await;
    }
}

/// Does a bit of everything; what fails is not counted on.
async fn busy(world: &mut World, log: &DiskLog) {
    world.begun += 1;
    let id = SessionId::from_uuid(uuid::Uuid::from_bytes([world.begun; 16]));
    let session = Session::new(id, None, 1_000, 7);
    if log.create(session.snapshot()).await.is_ok() {
        world.sessions.insert(id, session);
    }
    let ids: Vec<_> = world.sessions.keys().copied().collect();
    for id in &ids {
        let _ = world.try_write(log, *id, 3).await;
    }
    let _ = log.settle().await;
    for id in &ids {
        let _ = world.try_write(log, *id, 2).await;
        let snapshot = world.sessions[id].snapshot();
        let _ = log.save(Checkpoint { snapshot, memory: Arc::default() }).await;
        let _ = world.try_write(log, *id, 2).await;
        let _ = log.trim(*id, Seq::MAX).await;
    }
    if let Some(id) = ids.last()
        && log.delete(*id).await.is_ok()
    {
        world.sessions.remove(id);
    }
    let _ = log.settle().await;
}

impl World {
    /// As [`check`](World::check), while the disk is sick: what is read is right, and what cannot be read
    /// says so.
    async fn check_known(&self, log: &DiskLog, after: u64) {
        for listed in log.list().await.expect("lists") {
            let session = &self.sessions[&listed.info.session_id];
            assert_eq!(listed.info, session.info(), "after {after} changes");
            match load(log, session.id()).await {
                Ok(found) => assert_eq!(found.snapshot(), session.snapshot(), "after {after} changes"),
                Err(LogError::Unavailable(_)) => {}
                Err(error) => panic!("after {after} changes: {error}"),
            }
        }
    }
}

/// A process that ends at any moment, with its last write half done, loses nothing that it acknowledged.
#[tokio::test]
async fn law5_dur1_a_kill_at_every_change_of_a_file_loses_nothing() {
    for level in [Level::Buffered, Level::Sync] {
        for after in 0.. {
            let (mut world, disk) = (World::new(level), Arc::new(Sick::default()));
            let log = open(&world, &disk);
            busy(&mut world, &log).await;
            disk.fail(None, after);
            busy(&mut world, &log).await;
            let finished = disk.left.load(Ordering::SeqCst) > 0;
            drop(log);
            check_at_least(&world, after).await;
            if finished {
                assert!(after > 30, "{after} changes");
                break;
            }
        }
    }
}

/// All that was acknowledged is there, and at most what was refused last follows it.
async fn check_at_least(world: &World, after: u64) {
    let log = world.open();
    let listed = log.list().await.expect("lists");
    for session in world.sessions.values() {
        let of_it = |listed: &&Listed| listed.info.session_id == session.id();
        let Some(listed) = listed.iter().find(of_it) else {
            // It was being deleted.
            assert_eq!(session.id(), *world.sessions.keys().next_back().expect("has one"), "after {after}");
            continue;
        };
        assert_eq!(listed.damaged, None, "after {after}");
        let found = load(&log, session.id()).await.expect("loads");
        assert_eq!(found.info(), listed.info);
        assert!(found.seq() >= session.seq(), "after {after} changes {} is {}", session.seq(), found.seq());
        let (expected, _) = world.draft(session.id(), found.seq() - session.seq());
        assert_eq!(found.snapshot(), expected.snapshot(), "after {after} changes");
    }
}

#[tokio::test]
async fn dur7_many_sessions_are_moved_at_once() {
    let (mut world, disk) = (World::new(Level::Buffered), Arc::new(Sick::default()));
    let log = open(&world, &disk);
    for _ in 0..100 {
        let id = world.begin(&log).await;
        world.write(&log, id, 2).await;
    }
    disk.fail(Some(FileOp::Sync), 0);
    log.settle().await.expect_err("cannot be forced to disk");
    disk.mend();
    let before = disk.seen.load(Ordering::SeqCst);
    log.settle().await.expect("is moved");
    let changes = disk.seen.load(Ordering::SeqCst) - before;
    assert!(changes < 50, "{changes} changes: files that are written already are not written again");
    world.check(&log).await;
    drop(log);
    let log = world.open();
    assert_eq!(log.recovered().replayed, 0);
    world.check(&log).await;
}

/// A disk that is full for as long as the room that was set aside is not given up.
struct Full(AtomicBool, PathBuf);

impl Faults for Full {
    fn before(&self, op: FileOp, _: &Path) -> std::io::Result<()> {
        let full = self.0.load(Ordering::SeqCst) && self.1.exists();
        if full && op == FileOp::Write { Err(std::io::Error::from_raw_os_error(28)) } else { Ok(()) }
    }
}

#[tokio::test]
async fn dur7_a_session_can_be_deleted_when_the_disk_is_full() {
    for settled in [false, true] {
        let mut world = World::new(Level::Buffered);
        let disk = Arc::new(Full(AtomicBool::new(false), world.path().join("RESERVE")));
        let faults = Arc::clone(&disk);
        let log = DiskLog::open(&world.path(), world.options().faults(faults)).expect("opens");
        let (a, b) = (world.begin(&log).await, world.begin(&log).await);
        world.write(&log, a, 3).await;
        if settled {
            // The next write begins another segment.
            log.settle().await.expect("is moved");
        }
        disk.0.store(true, Ordering::SeqCst);
        world.try_write(&log, a, 1).await.expect_err("there is no room");
        world.try_write(&log, b, 1).await.expect_err("there is no room");
        log.delete(a).await.expect("makes room");
        world.sessions.remove(&a);
        world.check(&log).await;
        disk.0.store(false, Ordering::SeqCst);
        log.settle().await.expect("is moved");
        assert!(disk.1.exists(), "room is set aside again");
        world.write(&log, b, 1).await;
        drop(log);
        world.check(&world.open()).await;
    }
}

/// A disk that says when a session's file is about to be removed, and waits until it may be.
struct Slow {
    begun: tokio::sync::mpsc::UnboundedSender<()>,
    go: Mutex<std::sync::mpsc::Receiver<()>>,
}

impl Faults for Slow {
    fn before(&self, op: FileOp, path: &Path) -> std::io::Result<()> {
        let is_of_session = path.components().any(|part| part.as_os_str() == "sessions");
        if op == FileOp::Remove && is_of_session && self.begun.send(()).is_ok() {
            // Who is not waited for any more goes on.
            let _ = self.go.lock().recv();
        }
        Ok(())
    }
}

#[tokio::test]
async fn dur7_sessions_that_are_deleted_while_others_are_removed_are_no_failure() {
    let mut world = World::new(Level::Buffered);
    let (begun, removing) = tokio::sync::mpsc::unbounded_channel();
    let (go, gone) = std::sync::mpsc::channel();
    let disk = Arc::new(Slow { begun, go: Mutex::new(gone) });
    let log = DiskLog::open(&world.path(), world.options().faults(disk)).expect("opens");
    // Let go of before the log, which else waits for a disk that waits.
    let (go, mut removing) = (go, removing);
    for _ in 0..20 {
        let id = world.begin(&log).await;
        world.write(&log, id, 2).await;
    }
    log.settle().await.expect("is moved");
    let mut ids: Vec<_> = world.sessions.keys().copied().collect();
    let first = ids.pop().expect("one of 20");
    log.delete(first).await.expect("is deleted");
    let mut settled = Box::pin(log.settle());
    loop {
        tokio::select! {
            done = &mut settled => break done.expect("nothing has failed"),
            Some(()) = removing.recv() => {
                if let Some(id) = ids.pop() {
                    log.delete(id).await.expect("is deleted");
                }
                go.send(()).expect("is waited for");
            }
        }
    }
}
