//! Objects over REST.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use super::support::{TestServer, cube};

#[tokio::test]
async fn rest2_the_quick_start_runs() {
    let server = TestServer::start().await;
    let answer = server.request("POST", "/api/sessions", &[]).await;
    let id = answer.json()["session_id"].as_str().expect("an id").to_owned();
    let world = json!({ "size": 25, "transparency": 0.2, "camera_x": 15, "camera_y": 15, "camera_z": 15 });
    let world = server.post(&format!("/api/sessions/{id}/world"), world).await;
    assert_eq!((world.status, &world.json()["camera_y"]), (200, &json!(15.0)));
    let object = server.post(&format!("/api/sessions/{id}/objects"), cube("cube1")).await;
    assert_eq!(object.status, 201);
    let listed = server.get(&format!("/api/sessions/{id}/objects")).await.json();
    assert_eq!(listed["objects"][0]["name"], "cube1");
    server.stop().await;
}

#[tokio::test]
async fn rest2_creating_answers_where_the_object_is_and_which_version() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let answer = server.cube(&session, "a").await;
    assert_eq!(answer.header("location"), Some(format!("{session}/objects/a").as_str()));
    assert_eq!(answer.header("etag"), Some("\"1\""));
    let object = answer.json();
    assert_eq!(
        (&object["version"], &object["seq"], &object["changed"]),
        (&json!(1), &json!(1), &json!(true))
    );
    let read = server.get(&format!("{session}/objects/a")).await;
    assert_eq!(read.header("etag"), Some("\"1\""));
    for (key, value) in read.json().as_object().expect("an object") {
        assert_eq!(&object[key], value, "{key}");
    }
    server.stop().await;
}

#[tokio::test]
async fn cmd5_rest2_a_taken_name_is_refused_and_nothing_is_replaced() {
    let server = TestServer::start().await;
    let session = server.session().await;
    server.cube(&session, "a").await;
    let other = json!({ "name": "a", "type": "sphere", "x": 1, "y": 1, "z": 1 });
    let problem = server.post(&format!("{session}/objects"), other).await.problem(409, "object_exists");
    assert_eq!(problem["errors"][0]["pointer"], "/name");
    assert_eq!(server.get(&format!("{session}/objects/a")).await.json()["type"], "cube");
    server.stop().await;
}

#[tokio::test]
async fn name2_rest2_names_travel_percent_encoded() {
    let server = TestServer::start().await;
    let session = server.session().await;
    for name in ["größe", "a b", "100%", "q?x=1&y#z", "+", "日本語", "🏠🏠", "..a", "%2F", "e\u{301}", "é"]
    {
        let answer = server.cube(&session, name).await;
        let location = answer.header("location").expect("where it is").to_owned();
        assert!(location.is_ascii(), "{location}");
        assert_eq!(server.get(&location).await.json()["name"], name);
        assert_eq!(server.patch(&location, json!({ "x": 1 })).await.json()["name"], name);
        let gone = server.delete(&location).await;
        assert_eq!((gone.status, &gone.json()["name"]), (200, &json!(name)));
        server.get(&location).await.problem(404, "object_not_found");
    }
    server.stop().await;
}

#[tokio::test]
async fn name4_rest2_what_no_object_can_be_called_is_refused() {
    let server = TestServer::start().await;
    let session = server.session().await;
    for (name, encoded) in [
        ("a/b", "a%2Fb"),
        ("a\\b", "a%5Cb"),
        (".", "%2E"),
        ("..", "%2e%2e"),
        (" a", "%20a"),
        ("a\u{0}", "a%00"),
        ("a\u{202e}b", "a%E2%80%AEb"),
    ] {
        server.post(&format!("{session}/objects"), cube(name)).await.problem(422, "name_invalid");
        for method in ["GET", "DELETE"] {
            let answer = server.request(method, &format!("{session}/objects/{encoded}"), &[]).await;
            answer.problem(422, "name_invalid");
        }
    }
    let longest = "x".repeat(128);
    server.cube(&session, &longest).await;
    assert_eq!(server.get(&format!("{session}/objects/{longest}")).await.status, 200);
    let problem =
        server.post(&format!("{session}/objects"), cube(&"x".repeat(129))).await.problem(422, "name_invalid");
    assert!(problem["detail"].as_str().is_some_and(|d| d.contains("129 bytes, more than 128")), "{problem}");
    server.get(&format!("{session}/objects/%FF")).await.problem(400, "path_invalid");
    server.stop().await;
}

#[tokio::test]
async fn rest3_patch_and_put_change_what_they_name() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let whole = json!({
        "name": "a", "type": "cube", "x": 1, "y": 2, "z": 3, "color": "#ff0000", "opacity": 0.5,
        "rotation": { "y": 45 }, "scale": 2, "properties": { "mass": 5, "owner": "me" },
    });
    for (method, content_type) in [
        ("PATCH", "application/json"),
        ("PATCH", "application/merge-patch+json"),
        ("PATCH", "Application/JSON; charset=utf-8"),
        ("PUT", "application/json"),
        ("PUT", "application/merge-patch+json"),
    ] {
        let created = server.post(&format!("{session}/objects"), whole.clone()).await.json();
        let target = format!("{session}/objects/a");
        let patch =
            json!({ "x": 5, "color": null, "rotation": { "x": 10 }, "properties": { "owner": null } });
        let answer = server.send(method, &target, &[("content-type", content_type)], patch.to_string()).await;
        assert_eq!(answer.status, 200, "{method} {content_type}: {answer:?}");
        let mut expected = created;
        for (pointer, value) in [
            ("/x", json!(5.0)),
            ("/color", json!("#5b8def")),
            ("/rotation", json!({ "x": 10.0, "y": 45.0, "z": 0.0 })),
            ("/properties", json!({ "mass": 5 })),
        ] {
            *expected.pointer_mut(pointer).expect("a field") = value;
        }
        let mut changed = answer.json();
        for field in ["version", "seq", "updated_at"] {
            changed[field] = expected[field].clone();
        }
        assert_eq!(changed, expected, "{method} {content_type}");
        server.delete(&target).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn cmd1_an_update_that_is_refused_changes_nothing() {
    let server = TestServer::start().await;
    let session = server.session().await;
    server.cube(&session, "a").await;
    let target = format!("{session}/objects/a");
    let before = server.get(&target).await.body;
    let problem =
        server.patch(&target, json!({ "x": 5, "y": 99 })).await.problem(422, "coordinate_out_of_bounds");
    assert_eq!(problem["errors"][0]["pointer"], "/y");
    assert_eq!(problem["detail"], "y = 99 is outside [-12, 12]");
    let problem = server
        .json("PUT", &target, json!({ "x": 99, "z": -99 }))
        .await
        .problem(422, "coordinate_out_of_bounds");
    assert_eq!(problem["errors"].as_array().map(Vec::len), Some(2), "every fault is told");
    assert_eq!(server.get(&target).await.body, before);
    server.stop().await;
}

#[tokio::test]
async fn cmd4_rest3_a_change_that_changes_nothing_says_so() {
    let server = TestServer::start().await;
    let session = server.session().await;
    server.cube(&session, "a").await;
    for patch in [json!({}), json!({ "x": 0 }), json!({ "x": -0.0, "color": null })] {
        let answer = server.patch(&format!("{session}/objects/a"), patch.clone()).await.json();
        assert_eq!((&answer["changed"], &answer["seq"]), (&json!(false), &json!(1)), "{patch}");
    }
    server.stop().await;
}

#[tokio::test]
async fn pos1_pos2_positions_at_the_bound_pass_and_past_it_do_not() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let target = format!("{session}/objects");
    for (n, x) in ["12", "-12", "1.2e1", "-0.0", "11.999999999999999"].iter().enumerate() {
        let body = format!(r#"{{"name":"in{n}","type":"cube","x":{x},"y":0,"z":0}}"#);
        assert_eq!(server.send("POST", &target, &[super::support::JSON], body).await.status, 201, "{x}");
    }
    for (x, status, code) in [
        ("12.0000001", 422, "coordinate_out_of_bounds"),
        ("-12.000000000000002", 422, "coordinate_out_of_bounds"),
        ("1e308", 422, "coordinate_out_of_bounds"),
        ("1e999", 422, "number_not_finite"),
        ("-1e999", 422, "number_not_finite"),
        ("NaN", 400, "malformed"),
        ("Infinity", 400, "malformed"),
        ("\"5\"", 422, "type_mismatch"),
        ("null", 422, "type_mismatch"),
    ] {
        let body = format!(r#"{{"name":"out","type":"cube","x":{x},"y":0,"z":0}}"#);
        let answer = server.send("POST", &target, &[super::support::JSON], body).await;
        answer.problem(status, code);
    }
    let listed = server.get(&format!("{session}/objects")).await.json();
    assert_eq!(listed["objects"].as_array().map(Vec::len), Some(5));
    server.stop().await;
}

#[tokio::test]
async fn obj4_scales_have_a_bound() {
    let server = TestServer::start().await;
    let session = server.session().await;
    server.cube(&session, "a").await;
    let target = format!("{session}/objects/a");
    assert_eq!(server.patch(&target, json!({ "scale": 1000 })).await.json()["scale"]["z"], 1000.0);
    for scale in [json!(0), json!(-1), json!(1000.1), json!({ "x": 1e9 })] {
        server.patch(&target, json!({ "scale": scale })).await.problem(422, "scale_out_of_range");
    }
    server.stop().await;
}

#[tokio::test]
async fn rest4_each_answer_shows_the_object_as_of_its_own_event() {
    let server = Arc::new(TestServer::start().await);
    let session = server.session().await;
    server.cube(&session, "a").await;
    let writers = (0..8).map(|writer| {
        let (server, target) = (Arc::clone(&server), format!("{session}/objects/a"));
        tokio::spawn(async move {
            let mut versions = Vec::new();
            for n in 0..25 {
                let x = f64::from(writer) + f64::from(n) / 100.0 + 0.001;
                let answer = server.patch(&target, json!({ "x": x })).await.json();
                assert_eq!((&answer["x"], &answer["changed"]), (&json!(x), &json!(true)), "its own value");
                assert_eq!(answer["version"], answer["seq"]);
                versions.push(answer["version"].as_u64().expect("a version"));
            }
            versions
        })
    });
    let mut versions = BTreeSet::new();
    for writer in writers.collect::<Vec<_>>() {
        versions.extend(writer.await.expect("a writer"));
    }
    assert_eq!(versions, (2..=201).collect());
    // The last event is the state that is stored.
    let events = server.get(&format!("{session}/events?after=200")).await.json();
    let object = server.get(&format!("{session}/objects/a")).await.json();
    assert_eq!(events["events"][0]["event"]["patch"]["x"], object["x"]);
}

#[tokio::test]
async fn cmd10_objects_up_to_their_limit() {
    let server = TestServer::with(|config| config.limits.max_objects = 2).await;
    let session = server.session().await;
    server.cube(&session, "a").await;
    server.cube(&session, "b").await;
    server.post(&format!("{session}/objects"), cube("c")).await.problem(429, "too_many_objects");
    server.delete(&format!("{session}/objects/a")).await;
    server.cube(&session, "c").await;
    server.stop().await;
}

#[tokio::test]
async fn cmd6_rest5_objects_that_are_not_there_are_404() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let target = format!("{session}/objects/a");
    server.get(&target).await.problem(404, "object_not_found");
    server.patch(&target, json!({ "x": 1 })).await.problem(404, "object_not_found");
    server.json("PUT", &target, json!({ "x": 1 })).await.problem(404, "object_not_found");
    server.delete(&target).await.problem(404, "object_not_found");
    server.stop().await;
}
