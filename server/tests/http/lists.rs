//! Pages of lists, and what objects are listed by.

use serde_json::{Value, json};

use super::support::{Answer, TestServer};

fn names(page: &Value) -> Vec<String> {
    let objects = page["objects"].as_array().expect("a list");
    objects.iter().map(|object| object["name"].as_str().expect("a name").to_owned()).collect()
}

/// The target of `Link: <…>; rel="next"`.
fn next_link(answer: &Answer) -> Option<String> {
    let link = answer.header("link")?.strip_prefix('<')?;
    Some(link.strip_suffix(">; rel=\"next\"").expect("a link to the next page").to_owned())
}

#[tokio::test]
async fn rest6_an_empty_list_is_a_list() {
    let server = TestServer::start().await;
    let sessions = server.get("/api/sessions").await;
    assert_eq!((sessions.json(), sessions.header("link")), (json!({ "sessions": [], "next": null }), None));
    let session = server.session().await;
    let objects = server.get(&format!("{session}/objects")).await.json();
    assert_eq!(objects, json!({ "seq": 0, "next": null, "objects": [] }));
    server.stop().await;
}

#[tokio::test]
async fn rest6_pages_lead_through_the_list_whatever_comes_and_goes() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let all = ["A", "a", "a b", "b&c=d", "c/+".trim_end_matches("/+"), "größe", "日"];
    for name in all.iter().rev() {
        server.cube(&session, name).await;
    }
    let mut target = Some(format!("{session}/objects?type=cube&limit=2"));
    let mut seen = Vec::new();
    while let Some(page) = target {
        let answer = server.get(&page).await;
        let body = answer.json();
        seen.extend(names(&body));
        target = next_link(&answer);
        assert_eq!(target.is_some(), body["next"].is_string(), "{body}");
        if seen.len() == 2 {
            // Behind the cursor, and at it: neither moves the rest.
            server.cube(&session, "0").await;
            server.delete(&format!("{session}/objects/a")).await;
        }
    }
    assert_eq!(seen, all);
    server.stop().await;
}

#[tokio::test]
async fn rest6_sessions_are_listed_in_the_order_of_their_creation() {
    let server = TestServer::start().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(server.session().await);
    }
    let mut target = Some("/api/sessions?limit=2".to_owned());
    let mut seen = Vec::new();
    while let Some(page) = target {
        let answer = server.get(&page).await;
        let body = answer.json();
        for session in body["sessions"].as_array().expect("a list") {
            seen.push(format!("/api/sessions/{}", session["session_id"].as_str().expect("an id")));
        }
        target = next_link(&answer);
    }
    assert_eq!(seen, made);
    server.stop().await;
}

#[tokio::test]
async fn rest6_a_page_has_1000_by_default_and_10000_at_most() {
    let server = TestServer::start().await;
    let session = server.session().await;
    for part in 0..11 {
        let commands: Vec<Value> = (0..1_000)
            .map(|n| {
                json!({ "type": "create_object", "object": {
                "name": format!("{:05}", part * 1_000 + n), "type": "cube", "x": 0, "y": 0, "z": 0 } })
            })
            .collect();
        let batch = json!({ "type": "batch", "commands": commands });
        assert_eq!(server.post(&format!("{session}/commands"), batch).await.status, 200);
    }
    let page = server.get(&format!("{session}/objects")).await.json();
    assert_eq!((names(&page).len(), &page["next"]), (1_000, &json!("00999")));
    let page = server.get(&format!("{session}/objects?limit=10000")).await.json();
    assert_eq!((names(&page).len(), &page["next"]), (10_000, &json!("09999")));
    let page = server.get(&format!("{session}/objects?limit=10000&after=09999")).await.json();
    assert_eq!((names(&page).len(), &page["next"]), (1_000, &Value::Null));
    // A filter looks on until the page is full, however few pass.
    let page = server.get(&format!("{session}/objects?within=1,1,1,2,2,2")).await.json();
    assert_eq!((names(&page).len(), &page["next"]), (0, &Value::Null));
    server.stop().await;
}

#[tokio::test]
async fn rest6_what_is_no_page_is_refused() {
    let server = TestServer::start().await;
    let session = server.session().await;
    for list in ["/api/sessions", &format!("{session}/objects"), &format!("{session}/events"), "/api/stats"] {
        for query in
            ["limit=0", "limit=10001", "limit=x", "limit=", "limit=-1", "limit=1.5", "limit=1&limit=1"]
        {
            let problem = server.get(&format!("{list}?{query}")).await.problem(400, "query_invalid");
            assert!(problem["detail"].as_str().is_some_and(|d| d.contains("\"limit\"")), "{problem}");
        }
        server.get(&format!("{list}?limt=5")).await.problem(400, "query_invalid");
    }
    server.get("/api/sessions?after=x").await.problem(400, "query_invalid");
    let problem = server.get(&format!("{session}/objects?after=%FF")).await.problem(400, "query_invalid");
    assert_eq!(problem["detail"], "query parameter \"after\": it is not percent-encoded UTF-8");
    server.get(&format!("{session}/events?after=-1")).await.problem(400, "query_invalid");
    server.stop().await;
}

#[tokio::test]
async fn rest7_objects_are_listed_by_type_and_place() {
    let server = TestServer::start().await;
    let session = server.session().await;
    for (name, kind, x, y, z) in [
        ("a", "cube", 0.0, 0.0, 0.0),
        ("b", "sphere", 3.0, 4.0, 0.0),
        ("c", "cube", -1.0, -1.0, -1.0),
        ("d", "teapot", 12.0, 12.0, 12.0),
    ] {
        let object = json!({ "name": name, "type": kind, "x": x, "y": y, "z": z });
        assert_eq!(server.post(&format!("{session}/objects"), object).await.status, 201);
    }
    for (query, expected) in [
        ("type=cube", "ac"),
        ("type=teapot", "d"),
        ("type=cone", ""),
        ("within=-1,-1,-1,0,0,0", "ac"),
        ("within=0,0,0,-1,-1,-1", "ac"),
        ("within=-12,-12,-12,12,12,12", "abcd"),
        ("within=0.1,0,0,12,12,12", "bd"),
        ("near=0,0,0&radius=5", "abc"),
        ("near=0,0,0&radius=4.999999", "ac"),
        ("near=3,4,0&radius=0", "b"),
        ("near=0.5,0,0", "a"),
        ("radius=5", "abc"),
        ("near=0,0,0&radius=1e2&type=cube", "ac"),
        ("type=cube&within=-2,-2,-2,-1,-1,-1", "c"),
    ] {
        let page = server.get(&format!("{session}/objects?{query}")).await.json();
        assert_eq!(names(&page).concat(), expected, "{query}");
    }
    for query in [
        "type=",
        "type=%00",
        "within=1,2,3",
        "within=1,2,3,4,5,NaN",
        "within=1,2,3,4,5,1e999",
        "near=1,2&radius=1",
        "near=0,0,0&radius=-1",
        "near=0,0,0&radius=x",
    ] {
        server.get(&format!("{session}/objects?{query}")).await.problem(400, "query_invalid");
    }
    server.stop().await;
}
