//! Several logs on one server.

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use vws_core::Session;

use super::*;
use crate::log::nats::layout::{Kind, Note};
use crate::log::nats::publish::Put;
use crate::log::{Checkpoint, SharedLog as _, Told};

#[tokio::test(flavor = "multi_thread")]
async fn clu1_of_those_who_make_one_session_at_once_one_does() {
    let bed = Bed::new();
    let logs = [bed.log().await, bed.log().await];
    for number in 1..=10 {
        let scribe = Scribe::new(number);
        let made = join_all(logs.iter().map(|log| log.create(scribe.session.snapshot()))).await;
        assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1, "{made:?}");
        assert!(made.contains(&Err(LogError::SessionExists(scribe.id()))), "{made:?}");
    }
    for log in &logs {
        assert_eq!(log.list().await.expect("is listed").len(), 10);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clu1_of_those_who_append_after_one_event_one_does() {
    let bed = Bed::new();
    let logs = [bed.log().await, bed.log().await];
    let scribe = Scribe::begin(&logs[0], 1).await;
    let id = scribe.id();
    let mut taken = BTreeSet::new();
    for round in 0..50_u64 {
        // Each has its own next event; which of them it is shows in its time.
        let batches: Vec<_> = (0..2_u64)
            .map(|who| {
                let event = vws_core::Event::ObjectsCleared;
                let at = 10 * round + who;
                vec![Arc::new(EventRecord { seq: round + 1, at, by: None, subject: None, more: 0, event })]
            })
            .collect();
        let outcomes = join_all((0..2).map(|who| append(&logs[who], id, round, &batches[who]))).await;
        let winners: Vec<usize> = (0..2).filter(|who| outcomes[*who].is_ok()).collect();
        assert_eq!(winners.len(), 1, "{outcomes:?}");
        let lost = Err(LogError::Conflict { expected: round, found: round + 1 });
        assert_eq!(outcomes[1 - winners[0]], lost, "the other one is told what there is");
        taken.insert(10 * round + winners[0] as u64);
    }
    for log in &logs {
        let read = log.read(id, 0, 100).await.expect("reads");
        assert_eq!(read.iter().map(|event| event.at).collect::<BTreeSet<_>>(), taken);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clu1_what_does_not_follow_what_another_has_written_is_refused() {
    let bed = Bed::new();
    let (a, b) = (bed.log().await, bed.log().await);
    let mut scribe = Scribe::begin(&a, 1).await;
    let id = scribe.id();
    scribe.write(&a, 3).await;
    let mut behind = Scribe { session: scribe.session.clone() };
    // The other one has not read anything of it, and goes on from what there is.
    scribe.write(&b, 2).await;
    let late = scribe.events(1);
    let conflict = |expected| Err(LogError::Conflict { expected, found: 5 });
    assert_eq!(append(&a, id, 3, &behind.events(1)).await, conflict(3), "what it knows of is behind");
    assert_eq!(append(&b, id, 6, &late).await, conflict(6));
    append(&a, id, 5, &late).await.expect("follows");
}

#[tokio::test(flavor = "multi_thread")]
async fn clu3_a_message_that_is_sent_again_is_taken_once() {
    let bed = Bed::new();
    let (a, b) = (bed.log().await, bed.log().await);
    let scribe = Scribe::begin(&a, 1).await;
    let id = scribe.id();
    let before = a.0.head(id).tip().expect("it was just made").stream;
    let note = Note::of_deletion(before, scribe.session.info(), 1);
    let (stream, subject) = (a.0.layout.stream(), a.0.layout.history(id));
    let send = |log: &NatsLog, name: &'static str, again: bool| {
        let (shared, headers) = (Arc::clone(&log.0), note.headers(name));
        let (stream, subject) = (stream.clone(), subject.clone());
        async move { shared.put_again(&stream, &subject, before, headers, bytes::Bytes::new(), again).await }
    };
    let first = send(&a, "one", false).await;
    let Put::Taken(place) = first else { panic!("{first:?}") };
    assert!(
        matches!(send(&a, "one", true).await, Put::Taken(again) if again == place),
        "its answer was lost"
    );
    assert!(matches!(send(&b, "one", true).await, Put::Taken(again) if again == place));
    assert!(matches!(send(&b, "two", true).await, Put::Refused), "it is another one");
    assert!(matches!(send(&b, "two", false).await, Put::Refused));
    assert!(
        matches!(a.0.which_follows(&stream, &subject, before, "one").await, Put::Taken(at) if at == place)
    );
    assert!(matches!(a.0.which_follows(&stream, &subject, before, "two").await, Put::Refused));
}

#[tokio::test(flavor = "multi_thread")]
async fn clu4_what_one_lets_go_of_is_gone_for_all() {
    let bed = Bed::new();
    let (a, b) = (bed.log().await, bed.log().await);
    let mut scribe = Scribe::begin(&a, 1).await;
    let id = scribe.id();
    for _ in 0..10 {
        scribe.write(&a, 10).await;
    }
    let state = Checkpoint { snapshot: scribe.session.snapshot(), memory: [7].into() };
    a.save(state.clone()).await.expect("is kept");
    for _ in 0..5 {
        scribe.write(&b, 10).await;
    }
    assert_eq!(b.read(id, 0, 1_000).await.expect("reads").len(), 150);
    assert_eq!(b.checkpoint_at(id, u64::MAX).await.as_ref(), Ok(&state));
    b.trim(id, 120).await.expect("trims");
    for log in [&a, &b] {
        let cut = LogError::Trimmed { trimmed: 100 };
        assert_eq!(log.read(id, 50, 10).await, Err(cut.clone()));
        assert_eq!(log.checkpoint_at(id, 99).await, Err(cut));
        assert_eq!(log.checkpoint_at(id, 149).await.as_ref(), Ok(&state));
        assert_eq!(log.read(id, 100, 1_000).await.expect("reads").len(), 50);
    }
    // All is covered: what tells where the history ends stays.
    let state = Checkpoint { snapshot: scribe.session.snapshot(), memory: Arc::default() };
    b.save(state.clone()).await.expect("is kept");
    a.trim(id, u64::MAX).await.expect("trims");
    assert_eq!(b.checkpoint_at(id, u64::MAX).await, Ok(state));
    assert_eq!(b.read(id, 150, 10).await, Ok(Vec::new()));
    scribe.write(&b, 1).await;
    assert_eq!(a.list().await.expect("is listed")[0].info, scribe.session.info());
}

#[tokio::test(flavor = "multi_thread")]
async fn clu4_what_is_held_is_let_go_of_by_nobody_here() {
    let bed = Bed::new();
    let log = bed.log().await;
    let mut scribe = Scribe::begin(&log, 1).await;
    let (id, base) = (scribe.id(), scribe.session.snapshot());
    scribe.write(&log, 4).await;
    log.save(Checkpoint { snapshot: scribe.session.snapshot(), memory: Arc::default() })
        .await
        .expect("is kept");
    scribe.write(&log, 1).await;
    let held = log.hold(id).await.expect("is held");
    log.trim(id, 5).await.expect("is left to the next time");
    assert_eq!(log.read(id, 0, 10).await.expect("reads").len(), 5);
    assert_eq!(log.snapshot_at(id, 0).await, Ok(base));
    drop(held);
    log.trim(id, 5).await.expect("trims");
    assert_eq!(log.read(id, 0, 10).await, Err(LogError::Trimmed { trimmed: 4 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn clu4_of_many_checkpoints_that_two_keep_at_once_none_is_lost() {
    let bed = Bed::new();
    let (a, b) = (bed.log().await, bed.log().await);
    let mut scribe = Scribe::begin(&a, 1).await;
    let mut states = Vec::new();
    for _ in 0..8 {
        scribe.write(&a, 1).await;
        states.push(Checkpoint { snapshot: scribe.session.snapshot(), memory: Arc::default() });
    }
    let saved = states.iter().enumerate().map(|(n, state)| [&a, &b][n % 2].save(state.clone()));
    assert!(join_all(saved).await.iter().all(Result::is_ok));
    for (state, seq) in states.iter().zip(1..) {
        assert_eq!(b.checkpoint_at(scribe.id(), seq).await.as_ref(), Ok(state));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clu5_what_one_deletes_is_gone_for_all_and_may_begin_anew() {
    let bed = Bed::new();
    let (a, b) = (bed.log().await, bed.log().await);
    let mut scribe = Scribe::begin(&a, 1).await;
    let id = scribe.id();
    for _ in 0..100 {
        scribe.write(&a, 1).await;
    }
    let state = Checkpoint { snapshot: scribe.session.snapshot(), memory: Arc::default() };
    b.save(state.clone()).await.expect("is kept");
    assert_eq!(b.read(id, 0, 1_000).await.expect("reads").len(), 100);
    let conflict = Err(LogError::Conflict { expected: 99, found: 100 });
    assert_eq!(b.delete_at(id, 99).await, conflict, "not without what has come since");
    b.delete_at(id, 100).await.expect("ends");
    let gone = LogError::NoSession(id);
    for log in [&a, &b] {
        assert_eq!(append(log, id, 100, &scribe.events(1)).await, Err(gone.clone()));
        assert_eq!(log.read(id, 100, 10).await, Err(gone.clone()));
        assert_eq!(log.checkpoint_at(id, 100).await, Err(gone.clone()));
        assert_eq!(log.save(state.clone()).await, Err(gone.clone()));
        assert_eq!(log.delete_at(id, 100).await, Err(gone.clone()));
        assert!(log.follow(id).await.is_err());
        assert_eq!(log.list().await, Ok(Vec::new()));
    }
    let left = a.0.subjects(&a.0.layout.snapshots(), &a.0.layout.kept(id, ">")).await;
    assert_eq!(left, Ok(Vec::new()), "nor is anything left of it");
    let anew = Session::new(id, None, 2_000, 8);
    a.create(anew.snapshot()).await.expect("begins anew");
    for log in [&a, &b] {
        assert_eq!(log.read(id, 0, 10).await, Ok(Vec::new()));
        assert_eq!(log.snapshot_at(id, u64::MAX).await, Ok(anew.snapshot()));
        assert_eq!(log.list().await.expect("is listed")[0].info, anew.info());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clu5_whoever_finds_a_mark_of_deletion_ends_what_was_begun() {
    let bed = Bed::new();
    let (a, b) = (bed.log().await, bed.log().await);
    let mut scribe = Scribe::begin(&a, 1).await;
    let id = scribe.id();
    scribe.write(&a, 5).await;
    // As one that dies right after it has marked the session.
    let tip = a.0.head(id).tip().expect("it was just written");
    let note = Note::of_deletion(tip.stream, tip.info, 77);
    let put = a.0.put_note(id, "the last", &note, bytes::Bytes::new()).await;
    assert!(put.taken().is_ok());
    assert_eq!(b.list().await, Ok(Vec::new()), "it is deleted by the mark");
    b.create(Session::new(id, None, 2_000, 8).snapshot()).await.expect("the id is free");
    assert_eq!(b.read(id, 0, 10).await, Ok(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn clu2_of_two_that_were_let_in_after_one_message_the_second_counts_for_nobody() {
    let bed = Bed::new();
    let (a, b) = (bed.log().await, bed.replicated_log().await);
    let mut scribe = Scribe::begin(&a, 1).await;
    let id = scribe.id();
    let mut events = scribe.write(&a, 2).await;
    let tip = a.0.head(id).tip().expect("it was just written");
    let mut following = b.follow(id).await.expect("is followed");
    // As a cluster does whose lead passes on: it says what it is to follow, and nobody has judged it by that.
    let mut info = tip.info.clone();
    info.seq = 4;
    let mut other = Scribe::new(1);
    let (_, wrong) = (other.events(2), other.events(2));
    let packed = a.0.pack(id, String::new, crate::log::disk::encode_events(&wrong)).await;
    let (body, payload) = packed.expect("is small");
    let note = Note { kind: Kind::Batch, before: tip.stream, after: 2, info, body, at: None };
    events.extend(scribe.write(&b, 1).await);
    let last = b.0.head(id).tip().expect("it was just written").stream;
    let mut headers = note.headers("let in");
    headers.insert("Nats-Expected-Last-Subject-Sequence", last.to_string());
    let (stream, subject) = (a.0.layout.stream(), a.0.layout.history(id));
    let put = a.0.put(&stream, &subject, last, headers, payload).await;
    assert!(matches!(put, Put::Taken(_)), "{put:?}");
    assert!(matches!(a.0.which_follows(&stream, &subject, tip.stream, "let in").await, Put::Refused));
    for log in [&a, &b, &bed.log().await] {
        assert_eq!(log.read(id, 0, 10).await.expect("reads"), events);
    }
    // Where several servers keep the stream, what the last message says is not believed.
    let c = bed.replicated_log().await;
    assert_eq!(c.0.live_tip(&c.0.head(id)).await.expect("goes on").info, scribe.session.info());
    events.extend(scribe.write(&c, 1).await);
    assert_eq!(b.read(id, 0, 10).await.expect("reads"), events);
    let mut told = Vec::new();
    while told.len() < 2 {
        match following.next().await {
            Some(Told::Batch(batch)) => told.extend(batch),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(told, events[2..], "nor is it told of");
}

#[tokio::test(flavor = "multi_thread")]
async fn clu2_where_several_servers_keep_a_stream_all_is_as_where_one_does() {
    let bed = Bed::new();
    contract::check(&bed.replicated_log().await).await;
}
