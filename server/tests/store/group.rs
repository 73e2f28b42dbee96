//! Commands that come while the log takes its time.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use tokio::task::JoinHandle;
use vws_core::reduce::State;
use vws_core::wire::Encoding;
use vws_core::{Seq, Session};
use vws_server::log::{EventLog, MemoryLog};
use vws_server::store::{LiveSession, Outcome, Request, SessionStore, StoreError};

use crate::support::{TestLog, authored, command, create, over, run, session};

/// A session over a log whose appends end when they are let pass.
async fn gated() -> (Arc<TestLog>, SessionStore, Arc<LiveSession>) {
    let log = Arc::new(TestLog::gated());
    let store = over(Arc::clone(&log) as Arc<dyn EventLog>).await;
    let live = session(&store).await;
    (log, store, live)
}

/// Comes with a command and waits; tells how many objects there were right after it.
fn come(live: &Arc<LiveSession>, request: Request) -> JoinHandle<Result<(Outcome, usize), StoreError>> {
    let live = Arc::clone(live);
    tokio::spawn(async move { live.execute(request, State::object_count).await })
}

/// Lets every task go as far as it can without the log.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

async fn done<T>(task: JoinHandle<T>) -> T {
    task.await.expect("does not panic")
}

fn code<T>(result: Result<T, StoreError>) -> Option<&'static str> {
    result.err().map(|error| error.code())
}

#[tokio::test]
async fn store7_what_waits_is_given_to_the_log_at_once() {
    let (log, _store, live) = gated().await;
    let (_, mut subscription) = live.join(Encoding::Json).await;
    let tasks: Vec<_> = (0..100).map(|n| come(&live, create(&format!("o{n}"), 0.0))).collect();
    settle().await;
    assert_eq!((log.appends(), live.read(State::seq)), (1, 0), "the first is under way, 99 wait");
    log.let_pass(1);
    settle().await;
    assert_eq!((log.appends(), live.read(State::seq)), (2, 1));
    assert_eq!(subscription.take(1_000).map(|events| events.len()), Ok(1), "nothing else is shown yet");
    log.let_pass(1);
    for (n, task) in (1..).zip(tasks) {
        let (outcome, count) = done(task).await.expect("is made");
        assert_eq!((outcome.seqs, outcome.seq), (n..n + 1, n), "in the order in which they came");
        assert_eq!(count, n as usize, "each sees the state right after it");
    }
    assert_eq!(log.appends(), 2);
    assert_eq!(subscription.take(1_000).map(|events| events.len()), Ok(99));
}

#[tokio::test]
async fn store7_law5_a_group_that_the_log_does_not_take_is_refused_whole() {
    let (log, _store, live) = gated().await;
    let first = come(&live, authored(create("a", 1.0), "me", 1));
    settle().await;
    // Of those that wait one takes effect, one is refused because of it, one is a retry of the first.
    let made = come(&live, authored(create("b", 1.0), "me", 2));
    let taken = come(&live, authored(create("b", 2.0), "me", 3));
    let again = come(&live, authored(create("a", 1.0), "me", 1));
    settle().await;
    log.let_pass(1);
    let (outcome, _) = done(first).await.expect("is made");
    log.set_full(true);
    log.let_pass(1);
    assert_eq!(code(done(made).await), Some("log_unavailable"));
    assert_eq!(code(done(taken).await), Some("log_unavailable"), "what it was judged by never happened");
    assert_eq!(done(again).await, Ok((outcome, 1)), "what happened before is told");
    assert_eq!(live.read(|s| (s.seq(), s.object_count())), (1, 1));
    log.set_full(false);
    log.let_pass(2);
    let retried = run(&live, authored(create("b", 2.0), "me", 3)).await.expect("it is a new try");
    assert_eq!(retried.seqs, 2..3);
    assert_eq!(code(run(&live, authored(create("b", 1.0), "me", 2)).await), Some("object_exists"));
}

#[tokio::test]
async fn store7_law8_a_retry_in_its_own_group_has_one_effect_and_one_outcome() {
    let (log, _store, live) = gated().await;
    let first = come(&live, create("first", 0.0));
    settle().await;
    let tries: Vec<_> = (0..3).map(|_| come(&live, authored(create("a", 1.0), "me", 7))).collect();
    let refused: Vec<_> = (0..2).map(|_| come(&live, authored(create("first", 1.0), "me", 8))).collect();
    settle().await;
    log.let_pass(2);
    done(first).await.expect("is made");
    for task in tries {
        let (outcome, count) = done(task).await.expect("is made");
        assert_eq!((outcome.seqs, count), (2..3, 2));
    }
    for task in refused {
        assert_eq!(code(done(task).await), Some("object_exists"));
    }
    assert_eq!((log.appends(), live.read(State::seq)), (2, 2));
}

#[tokio::test]
async fn store7_cmd9_each_of_a_group_is_judged_by_those_before_it() {
    let (log, _store, live) = gated().await;
    log.let_pass(1);
    run(&live, create("a", 0.0)).await.expect("is made");
    let first = come(&live, create("first", 0.0));
    settle().await;
    let moves = [1.0, 2.0].map(|x| {
        let json = format!(r#"{{"type":"update_object","name":"a","patch":{{"x":{x}}}}}"#);
        come(&live, Request { expect_version: Some(1), ..command(&json) })
    });
    let same = come(&live, command(r#"{"type":"update_object","name":"a","patch":{"x":1}}"#));
    let batch = r#"{"type":"batch","commands":[{"type":"rename_object","name":"a","new_name":"b"},{"type":"delete_object","name":"b"}]}"#;
    let batch = come(&live, command(batch));
    let gone = come(&live, command(r#"{"type":"delete_object","name":"a"}"#));
    settle().await;
    log.let_pass(2);
    done(first).await.expect("is made");
    let [one, two] = moves;
    assert_eq!(done(one).await.map(|(outcome, _)| outcome.seqs), Ok(3..4));
    assert_eq!(code(done(two).await), Some("version_mismatch"));
    assert_eq!(done(same).await.map(|(outcome, _)| outcome.seqs.is_empty()), Ok(true), "it is so already");
    assert_eq!(done(batch).await.map(|(outcome, count)| (outcome.seqs, count)), Ok((4..6, 1)));
    assert_eq!(code(done(gone).await), Some("object_not_found"));
    let page = live.events(0, 100).await.expect("is kept");
    let mut mirror = Session::new(live.id(), None, live.read(Session::created_at), live.read(Session::epoch));
    page.events.iter().for_each(|event| mirror.apply(event).expect("is dense"));
    assert_eq!(mirror.snapshot(), live.read(Session::snapshot));
}

#[tokio::test]
async fn store7_who_gives_up_while_waiting_has_changed_nothing() {
    let (log, _store, live) = gated().await;
    let first = come(&live, create("first", 0.0));
    settle().await;
    let (left, stays) = (come(&live, create("left", 0.0)), come(&live, create("stays", 0.0)));
    settle().await;
    left.abort();
    assert!(left.await.is_err_and(|ended| ended.is_cancelled()));
    // And one whose append is under way is finished.
    first.abort();
    log.let_pass(2);
    assert_eq!(done(stays).await.map(|(outcome, count)| (outcome.seqs, count)), Ok((2..3, 2)));
    assert!(live.read(|s| s.object("left").is_none() && s.object("first").is_some()));
}

#[tokio::test]
async fn store7_law6_a_deletion_waits_in_line_and_ends_what_waits_behind_it() {
    let (log, store, live) = gated().await;
    let before = come(&live, create("before", 0.0));
    settle().await;
    let ends = tokio::spawn({
        let (store, id) = (store.clone(), live.id());
        async move { store.delete(id).await }
    });
    settle().await;
    let behind = come(&live, create("behind", 0.0));
    settle().await;
    log.let_pass(5);
    assert_eq!(done(before).await.map(|(outcome, _)| outcome.seqs), Ok(1..2));
    done(ends).await.expect("it ends");
    assert_eq!(code(done(behind).await), Some("session_not_found"));
    assert_eq!(log.appends(), 1);
}

/// Whether the log answers at once or later, whoever comes from whichever thread is answered, once, in one order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn store7_law3_commands_from_many_threads_are_all_done_in_one_order() {
    const WRITERS: usize = 8;
    const EACH: usize = 100;
    for log in [TestLog::default(), TestLog::slow()] {
        let store = over(Arc::new(log)).await;
        let live = session(&store).await;
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let live = Arc::clone(&live);
                tokio::spawn(async move {
                    let mut seqs = Vec::new();
                    for n in 0..EACH {
                        let request = create(&format!("w{writer}-{n}"), 1.0);
                        let (outcome, count) =
                            live.execute(request, State::object_count).await.expect("is made");
                        assert_eq!(count as u64, outcome.seq, "each sees the state right after it");
                        seqs.push(outcome.seq);
                    }
                    assert!(seqs.is_sorted(), "a writer's own are in its order");
                    seqs
                })
            })
            .collect();
        let mut seqs = Vec::new();
        for writer in writers {
            seqs.extend(done(writer).await);
        }
        seqs.sort_unstable();
        assert!(seqs.into_iter().eq(1..=(WRITERS * EACH) as u64), "each seq once");
        let events = live.events(0, WRITERS * EACH + 1).await.expect("are kept").events;
        assert!(
            events.iter().map(|event| event.seq).eq(1..=(WRITERS * EACH) as u64),
            "the log has them in order"
        );
        store.delete(live.id()).await.expect("nobody is left with the turn");
    }
}

fn names(names: &[&str]) -> VecDeque<Request> {
    (1..).zip(names).map(|(id, name)| authored(create(name, 1.0), "me", id)).collect()
}

fn told(done: Vec<Result<Outcome, StoreError>>) -> Vec<Result<Range<Seq>, &'static str>> {
    done.into_iter().map(|one| one.map(|outcome| outcome.seqs).map_err(|error| error.code())).collect()
}

/// Whether the log answers at once, at once but in one way for all sessions, or later.
#[tokio::test]
async fn store7_ws19_what_a_connection_sends_at_once_is_done_up_to_what_has_no_event() {
    for log in [
        Arc::new(MemoryLog::default()) as Arc<dyn EventLog>,
        Arc::new(TestLog::default()),
        Arc::new(TestLog::slow()),
    ] {
        let store = over(log).await;
        let live = session(&store).await;
        let (_, mut subscription) = live.join(Encoding::Json).await;
        let mut requests = names(&["a", "b", "a", "c"]);
        let same = authored(command(r#"{"type":"update_object","name":"c","patch":{"x":1}}"#), "me", 5);
        let batch = r#"{"type":"batch","commands":[{"type":"rename_object","name":"c","new_name":"d"},{"type":"delete_object","name":"a"}]}"#;
        requests.extend([same, authored(command(batch), "me", 6), authored(create("a", 2.0), "me", 7)]);
        requests.push_back(authored(create("b", 1.0), "me", 2));
        assert_eq!(told(live.execute_all(&mut requests).await), [Ok(1..2), Ok(2..3), Err("object_exists")]);
        assert_eq!((requests.len(), live.read(State::seq)), (5, 2), "what comes after it is not begun");
        assert_eq!(subscription.take(10).map(|events| events.len()), Ok(2));
        assert_eq!(told(live.execute_all(&mut requests).await), [Ok(3..4), Ok(4..4)], "it is so already");
        assert_eq!(told(live.execute_all(&mut requests).await), [Ok(4..6), Ok(6..7), Ok(2..3)], "a retry");
        assert!(requests.is_empty());
        assert_eq!(told(live.execute_all(&mut requests).await), []);
        assert_eq!(subscription.take(10).map(|events| events.len()), Ok(4));
        assert_eq!(live.read(|s| (s.object_count(), s.seq())), (3, 6));
    }
}

#[tokio::test]
async fn store7_what_a_connection_sends_at_once_is_given_to_the_log_at_once() {
    let (log, store, live) = gated().await;
    let several = |names: VecDeque<Request>| {
        let (live, mut requests) = (Arc::clone(&live), names);
        tokio::spawn(async move { (told(live.execute_all(&mut requests).await), requests.len()) })
    };
    let first = several(names(&["a", "b", "c"]));
    settle().await;
    assert_eq!(log.appends(), 1, "all of them");
    // Those who wait are one group; where one of them is refused something, another goes on.
    let second = several([authored(create("a", 0.0), "you", 1), authored(create("z", 0.0), "you", 2)].into());
    let third = come(&live, create("d", 0.0));
    let fourth =
        several([authored(create("e", 0.0), "they", 1), authored(create("f", 0.0), "they", 2)].into());
    settle().await;
    log.let_pass(1);
    assert_eq!(done(first).await, (vec![Ok(1..2), Ok(2..3), Ok(3..4)], 0));
    settle().await;
    assert_eq!(log.appends(), 2);
    log.let_pass(1);
    assert_eq!(done(second).await, (vec![Err("object_exists")], 1));
    assert_eq!(done(third).await.map(|(outcome, count)| (outcome.seqs, count)), Ok((4..5, 4)));
    assert_eq!(done(fourth).await, (vec![Ok(5..6), Ok(6..7)], 0));
    // What the log does not take is refused whole, and can be tried again.
    log.set_full(true);
    let lost = several([authored(create("g", 0.0), "us", 1), authored(create("h", 0.0), "us", 2)].into());
    log.let_pass(1);
    assert_eq!(done(lost).await, (vec![Err("log_unavailable"), Err("log_unavailable")], 0));
    log.set_full(false);
    log.let_pass(1);
    let again = several([authored(create("g", 0.0), "us", 1), authored(create("h", 0.0), "us", 2)].into());
    assert_eq!(done(again).await, (vec![Ok(7..8), Ok(8..9)], 0));
    log.let_pass(1);
    store.delete(live.id()).await.expect("nobody is left with the turn");
    let late = several([authored(create("i", 0.0), "us", 3), authored(create("j", 0.0), "us", 4)].into());
    assert_eq!(done(late).await, (vec![Err("session_not_found")], 1));
}
