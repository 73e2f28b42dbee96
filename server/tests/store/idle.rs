//! Sessions that nobody uses, in memory and out of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Barrier;
use vws_core::Session;
use vws_core::reduce::State;
use vws_server::log::disk::{DiskLog, Level, Options};
use vws_server::log::{EventLog, MemoryLog};
use vws_server::store::{Known, SessionStore, StoreConfig};

use crate::support::{TestLog, authored, command, config, create, run, session};

/// A store whose sessions may leave memory after that time.
async fn leaving(log: Arc<dyn EventLog>, after: Duration) -> SessionStore {
    let config = StoreConfig { idle_after: Some(after), ..config() };
    SessionStore::open(log, config, Arc::default()).await.expect("the log tells its sessions")
}

/// One whose time stands still, unless it is told.
async fn swept(log: &Arc<TestLog>) -> SessionStore {
    let store = leaving(Arc::clone(log) as Arc<dyn EventLog>, Duration::from_secs(3_600)).await;
    tokio::time::pause();
    store
}

/// Lets more than the time go by, and then those leave who may. Tells how many stay.
async fn sweep(store: &SessionStore) -> usize {
    tokio::time::advance(Duration::from_secs(3_601)).await;
    store.evict_idle().await;
    loaded(store)
}

fn loaded(store: &SessionStore) -> usize {
    store.list(None, 100).iter().filter(|known| matches!(known, Known::Loaded(_))).count()
}

#[tokio::test]
async fn store8_an_idle_session_leaves_memory_and_comes_back_as_it_was() {
    let log = Arc::new(TestLog::default());
    let store = swept(&log).await;
    let live = session(&store).await;
    let first = run(&live, authored(create("a", 1.0), "me", 1)).await.expect("is made");
    run(&live, command(r#"{"type":"rename_session","name":"Atelier"}"#)).await.expect("is allowed");
    let (id, was) = (live.id(), live.read(Session::snapshot));
    drop(live);
    assert_eq!((sweep(&store).await, log.saves()), (0, 1));
    assert_eq!(store.info(id).await, Ok(was.session.clone()));
    assert_eq!(store.list(None, 10).first().map(Known::info).as_ref(), Some(&was.session));
    assert_eq!(log.loads(), 0, "nobody has asked for it");
    let live = store.get(id).await.expect("comes back");
    assert_eq!((live.read(Session::snapshot), loaded(&store)), (was, 1));
    assert_eq!(run(&live, authored(create("a", 1.0), "me", 1)).await, Ok(first), "with its receipts");
    drop(live);
    assert_eq!((sweep(&store).await, log.saves()), (0, 1), "nothing has changed since it was saved");
    store.delete(id).await.expect("one that has left can be deleted");
}

#[tokio::test]
async fn store8_what_is_used_stays() {
    let log = Arc::new(TestLog::default());
    let store = swept(&log).await;
    let live = session(&store).await;
    let follower = live.follow().expect("there is room");
    let id = live.id();
    drop(live);
    assert_eq!(sweep(&store).await, 1, "somebody follows it");
    drop(follower);
    assert_eq!((store.evict_idle().await, loaded(&store)), (0, 1), "somebody has just followed it");
    store.get(id).await.expect("is there");
    tokio::time::advance(Duration::from_secs(3_000)).await;
    assert_eq!((store.evict_idle().await, loaded(&store)), (0, 1), "it was used lately");
    assert_eq!(sweep(&store).await, 0);
}

#[tokio::test]
async fn store8_a_log_that_cannot_save_keeps_idle_sessions_in_memory() {
    let log = Arc::new(TestLog::default());
    let store = swept(&log).await;
    let live = session(&store).await;
    run(&live, create("a", 1.0)).await.expect("is made");
    drop(live);
    log.set_full(true);
    assert_eq!(sweep(&store).await, 1);
    log.set_full(false);
    assert_eq!(sweep(&store).await, 0);
}

#[tokio::test(start_paused = true)]
async fn store8_a_store_looks_for_idle_sessions_by_itself() {
    let store = leaving(Arc::new(TestLog::default()), Duration::from_secs(300)).await;
    session(&store).await;
    tokio::time::sleep(Duration::from_secs(290)).await;
    assert_eq!(loaded(&store), 1);
    tokio::time::sleep(Duration::from_secs(50)).await;
    assert_eq!(loaded(&store), 0);
    let store = leaving(Arc::new(MemoryLog::default()), Duration::from_secs(300)).await;
    session(&store).await;
    tokio::time::sleep(Duration::from_secs(3_000)).await;
    assert_eq!(loaded(&store), 1, "nothing is won where the log is in memory");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn store3_leaving_memory_loses_no_commit_and_there_is_never_a_second_state() {
    const WRITERS: u64 = 8;
    const EACH: u64 = 200;
    let folder = tempfile::tempdir().expect("a folder");
    let disk = DiskLog::open(folder.path(), Options::new(Level::Buffered)).expect("nobody has it");
    let logs: [Arc<dyn EventLog>; 3] =
        [Arc::new(TestLog::default()), Arc::new(TestLog::slow()), Arc::new(disk)];
    for log in logs {
        let store = leaving(Arc::clone(&log), Duration::ZERO).await;
        let id = session(&store).await.id();
        let rest = Arc::new(Barrier::new(WRITERS as usize));
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (store, rest) = (store.clone(), Arc::clone(&rest));
                tokio::spawn(async move {
                    for n in 0..EACH {
                        // Taken anew each time: nobody else keeps it in memory.
                        let live = store.get(id).await.expect("is there");
                        let request = create(&format!("w{writer} n{n}"), 0.0);
                        // Two states of one session would have the log refuse one of their batches.
                        run(&live, request).await.expect("is made");
                        drop(live);
                        // Now and then nobody holds it, so that it has left for certain.
                        if n % 50 == 0 {
                            rest.wait().await;
                            while loaded(&store) > 0 {
                                store.evict_idle().await;
                                tokio::task::yield_now().await;
                            }
                            rest.wait().await;
                        }
                    }
                })
            })
            .collect();
        while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
            store.evict_idle().await;
            tokio::task::yield_now().await;
        }
        for writer in writers {
            writer.await.expect("does not panic");
        }
        let live = store.get(id).await.expect("is there");
        assert_eq!(live.read(|s| (s.seq(), s.object_count() as u64)), (WRITERS * EACH, WRITERS * EACH));
        let state = live.read(Session::snapshot);
        drop(live);
        let again = leaving(log, Duration::from_secs(3_600)).await;
        let live = again.get(id).await.expect("is loaded");
        assert_eq!(live.read(Session::snapshot), state, "the log has all of it");
    }
}

#[tokio::test]
async fn store2_store8_sessions_come_back_from_a_data_directory_with_their_receipts() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || DiskLog::open(folder.path(), Options::new(Level::Buffered)).expect("nobody has it");
    let store = leaving(Arc::new(open()), Duration::ZERO).await;
    let mut sessions = Vec::new();
    for n in 0..20 {
        let live = session(&store).await;
        for object in 0..n {
            run(&live, create(&format!("o{object}"), 0.5)).await.expect("is made");
        }
        let first = run(&live, authored(create("first", 1.0), "me", 1)).await.expect("is made");
        sessions.push((live.read(Session::snapshot), first));
    }
    while loaded(&store) > 0 {
        store.evict_idle().await;
        // The store's own look may be at one of them.
        tokio::task::yield_now().await;
    }
    let check = async |store: &SessionStore| {
        for (was, first) in &sessions {
            let live = store.get(was.session.session_id).await.expect("comes back");
            assert_eq!(live.read(Session::snapshot), *was);
            assert_eq!(run(&live, authored(create("first", 1.0), "me", 1)).await.as_ref(), Ok(first));
        }
    };
    check(&store).await;
    store.close().await.expect("ends in order");
    drop(store);
    // The store's own look for idle sessions may be at its end still.
    let log = loop {
        match DiskLog::open(folder.path(), Options::new(Level::Buffered)) {
            Ok(log) => break log,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    check(&leaving(Arc::new(log), Duration::from_secs(3_600)).await).await;
}
