//! What is told of histories and of the set of them.

use futures_util::StreamExt as _;
use tokio::time::timeout;
use vws_core::Session;

use super::*;
use crate::log::nats::layout::{Kind, Note};
use crate::log::{Directory, Following, Listed, Sessions, SharedLog as _, Told};

async fn told(following: &mut Following) -> Told {
    timeout(PATIENCE, following.next()).await.expect("is told").expect("goes on")
}

async fn change(directory: &mut Directory) -> Sessions {
    timeout(PATIENCE, directory.next()).await.expect("is told").expect("goes on")
}

fn listed(session: &Session) -> Sessions {
    Sessions::Listed(Listed { info: session.info(), damaged: None })
}

#[tokio::test(flavor = "multi_thread")]
async fn clu7_who_follows_is_told_of_the_batches_of_all_in_their_order() {
    let bed = Bed::new();
    let (a, b) = (bed.log().await, bed.log().await);
    let mut scribe = Scribe::begin(&a, 1).await;
    scribe.write(&a, 2).await;
    let mut followings = [
        a.follow(scribe.id()).await.expect("is followed"),
        b.follow(scribe.id()).await.expect("is followed"),
    ];
    let mut batches = Vec::new();
    for n in 0..20 {
        batches.push(scribe.write([&a, &b][n % 2], 1 + n % 3).await);
    }
    for following in &mut followings {
        for batch in &batches {
            assert_eq!(told(following).await, Told::Batch(batch.clone()));
        }
    }
    // What is known of the end comes of that: nobody asks before the next append.
    assert_eq!(a.0.head(scribe.id()).tip(), b.0.head(scribe.id()).tip());
    b.delete(scribe.id()).await.expect("ends");
    for following in &mut followings {
        assert_eq!(told(following).await, Told::Ended);
        assert_eq!(following.next().await, None, "nothing follows the end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clu7_a_message_that_was_not_told_of_is_a_gap() {
    let bed = Bed::new();
    let (a, b) = (bed.log().await, bed.log().await);
    let mut scribe = Scribe::begin(&a, 1).await;
    let id = scribe.id();
    let mut following = b.follow(id).await.expect("is followed");
    // As if the first of two had been lost on the way: the second says that it follows another one than was seen.
    let tip = a.0.head(id).tip().expect("it was just made");
    let mut other = Scribe::new(1);
    let (_, second) = (other.events(1), other.events(1));
    let packed = a.0.pack(id, String::new, crate::log::disk::encode_events(&second)).await;
    let (body, payload) = packed.expect("is small");
    let info = other.session.info();
    let note = Note { kind: Kind::Batch, before: tip.stream + 6, after: 1, info, body, at: None };
    let mut headers = note.headers("second");
    headers.insert("Nats-Sequence", (tip.stream + 7).to_string());
    headers.insert("Nats-Last-Sequence", (tip.stream + 6).to_string());
    let client = a.connection().client();
    client.publish_with_headers(a.0.layout.told(id), headers, payload).await.expect("is sent");
    assert_eq!(told(&mut following).await, Told::Gap);
    // What comes late, or twice, is no news.
    scribe.write(&a, 1).await;
    let mut again = a.follow(id).await.expect("is followed");
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Nats-Sequence", tip.stream.to_string());
    headers.insert("Nats-Last-Sequence", "0");
    client.publish_with_headers(a.0.layout.told(id), headers, "".into()).await.expect("is sent");
    let batch = scribe.write(&a, 1).await;
    assert_eq!(told(&mut again).await, Told::Batch(batch));
}

#[tokio::test(flavor = "multi_thread")]
async fn clu7_a_last_message_that_was_not_told_of_is_found() {
    let bed = Bed::new();
    let (a, b) = (bed.log().await, bed.log().await);
    let mut scribe = Scribe::begin(&a, 1).await;
    let id = scribe.id();
    let mut listener = b.0.listener(id).await.expect("is followed");
    // It hears nothing of it, and it is time to look.
    listener.told = b.connection().client().subscribe("elsewhere").await.expect("is subscribed");
    let batch = scribe.write(&a, 1).await;
    listener.look = tokio::time::Instant::now();
    assert_eq!(timeout(PATIENCE, listener.next()).await, Ok(Told::Gap));
    assert_eq!(b.read(id, 0, 10).await, Ok(batch));
    a.delete(id).await.expect("ends");
    listener.look = tokio::time::Instant::now();
    assert_eq!(timeout(PATIENCE, listener.next()).await, Ok(Told::Ended));
}

#[tokio::test(flavor = "multi_thread")]
async fn clu8_who_follows_the_set_is_told_what_becomes_of_it() {
    let bed = Bed::new();
    let (a, b) = (bed.log().await, bed.log().await);
    let mut directory = b.directory().await.expect("is followed");
    let mut own = a.directory().await.expect("is followed");
    let mut scribe = Scribe::begin(&a, 1).await;
    assert_eq!(change(&mut directory).await, listed(&scribe.session));
    assert_eq!(change(&mut own).await, listed(&scribe.session), "of what comes of its own as well");
    // Events are told of after a time, a name at once; either may come with the other.
    let after = scribe.seq();
    let named = [scribe.event(r#"{"type":"rename_session","name":"a stage"}"#)];
    append(&a, scribe.id(), after, &named).await.expect("is taken");
    assert_eq!(change(&mut directory).await, listed(&scribe.session));
    scribe.write(&b, 3).await;
    assert_eq!(change(&mut directory).await, listed(&scribe.session));
    a.delete(scribe.id()).await.expect("ends");
    let Sessions::Deleted { session, at } = change(&mut directory).await else { panic!("it was deleted") };
    assert_eq!(session, scribe.id());
    assert!(at > 1_000_000_000_000, "in milliseconds since 1970");
    let next = Scribe::begin(&b, 2).await;
    assert_eq!(change(&mut directory).await, listed(&next.session), "and of nothing that came of the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn clu8_what_was_begun_is_in_no_list_before_it_is_finished() {
    let bed = Bed::new();
    let (a, b) = (bed.log().await, bed.log().await);
    let mut directory = b.directory().await.expect("is followed");
    let mut scribe = Scribe::new(1);
    a.begin(scribe.session.snapshot()).await.expect("begins");
    scribe.write(&a, 5).await;
    a.0.tell_of_changes().await;
    assert_eq!(b.list().await, Ok(Vec::new()));
    a.finish(scribe.id()).await.expect("is finished");
    assert_eq!(change(&mut directory).await, listed(&scribe.session), "and it is told as it is then");
    assert_eq!(b.list().await.expect("is listed").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn clu8_what_was_begun_and_left_is_let_go_of_after_a_time() {
    let bed = Bed::new();
    let (a, b) = (bed.log().await, bed.log().await);
    let mut scribe = Scribe::new(1);
    a.begin(scribe.session.snapshot()).await.expect("begins");
    scribe.write(&a, 5).await;
    let finished = Scribe::begin(&a, 2).await;
    let left = b.0.all().await.expect("is there").left;
    b.0.let_go(left, Duration::from_secs(60)).await;
    assert_eq!(b.read(scribe.id(), 0, 10).await.expect("reads").len(), 5, "somebody may be at it");
    let left = b.0.all().await.expect("is there").left;
    scribe.write(&a, 1).await;
    b.0.let_go(left, Duration::ZERO).await;
    assert_eq!(b.read(scribe.id(), 0, 10).await.expect("reads").len(), 6, "somebody was");
    let left = b.0.all().await.expect("is there").left;
    b.0.let_go(left, Duration::ZERO).await;
    assert_eq!(a.read(scribe.id(), 0, 10).await, Err(LogError::NoSession(scribe.id())));
    assert_eq!(a.list().await.expect("is listed")[0].info, finished.session.info());
}

#[tokio::test(flavor = "multi_thread")]
async fn clu8_what_is_told_late_does_not_bring_a_session_back() {
    let bed = Bed::new();
    let (a, b) = (bed.log().await, bed.log().await);
    let mut scribe = Scribe::begin(&a, 1).await;
    let before = scribe.session.info();
    scribe.write(&b, 3).await;
    b.0.tell_of_changes().await;
    // Behind what another one has told.
    a.0.changed.lock().insert(before.session_id, before.clone());
    a.0.tell_of_changes().await;
    let entry = a.0.entry(before.session_id).await.expect("is there").expect("was told of");
    assert_eq!(entry.info, Some(scribe.session.info()));
    b.delete(scribe.id()).await.expect("ends");
    a.0.changed.lock().insert(before.session_id, scribe.session.info());
    a.0.tell_of_changes().await;
    assert!(a.0.entry(before.session_id).await.expect("is answered").is_none(), "it stays deleted");
    assert_eq!(a.list().await, Ok(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn clu8_a_change_of_the_set_that_was_not_told_of_is_a_gap() {
    let bed = Bed::new();
    let (a, b) = (bed.log().await, bed.log().await);
    let mut directory = b.directory().await.expect("is followed");
    let seen = a.0.last_of(&a.0.layout.sessions()).await.expect("is there");
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Nats-Sequence", (seen + 2).to_string());
    headers.insert("Nats-Last-Sequence", "0");
    let subject = a.0.layout.listed().replace('*', &Scribe::new(1).id().to_string());
    a.connection().client().publish_with_headers(subject, headers, "{}".into()).await.expect("is sent");
    assert_eq!(change(&mut directory).await, Sessions::Gap);
}
