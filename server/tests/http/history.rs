//! The whole state and the log over REST.

use serde_json::{Value, json};
use vws_core::Snapshot;
use vws_core::wire::canonical_json;

use super::support::{TestServer, in_time};

#[tokio::test]
async fn rest9_the_snapshot_is_the_canonical_state() {
    let server = TestServer::start().await;
    let session = server.session().await;
    for count in [0_usize, 1, 255, 700] {
        let commands: Vec<Value> = (0..count)
            .map(|n| {
                json!({ "type": "create_object", "object": {
                "name": format!("{count}-{n}"), "type": "cube", "x": 0.1, "y": -12, "z": 1e-7 } })
            })
            .collect();
        let batch = json!({ "type": "batch", "commands": commands });
        let executed = server.post(&format!("{session}/commands"), batch).await.json();
        let answer = server.get(&format!("{session}/snapshot")).await;
        let snapshot: Snapshot = serde_json::from_slice(&answer.body).expect("a snapshot");
        assert_eq!(canonical_json(&snapshot), answer.body);
        assert_eq!(json!(snapshot.session.seq), executed["seq"]);
        let digest = snapshot.digest;
        assert_eq!(snapshot.restore().expect("content and digest agree").digest(), digest);
    }
    server.stop().await;
}

#[tokio::test]
async fn rest10_the_log_is_read_in_pages() {
    let server = TestServer::start().await;
    let session = server.session().await;
    for n in 0..5 {
        server.cube(&session, &format!("o{n}")).await;
    }
    let all = server.get(&format!("{session}/events")).await.json();
    assert_eq!((&all["seq"], &all["next"]), (&json!(5), &Value::Null));
    let seqs = |page: &Value| -> Vec<u64> {
        page["events"].as_array().expect("a list").iter().map(|e| e["seq"].as_u64().expect("a seq")).collect()
    };
    assert_eq!(seqs(&all), [1, 2, 3, 4, 5]);
    assert_eq!(all["events"][4]["event"]["object"]["name"], "o4");
    let page = server.get(&format!("{session}/events?after=1&limit=2")).await;
    assert_eq!((seqs(&page.json()), &page.json()["next"]), (vec![2, 3], &json!(3)));
    assert_eq!(
        page.header("link"),
        Some(format!("<{session}/events?limit=2&after=3>; rel=\"next\"").as_str())
    );
    let end = server.get(&format!("{session}/events?after=5")).await.json();
    assert_eq!((seqs(&end), &end["next"]), (vec![], &Value::Null));
    server.stop().await;
}

#[tokio::test]
async fn rest10_what_is_no_longer_kept_is_410() {
    let server = TestServer::with(|config| config.limits.max_history = 4).await;
    let session = server.session().await;
    for n in 0..6 {
        server.cube(&session, &format!("o{n}")).await;
    }
    // History is folded after the answer, in its own time.
    in_time(async { while server.get(&format!("{session}/events?after=0")).await.status != 410 {} }).await;
    server.get(&format!("{session}/events")).await.problem(410, "history_gone");
    assert_eq!(server.get(&format!("{session}/events?after=5")).await.status, 200);
    let snapshot = server.get(&format!("{session}/snapshot")).await.json();
    assert_eq!(snapshot["objects"].as_array().map(Vec::len), Some(6));
    server.stop().await;
}

#[tokio::test]
async fn sse11_the_lobby_tells_which_sessions_there_are() {
    let server = TestServer::start().await;
    let session = server.session().await;
    server.patch(&session, json!({ "name": "A" })).await;
    server.cube(&session, "secret").await;
    server.delete(&session).await;
    let answer = server.get("/api/events").await;
    let page = answer.json();
    let types: Vec<&str> = page["events"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|record| record["event"]["type"].as_str().expect("a type"))
        .collect();
    assert_eq!(types, ["session_created", "session_renamed", "session_deleted"]);
    assert!(!answer.text().contains("secret"), "nothing of a session's content");
    let page = server.get("/api/events?after=1&limit=1").await.json();
    assert_eq!((&page["events"][0]["seq"], &page["next"], &page["seq"]), (&json!(2), &json!(2), &json!(3)));
    server.stop().await;
}
