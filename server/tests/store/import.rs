//! Sessions that are made of files.

use std::sync::Arc;

use vws_core::reduce::State;
use vws_core::transfer::{Format, Imported, Importer, LogWriter};
use vws_core::{EventRecord, Session};
use vws_server::log::EventLog;
use vws_server::store::{Moment, SessionStore, StoreConfig};

use crate::support::{TestLog, command, config, create, over, run, session};

/// The history of a session as a file that was read, with `events` events.
async fn file(events: usize) -> Imported {
    let store = over(Arc::new(TestLog::default())).await;
    let live = session(&store).await;
    for n in 0..events {
        run(&live, create(&format!("o{n}"), 1.0)).await.expect("is made");
    }
    let mut writer = LogWriter::new(live.at(Moment::Seq(0)).await.expect("is kept"));
    let mut bytes = Vec::new();
    while let Some(piece) = writer.opening() {
        bytes.extend(piece);
    }
    for event in live.events(0, events).await.expect("is kept").events {
        writer.event(&event, &mut bytes).expect("is the next");
    }
    bytes.extend(writer.end());
    let mut importer = Importer::new(Format::Log, config().model);
    importer.read(&bytes);
    importer.finish().expect("is whole")
}

#[tokio::test]
async fn imp1_a_log_that_does_not_take_a_file_has_nothing_of_it() {
    for log in [TestLog::default(), TestLog::slow()] {
        let log = Arc::new(log);
        let store = over(Arc::clone(&log) as Arc<dyn EventLog>).await;
        log.set_full(true);
        let refused = store.import(file(3).await).await.expect_err("there is no space");
        assert_eq!(refused.code(), "log_unavailable");
        assert_eq!((store.count(), log.list().await.map(|listed| listed.len())), (0, Ok(0)));
        assert_eq!(store.lobby().head(), 0, "nobody was told of it");
        log.set_full(false);
        let made = store.import(file(3).await).await.expect("there is space again");
        assert_eq!((made.seq, made.object_count, store.lobby().head()), (3, 3, 1));
    }
}

#[tokio::test]
async fn imp1_a_caller_that_gives_up_leaves_sessions_whole() {
    let log = Arc::new(TestLog::slow());
    let store = over(Arc::clone(&log) as Arc<dyn EventLog>).await;
    for _ in 0..5 {
        let import = Box::pin(store.import(file(5).await));
        // Polled once and dropped: the log is at it.
        let _ = futures_util::future::select(import, std::future::ready(())).await;
    }
    while store.count() < 5 {
        tokio::task::yield_now().await;
    }
    for known in store.list(None, 10) {
        assert_eq!((known.info().seq, known.info().object_count), (5, 5));
    }
}

#[tokio::test]
async fn imp6_places_for_sessions_hold_for_files() {
    let few = StoreConfig { max_sessions: 1, ..config() };
    let store = SessionStore::open(Arc::new(TestLog::default()), few, Arc::default()).await.expect("opens");
    store.import(file(1).await).await.expect("there is room");
    let refused = store.import(file(1).await).await.expect_err("there is none");
    assert_eq!(refused.code(), "too_many_sessions");
}

#[tokio::test]
async fn imp5_a_history_of_many_appends_is_there_again_after_a_restart() {
    let (events, log) = (3_000, Arc::new(TestLog::default()));
    let unbounded = || StoreConfig { max_history: 1_000_000, ..config() };
    let open = || SessionStore::open(Arc::clone(&log) as Arc<dyn EventLog>, unbounded(), Arc::default());
    let begun =
        SessionStore::open(Arc::new(TestLog::default()), unbounded(), Arc::default()).await.expect("opens");
    let live = session(&begun).await;
    // Batches of seven, so that no bound of an append falls on the end of one.
    let mut base = live.read(Session::clone);
    let mut made = 0;
    while made < events {
        let commands: Vec<String> = (made..made + 7)
            .map(|n| {
                format!(
                    r#"{{"type":"create_object","object":{{"name":"o{n}","type":"cube","x":1,"y":0,"z":0}}}}"#
                )
            })
            .collect();
        let batch = format!(r#"{{"type":"batch","commands":[{}]}}"#, commands.join(","));
        run(&live, command(&batch)).await.expect("is made");
        made += 7;
    }
    let records: Vec<Arc<EventRecord>> = live.events(0, made).await.expect("is kept").events;
    let mut writer = LogWriter::new(base.clone());
    let mut bytes = Vec::new();
    while let Some(piece) = writer.opening() {
        bytes.extend(piece);
    }
    for record in &records {
        writer.event(record, &mut bytes).expect("is the next");
        base.apply(record).expect("is the next");
    }
    bytes.extend(writer.end());
    let mut importer = Importer::new(Format::Log, config().model);
    importer.read(&bytes);
    let id = open()
        .await
        .expect("opens")
        .import(importer.finish().expect("is whole"))
        .await
        .expect("is made")
        .session_id;
    let again = open().await.expect("opens").get(id).await.expect("is there");
    assert_eq!(again.read(|session| (session.seq(), session.digest())), (made as u64, base.digest()));
    assert_eq!(again.events(0, made).await.expect("is kept").events, records);
    run(&again, create("after", 0.0)).await.expect("it goes on");
}
