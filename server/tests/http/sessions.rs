//! Sessions over REST.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::support::{JSON, TestServer, cube};

#[tokio::test]
async fn rest1_creating_takes_no_body_or_a_name() {
    let server = TestServer::start().await;
    let bare = server.request("POST", "/api/sessions", &[]).await;
    let empty = server.post("/api/sessions", json!({})).await;
    let named = server.post("/api/sessions", json!({ "name": "Räume 🏠" })).await;
    let unnamed = server.post("/api/sessions", json!({ "name": null })).await;
    for (answer, name) in
        [(bare, Value::Null), (empty, Value::Null), (named, json!("Räume 🏠")), (unnamed, Value::Null)]
    {
        let session = answer.json();
        let id = session["session_id"].as_str().expect("an id");
        assert_eq!(answer.status, 201);
        assert_eq!(answer.header("location"), Some(format!("/api/sessions/{id}").as_str()));
        assert_eq!(
            (&session["name"], &session["seq"], &session["object_count"]),
            (&name, &json!(0), &json!(0))
        );
        let again = server.get(&format!("/api/sessions/{id}")).await;
        assert_eq!((again.status, again.json()), (200, session));
    }
    server.stop().await;
}

#[tokio::test]
async fn rest1_what_is_no_name_is_refused() {
    let server = TestServer::start().await;
    let long = json!({ "name": "x".repeat(65) });
    server.post("/api/sessions", long).await.problem(422, "display_name_invalid");
    let problem = server.post("/api/sessions", json!({ "name": 5 })).await.problem(422, "type_mismatch");
    assert_eq!(problem["errors"][0]["pointer"], "/name");
    server.post("/api/sessions", json!({ "nmae": "x" })).await.problem(422, "unknown_field");
    server.post("/api/sessions", json!(null)).await.problem(422, "type_mismatch");
    assert_eq!(server.get("/api/sessions").await.json()["sessions"], json!([]), "nothing was made");
    server.stop().await;
}

#[tokio::test]
async fn id1_three_thousand_sessions_made_at_once_are_three_thousand() {
    let server = Arc::new(TestServer::start().await);
    let makers = (0..10).map(|_| {
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            let mut made = Vec::new();
            for _ in 0..300 {
                made.push(server.session().await);
            }
            made
        })
    });
    let mut made = BTreeSet::new();
    for maker in makers.collect::<Vec<_>>() {
        made.extend(maker.await.expect("a maker"));
    }
    assert_eq!(made.len(), 3_000);
    let listed = server.get("/api/sessions?limit=10000").await.json();
    let listed: Vec<String> = listed["sessions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|session| format!("/api/sessions/{}", session["session_id"].as_str().expect("an id")))
        .collect();
    assert_eq!(listed, made.into_iter().collect::<Vec<_>>(), "in the order of their creation");
}

#[tokio::test]
async fn law6_a_deleted_session_is_gone_and_the_others_are_as_they_were() {
    let server = TestServer::start().await;
    let (one, other) = (server.session().await, server.session().await);
    for session in [&one, &other] {
        server.cube(session, "a").await;
    }
    let before = server.get(&format!("{other}/snapshot")).await.body;
    assert_eq!(server.delete(&one).await.status, 204);
    for path in ["", "/objects", "/objects/a", "/world", "/snapshot", "/events"] {
        server.get(&format!("{one}{path}")).await.problem(404, "session_not_found");
    }
    server.delete(&one).await.problem(404, "session_not_found");
    assert_eq!(server.get(&format!("{other}/snapshot")).await.body, before);
    let listed = server.get("/api/sessions").await.json();
    assert_eq!(listed["sessions"].as_array().map(Vec::len), Some(1));
    server.stop().await;
}

#[tokio::test]
async fn cmd11_a_session_is_named_and_unnamed() {
    let server = TestServer::start().await;
    let session = server.session().await;
    for (patch, name, changed) in [
        (json!({ "name": "A" }), json!("A"), true),
        (json!({ "name": "A" }), json!("A"), false),
        (json!({}), json!("A"), false),
        (json!({ "name": null }), Value::Null, true),
    ] {
        let answer = server.patch(&session, patch.clone()).await;
        let body = answer.json();
        assert_eq!(
            (answer.status, &body["name"], &body["changed"]),
            (200, &name, &json!(changed)),
            "{patch}"
        );
        assert_eq!(answer.header("etag"), Some(format!("\"{}\"", body["seq"]).as_str()));
    }
    server.patch(&session, json!({ "name": " A" })).await.problem(422, "display_name_invalid");
    server.stop().await;
}

/// Every route of a session, with a body that would do where there is one.
fn routes(session: &str) -> Vec<(&'static str, String, Option<Value>)> {
    let command = json!({ "type": "clear_objects" });
    vec![
        ("GET", session.to_owned(), None),
        ("PATCH", session.to_owned(), Some(json!({ "name": "x" }))),
        ("PATCH", session.to_owned(), Some(json!({}))),
        ("DELETE", session.to_owned(), None),
        ("POST", format!("{session}/objects"), Some(cube("a"))),
        ("GET", format!("{session}/objects"), None),
        ("GET", format!("{session}/objects/a"), None),
        ("PATCH", format!("{session}/objects/a"), Some(json!({ "x": 1 }))),
        ("PUT", format!("{session}/objects/a"), Some(json!({ "x": 1 }))),
        ("DELETE", format!("{session}/objects/a"), None),
        ("GET", format!("{session}/world"), None),
        ("POST", format!("{session}/world"), Some(json!({}))),
        ("PATCH", format!("{session}/world"), Some(json!({ "size": 5 }))),
        ("PUT", format!("{session}/camera/position"), Some(json!({ "x": 1 }))),
        ("POST", format!("{session}/camera/orbit"), None),
        ("DELETE", format!("{session}/camera/orbit"), None),
        ("POST", format!("{session}/commands"), Some(command)),
        ("GET", format!("{session}/snapshot"), None),
        ("GET", format!("{session}/events"), None),
    ]
}

#[tokio::test]
async fn rest5_an_unknown_session_is_404_on_every_route() {
    let server = TestServer::start().await;
    for (method, target, body) in routes("/api/sessions/01890a5d-ac96-774b-bcce-b302099a8057") {
        let answer = match body {
            Some(body) => server.json(method, &target, body).await,
            None => server.request(method, &target, &[]).await,
        };
        answer.problem(404, "session_not_found");
    }
    server.stop().await;
}

#[tokio::test]
async fn id2_what_is_no_session_id_is_refused_on_every_route() {
    let server = TestServer::start().await;
    for (method, target, body) in routes("/api/sessions/01890A5D-AC96-774B-BCCE-B302099A8057") {
        let answer = match body {
            Some(body) => server.json(method, &target, body).await,
            None => server.request(method, &target, &[]).await,
        };
        answer.problem(400, "session_id_invalid");
    }
    for id in ["x", "01890a5dac96774bbcceb302099a8057", "%7B01890a5d-ac96-774b-bcce-b302099a8057%7D"] {
        server.get(&format!("/api/sessions/{id}")).await.problem(400, "session_id_invalid");
    }
    server.get("/api/sessions/%FF").await.problem(400, "path_invalid");
    server.stop().await;
}

#[tokio::test]
async fn rest5_what_a_route_answers_is_what_is_there() {
    let server = TestServer::start().await;
    let session = server.session().await;
    // With every route having done its part, the state is the sum of the answers.
    for (method, target, body) in routes(&session) {
        if method == "DELETE" && target == session {
            continue;
        }
        let answer = match body {
            Some(body) => server.json(method, &target, body).await,
            None => server.request(method, &target, &[]).await,
        };
        assert!((200..300).contains(&answer.status), "{method} {target}: {answer:?}");
    }
    let snapshot = server.get(&format!("{session}/snapshot")).await.json();
    assert_eq!(snapshot["session"]["name"], "x");
    assert_eq!((&snapshot["world"]["size"], &snapshot["world"]["camera_x"]), (&json!(5), &json!(1.0)));
    assert_eq!(snapshot["objects"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn lim1_sessions_up_to_their_limit() {
    let server = TestServer::with(|config| config.limits.max_sessions = 2).await;
    let first = server.session().await;
    server.session().await;
    let refused = server.send("POST", "/api/sessions", &[JSON], "{}").await;
    let problem = refused.problem(429, "too_many_sessions");
    assert_eq!(problem["detail"], "there are 2 sessions, the most allowed");
    assert_eq!(server.delete(&first).await.status, 204);
    server.session().await;
    server.stop().await;
}
