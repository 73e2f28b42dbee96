//! The world and its camera over REST.

use serde_json::{Value, json};

use super::support::TestServer;

#[tokio::test]
async fn world1_a_new_session_has_a_world() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let answer = server.get(&format!("{session}/world")).await;
    assert_eq!((answer.status, answer.header("etag")), (200, Some("\"0\"")));
    let expected = json!({
        "size": 25, "transparency": 0.2, "camera_x": 15.0, "camera_y": 15.0, "camera_z": 15.0,
        "camera_target": { "x": 0.0, "y": 0.0, "z": 0.0 }, "camera_fov": 60.0, "version": 0,
    });
    assert_eq!(answer.json(), expected);
    server.stop().await;
}

#[tokio::test]
async fn world2_what_initialising_leaves_out_gets_its_default() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let world = format!("{session}/world");
    let some = json!({ "size": 5, "transparency": 0.7, "camera_x": -3 });
    assert_eq!(server.post(&world, some).await.json()["camera_x"], -3.0);
    for body in [Some("{}"), Some("{\"size\":null}"), None] {
        let answer = match body {
            Some(body) => server.send("POST", &world, &[super::support::JSON], body).await,
            None => server.request("POST", &world, &[]).await,
        };
        let world = answer.json();
        assert_eq!(answer.status, 200);
        let values = (&world["size"], &world["transparency"], &world["camera_x"]);
        assert_eq!(values, (&json!(25), &json!(0.2), &json!(15.0)), "{body:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn cmd2_rest4_a_patch_of_the_world_changes_what_it_names() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let world = format!("{session}/world");
    let patch = json!({ "size": 7, "camera_target": { "y": 2 } });
    let answer = server.patch(&world, patch).await;
    let body = answer.json();
    assert_eq!((answer.status, answer.header("etag")), (200, Some("\"1\"")));
    assert_eq!(
        (&body["size"], &body["camera_target"]),
        (&json!(7), &json!({ "x": 0.0, "y": 2.0, "z": 0.0 }))
    );
    assert_eq!((&body["version"], &body["seq"], &body["changed"]), (&json!(1), &json!(1), &json!(true)));
    for (patch, code, pointer) in [
        (json!({ "size": 0 }), "world_size_out_of_range", "/size"),
        (json!({ "size": 2.5 }), "world_size_out_of_range", "/size"),
        (json!({ "transparency": 1.1 }), "fraction_out_of_range", "/transparency"),
        (json!({ "camera_z": 100.5 }), "camera_out_of_bounds", "/camera_z"),
        (json!({ "camera_fov": 9 }), "fov_out_of_range", "/camera_fov"),
        (json!({ "grid": 9 }), "unknown_field", "/grid"),
    ] {
        let problem = server.patch(&world, patch).await.problem(422, code);
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    assert_eq!(server.get(&world).await.json()["version"], 1);
    server.stop().await;
}

#[tokio::test]
async fn rest11_the_camera_moves_and_orbits() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let (position, orbit) = (format!("{session}/camera/position"), format!("{session}/camera/orbit"));
    let moved =
        server.json("PUT", &position, json!({ "x": 1, "target": { "z": 2 }, "fov": 30 })).await.json();
    assert_eq!(
        (&moved["camera_x"], &moved["camera_y"], &moved["camera_fov"]),
        (&json!(1.0), &json!(15.0), &json!(30.0))
    );
    assert_eq!(moved["orbit"], Value::Null);

    let started = server.request("POST", &orbit, &[]).await.json();
    assert_eq!((&started["orbit"]["radius"], &started["version"]), (&json!(25.0), &json!(2)));
    let again = server.post(&orbit, json!({ "speed": -10 })).await.json();
    assert_eq!(again["orbit"]["speed"], -10.0);
    let problem = server.post(&orbit, json!({ "radius": 0 })).await.problem(422, "orbit_out_of_range");
    assert_eq!(problem["errors"][0]["pointer"], "/radius");

    let stopped = server.delete(&orbit).await.json();
    assert_eq!((&stopped["orbit"], &stopped["changed"]), (&Value::Null, &json!(true)));
    assert_eq!(server.delete(&orbit).await.json()["changed"], false);

    server.request("POST", &orbit, &[]).await;
    let moved = server.json("PUT", &position, json!({})).await.json();
    assert_eq!((&moved["orbit"], &moved["camera_x"]), (&Value::Null, &json!(1.0)), "moving ends an orbit");
    let problem =
        server.json("PUT", &position, json!({ "x": 101 })).await.problem(422, "camera_out_of_bounds");
    assert_eq!(problem["errors"][0]["pointer"], "/x");
    server.stop().await;
}
