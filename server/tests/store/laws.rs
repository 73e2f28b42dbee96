//! The laws of the store, in process.

use std::sync::Arc;

use vws_core::error::SessionError;
use vws_core::reduce::State;
use vws_core::wire::{Encoding, Resume, canonical_json};
use vws_core::{Rejection, Session, SessionId};
use vws_server::log::{EventLog, MemoryLog, contract};
use vws_server::store::{Known, SessionStore, StoreConfig, StoreError};
use vws_server::telemetry::Watermark;

use crate::support::{TestLog, authored, command, config, create, over, run, session, store};

#[tokio::test]
async fn id1_three_thousand_sessions_have_three_thousand_ids_in_order_of_creation() {
    let store = store().await;
    let mut ids = Vec::new();
    for _ in 0..3_000 {
        ids.push(store.create(None).await.expect("is made").session_id);
    }
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(store.count(), 3_000);
    let mut listed: Vec<SessionId> = Vec::new();
    loop {
        let page = store.list(listed.last().copied(), 700);
        if page.is_empty() {
            break;
        }
        listed.extend(page.iter().map(Known::id));
    }
    assert_eq!(listed, ids);
}

#[tokio::test]
async fn lim1_sessions_stop_at_their_bound() {
    let config = StoreConfig { max_sessions: 2, ..config() };
    let store = SessionStore::open(Arc::new(MemoryLog::default()), config, Arc::default());
    let store = store.await.expect("the log tells its sessions");
    let first = store.create(None).await.expect("is made").session_id;
    store.create(None).await.expect("is made");
    assert_eq!(store.create(None).await, Err(StoreError::TooManySessions { max: 2 }));
    store.delete(first).await.expect("ends");
    store.create(None).await.expect("there is room again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn law4_eight_writers_leave_a_dense_log_whose_fold_is_the_state() {
    eight_writers(Arc::new(MemoryLog::default())).await;
    eight_writers(Arc::new(TestLog::slow())).await;
}

async fn eight_writers(log: Arc<dyn EventLog>) {
    let store = over(log).await;
    let live = session(&store).await;
    run(&live, create("shared", 0.0)).await.expect("is made");
    let writers = (0..8).map(|writer| {
        let live = Arc::clone(&live);
        tokio::spawn(async move {
            for n in 0..50 {
                let x = f64::from(writer) + f64::from(n) / 100.0;
                let patch = format!(r#"{{"type":"update_object","name":"shared","patch":{{"x":{x}}}}}"#);
                run(&live, command(&patch)).await.expect("is allowed");
                run(&live, create(&format!("w{writer} n{n}"), x)).await.expect("is allowed");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("does not panic");
    }
    let page = live.events(0, 10_000).await.expect("is kept");
    let mut mirror = Session::new(live.id(), None, live.read(Session::created_at), live.read(Session::epoch));
    for event in &page.events {
        mirror.apply(event).expect("the log is dense");
    }
    let state = live.read(Session::snapshot);
    assert_eq!(canonical_json(&mirror.snapshot()), canonical_json(&state));
    assert_eq!(page.head, state.session.seq);
}

#[tokio::test]
async fn law3_a_batch_takes_consecutive_seqs_or_leaves_nothing() {
    let store = store().await;
    let live = session(&store).await;
    let good = r#"{"type":"batch","commands":[{"type":"create_object","object":{"name":"a","type":"cube","x":0,"y":0,"z":0}},{"type":"update_object","name":"a","patch":{"x":1}},{"type":"delete_object","name":"a"}]}"#;
    let outcome = run(&live, command(good)).await.expect("is allowed");
    assert_eq!(outcome.seqs, 1..4);
    let more: Vec<u32> = live.events(0, 10).await.expect("is kept").events.iter().map(|e| e.more).collect();
    assert_eq!(more, [2, 1, 0]);
    let bad = good.replace(r#""name":"a","patch":{"x":1}"#, r#""name":"a","patch":{"x":99}"#);
    let refused = run(&live, command(&bad)).await.expect_err("is refused");
    assert_eq!(refused.code(), "coordinate_out_of_bounds");
    assert_eq!(live.read(|s| (s.seq(), s.object_count())), (3, 0));
}

#[tokio::test]
async fn law8_a_retry_has_one_effect_and_the_first_outcome() {
    let store = store().await;
    let live = session(&store).await;
    let first = run(&live, authored(create("a", 1.0), "me", 1)).await.expect("is made");
    let refused = run(&live, authored(create("a", 1.0), "me", 2)).await.expect_err("the name is taken");
    run(&live, command(r#"{"type":"delete_object","name":"a"}"#)).await.expect("is allowed");
    assert_eq!(run(&live, authored(create("a", 1.0), "me", 1)).await, Ok(first));
    assert_eq!(
        run(&live, authored(create("a", 1.0), "me", 2)).await,
        Err(refused),
        "a refusal is an outcome"
    );
    assert_eq!(live.read(State::object_count), 0);
    run(&live, authored(create("a", 1.0), "you", 1)).await.expect("another client's ids are its own");
}

#[tokio::test]
async fn lim21_law8_a_retry_gets_its_first_outcome_where_memory_is_low_and_what_is_new_is_not_remembered() {
    for log in [Arc::new(MemoryLog::default()) as Arc<dyn EventLog>, Arc::new(TestLog::slow())] {
        let memory = Arc::new(Watermark::new(Some(1_000)));
        let config = StoreConfig { memory: Arc::clone(&memory), ..config() };
        let store =
            SessionStore::open(log, config, Arc::default()).await.expect("the log tells its sessions");
        let live = session(&store).await;
        let first = run(&live, authored(create("a", 1.0), "me", 1)).await.expect("is made");
        memory.note(1_000);
        assert_eq!(run(&live, authored(create("a", 1.0), "me", 1)).await, Ok(first));
        assert_eq!(run(&live, authored(create("b", 1.0), "me", 2)).await, Err(StoreError::MemoryLow));
        let moved = command(r#"{"type":"update_object","name":"a","patch":{"x":2}}"#);
        run(&live, authored(moved, "me", 3)).await.expect("changes go on");
        assert_eq!(store.create(None).await, Err(StoreError::MemoryLow));
        memory.note(899);
        run(&live, authored(create("b", 1.0), "me", 4)).await.expect("there is memory again");
        assert_eq!(live.read(State::object_count), 2);
    }
}

#[tokio::test]
async fn law6_a_deleted_session_is_gone_for_all_who_hold_it() {
    let store = store().await;
    let (live, other) = (session(&store).await, session(&store).await);
    run(&live, create("a", 1.0)).await.expect("is made");
    store.delete(live.id()).await.expect("ends");
    live.ended().await;
    let gone = || StoreError::Rejected(SessionError::NotFound { id: live.id() }.into());
    assert_eq!(run(&live, create("b", 1.0)).await, Err(gone()));
    assert_eq!(live.events(0, 10).await, Err(gone()));
    assert_eq!(store.get(live.id()).await.map(|_| ()), Err(gone()));
    assert_eq!(store.delete(live.id()).await, Err(gone()));
    assert_eq!(other.read(|s| (s.seq(), s.object_count())), (0, 0));
}

#[tokio::test]
async fn log2_history_past_its_bound_is_folded_into_a_snapshot() {
    let log = Arc::new(MemoryLog::default());
    let store = over(Arc::clone(&log) as Arc<dyn EventLog>).await;
    let live = session(&store).await;
    for n in 0..1_125 {
        run(&live, create(&format!("o{n}"), 0.0)).await.expect("is made");
    }
    let trimmed = loop {
        match live.events(0, 10).await {
            Err(StoreError::HistoryGone { trimmed }) => break trimmed,
            _ => tokio::task::yield_now().await,
        }
    };
    assert_eq!(trimmed, 625, "the last snapshot before the newer half");
    let snapshot = log.snapshot_at(live.id(), 700).await.expect("reads");
    let mut rebuilt = snapshot.restore().expect("is whole");
    assert_eq!(rebuilt.seq(), 625);
    for event in live.events(rebuilt.seq(), 10_000).await.expect("is kept").events {
        rebuilt.apply(&event).expect("is the next");
    }
    assert_eq!(rebuilt.snapshot(), live.read(Session::snapshot));
}

#[tokio::test]
async fn law4_a_joiner_gets_a_snapshot_and_exactly_what_follows() {
    let store = store().await;
    let live = session(&store).await;
    for n in 0..2_500 {
        run(&live, create(&format!("o{n}"), 0.0)).await.expect("is made");
    }
    let (frames, mut subscription) = live.join(Encoding::Json).await;
    assert!(frames.parts.len() >= 3, "2,500 objects take three parts");
    assert_eq!(subscription.seen(), frames.seq);
    run(&live, create("after", 0.0)).await.expect("is made");
    let (shared, mut later) = live.join(Encoding::Json).await;
    assert_eq!(shared.seq, frames.seq, "joiners of one moment share a snapshot");
    for subscription in [&mut subscription, &mut later] {
        let events = subscription.take(10).expect("is there");
        assert_eq!(events.iter().map(|told| told.seq).collect::<Vec<_>>(), [2_501]);
    }
    let epoch = live.read(Session::epoch);
    assert_eq!(live.resume(Resume { epoch, seq: 2_400 }).map(|s| s.lag()), Some(101));
    assert!(live.resume(Resume { epoch, seq: 1 }).is_none(), "the feed does not reach back to it");
    assert!(live.resume(Resume { epoch, seq: 9_999 }).is_none(), "it is not there yet");
    assert!(live.resume(Resume { epoch: epoch + 1, seq: 2_500 }).is_none(), "it is another history");
}

#[tokio::test]
async fn lim2_followers_stop_at_their_bound() {
    let store = store().await;
    let live = session(&store).await;
    let mut followers: Vec<_> = (0..100).map(|_| live.follow().expect("there is room")).collect();
    assert_eq!(live.follow().map(|_| ()).map_err(|e| e.code()), Err("too_many_subscribers"));
    followers.pop();
    assert!(live.follow().is_ok(), "a place that is left is free");
}

#[tokio::test]
async fn log1_a_log_that_answers_later_keeps_the_contract() {
    contract::check(&TestLog::slow()).await;
}

#[tokio::test]
async fn law5_what_the_log_did_not_take_is_neither_acknowledged_nor_shown() {
    let log = TestLog::slow();
    let log = Arc::new(log);
    let store = over(Arc::clone(&log) as Arc<dyn EventLog>).await;
    let live = session(&store).await;
    run(&live, authored(create("a", 1.0), "me", 1)).await.expect("is made");
    let (_, mut subscription) = live.join(Encoding::Json).await;
    log.set_full(true);
    let refused = run(&live, authored(create("b", 1.0), "me", 2)).await.expect_err("there is no space");
    assert_eq!(refused.code(), "log_unavailable");
    assert_eq!(live.read(|s| (s.seq(), s.object_count())), (1, 1), "reads go on, on what was there");
    assert!(subscription.take(10).expect("is there").is_empty());
    log.set_full(false);
    let outcome = run(&live, authored(create("b", 1.0), "me", 2)).await.expect("the retry is taken");
    assert_eq!(outcome.seqs, 2..3);
    assert_eq!(subscription.take(10).map(|events| events.len()), Ok(1));
}

#[tokio::test]
async fn law5_a_caller_that_gives_up_leaves_log_and_state_equal() {
    let store = over(Arc::new(TestLog::slow())).await;
    let live = session(&store).await;
    for n in 0..50 {
        let commit = Box::pin(run(&live, create(&format!("o{n}"), 0.0)));
        // Polled once and dropped: the append is under way.
        let _ = futures_util::future::select(commit, std::future::ready(())).await;
    }
    run(&live, create("last", 0.0)).await.expect("is made");
    let page = live.events(0, 1_000).await.expect("is kept");
    assert_eq!(page.events.len() as u64, live.read(|s| s.seq()));
    assert_eq!(page.events.len(), live.read(State::object_count));
}

#[tokio::test]
async fn law5_a_caller_that_gives_up_leaves_sessions_whole() {
    let log = Arc::new(TestLog::slow());
    let store = over(Arc::clone(&log) as Arc<dyn EventLog>).await;
    // Each polled once and dropped: the log is at it.
    for _ in 0..10 {
        let _ = futures_util::future::select(Box::pin(store.create(None)), std::future::ready(())).await;
    }
    store.create(None).await.expect("is made");
    let ids = |store: &SessionStore| store.list(None, 100).iter().map(Known::id).collect::<Vec<_>>();
    for id in ids(&store).into_iter().take(5) {
        let _ = futures_util::future::select(Box::pin(store.delete(id)), std::future::ready(())).await;
    }
    let last = *ids(&store).last().expect("is there");
    store.delete(last).await.expect("ends");
    let logged: Vec<_> =
        log.list().await.expect("reads").iter().map(|listed| listed.info.session_id).collect();
    assert_eq!((ids(&store), logged.len()), (logged, 5));
}

#[tokio::test]
async fn err1_an_invalid_session_name_is_refused_at_its_field() {
    let refused = store().await.create(Some("a\u{202e}b")).await.expect_err("is refused");
    let StoreError::Rejected(rejection) = refused else { panic!("is a rejection: {refused:?}") };
    let first = |r: &Rejection| r.errors().next().map(|e| (e.pointer.clone(), e.error.code()));
    assert_eq!(first(&rejection), Some(("/name".to_owned(), "display_name_invalid")));
}
