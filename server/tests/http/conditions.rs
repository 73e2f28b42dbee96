//! Versions, and changes under the condition of one.

use std::sync::Arc;

use serde_json::json;

use super::support::{JSON, TestServer, cube};

#[tokio::test]
async fn http10_a_stale_version_is_refused_and_nothing_changes() {
    let server = TestServer::start().await;
    let session = server.session().await;
    server.cube(&session, "a").await;
    let object = format!("{session}/objects/a");
    server.patch(&object, json!({ "x": 1 })).await;
    for method in ["PATCH", "PUT", "DELETE"] {
        let problem = server
            .send(method, &object, &[JSON, ("if-match", "\"1\"")], r#"{"x":2}"#)
            .await
            .problem(412, "version_mismatch");
        assert_eq!(problem["detail"], "object \"a\" has version 2, not the expected 1");
    }
    for tag in ["W/\"2\"", "\"02\"", "\"other\"", "\"1\", \"3\""] {
        let answer = server.send("PATCH", &object, &[JSON, ("if-match", tag)], r#"{"x":2}"#).await;
        answer.problem(412, "version_mismatch");
    }
    server.send("PATCH", &object, &[JSON, ("if-match", "2")], "{}").await.problem(400, "header_invalid");
    assert_eq!(server.get(&object).await.json()["x"], 1.0);
    for (tag, x) in [("\"2\"", 3), ("\"1\", \"3\"", 4), ("*", 5)] {
        let body = json!({ "x": x }).to_string();
        let answer = server.send("PATCH", &object, &[JSON, ("if-match", tag)], body).await;
        assert_eq!((answer.status, &answer.json()["x"]), (200, &json!(f64::from(x))), "{tag}");
    }
    assert_eq!(server.request("DELETE", &object, &[("if-match", "\"5\"")]).await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn http10_each_thing_has_a_version_of_its_own() {
    let server = TestServer::start().await;
    let session = server.session().await;
    server.cube(&session, "a").await;
    let world = format!("{session}/world");
    let at_0 = [JSON, ("if-match", "\"0\"")];
    assert_eq!(server.send("PATCH", &world, &at_0, r#"{"size":5}"#).await.status, 200);
    for (method, target) in [
        ("PATCH", world.clone()),
        ("POST", world),
        ("PUT", format!("{session}/camera/position")),
        ("POST", format!("{session}/camera/orbit")),
        ("DELETE", format!("{session}/camera/orbit")),
        ("PATCH", session.clone()),
        ("DELETE", session.clone()),
    ] {
        server.send(method, &target, &at_0, "{}").await.problem(412, "version_mismatch");
    }
    let (objects, undo) = (format!("{session}/objects"), format!("{session}/undo"));
    server.send("POST", &objects, &at_0, cube("b").to_string()).await.problem(412, "version_mismatch");
    server.send("POST", &undo, &at_0, r#"{"seq":1}"#).await.problem(412, "version_mismatch");
    let expect = r#"{"type":"expect_world","version":7}"#;
    let commands = format!("{session}/commands");
    server.send("POST", &commands, &[JSON], expect).await.problem(409, "version_mismatch");
    let clear = r#"{"type":"clear_objects"}"#;
    server.send("POST", &commands, &at_0, clear).await.problem(412, "version_mismatch");
    // The head's condition holds, the body's does not.
    let at_2 = [JSON, ("if-match", "\"2\"")];
    let batch = format!(r#"{{"type":"batch","commands":[{expect}]}}"#);
    for conflict in [expect, &batch] {
        server.send("POST", &commands, &at_2, conflict).await.problem(409, "version_mismatch");
    }
    assert_eq!(server.send("POST", &commands, &at_2, clear).await.status, 200);
    let at_3 = [JSON, ("if-match", "\"3\"")];
    assert_eq!(server.send("POST", &objects, &at_3, cube("b").to_string()).await.status, 201);
    let at_4 = [JSON, ("if-match", "\"1\", \"4\"")];
    assert_eq!(server.send("POST", &undo, &at_4, r#"{"seq":4}"#).await.status, 200);
    assert_eq!(server.request("DELETE", &session, &[("if-match", "\"5\"")]).await.status, 204);
    server.stop().await;
}

#[tokio::test]
async fn http10_of_many_who_saw_one_version_one_wins() {
    let server = Arc::new(TestServer::start().await);
    let session = server.session().await;
    server.cube(&session, "a").await;
    let rivals = (0..8).map(|n| {
        let (server, object) = (Arc::clone(&server), format!("{session}/objects/a"));
        let body = json!({ "x": n + 1 }).to_string();
        tokio::spawn(async move {
            server.send("PATCH", &object, &[JSON, ("if-match", "\"1\"")], body).await.status
        })
    });
    let mut statuses = Vec::new();
    for rival in rivals.collect::<Vec<_>>() {
        statuses.push(rival.await.expect("a rival"));
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
}

#[tokio::test]
async fn http10_what_a_client_has_is_not_sent_again() {
    let server = TestServer::start().await;
    let session = server.session().await;
    server.cube(&session, "a").await;
    for target in [
        session.clone(),
        format!("{session}/objects/a"),
        format!("{session}/world"),
        format!("{session}/snapshot"),
    ] {
        let answer = server.get(&target).await;
        let tag = answer.header("etag").unwrap_or_else(|| panic!("{target} has a tag"));
        let weak = format!("\"x\", W/{tag}");
        for known in [tag, "*", &weak] {
            let again = server.request("GET", &target, &[("if-none-match", known)]).await;
            assert_eq!(
                (again.status, again.body.len(), again.header("etag")),
                (304, 0, Some(tag)),
                "{target}"
            );
        }
        let other = server.request("GET", &target, &[("if-none-match", "\"x\"")]).await;
        assert_eq!((other.status, other.body), (200, answer.body));
    }
    server.stop().await;
}
