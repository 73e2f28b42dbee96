//! POSTs that are sent again.

use std::sync::Arc;

use vws_server::units::ByteSize;

use super::support::{Answer, JSON, TestServer, cube};

async fn create(server: &TestServer, session: &str, name: &str, key: &str) -> Answer {
    let headers = [JSON, ("idempotency-key", key)];
    server.send("POST", &format!("{session}/objects"), &headers, cube(name).to_string()).await
}

#[tokio::test]
async fn idem1_a_post_that_is_sent_again_has_one_effect_and_one_answer() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let first = create(&server, &session, "a", "key-1").await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (201, None));
    for _ in 0..3 {
        let again = create(&server, &session, "a", "key-1").await;
        assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")));
        assert_eq!(again.body, first.body);
        for name in ["location", "etag", "content-type"] {
            assert_eq!(again.header(name), first.header(name), "{name}");
        }
        assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    }
    let events = server.get(&format!("{session}/events")).await.json();
    assert_eq!(events["seq"], 1);

    // Also where there is no body, and where the first answer is a refusal.
    let keyed = [("idempotency-key", "key-1")];
    let one = server.request("POST", "/api/sessions", &keyed).await;
    let two = server.request("POST", "/api/sessions", &keyed).await;
    assert_eq!(one.body, two.body);
    create(&server, &session, "a", "key-2").await.problem(409, "object_exists");
    server.delete(&format!("{session}/objects/a")).await;
    let refused = create(&server, &session, "a", "key-2").await;
    refused.problem(409, "object_exists");
    assert_eq!(refused.header("idempotency-replayed"), Some("true"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idem1_many_at_once_have_one_effect_and_one_answer() {
    let server = Arc::new(TestServer::start().await);
    for round in 0..20 {
        let key = format!("round-{round}");
        let senders = (0..8).map(|_| {
            let (server, key) = (Arc::clone(&server), key.clone());
            tokio::spawn(async move {
                server.request("POST", "/api/sessions", &[("idempotency-key", &key)]).await
            })
        });
        let mut bodies = Vec::new();
        for sender in senders.collect::<Vec<_>>() {
            let answer = sender.await.expect("a sender");
            assert_eq!(answer.status, 201);
            bodies.push(answer.body);
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1);
    }
    let listed = server.get("/api/sessions").await.json();
    assert_eq!(listed["sessions"].as_array().map(Vec::len), Some(20));
}

#[tokio::test]
async fn idem2_a_key_with_another_body_is_refused() {
    let server = TestServer::start().await;
    let (session, other) = (server.session().await, server.session().await);
    assert_eq!(create(&server, &session, "a", "key").await.status, 201);
    create(&server, &session, "b", "key").await.problem(422, "idempotency_key_reused");
    server.get(&format!("{session}/objects/b")).await.problem(404, "object_not_found");
    // Another path is another request, whose client may have drawn the same key.
    assert_eq!(create(&server, &other, "b", "key").await.status, 201);
    server.stop().await;
}

#[tokio::test]
async fn idem2_what_is_no_key_is_refused() {
    let server = TestServer::start().await;
    let longest = "k".repeat(255);
    assert_eq!(server.request("POST", "/api/sessions", &[("idempotency-key", &longest)]).await.status, 201);
    let long = "k".repeat(256);
    for key in ["", "two words", "schlüssel", &long] {
        let answer = server.request("POST", "/api/sessions", &[("idempotency-key", key)]).await;
        answer.problem(400, "header_invalid");
    }
    server.stop().await;
}

#[tokio::test]
async fn idem3_answers_are_kept_up_to_a_count() {
    let server = TestServer::with(|config| config.limits.idempotency_keys = 2).await;
    let post = async |key: &str| {
        let answer = server.request("POST", "/api/sessions", &[("idempotency-key", key)]).await;
        answer.header("idempotency-replayed").is_some()
    };
    assert!(!post("1").await && !post("2").await);
    assert!(post("1").await && post("2").await, "two are kept");
    assert!(!post("3").await);
    assert!(post("2").await && post("3").await);
    assert!(!post("1").await, "the oldest is forgotten");
    server.stop().await;
}

#[tokio::test]
async fn idem3_answers_are_kept_up_to_their_bytes() {
    let server = TestServer::with(|config| config.limits.idempotency_bytes = ByteSize::kib(2)).await;
    let post = async |key: &str| {
        let answer = server.request("POST", "/api/sessions", &[("idempotency-key", key)]).await;
        answer.header("idempotency-replayed").is_some()
    };
    assert!(!post("first").await);
    assert!(post("first").await);
    for n in 0..10 {
        assert!(!post(&format!("other-{n}")).await);
    }
    assert!(post("other-9").await);
    assert!(!post("first").await);
    server.stop().await;
}
