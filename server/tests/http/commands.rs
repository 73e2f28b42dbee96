//! Commands and batches over REST.

use serde_json::{Value, json};

use super::support::{TestServer, cube};

fn create(name: &str) -> Value {
    json!({ "type": "create_object", "object": cube(name) })
}

fn batch(commands: Vec<Value>) -> Value {
    json!({ "type": "batch", "commands": commands })
}

#[tokio::test]
async fn rest8_a_command_answers_its_seqs() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let commands = format!("{session}/commands");
    for (command, seqs, seq) in [
        (create("a"), json!([1]), 1),
        (batch(vec![create("b"), create("c")]), json!([2, 3]), 3),
        (batch(vec![]), json!([]), 3),
        (json!({ "type": "stop_orbit" }), json!([]), 3),
        (json!({ "type": "rename_object", "name": "a", "new_name": "z" }), json!([4]), 4),
        (json!({ "type": "clear_objects" }), json!([5]), 5),
    ] {
        let answer = server.post(&commands, command.clone()).await;
        let body = answer.json();
        assert_eq!((answer.status, &body["seqs"], &body["seq"]), (200, &seqs, &json!(seq)), "{command}");
        assert_eq!(body["changed"], json!(seqs != json!([])));
    }
    server.stop().await;
}

#[tokio::test]
async fn batch1_batch5_a_batch_is_done_whole_or_not_at_all() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let bad = json!({ "type": "update_object", "name": "a", "patch": { "x": 1, "y": 13 } });
    let answer =
        server.post(&format!("{session}/commands"), batch(vec![create("a"), create("b"), bad])).await;
    let problem = answer.problem(422, "coordinate_out_of_bounds");
    assert_eq!(problem["errors"][0]["pointer"], "/commands/2/patch/y");
    let taken = server.post(&format!("{session}/commands"), batch(vec![create("a"), create("a")])).await;
    assert_eq!(taken.problem(409, "object_exists")["errors"][0]["pointer"], "/commands/1/object/name");
    let snapshot = server.get(&format!("{session}/snapshot")).await.json();
    assert_eq!((&snapshot["objects"], &snapshot["session"]["seq"]), (&json!([]), &json!(0)));
    server.stop().await;
}

#[tokio::test]
async fn batch3_batches_up_to_their_limit() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let commands: Vec<Value> = (0..1_001).map(|n| create(&format!("o{n}"))).collect();
    let refused = server.post(&format!("{session}/commands"), batch(commands.clone())).await;
    let problem = refused.problem(413, "too_many_commands");
    assert_eq!(problem["detail"], "the batch has 1001 commands, more than 1000");
    let taken = server.post(&format!("{session}/commands"), batch(commands[1..].to_vec())).await;
    assert_eq!(taken.json()["seqs"].as_array().map(Vec::len), Some(1_000));
    server.stop().await;
}

#[tokio::test]
async fn batch4_parse6_what_is_no_command_is_refused_at_its_place() {
    let server = TestServer::start().await;
    let session = server.session().await;
    for (command, status, code, pointer) in [
        (json!({}), 422, "missing_field", "/type"),
        (json!([]), 422, "type_mismatch", ""),
        (json!({ "type": "explode" }), 422, "unknown_type", "/type"),
        (json!({ "type": "delete_object" }), 422, "missing_field", "/name"),
        (json!({ "type": "clear_objects", "now": true }), 422, "unknown_field", "/now"),
        (batch(vec![batch(vec![])]), 422, "nested_batch", "/commands/0"),
        (json!({ "type": "delete_object", "name": "ghost" }), 404, "object_not_found", "/name"),
    ] {
        let problem =
            server.post(&format!("{session}/commands"), command.clone()).await.problem(status, code);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{command}");
    }
    server.stop().await;
}
