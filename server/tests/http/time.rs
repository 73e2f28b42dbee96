//! Time as a feature: the past, forks, differences, histories of objects, changes taken back.

use serde_json::{Value, json};

use super::support::TestServer;

fn names(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|o| o["name"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn rest15_what_was_is_read_like_what_is() {
    let server = TestServer::start().await;
    let session = server.session().await;
    server.cube(&session, "a").await; // 1
    let then = server.get(&format!("{session}/snapshot")).await.json();
    server.patch(&format!("{session}/objects/a"), json!({ "x": 5 })).await; // 2
    server.patch(&format!("{session}/world"), json!({ "size": 30 })).await; // 3
    server.delete(&format!("{session}/objects/a")).await; // 4

    assert_eq!(server.get(&format!("{session}/snapshot?at=1")).await.json(), then);
    let empty = server.get(&format!("{session}/snapshot?at=0")).await.json();
    assert_eq!((&empty["session"]["seq"], names(&empty["objects"])), (&json!(0), vec![]));
    for (at, x) in [(1, 0.0), (2, 5.0), (3, 5.0)] {
        let page = server.get(&format!("{session}/objects?at={at}")).await.json();
        assert_eq!((&page["seq"], &page["objects"][0]["x"]), (&json!(at), &json!(x)));
        let object = server.get(&format!("{session}/objects/a?at={at}")).await.json();
        assert_eq!(object["x"], x);
    }
    server.get(&format!("{session}/objects/a?at=4")).await.problem(404, "object_not_found");
    for (at, size) in [(2, 25), (3, 30)] {
        assert_eq!(server.get(&format!("{session}/world?at={at}")).await.json()["size"], size);
    }
    server.get(&format!("{session}/snapshot?at=5")).await.problem(404, "moment_not_found");
    for at in ["", "x", "-1", "2026-01-01", "1e3"] {
        server.get(&format!("{session}/snapshot?at={at}")).await.problem(400, "query_invalid");
    }
    server.stop().await;
}

#[tokio::test]
async fn rest15_a_moment_may_be_a_time() {
    let server = TestServer::start().await;
    let session = server.session().await;
    for name in ["a", "b", "c"] {
        server.cube(&session, name).await;
    }
    let events = server.get(&format!("{session}/events")).await.json();
    let times: Vec<u64> =
        events["events"].as_array().expect("a list").iter().map(|e| e["at"].as_u64().expect("ms")).collect();
    // Events of one millisecond are of one moment.
    for at in &times {
        let expected = times.iter().filter(|t| *t <= at).count();
        let seconds = at / 1_000;
        let (h, m, s) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
        let day = server.get("/healthz").await;
        let date = httpdate(day.header("date").expect("a date"));
        let time = format!("{date}T{h:02}:{m:02}:{s:02}.{:03}Z", at % 1_000);
        let page = server.get(&format!("{session}/objects?at={time}")).await.json();
        assert_eq!(page["seq"], expected, "{time}");
    }
    let late = server.get(&format!("{session}/objects?at=2999-01-01T00:00:00Z")).await.json();
    assert_eq!(names(&late["objects"]), ["a", "b", "c"]);
    let early = format!("{session}/objects?at=1999-01-01T00:00:00%2B01:00");
    server.get(&early).await.problem(404, "moment_not_found");
    server.stop().await;
}

/// The day of an HTTP date, `Mon, 23 Nov 2026 08:32:09 GMT`, as `2026-11-23`.
fn httpdate(date: &str) -> String {
    let parts: Vec<&str> = date.split(' ').collect();
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|m| *m == parts[2]).expect("a month") + 1;
    format!("{}-{month:02}-{}", parts[3], parts[1])
}

#[tokio::test]
async fn rest15_a_long_history_is_rebuilt_at_any_event() {
    let server = TestServer::with(|config| config.limits.max_history = 400).await;
    let session = server.session().await;
    server.cube(&session, "a").await;
    for n in 2..=300 {
        server.patch(&format!("{session}/objects/a"), json!({ "x": f64::from(n) / 100.0 })).await;
    }
    for at in [2, 49, 50, 51, 100, 149, 250, 299, 300] {
        let object = server.get(&format!("{session}/objects/a?at={at}")).await.json();
        assert_eq!((&object["version"], &object["x"]), (&json!(at), &json!(f64::from(at) / 100.0)));
    }
    server.stop().await;
}

#[tokio::test]
async fn hist5_a_session_is_forked_at_any_moment() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let id = session.rsplit('/').next().expect("an id");
    server.patch(&session, json!({ "name": "Origin" })).await; // 1
    server.cube(&session, "a").await; // 2
    server.cube(&session, "b").await; // 3
    let answer = server.post(&format!("{session}/fork"), json!({ "at": 2, "name": "Fork" })).await;
    assert_eq!(answer.status, 201);
    let fork = answer.json();
    let location = answer.header("location").expect("where it is").to_owned();
    assert_eq!(location, format!("/api/sessions/{}", fork["session_id"].as_str().expect("an id")));
    assert_eq!((&fork["name"], &fork["seq"], &fork["object_count"]), (&json!("Fork"), &json!(2), &json!(1)));
    assert_eq!((&fork["origin"]["session_id"], &fork["origin"]["seq"]), (&json!(id), &json!(2)));
    assert_ne!(fork["epoch"], fork["origin"]["epoch"]);

    // Each goes on by itself, and the versions keep their meaning.
    server.cube(&location, "c").await;
    assert_eq!(names(&server.get(&format!("{location}/objects")).await.json()["objects"]), ["a", "c"]);
    assert_eq!(names(&server.get(&format!("{session}/objects")).await.json()["objects"]), ["a", "b"]);
    assert_eq!(server.get(&format!("{location}/objects/c")).await.json()["version"], 3);
    let own = server.get(&format!("{location}/events?after=0")).await.json();
    let later = server.get(&format!("{location}/events?after=2")).await.json();
    assert_eq!(own["events"], later["events"], "a copy has no events of its own before it begins");
    assert_eq!(server.get(&format!("{location}/events?after=2")).await.json()["events"][0]["seq"], 3);
    server.get(&format!("{location}/snapshot?at=1")).await.problem(404, "moment_not_found");
    assert_eq!(server.delete(&session).await.status, 204);
    assert_eq!(names(&server.get(&format!("{location}/objects?at=2")).await.json()["objects"]), ["a"]);

    // Without a body it is now, under the same name; forks of forks tell the nearest.
    let again = server.request("POST", &format!("{location}/fork"), &[]).await.json();
    assert_eq!((&again["name"], &again["seq"]), (&json!("Fork"), &json!(3)));
    assert_eq!(again["origin"]["session_id"], fork["session_id"]);
    let nameless = server.post(&format!("{location}/fork"), json!({ "name": null })).await.json();
    assert_eq!(nameless["name"], Value::Null);
    server.post(&format!("{location}/fork"), json!({ "at": 9 })).await.problem(404, "moment_not_found");
    server.post(&format!("{location}/fork"), json!({ "at": "then" })).await.problem(422, "invalid_value");
    server
        .post(&format!("{location}/fork"), json!({ "name": "" }))
        .await
        .problem(422, "display_name_invalid");
    server.stop().await;
}

#[tokio::test]
async fn hist4_a_difference_is_asked_for_and_applied() {
    let server = TestServer::start().await;
    let (one, other) = (server.session().await, server.session().await);
    server.cube(&one, "a").await;
    server.cube(&one, "b").await;
    server.cube(&other, "b").await;
    server.patch(&format!("{other}/objects/b"), json!({ "x": 5, "properties": { "k": 1 } })).await;
    let with = other.rsplit('/').next().expect("an id");
    let diff = server.get(&format!("{one}/diff?with={with}")).await.json();
    assert_eq!(
        diff["commands"],
        json!([
            { "type": "delete_object", "name": "a" },
            { "type": "update_object", "name": "b", "patch": { "x": 5.0, "properties": { "k": 1 } } },
        ])
    );
    assert_eq!((&diff["from"]["seq"], &diff["to"]["session_id"]), (&json!(2), &json!(with)));
    let batch = json!({ "type": "batch", "commands": diff["commands"] });
    assert_eq!(server.post(&format!("{one}/commands"), batch).await.status, 200);
    let none = server.get(&format!("{one}/diff?with={with}")).await.json();
    assert_eq!(none["commands"], json!([]));
    // Two moments of one session.
    let back = server.get(&format!("{one}/diff?from=4&to=2")).await.json();
    assert_eq!(back["commands"].as_array().map(Vec::len), Some(2));
    server.get(&format!("{one}/diff?from=99")).await.problem(404, "moment_not_found");
    server.get(&format!("{one}/diff?with=x")).await.problem(400, "query_invalid");
    server.stop().await;
}

fn told(page: &Value) -> Vec<(u64, &str)> {
    let events = page["events"].as_array().expect("a list").iter();
    events
        .map(|e| (e["seq"].as_u64().expect("a seq"), e["event"]["type"].as_str().expect("a type")))
        .collect()
}

#[tokio::test]
async fn rest16_the_history_of_an_object_follows_its_names() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let run = async |command: Value| server.post(&format!("{session}/commands"), command).await.json();
    server.cube(&session, "a").await; // 1
    server.cube(&session, "other").await; // 2
    server.patch(&format!("{session}/objects/a"), json!({ "x": 1 })).await; // 3
    run(json!({ "type": "rename_object", "name": "a", "new_name": "b" })).await; // 4
    run(json!({ "type": "clear_objects" })).await; // 5
    run(json!({ "type": "clear_objects" })).await; // nothing to clear
    server.cube(&session, "x").await; // 6
    run(json!({ "type": "clear_objects" })).await; // 7: b was gone already
    server.cube(&session, "b").await; // 8
    let history = format!("{session}/objects/b/history");
    let page = server.get(&history).await.json();
    let whole = [
        (8, "object_created"),
        (5, "objects_cleared"),
        (4, "object_renamed"),
        (3, "object_updated"),
        (1, "object_created"),
    ];
    assert_eq!((told(&page), &page["seq"], &page["next"]), (whole.to_vec(), &json!(8), &Value::Null));

    // Page by page it is the same.
    let mut seen = Vec::new();
    let mut next = format!("{history}?limit=1");
    loop {
        let answer = server.get(&next).await;
        let page = answer.json();
        seen.extend(told(&page).into_iter().map(|(seq, kind)| (seq, kind.to_owned())));
        match answer.header("link") {
            Some(link) => {
                let target = link.strip_prefix('<').and_then(|l| l.split_once('>')).expect("a link").0;
                next = target.to_owned();
            }
            None => break,
        }
    }
    let seen: Vec<_> = seen.iter().map(|(seq, kind)| (*seq, kind.as_str())).collect();
    assert_eq!(seen, whole);
    // What is gone still has a history; what never was has none.
    assert_eq!(told(&server.get(&format!("{session}/objects/other/history")).await.json()).len(), 2);
    server.get(&format!("{session}/objects/never/history")).await.problem(404, "object_not_found");
    server.stop().await;
}

#[tokio::test]
async fn hist1_a_batch_is_taken_back_and_done_again() {
    let server = TestServer::start().await;
    let session = server.session().await;
    server.cube(&session, "a").await; // 1
    let before = server.get(&format!("{session}/objects")).await.json();
    let batch = json!({ "type": "batch", "commands": [
        { "type": "update_object", "name": "a", "patch": { "x": 5 } },
        { "type": "create_object", "object": { "name": "b", "type": "cube", "x": 0, "y": 0, "z": 0 } },
        { "type": "rename_object", "name": "b", "new_name": "c" },
    ]});
    server.post(&format!("{session}/commands"), batch).await; // 2, 3, 4
    // Any of its events stands for the whole command.
    let undone = server.post(&format!("{session}/undo"), json!({ "seq": 3 })).await.json();
    assert_eq!(undone["seqs"], json!([5, 6, 7]));
    let page = server.get(&format!("{session}/objects")).await.json();
    assert_eq!((names(&page["objects"]), &page["objects"][0]["x"]), (vec!["a"], &json!(0.0)));
    assert_eq!(names(&before["objects"]), ["a"]);
    let redone = server.post(&format!("{session}/undo"), json!({ "seq": 5 })).await.json();
    assert_eq!(redone["changed"], true);
    let page = server.get(&format!("{session}/objects")).await.json();
    assert_eq!((names(&page["objects"]), &page["objects"][0]["x"]), (vec!["a", "c"], &json!(5.0)));
    server.post(&format!("{session}/undo"), json!({ "seq": 99 })).await.problem(404, "moment_not_found");
    server.post(&format!("{session}/undo"), json!({ "seq": 0 })).await.problem(404, "moment_not_found");
    server.stop().await;
}

#[tokio::test]
async fn hist2_what_was_changed_since_is_a_conflict() {
    let server = TestServer::start().await;
    let session = server.session().await;
    server.cube(&session, "a").await;
    server.patch(&format!("{session}/objects/a"), json!({ "x": 5 })).await; // 2
    server.patch(&format!("{session}/objects/a"), json!({ "x": 6 })).await; // 3
    let undo = format!("{session}/undo");
    server.post(&undo, json!({ "seq": 2 })).await.problem(409, "version_mismatch");
    assert_eq!(server.get(&format!("{session}/objects/a")).await.json()["x"], 6.0);
    server.delete(&format!("{session}/objects/a")).await;
    server.post(&undo, json!({ "seq": 3 })).await.problem(404, "object_not_found");
    server.cube(&session, "a").await;
    server.post(&undo, json!({ "seq": 4 })).await.problem(409, "object_exists");
    server.stop().await;
}

#[tokio::test]
async fn hist1_more_than_a_batch_may_have_can_be_taken_back() {
    let server = TestServer::with(|config| config.limits.max_batch = 10).await;
    let session = server.session().await;
    for n in 0..25 {
        server.cube(&session, &format!("o{n}")).await;
    }
    let clear = json!({ "type": "clear_objects" });
    let cleared = server.post(&format!("{session}/commands"), clear).await.json();
    let undo = json!({ "seq": cleared["seq"], "by": { "client_id": "me", "command_id": 7 } });
    let undone = server.post(&format!("{session}/undo"), undo).await.json();
    assert_eq!(undone["seqs"].as_array().map(Vec::len), Some(25));
    assert_eq!(server.get(&session).await.json()["object_count"], 25);
    let event = server.get(&format!("{session}/events?after=26&limit=1")).await.json();
    assert_eq!(event["events"][0]["by"], json!({ "client_id": "me", "command_id": 7 }));
    server.stop().await;
}
