//! Several stores over one log, each as a process of its own would be.

use std::sync::Arc;

use futures_util::future::join_all;
use vws_core::reduce::State;
use vws_core::wire::{Encoding, ServerMessage};
use vws_core::{Event, EventRecord, Session, SessionId};
use vws_server::log::{EventLog, Told};
use vws_server::store::{LiveSession, SessionStore, StoreError};

use crate::shared::{Node, Shared};
use crate::support::{authored, command, config, create, run};

/// Lets every task go as far as it can.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

async fn store(node: &Arc<Node>) -> SessionStore {
    let log = Arc::clone(node) as Arc<dyn EventLog>;
    SessionStore::open(log, config(), Arc::default()).await.expect("the log tells its sessions")
}

/// Two stores, and one session in both.
struct Two {
    shared: Arc<Shared>,
    nodes: [Arc<Node>; 2],
    stores: [SessionStore; 2],
    id: SessionId,
    live: [Arc<LiveSession>; 2],
}

async fn two() -> Two {
    let shared = Arc::new(Shared::default());
    let nodes = [shared.node(), shared.node()];
    let stores = [store(&nodes[0]).await, store(&nodes[1]).await];
    let id = stores[0].create(Some("both")).await.expect("is made").session_id;
    // At once: no word of it needs to have come.
    let live = [stores[0].get(id).await.expect("is there"), stores[1].get(id).await.expect("is there")];
    Two { shared, nodes, stores, id, live }
}

fn move_to(name: &str, x: f64) -> vws_server::store::Request {
    command(&format!(r#"{{"type":"update_object","name":"{name}","patch":{{"x":{x}}}}}"#))
}

#[tokio::test]
async fn clu21_every_store_over_a_log_comes_to_the_state_that_the_log_has() {
    let Two { shared, id, live, .. } = two().await;
    let (_, mut told) = live[1].join(Encoding::Json).await;
    let clients = (0..8_usize).map(|client| {
        let live = Arc::clone(&live[client % 2]);
        async move {
            for n in 1..=25 {
                let made = authored(create(&format!("c{client} {n}"), 1.0), &format!("client{client}"), n);
                let outcome = run(&live, made).await.expect("is made, whoever else writes");
                assert!(live.read(State::seq) >= outcome.seq, "LAW5");
            }
        }
    });
    join_all(clients.map(tokio::spawn)).await.into_iter().for_each(|done| done.expect("does not panic"));
    settle().await;
    let events = shared.events(id).await;
    assert_eq!(events.len(), 200, "each took effect once");
    let states = live.each_ref().map(|live| live.read(Session::snapshot));
    assert_eq!(states[0], states[1]);
    assert_eq!(states[0].session.seq, 200);
    let mut seen = Vec::new();
    while let Ok(events) = told.take(1_000)
        && !events.is_empty()
    {
        seen.extend(events.into_iter().map(|told| told.message));
    }
    let wire = |record: &Arc<EventRecord>| {
        Encoding::Json.encode_server(&ServerMessage::Event(EventRecord::clone(record)))
    };
    assert_eq!(
        seen,
        events.iter().map(wire).collect::<Vec<_>>(),
        "who follows one store is told what all of them did, in the log's order"
    );
}

#[tokio::test]
async fn clu22_what_another_store_has_done_counts_when_a_command_is_decided() {
    let Two { nodes, live: [a, b], .. } = two().await;
    nodes[1].set_deaf(true);
    run(&a, create("chair", 1.0)).await.expect("is made");
    // The other one has not heard of it: the log has it decide again.
    let refused = run(&b, create("chair", 2.0)).await.expect_err("is there already");
    assert_eq!(refused.code(), "object_exists");
    // Nor does it refuse by what it has not heard of.
    run(&a, create("table", 1.0)).await.expect("is made");
    run(&b, move_to("table", 1.0)).await.expect("is as it is already");
    run(&a, create("lamp", 1.0)).await.expect("is made");
    run(&b, command(r#"{"type":"delete_object","name":"lamp"}"#)).await.expect("is there");
    let version = a.read(|state| state.object("chair").expect("is there").version);
    run(&a, move_to("chair", 3.0)).await.expect("is moved");
    let mut late = move_to("chair", 4.0);
    late.expect_version = Some(version);
    // What it decides on has the version that the client has seen, and the log has moved on.
    let refused = run(&b, late).await.expect_err("is another version by now");
    assert_eq!(refused.code(), "version_mismatch");
}

#[tokio::test]
async fn clu23_a_command_whose_answer_was_lost_has_one_effect_whichever_store_it_is_sent_to_again() {
    let Two { shared, nodes, id, live: [a, b], .. } = two().await;
    for (id_of_command, retry_at) in [(1, &b), (2, &a)] {
        nodes[0].lose_answers(1);
        let request = || authored(create(&format!("o{id_of_command}"), 1.0), "client", id_of_command);
        let unknown = run(&a, request()).await.expect_err("nobody knows");
        assert!(matches!(unknown, StoreError::OutcomeUnknown(_)), "{unknown:?}");
        let outcome = run(retry_at, request()).await.expect("is what the first try came to");
        assert_eq!(outcome.seqs, id_of_command..id_of_command + 1);
    }
    settle().await;
    assert_eq!(shared.events(id).await.len(), 2);
    assert_eq!(a.read(Session::snapshot), b.read(Session::snapshot));
}

#[tokio::test]
async fn clu24_the_set_of_sessions_is_the_same_everywhere() {
    let Two { stores: [a, b], id, live: [_, live], .. } = two().await;
    settle().await;
    let mut lobby = b.lobby().subscribe(0);
    let info = b.list(None, 10);
    assert_eq!(info.iter().map(|known| known.info().session_id).collect::<Vec<_>>(), [id]);
    let told = lobby.take().expect("is whole");
    assert_eq!(told.len(), 1, "it is told once, though it was loaded before the word of it came: {told:?}");
    a.delete(id).await.expect("is deleted");
    settle().await;
    assert!(live.is_ended() && !live.is_retired());
    assert_eq!((a.count(), b.count()), (0, 0));
    assert_eq!(lobby.take().expect("is whole").len(), 1);
    for store in [&a, &b] {
        assert_eq!(store.get(id).await.map(|_| ()).expect_err("is gone").code(), "session_not_found");
    }
    // Both may have as many as before.
    let ids = [a.create(None).await.expect("is made"), b.create(None).await.expect("is made")];
    settle().await;
    assert_eq!((a.count(), b.count()), (2, 2));
    for store in [&a, &b] {
        let listed: Vec<_> = store.list(None, 10).iter().map(|known| known.info().session_id).collect();
        assert_eq!(listed, ids.each_ref().map(|info| info.session_id));
    }
}

#[tokio::test]
async fn clu25_who_was_not_told_catches_up() {
    let Two { nodes, live: [a, b], .. } = two().await;
    nodes[1].set_deaf(true);
    for n in 0..3 {
        run(&a, create(&format!("o{n}"), 1.0)).await.expect("is made");
    }
    settle().await;
    assert_eq!(b.read(State::seq), 0, "nobody has told it");
    b.reach(2).await.expect("the log has it");
    assert_eq!(b.read(State::seq), 3, "read your writes");
    assert_eq!(b.reach(4).await, Err(StoreError::Behind { seen: 4, head: 3 }));
    run(&a, create("o3", 1.0)).await.expect("is made");
    nodes[1].set_deaf(false);
    settle().await;
    assert_eq!(b.read(Session::snapshot), a.read(Session::snapshot), "it has asked by itself");
    // A hole in what is told is seen by the next word.
    nodes[1].set_deaf(true);
    run(&a, create("o4", 1.0)).await.expect("is made");
    let last = Arc::clone(nodes[0].read(a.id(), 4, 1).await.expect("reads").first().expect("is there"));
    run(&a, create("o5", 1.0)).await.expect("is made");
    let next = nodes[0].read(a.id(), 5, 1).await.expect("reads");
    nodes[1].tell_self(a.id(), &Told::Batch(next));
    settle().await;
    assert_eq!((b.read(State::seq), last.seq), (6, 5));
}

#[tokio::test]
async fn clu26_a_store_that_is_cut_off_acknowledges_nothing_still_reads_and_catches_up_by_itself() {
    let Two { shared, nodes, id, live: [a, b], .. } = two().await;
    run(&b, create("before", 1.0)).await.expect("is made");
    nodes[1].set_cut(true);
    let refused = run(&b, create("lost", 1.0)).await.expect_err("is cut off");
    assert_eq!(refused.code(), "log_unavailable");
    run(&a, create("after", 1.0)).await.expect("goes on");
    assert_eq!(b.read(|state| state.object_count()), 1, "as of what it knows");
    nodes[1].set_cut(false);
    settle().await;
    assert_eq!(a.read(Session::snapshot), b.read(Session::snapshot));
    run(&b, create("again", 1.0)).await.expect("goes on");
    assert_eq!(shared.events(id).await.len(), 3);
}

#[tokio::test]
async fn clu27_a_replica_that_is_not_what_the_log_has_is_loaded_anew() {
    let Two { nodes, stores, id, live: [a, b], .. } = two().await;
    run(&a, create("one", 1.0)).await.expect("is made");
    settle().await;
    // A batch with a hole in it.
    let first = Arc::clone(nodes[0].read(id, 0, 1).await.expect("reads").first().expect("is there"));
    let wrong =
        [2, 4].map(|seq| Arc::new(EventRecord { seq, event: Event::ObjectsCleared, ..(*first).clone() }));
    nodes[1].tell_self(id, &Told::Batch(wrong.to_vec()));
    settle().await;
    assert!(b.is_ended() && b.is_retired());
    assert_eq!(run(&b, create("two", 1.0)).await.expect_err("is old").code(), "log_unavailable");
    let anew = stores[1].get(id).await.expect("is there");
    run(&anew, create("two", 1.0)).await.expect("is made");
    settle().await;
    assert_eq!(a.read(Session::snapshot), anew.read(Session::snapshot));
    assert_eq!(stores[1].count(), 1);
}

#[tokio::test]
async fn clu28_a_session_is_deleted_only_as_its_client_has_seen_it() {
    let Two { nodes, stores: [_, b_store], id, live: [a, _], .. } = two().await;
    nodes[1].set_deaf(true);
    run(&a, create("one", 1.0)).await.expect("is made");
    let refused = b_store.delete_at(id, vec![0]).await.expect_err("there is an event more");
    assert_eq!(refused.code(), "version_mismatch");
    b_store.delete_at(id, vec![1]).await.expect("is deleted");
    settle().await;
    assert!(a.is_ended());
}

#[tokio::test]
async fn clu31_what_a_later_version_has_written_is_served_by_no_store_that_does_not_know_it() {
    let Two { nodes, stores: [_, store], id, live: [a, b], .. } = two().await;
    let other = store.create(None).await.expect("is made").session_id;
    run(&a, create("one", 1.0)).await.expect("is made");
    settle().await;
    nodes[1].set_deaf(true);
    run(&a, create("two", 1.0)).await.expect("is made");
    nodes[1].know(1);
    settle().await;
    assert!(b.is_ended() && b.is_retired(), "who follows it is sent away");
    let refused = store.get(id).await.map(|_| ()).expect_err("is not known");
    assert_eq!(refused.code(), "session_newer");
    assert!(refused.to_string().contains("upgrade"), "{refused}");
    store.get(other).await.expect("others are served");
    nodes[1].know(u64::MAX);
    assert_eq!(store.get(id).await.expect("is known now").read(State::seq), 2);
}
