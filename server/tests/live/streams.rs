//! Event streams over plain HTTP.

use std::sync::Arc;
use std::time::Duration;

use vws_core::reduce::State;
use vws_core::{Session, SessionId};
use vws_server::Config;
use vws_server::store::LiveSession;
use vws_server::units::{ByteSize, Span};

use crate::support::{
    EventStream, Message, Mirror, TestServer, create, create_many, dial, in_time, move_to, run, until,
};

fn events_of(id: SessionId) -> String {
    format!("/api/sessions/{id}/events")
}

fn snapshot(live: &Arc<LiveSession>) -> Mirror {
    Mirror::of(live.read(Session::clone))
}

/// A copy of a session as it was before its first event.
pub(crate) fn blank(live: &Arc<LiveSession>) -> Mirror {
    Mirror::of(live.read(|s| Session::new(s.id(), None, s.created_at(), s.epoch())))
}

#[tokio::test]
async fn sse1_a_request_that_accepts_a_stream_gets_one_and_any_other_a_page() {
    let server = TestServer::start().await;
    let live = server.session().await;
    for path in [events_of(live.id()), "/api/events".to_owned()] {
        let stream = EventStream::open(&server, &path, None).await;
        assert!(stream.head.contains("content-type: text/event-stream"), "{}", stream.head);
        for accept in ["*/*", "application/json", "text/event-stream;q=0"] {
            let connection = dial(&server, None).await;
            let page = EventStream::over(connection, &server, &path, &[("accept", accept)]).await;
            assert!(page.head.contains("content-type: application/json"), "{accept}: {}", page.head);
        }
    }
    let unknown = EventStream::open(&server, &events_of(SessionId::from_uuid(uuid::Uuid::nil())), None).await;
    assert_eq!(unknown.status, 404, "{}", unknown.head);
}

#[tokio::test]
async fn sse5_a_stream_tells_where_it_begins_and_then_each_event_as_it_happens() {
    let server = TestServer::start().await;
    let live = server.session().await;
    run(&live, create("before", 1.0)).await.expect("is made");
    let mut mirror = snapshot(&live);
    let mut stream = EventStream::open(&server, &events_of(live.id()), None).await;
    assert_eq!(stream.status, 200, "{}", stream.head);
    assert!(stream.head.contains("content-type: text/event-stream"), "{}", stream.head);
    assert!(stream.head.contains("cache-control: no-store"), "{}", stream.head);
    let welcome = stream.named("welcome").await;
    let epoch = mirror.session().epoch();
    let expected = serde_json::json!(
        {"session_id": live.id(), "epoch": epoch, "head_seq": 1, "after": 1}
    );
    assert_eq!(welcome, expected);
    run(&live, create("after", 2.0)).await.expect("is made");
    run(&live, create_many("batch", 3)).await.expect("is made");
    stream.follow(&mut mirror, 5).await;
    mirror.assert_equals(&live);
    assert_eq!(stream.last_id, format!("{epoch}-5"));
}

#[tokio::test]
async fn sse6_a_stream_that_connects_again_misses_nothing() {
    let server = TestServer::start().await;
    let live = server.session().await;
    let mut mirror = blank(&live);
    let mut last_id = String::new();
    for round in 0..20_u32 {
        run(&live, create_many(&format!("r{round} "), 7)).await.expect("is made");
        let after = if round == 0 { "?after=0" } else { "" };
        let path = events_of(live.id()) + after;
        let last = (round > 0).then_some(last_id.as_str());
        let mut stream = EventStream::open(&server, &path, last).await;
        stream.named("welcome").await;
        // Cut off in the middle of what there is.
        let seen = mirror.seq();
        stream.follow(&mut mirror, seen + 5).await;
        last_id = stream.last_id;
    }
    let mut stream = EventStream::open(&server, &events_of(live.id()), Some(&last_id)).await;
    stream.named("welcome").await;
    stream.follow(&mut mirror, 140).await;
    mirror.assert_equals(&live);
}

#[tokio::test]
async fn sse7_what_the_feed_no_longer_has_comes_from_the_log() {
    let server = TestServer::with(|config| config.limits.feed_events = 16).await;
    let live = server.session().await;
    for n in 0..500 {
        run(&live, create(&format!("o{n}"), 0.0)).await.expect("is made");
    }
    let mut mirror = blank(&live);
    let mut stream = EventStream::open(&server, &(events_of(live.id()) + "?after=0"), None).await;
    stream.named("welcome").await;
    stream.follow(&mut mirror, 250).await;
    // While it reads on, the feed moves away from under it.
    for n in 0..500 {
        run(&live, move_to(&format!("o{n}"), 1.0)).await.expect("is allowed");
    }
    stream.follow(&mut mirror, 1_000).await;
    mirror.assert_equals(&live);
}

#[tokio::test]
async fn sse8_a_place_that_is_gone_is_told_and_the_stream_goes_on_from_the_state() {
    let server = TestServer::with(|config| {
        config.limits.feed_events = 16;
        config.limits.max_history = 100;
    })
    .await;
    let live = server.session().await;
    for n in 0..150 {
        run(&live, create(&format!("o{n}"), 0.0)).await.expect("is made");
    }
    let epoch = live.read(Session::epoch);
    in_time(async {
        while live.events(1, 1).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    for reason in ["history_gone", "other_epoch", "ahead"] {
        let head = live.read(State::seq);
        let last_id = match reason {
            "history_gone" => format!("{epoch}-1"),
            "other_epoch" => format!("{}-{head}", epoch + 1),
            _ => format!("{epoch}-{}", head + 1),
        };
        let mut stream = EventStream::open(&server, &events_of(live.id()), Some(&last_id)).await;
        stream.named("welcome").await;
        let resync = stream.named("resync").await;
        assert_eq!(resync["reason"], reason, "{last_id}");
        assert_eq!(resync["head_seq"], head);
        assert_eq!(resync["snapshot"], format!("/api/sessions/{}/snapshot", live.id()));
        let mut mirror = snapshot(&live);
        run(&live, create(&format!("after {reason}"), 0.0)).await.expect("is made");
        stream.follow(&mut mirror, head + 1).await;
        mirror.assert_equals(&live);
    }
}

#[tokio::test]
async fn sse2_an_id_that_is_none_is_refused() {
    let server = TestServer::start().await;
    let live = server.session().await;
    for path in [events_of(live.id()), "/api/events".to_owned()] {
        let stream = EventStream::open(&server, &path, Some("yesterday")).await;
        assert_eq!(stream.status, 400, "{}", stream.head);
        assert!(stream.head.contains("content-type: application/problem+json"), "{}", stream.head);
    }
}

#[tokio::test]
async fn law6_a_stream_ends_with_its_session_and_shows_nothing_of_another() {
    let server = TestServer::start().await;
    let (live, other) = (server.session().await, server.session().await);
    let mut stream = EventStream::open(&server, &events_of(live.id()), None).await;
    stream.named("welcome").await;
    run(&other, create("secret", 0.0)).await.expect("is made");
    run(&live, create("seen", 0.0)).await.expect("is made");
    let event = stream.named("message").await;
    assert_eq!(event["event"]["object"]["name"], "seen");
    server.app.store().delete(live.id()).await.expect("ends");
    assert_eq!(stream.named("end").await, serde_json::json!({"reason": "no_such_session"}));
    assert_eq!(stream.next().await, None);
    until(|| live.usage().subscribers == 0).await;
}

#[tokio::test]
async fn sse9_streams_end_when_the_server_stops() {
    let mut server = TestServer::start().await;
    let live = server.session().await;
    let mut streams = [
        EventStream::open(&server, &events_of(live.id()), None).await,
        EventStream::open(&server, "/api/events", None).await,
    ];
    for stream in &mut streams {
        stream.named("welcome").await;
    }
    server.begin_to_stop();
    for stream in &mut streams {
        assert_eq!(stream.named("end").await, serde_json::json!({"reason": "going_away"}));
        assert_eq!(stream.next().await, None);
    }
    server.ended().await;
}

#[tokio::test(start_paused = true)]
async fn sse10_an_idle_stream_shows_that_it_lives() {
    let server = TestServer::start().await;
    let live = server.session().await;
    for path in [events_of(live.id()), "/api/events".to_owned()] {
        let mut stream = EventStream::open(&server, &path, None).await;
        stream.named("welcome").await;
        let idle = tokio::time::Instant::now();
        assert_eq!(stream.next().await, Some(Message::Comment));
        assert_eq!(idle.elapsed().as_secs(), 15);
    }
}

#[tokio::test]
async fn sse11_the_lobby_tells_which_sessions_there_are_and_nothing_else() {
    let server = TestServer::start().await;
    let mut stream = EventStream::open(&server, "/api/events", None).await;
    stream.named("welcome").await;
    let live = server.session().await;
    run(&live, create("secret", 0.0)).await.expect("is made");
    let rename = crate::support::command(r#"{"type":"rename_session","name":"Atelier"}"#);
    run(&live, rename).await.expect("is allowed");
    server.app.store().delete(live.id()).await.expect("ends");
    let mut types = Vec::new();
    for seq in 1..=3 {
        let record = stream.named("message").await;
        assert_eq!(record["seq"], seq);
        assert_eq!(record["event"]["session_id"], live.id().to_string());
        types.push(record["event"]["type"].as_str().expect("is text").to_owned());
    }
    assert_eq!(types, ["session_created", "session_renamed", "session_deleted"]);

    let last_id = stream.last_id.clone();
    let again = server.session().await;
    let mut resumed = EventStream::open(&server, "/api/events", Some(&last_id)).await;
    resumed.named("welcome").await;
    assert_eq!(resumed.named("message").await["event"]["session_id"], again.id().to_string());
    let mut lost = EventStream::open(&server, "/api/events", Some("1-4")).await;
    lost.named("welcome").await;
    assert_eq!(lost.named("resync").await["reason"], "other_epoch");
}

#[tokio::test]
async fn lim2_streams_of_one_session_stop_at_their_bound() {
    let server = TestServer::with(|config| config.limits.max_session_connections = 2).await;
    let live = server.session().await;
    let path = events_of(live.id());
    let first = EventStream::open(&server, &path, None).await;
    let second = EventStream::open(&server, &path, None).await;
    let third = EventStream::open(&server, &path, None).await;
    assert_eq!((first.status, second.status, third.status), (200, 200, 429));
    assert!(third.head.contains("retry-after"), "{}", third.head);
    drop(first);
    until(|| live.usage().subscribers == 1).await;
    assert_eq!(EventStream::open(&server, &path, None).await.status, 200, "a place that is left is free");
}

#[tokio::test]
async fn law7_a_stream_that_is_read_slowly_holds_back_nobody_and_misses_nothing() {
    a_slow_stream(TestServer::with(shortest_feed).await).await;
}

/// A feed that a slow reader falls off soon.
pub(crate) fn shortest_feed(config: &mut Config) {
    config.limits.feed_events = 64;
    config.limits.send_buffer = ByteSize::kib(8);
}

pub(crate) async fn a_slow_stream(server: TestServer) {
    let live = server.session().await;
    let mut mirror = blank(&live);
    let connection = in_time(dial(&server, Some(4 * 1024))).await;
    let path = events_of(live.id()) + "?after=0";
    let mut slow = EventStream::over(connection, &server, &path, &[("accept", "text/event-stream")]).await;
    let mut quick = EventStream::open(&server, &path, None).await;
    slow.named("welcome").await;
    quick.named("welcome").await;
    let mut quick_mirror = blank(&live);
    // Far more than the sockets and the feed hold, while the slow one reads nothing.
    for n in 0..2_000_u64 {
        run(&live, create(&format!("o{n}"), 0.0)).await.expect("is made");
        if n % 50 == 0 {
            quick.follow(&mut quick_mirror, n + 1).await;
        }
    }
    quick.follow(&mut quick_mirror, 2_000).await;
    quick_mirror.assert_equals(&live);
    slow.follow(&mut mirror, 2_000).await;
    mirror.assert_equals(&live);
}

#[tokio::test(start_paused = true)]
async fn law7_a_stream_that_takes_no_byte_is_ended() {
    a_stalled_stream(TestServer::with(impatient).await).await;
}

pub(crate) fn impatient(config: &mut Config) {
    config.limits.send_buffer = ByteSize::kib(8);
    config.limits.stall_timeout = Span::seconds(30);
}

pub(crate) async fn a_stalled_stream(server: TestServer) {
    let live = server.session().await;
    let stream = EventStream::open(&server, &events_of(live.id()), None).await;
    until(|| live.usage().subscribers == 1).await;
    for n in 0..30_000 {
        run(&live, create(&format!("o{n}"), 0.0)).await.expect("is made");
    }
    let started = tokio::time::Instant::now();
    until(|| live.usage().subscribers == 0).await;
    let waited = started.elapsed();
    assert!(waited <= Duration::from_secs(31), "{waited:?}");
    drop(stream);
}
