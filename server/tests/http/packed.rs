//! The whole state, compressed for those who take it so.

use std::io::Read;

use serde_json::{Value, json};

use super::support::{Answer, TestServer, in_time};

/// A session of so many objects.
async fn session_of(server: &TestServer, objects: usize) -> String {
    let session = server.session().await;
    let commands: Vec<Value> = (0..objects)
        .map(|n| {
            let object = json!({ "name": format!("o{n}"), "type": "cube", "x": 0.1, "y": -12, "z": n % 12 });
            json!({ "type": "create_object", "object": object })
        })
        .collect();
    let batch = json!({ "type": "batch", "commands": commands });
    let done = server.post(&format!("{session}/commands"), batch).await;
    assert_eq!(done.status, 200, "{done:?}");
    session
}

async fn snapshot(server: &TestServer, session: &str, encodings: &str) -> Answer {
    server.request("GET", &format!("{session}/snapshot"), &[("accept-encoding", encodings)]).await
}

fn unpacked(answer: &Answer) -> Vec<u8> {
    let mut plain = Vec::new();
    match answer.header("content-encoding") {
        Some("zstd") => plain = zstd::decode_all(&answer.body[..]).expect("zstd"),
        Some("br") => brotli::Decompressor::new(&answer.body[..], 4_096)
            .read_to_end(&mut plain)
            .map(drop)
            .expect("brotli"),
        other => panic!("{other:?} is no coding that was asked for"),
    }
    plain
}

#[tokio::test]
async fn rest17_a_snapshot_is_compressed_as_the_client_takes_it_and_is_the_same_state() {
    let server = TestServer::start().await;
    let session = session_of(&server, 600).await;
    let plain = snapshot(&server, &session, "identity").await;
    let strong = plain.header("etag").expect("a tag").to_owned();
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, Some("accept-encoding")));
    for (takes, coding) in [
        ("zstd", "zstd"),
        ("gzip, br, zstd", "zstd"),
        ("gzip, br;q=0.5", "br"),
        ("zstd;q=0, br", "br"),
        ("BR", "br"),
    ] {
        let packed = snapshot(&server, &session, takes).await;
        assert_eq!((packed.status, packed.header("content-encoding")), (200, Some(coding)), "{takes}");
        assert_eq!(packed.header("content-type"), Some("application/json"));
        assert_eq!(packed.header("vary"), Some("accept-encoding"));
        assert_eq!(
            packed.header("etag"),
            Some(format!("W/{strong}").as_str()),
            "other bytes, the same state"
        );
        assert_eq!(unpacked(&packed), plain.body, "{takes}");
        assert!(packed.body.len() * 5 < plain.body.len(), "{} of {}", packed.body.len(), plain.body.len());
    }
    for takes in ["", "gzip", "zstd;q=0", "br; q=0.0"] {
        let answer = snapshot(&server, &session, takes).await;
        assert_eq!((answer.header("content-encoding"), &answer.body), (None, &plain.body), "{takes:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn rest17_a_compressed_snapshot_has_all_that_was_acknowledged_and_is_known_by_its_tag() {
    let server = TestServer::start().await;
    let session = session_of(&server, 50).await;
    let first = snapshot(&server, &session, "zstd").await;
    assert_eq!(snapshot(&server, &session, "zstd").await.body, first.body, "it is the same one");
    for n in 0..3 {
        server.cube(&session, &format!("later{n}")).await;
        let packed: Value =
            serde_json::from_slice(&unpacked(&snapshot(&server, &session, "zstd").await)).expect("JSON");
        assert_eq!(packed["session"]["seq"], 51 + n);
        assert_eq!(packed["objects"].as_array().map(Vec::len), Some(51 + n));
    }
    let now = snapshot(&server, &session, "zstd").await;
    let weak = now.header("etag").expect("a tag");
    for tag in [weak, weak.trim_start_matches("W/")] {
        let headers = [("accept-encoding", "zstd"), ("if-none-match", tag)];
        let same = server.request("GET", &format!("{session}/snapshot"), &headers).await;
        assert_eq!((same.status, same.header("etag"), same.body.len()), (304, Some(weak), 0), "{tag}");
    }
    let then =
        server.request("GET", &format!("{session}/snapshot?at=50"), &[("accept-encoding", "br")]).await;
    let at = server.get(&format!("{session}/snapshot?at=50")).await;
    assert_eq!(unpacked(&then), at.body, "a moment of the past as well");
    server.stop().await;
}

#[tokio::test]
async fn rest18_those_who_ask_at_once_get_one_state_and_a_deleted_session_none() {
    let server = TestServer::start().await;
    let session = session_of(&server, 1_000).await;
    let asked = (0..16).map(|_| snapshot(&server, &session, "zstd"));
    let answers = in_time(futures_util::future::join_all(asked)).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == answers[0].body));
    assert_eq!(server.delete(&session).await.status, 204);
    snapshot(&server, &session, "zstd").await.problem(404, "session_not_found");
    server.stop().await;
}

#[tokio::test]
async fn rest17_what_is_small_is_sent_as_it_is() {
    let server = TestServer::start().await;
    let session = session_of(&server, 16).await;
    assert_eq!(snapshot(&server, &session, "zstd").await.header("content-encoding"), None);
    server.cube(&session, "one more").await;
    assert_eq!(snapshot(&server, &session, "zstd").await.header("content-encoding"), Some("zstd"));
    server.stop().await;
}
