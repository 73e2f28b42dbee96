//! The models that objects show.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use vws_server::Config;
use vws_server::assets::{Assets, Bounds};
use vws_server::log::MemoryLog;
use vws_server::log::disk::{Faults, FileOp, Level};
use vws_server::units::{ByteSize, Span};

use super::support::{Answer, JSON, TestServer};

const GLB: (&str, &str) = ("content-type", "model/gltf-binary");
const GLTF: (&str, &str) = ("content-type", "model/gltf+json");

/// A GLB of so many bytes, a multiple of 4, unlike that of any other number.
fn glb(number: u32, bytes: usize) -> Vec<u8> {
    let mut json = format!(r#"{{"asset":{{"version":"2.0"}},"extras":{number}}}"#).into_bytes();
    json.resize(bytes - 20, b' ');
    let mut file = b"glTF".to_vec();
    for word in [2, bytes as u32, json.len() as u32, 0x4e4f_534a] {
        file.extend(word.to_le_bytes());
    }
    file.extend(json);
    file
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn add(server: &TestServer, session: &str, content: &[u8]) -> Answer {
    server.send("POST", &format!("{session}/assets"), &[GLB], content).await
}

async fn list(server: &TestServer, session: &str) -> Vec<Value> {
    let answer = server.get(&format!("{session}/assets")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["assets"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn asset1_a_model_is_kept_once_under_the_hash_of_its_bytes() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let content = glb(1, 1_000);
    let first = add(&server, &session, &content).await;
    assert_eq!(first.status, 201, "{first:?}");
    let place = format!("{session}/assets/{}", hash(&content));
    assert_eq!(first.header("location"), Some(&*place));
    let told = json!({"asset": hash(&content), "bytes": 1_000, "type": "model/gltf-binary"});
    assert_eq!(first.json(), told);
    let again = add(&server, &session, &content).await;
    assert_eq!((again.status, again.header("location"), again.json()), (200, Some(&*place), told.clone()));
    let text = br#"{"asset":{"version":"2.0"}}"#;
    let json = server.send("POST", &format!("{session}/assets"), &[GLTF], text).await;
    assert_eq!((json.status, &json.json()["type"]), (201, &json!("model/gltf+json")));
    let plain = server.send("POST", &format!("{session}/assets"), &[JSON], text).await;
    assert_eq!((plain.status, plain.json()), (200, json.json()), "it is JSON, whatever else it is");
    // Without a type of its own it is told by how it begins.
    for (content, known) in [(&content[..], &told), (&text[..], &json.json())] {
        let any = [("content-type", "application/octet-stream")];
        let again = server.send("POST", &format!("{session}/assets"), &any, content).await;
        assert_eq!((again.status, &again.json()), (200, known));
    }
    let mut expected = vec![told, json.json()];
    expected.sort_by_key(|asset| asset["asset"].to_string());
    assert_eq!(list(&server, &session).await, expected);
    server.stop().await;
}

#[tokio::test]
async fn asset2_what_is_no_model_is_refused_and_nothing_is_kept() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let target = format!("{session}/assets");
    let outside = br#"{"asset":{"version":"2.0"},"images":[{"uri":"cat.png"}]}"#;
    for (kind, body, expected) in [
        (GLB, &b""[..], "the letters \\\"glTF\\\""),
        (GLB, b"<svg onload='alert(1)'/>", "the letters \\\"glTF\\\""),
        (GLB, &glb(1, 100)[..99], "its header says 100 bytes, and it has 99"),
        (GLTF, &glb(1, 100), "its JSON is no object"),
        (JSON, &glb(1, 100), "its JSON is no object"),
        (GLTF, outside, "/images/0/uri is \\\"cat.png\\\""),
    ] {
        let problem = server.send("POST", &target, &[kind], body).await.problem(422, "asset_invalid");
        assert!(problem.to_string().contains(expected), "{problem}");
    }
    for kind in [("content-type", "text/json"), ("content-type", "model/obj"), ("x-none", "")] {
        let refused = server.send("POST", &target, &[kind], glb(1, 100)).await;
        let problem = refused.problem(415, "unsupported_media_type");
        assert!(
            problem.to_string().contains(
                "it must be model/gltf-binary, model/gltf+json, application/json or application/octet-stream"
            ),
            "{problem}"
        );
    }
    let packed = [GLB, ("content-encoding", "gzip")];
    server.send("POST", &target, &packed, glb(1, 100)).await.problem(415, "unsupported_content_encoding");
    assert_eq!(list(&server, &session).await, [] as [Value; 0]);
    server.stop().await;
}

#[tokio::test]
async fn asset3_each_bound_admits_n_and_refuses_n_and_one() {
    let server = TestServer::with(|config| {
        config.limits.max_asset = ByteSize(400);
        config.limits.max_assets = 3;
        config.limits.max_session_assets = ByteSize(1_000);
        config.limits.max_all_assets = ByteSize(1_200);
        config.limits.max_body = ByteSize(64);
    })
    .await;
    let (one, two) = (server.session().await, server.session().await);
    assert_eq!(add(&server, &one, &glb(1, 400)).await.status, 201);
    let problem = add(&server, &one, &glb(2, 404)).await.problem(413, "body_too_large");
    assert_eq!(problem["detail"], "the body has more than 400B");
    assert_eq!(add(&server, &one, &glb(2, 400)).await.status, 201);
    let problem = add(&server, &one, &glb(3, 204)).await.problem(429, "too_many_asset_bytes");
    assert_eq!(
        problem["detail"],
        "204 bytes beside the 800 that the assets of the session have are more than 1000B"
    );
    assert_eq!(add(&server, &one, &glb(3, 200)).await.status, 201);
    let problem = add(&server, &one, &glb(4, 100)).await.problem(429, "too_many_assets");
    assert_eq!(problem["detail"], "the session has 3 assets, the most allowed");
    let problem = add(&server, &two, &glb(1, 204)).await.problem(429, "too_many_asset_bytes");
    assert_eq!(
        problem["detail"],
        "204 bytes beside the 1000 that the assets of all sessions have are more than 1200B"
    );
    assert_eq!(add(&server, &two, &glb(1, 200)).await.status, 201);
    let bounds = server.get(&format!("{one}/assets")).await.json();
    assert_eq!(
        (&bounds["bytes"], &bounds["max_bytes"], &bounds["max_asset_bytes"]),
        (&json!(1_000), &json!(1_000), &json!(400))
    );
    // Only models may be larger than other bodies.
    let large = json!({"name": "x".repeat(64)});
    server.post("/api/sessions", large).await.problem(413, "body_too_large");
    server.stop().await;
}

#[tokio::test]
async fn asset3_a_model_has_a_time_to_arrive_and_few_come_at_once() {
    let server = TestServer::with(|config| {
        config.limits.import_timeout = Span::seconds(2);
        config.limits.max_transfers = 1;
    })
    .await;
    let session = server.session().await;
    let mut slow = server.connect().await;
    let head = format!(
        "POST {session}/assets HTTP/1.1\r\nhost: {}\r\ncontent-type: model/gltf-binary\r\ncontent-length: 100\r\n\r\n",
        server.address
    );
    slow.write_all(head.as_bytes()).await.expect("the server reads");
    // Until the slow one has its place.
    loop {
        let answer = add(&server, &session, &glb(1, 100)).await;
        if answer.status == 503 {
            let problem = answer.problem(503, "too_many_transfers");
            assert!(problem["detail"].as_str().is_some_and(|detail| detail.starts_with("1 imports")));
            break;
        }
        let place = answer.header("location").expect("was taken").to_owned();
        assert_eq!(server.delete(&place).await.status, 204);
    }
    Answer::read(slow).await.problem(408, "body_timeout");
    assert_eq!(add(&server, &session, &glb(1, 100)).await.status, 201);
    server.stop().await;
}

#[tokio::test]
async fn asset4_a_model_is_given_as_data_that_never_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let bounds = Bounds::from(&Config::default().limits);
    let on_disk = Assets::open(folder.path(), Level::Buffered, bounds, None).expect("opens");
    for assets in [Assets::in_memory(bounds), on_disk] {
        let server = TestServer::over_assets(Arc::new(MemoryLog::default()), assets, |_| {}).await;
        let session = server.session().await;
        // Several pieces of it.
        let content = glb(1, 200_000);
        let place = add(&server, &session, &content).await.header("location").expect("is kept").to_owned();
        let tag = format!("\"{}\"", hash(&content));
        let disposition = format!("attachment; filename=\"{}.glb\"", hash(&content));
        for method in ["GET", "HEAD"] {
            let answer = server.request(method, &place, &[]).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            for (name, value) in [
                ("content-type", "model/gltf-binary"),
                ("content-length", "200000"),
                ("etag", &tag),
                ("cache-control", "private, max-age=31536000, immutable"),
                ("content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox"),
                ("content-disposition", &disposition),
                ("x-content-type-options", "nosniff"),
                ("cross-origin-resource-policy", "same-origin"),
            ] {
                assert_eq!(answer.header(name), Some(value), "{method} {name}");
            }
            assert!(answer.body == if method == "GET" { content.clone() } else { Vec::new() });
        }
        let known = server.request("GET", &place, &[("if-none-match", &tag)]).await;
        assert_eq!((known.status, known.header("etag"), known.body.len()), (304, Some(&*tag), 0));
        server.stop().await;
    }
}

#[tokio::test]
async fn asset1_what_is_not_there_is_told_apart() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let id = hash(b"");
    for method in ["GET", "DELETE"] {
        let of = |session: &str, id: &str| format!("{session}/assets/{id}");
        let problem = server.request(method, &of(&session, &id), &[]).await.problem(404, "asset_not_found");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.ends_with(&id)), "{problem}");
        let upper = id.to_uppercase();
        for wrong in ["abc", &*upper, "%2e%2e", "..%2f..%2fFORMAT"] {
            server.request(method, &of(&session, wrong), &[]).await.problem(400, "asset_id_invalid");
        }
        let other = "/api/sessions/0197a2b4-0000-7000-8000-000000000001";
        server.request(method, &of(other, &id), &[]).await.problem(404, "session_not_found");
    }
    let nowhere = "/api/sessions/0197a2b4-0000-7000-8000-000000000001/assets";
    server.get(nowhere).await.problem(404, "session_not_found");
    server.send("POST", nowhere, &[GLB], glb(1, 100)).await.problem(404, "session_not_found");
    let foreign = [GLB, ("origin", "https://example.com")];
    let target = format!("{session}/assets");
    server.send("POST", &target, &foreign, glb(1, 100)).await.problem(403, "origin_not_allowed");
    server.request("PUT", &target, &[]).await.problem(405, "method_not_allowed");
    server.stop().await;
}

#[tokio::test]
async fn asset5_models_are_listed_in_pages() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        add(&server, &session, &glb(number, 100)).await;
        ids.push(hash(&glb(number, 100)));
    }
    ids.sort();
    let (mut found, mut next) = (Vec::new(), Some(format!("{session}/assets?limit=2")));
    while let Some(target) = next {
        let page = server.get(&target).await;
        let told = page.json();
        found.extend(told["assets"].as_array().expect("a list").iter().map(|asset| asset["asset"].clone()));
        next = told["next"].as_str().map(|after| format!("{session}/assets?limit=2&after={after}"));
        let link = next.as_ref().map(|next| format!("<{next}>; rel=\"next\""));
        assert_eq!(page.header("link"), link.as_deref());
    }
    assert_eq!(found, ids);
    for query in ["limit=0", "after=abc", "offset=1"] {
        server.get(&format!("{session}/assets?{query}")).await.problem(400, "query_invalid");
    }
    server.stop().await;
}

#[tokio::test]
async fn law6_asset7_a_deleted_model_or_session_frees_what_it_had() {
    let folder = tempfile::tempdir().expect("a folder");
    let bounds = Bounds::from(&Config::default().limits);
    let assets = Assets::open(folder.path(), Level::Sync, bounds, None).expect("opens");
    let server = TestServer::over_assets(Arc::new(MemoryLog::default()), assets, |_| {}).await;
    let (one, two) = (server.session().await, server.session().await);
    for session in [&one, &two] {
        for number in 1..=2 {
            add(&server, session, &glb(number, 1_000)).await;
        }
    }
    let usage = server.get("/api/stats").await.json();
    assert_eq!(usage["asset_bytes"], 4_000);
    let of_one = &usage["sessions"][0];
    assert_eq!((&of_one["assets"], &of_one["asset_bytes"]), (&json!(2), &json!(2_000)));
    let place = format!("{one}/assets/{}", hash(&glb(1, 1_000)));
    assert_eq!(server.delete(&place).await.status, 204);
    server.delete(&place).await.problem(404, "asset_not_found");
    server.get(&place).await.problem(404, "asset_not_found");
    assert_eq!(list(&server, &two).await.len(), 2, "the other session has it still");
    let metrics = server.get("/metrics").await.text();
    assert!(
        metrics.contains("vws_assets 3\n") && metrics.contains("vws_assets_stored_bytes 3000\n"),
        "{metrics}"
    );
    for session in [&one, &two] {
        assert_eq!(server.delete(session).await.status, 204);
        server.get(&format!("{session}/assets")).await.problem(404, "session_not_found");
    }
    assert_eq!(server.get("/api/stats").await.json()["asset_bytes"], 0);
    assert_eq!(files(&folder.path().join("assets")), 0);
    server.stop().await;
}

fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}

#[tokio::test]
async fn asset8_forks_and_imports_have_the_models_of_their_origin() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let content = glb(1, 1_000);
    let id = hash(&content);
    add(&server, &session, &content).await;
    let object = json!({"name": "m", "type": "model", "x": 0, "y": 0, "z": 0, "properties": {"url": format!("asset:{id}")}});
    assert_eq!(server.post(&format!("{session}/objects"), object).await.status, 201);
    let fork = server.request("POST", &format!("{session}/fork"), &[]).await;
    let mut copies = vec![fork.header("location").expect("is made").to_owned()];
    for (format, kind) in [("json", "application/json"), ("log", "application/x-ndjson")] {
        let file = server.get(&format!("{session}/export?format={format}")).await.body;
        let made = server.send("POST", "/api/sessions/import", &[("content-type", kind)], file).await;
        copies.push(made.header("location").expect("is made").to_owned());
    }
    assert_eq!(server.get("/api/stats").await.json()["asset_bytes"], 1_000, "one copy for all");
    assert_eq!(server.delete(&session).await.status, 204);
    for copy in &copies {
        let object = server.get(&format!("{copy}/objects/m")).await.json();
        assert_eq!(object["properties"]["url"], format!("asset:{id}"));
        assert_eq!(server.get(&format!("{copy}/assets/{id}")).await.body, content);
        assert_eq!(server.delete(&format!("{copy}/assets/{id}")).await.status, 204);
    }
    assert_eq!(server.get("/api/stats").await.json()["asset_bytes"], 0);
    server.stop().await;
}

/// A disk that is full while it is told to be.
struct Full(AtomicBool);

impl Faults for Full {
    fn before(&self, op: FileOp, _: &Path) -> std::io::Result<()> {
        let full = self.0.load(Ordering::SeqCst) && op == FileOp::Write;
        if full { Err(std::io::Error::from_raw_os_error(28)) } else { Ok(()) }
    }
}

#[tokio::test]
async fn asset9_a_full_disk_refuses_models_and_all_else_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let bounds = Bounds::from(&Config::default().limits);
    let disk = Arc::new(Full(AtomicBool::new(false)));
    let faults = Arc::clone(&disk);
    let assets = Assets::open(folder.path(), Level::Buffered, bounds, Some(faults)).expect("opens");
    let server = TestServer::over_assets(Arc::new(MemoryLog::default()), assets, |_| {}).await;
    let session = server.session().await;
    let kept = add(&server, &session, &glb(1, 1_000)).await.header("location").expect("is kept").to_owned();
    disk.0.store(true, Ordering::SeqCst);
    let problem = add(&server, &session, &glb(2, 1_000)).await.problem(503, "log_unavailable");
    assert!(!problem.to_string().contains("No space"), "what the disk says is for the operator: {problem}");
    assert_eq!(server.get(&kept).await.body, glb(1, 1_000));
    server.cube(&session, "a").await;
    assert_eq!(list(&server, &session).await.len(), 1);
    assert_eq!(files(&folder.path().join("assets")), 1, "nothing is left of it");
    assert_eq!(server.delete(&kept).await.status, 204, "what is deleted makes room");
    disk.0.store(false, Ordering::SeqCst);
    assert_eq!(add(&server, &session, &glb(2, 1_000)).await.status, 201);
    server.stop().await;
}
