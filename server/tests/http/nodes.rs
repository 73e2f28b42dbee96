//! Servers that are nodes of one cluster: tokens, models and reads on any of them.

use std::sync::Arc;

use serde_json::json;
use vws_server::Config;
use vws_server::cluster::{Bus, MemoryBus, MemoryNet};
use vws_server::log::EventLog;
use vws_server::nats::LocalServer;

use super::shared::{Node, Shared};
use super::support::{Answer, TestServer, cube};
use super::tokens::{secret_file, token};

/// Nodes that have one log and one network, and their ways to both.
struct Cluster {
    net: MemoryNet,
    shared: Arc<Shared>,
}

struct Member {
    server: TestServer,
    log: Arc<Node>,
    bus: Arc<MemoryBus>,
}

impl Cluster {
    fn new() -> Self {
        Self { net: MemoryNet::default(), shared: Arc::default() }
    }

    async fn member(&self, change: impl FnOnce(&mut Config)) -> Member {
        let (log, bus) = (self.shared.node(), self.net.node());
        let server = TestServer::of_node(
            Arc::clone(&log) as Arc<dyn EventLog>,
            Arc::clone(&bus) as Arc<dyn Bus>,
            change,
        );
        Member { server: server.await, log, bus }
    }

    async fn two() -> (Self, Member, Member) {
        let cluster = Self::new();
        let (one, two) = (cluster.member(|_| {}).await, cluster.member(|_| {}).await);
        (cluster, one, two)
    }
}

fn place(answer: &Answer) -> (u64, u64) {
    let told = answer.header("vws-seq").unwrap_or_else(|| panic!("no place in {answer:?}"));
    let (epoch, seq) = told.split_once('.').expect("EPOCH.SEQ");
    (epoch.parse().expect("an epoch"), seq.parse().expect("a seq"))
}

async fn get_seen(server: &TestServer, target: &str, seen: &str) -> Answer {
    server.request("GET", target, &[("vws-seen", seen)]).await
}

#[tokio::test]
async fn clu13_a_token_that_is_revoked_on_one_node_is_so_on_all_and_stays_so() {
    let cluster = Cluster::new();
    let (_folder, secret) = secret_file();
    let guarded = |config: &mut Config| config.auth_secret_file = Some(secret.clone());
    let (one, two) = (cluster.member(guarded).await, cluster.member(guarded).await);
    let (admin, editor) = (token("admin", "*"), token("edit", "*"));
    let bearer = |token: &str| format!("Bearer {token}");
    let list = |server: &TestServer| {
        let (address, authorization) = (server.address, bearer(&editor));
        let text = format!(
            "GET /api/sessions HTTP/1.1\r\nconnection: close\r\nhost: {address}\r\nauthorization: {authorization}\r\n\r\n"
        );
        text
    };
    for member in [&one, &two] {
        assert_eq!(member.server.exchange(list(&member.server)).await.status, 200);
    }
    let headers = [("content-type", "application/json"), ("authorization", &*bearer(&admin))];
    let body = json!({"token_id": "edit-1"}).to_string();
    let revoked = one.server.send("POST", "/api/tokens/revoked", &headers, &body).await;
    assert_eq!(revoked.status, 200, "{revoked:?}");
    one.server.exchange(list(&one.server)).await.problem(401, "token_revoked");
    // Within a second: the test's network takes no time, and the task that hears of it hardly any.
    let began = std::time::Instant::now();
    while two.server.exchange(list(&two.server)).await.status != 401 {
        assert!(began.elapsed() < super::support::PATIENCE, "it holds on");
    }
    let told = two.server.request("GET", "/api/tokens/revoked", &headers[1..]).await.json();
    assert_eq!(told["revoked"][0]["token_id"], "edit-1");
    // A node that cannot tell the others does not say that it has.
    two.bus.cut();
    let body = json!({"token_id": "other"}).to_string();
    let refused = two.server.send("POST", "/api/tokens/revoked", &headers, &body).await;
    refused.problem(503, "log_unavailable");
    // Once more is no more.
    two.bus.rejoin();
    let again = json!({"token_id": "edit-1"}).to_string();
    assert_eq!(two.server.send("POST", "/api/tokens/revoked", &headers, &again).await.status, 200);
    one.server.stop().await;
    two.server.stop().await;
    let three = cluster.member(guarded).await;
    three.server.exchange(list(&three.server)).await.problem(401, "token_revoked");
    three.server.stop().await;
}

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

async fn add(server: &TestServer, session: &str, content: &[u8]) -> Answer {
    let headers = [("content-type", "model/gltf-binary")];
    server.send("POST", &format!("{session}/assets"), &headers, content).await
}

#[tokio::test]
async fn clu14_a_model_that_one_node_has_taken_is_served_by_all() {
    let (cluster, one, two) = Cluster::two().await;
    let session = one.server.session().await;
    let content = glb(1, 2_000_000 / 8 * 4);
    let added = add(&one.server, &session, &content).await;
    assert_eq!(added.status, 201, "{added:?}");
    let target = added.header("location").expect("where it is").to_owned();
    for _ in 0..2 {
        let answer = two.server.get(&target).await;
        assert_eq!((answer.status, answer.body == content), (200, true));
    }
    let again = add(&two.server, &session, &content).await;
    assert_eq!(again.status, 200, "it is there already: {again:?}");
    let told = two.server.get(&format!("{session}/assets")).await.json();
    assert_eq!(told["bytes"], content.len());
    // A fork has it, on any node, and keeps it when its origin goes.
    let forked = two.server.request("POST", &format!("{session}/fork"), &[]).await;
    let fork = forked.header("location").expect("where it is").to_owned();
    assert_eq!(one.server.delete(&session).await.status, 204);
    let in_fork = target.replace(&session, &fork);
    let three = cluster.member(|_| {}).await;
    for member in [&one, &two, &three] {
        let answer = member.server.get(&in_fork).await;
        assert_eq!((answer.status, answer.body == content), (200, true));
        assert_eq!(member.server.get(&target).await.status, 404);
    }
    // What nobody has any more takes no room.
    assert_eq!(three.server.delete(&in_fork).await.status, 204);
    for member in [&one, &two, &three] {
        member.server.get(&in_fork).await.problem(404, "asset_not_found");
    }
    let hash = target.rsplit('/').next().expect("a hash").to_owned();
    assert_eq!(one.bus.has_file(hash).await, Ok(false));
}

#[tokio::test]
async fn clu14_the_bounds_hold_over_all_nodes() {
    let cluster = Cluster::new();
    let bounded = |config: &mut Config| {
        config.limits.max_assets = 2;
        config.limits.max_all_assets = vws_server::units::ByteSize(2_500);
    };
    let (one, two) = (cluster.member(bounded).await, cluster.member(bounded).await);
    let (session, other) = (one.server.session().await, one.server.session().await);
    assert_eq!(add(&one.server, &session, &glb(1, 1_000)).await.status, 201);
    let is_known = async |bytes: u64| {
        let began = std::time::Instant::now();
        while two.server.get(&format!("{session}/assets")).await.json()["bytes"] != bytes {
            assert!(began.elapsed() < super::support::PATIENCE, "it is not told");
        }
    };
    is_known(1_000).await;
    assert_eq!(add(&two.server, &session, &glb(2, 1_000)).await.status, 201);
    add(&two.server, &session, &glb(3, 100)).await.problem(429, "too_many_assets");
    add(&two.server, &other, &glb(3, 1_000)).await.problem(429, "too_many_asset_bytes");
    // What is there already takes no room.
    assert_eq!(add(&two.server, &other, &glb(1, 1_000)).await.status, 201);
    two.bus.cut();
    add(&two.server, &other, &glb(4, 100)).await.problem(503, "log_unavailable");
}

#[tokio::test]
async fn clu15_every_answer_about_a_session_tells_its_place() {
    let server = TestServer::start().await;
    let made = server.request("POST", "/api/sessions", &[]).await;
    let session = made.header("location").expect("where it is").to_owned();
    let (epoch, first) = place(&made);
    assert_eq!((epoch, first), (made.json()["epoch"].as_u64().expect("an epoch"), 0));
    let cube = server.cube(&session, "a").await;
    assert_eq!(place(&cube), (epoch, 1));
    for target in ["", "/objects", "/objects/a", "/world", "/snapshot", "/events", "/assets"] {
        assert_eq!(place(&server.get(&format!("{session}{target}")).await), (epoch, 1), "{target}");
    }
    let refused = server.post(&format!("{session}/objects"), cube_named("a")).await;
    assert_eq!((refused.status, place(&refused)), (409, (epoch, 1)), "a refusal was judged by it, too");
    let listed = server.get("/api/sessions").await;
    assert_eq!((listed.header("vws-seq"), listed.header("vws-stale")), (None, None));
    // A server of its own has all there is: what somebody claims to have seen is not waited for.
    assert_eq!(get_seen(&server, &session, &format!("{epoch}.99")).await.status, 200);
    get_seen(&server, &session, "yesterday").await.problem(400, "header_invalid");
    let gone = server.delete(&session).await;
    assert_eq!((gone.status, gone.header("vws-seq")), (204, None));
    assert_eq!(server.get(&session).await.header("vws-seq"), None);
    server.stop().await;
}

fn cube_named(name: &str) -> serde_json::Value {
    cube(name)
}

#[tokio::test]
async fn clu15_who_has_seen_something_sees_nothing_older_on_another_node() {
    let (_cluster, one, two) = Cluster::two().await;
    let session = one.server.session().await;
    assert_eq!(two.server.get(&format!("{session}/objects")).await.json()["objects"], json!([]));
    // Nothing tells it any more; only who asks does.
    two.log.set_deaf(true);
    let made = one.server.cube(&session, "a").await;
    let (epoch, seq) = place(&made);
    let seen = format!("{epoch}.{seq}");
    let stale = two.server.get(&format!("{session}/objects/a")).await;
    assert_eq!((stale.status, place(&stale)), (404, (epoch, seq - 1)), "it does not know");
    let fresh = get_seen(&two.server, &format!("{session}/objects/a"), &seen).await;
    assert_eq!((fresh.status, place(&fresh)), (200, (epoch, seq)));
    // What nobody has is waited for by nobody.
    let ahead = get_seen(&two.server, &session, &format!("{epoch}.{}", seq + 1)).await;
    ahead.problem(503, "server_behind");
    assert_eq!(ahead.header("retry-after"), Some("1"));
    assert_eq!(place(&ahead), (epoch, seq));
    // What was seen of another history asks for nothing.
    assert_eq!(get_seen(&two.server, &session, &format!("{}.99", epoch - 1)).await.status, 200);
    // A session that is not known here yet either.
    let other = one.server.session().await;
    assert_eq!(get_seen(&two.server, &other, &format!("{}.0", epoch + 1)).await.status, 200);
    // And what is not there is not there.
    assert_eq!(one.server.delete(&other).await.status, 204);
}

#[tokio::test]
async fn clu17_a_node_that_cannot_reach_the_log_says_so_and_goes_on_reading() {
    let (_cluster, one, two) = Cluster::two().await;
    let session = one.server.session().await;
    let made = one.server.cube(&session, "a").await;
    let (epoch, seq) = place(&made);
    assert_eq!(get_seen(&two.server, &session, &format!("{epoch}.{seq}")).await.status, 200);
    assert_eq!(two.server.get("/readyz").await.status, 200);
    two.log.set_cut(true);
    let read = two.server.get(&format!("{session}/objects/a")).await;
    assert_eq!((read.status, read.header("vws-stale")), (200, Some("log_unreachable")));
    assert_eq!(place(&read), (epoch, seq), "as of what it knows");
    assert_eq!(two.server.get("/api/sessions").await.header("vws-stale"), Some("log_unreachable"));
    let problem = two.server.get("/readyz").await.problem(503, "log_unavailable");
    assert_eq!(problem["readiness"]["log"], "unreachable", "{problem}");
    assert_eq!(two.server.get("/healthz").await.status, 200, "it is no reason to restart it");
    two.server.post(&format!("{session}/objects"), cube("b")).await.problem(503, "log_unavailable");
    // Nobody is shown less than they have seen.
    let (seen, target) = (format!("{epoch}.{}", seq + 1), format!("{session}/objects"));
    get_seen(&two.server, &target, &seen).await.problem(503, "log_unavailable");
    one.server.cube(&session, "c").await;
    two.log.set_cut(false);
    let read = get_seen(&two.server, &target, &seen).await;
    assert_eq!((read.status, read.header("vws-stale")), (200, None));
    assert_eq!(two.server.get("/readyz").await.status, 200);
    // The way to the other nodes is as much of it as the log.
    two.bus.cut();
    let problem = two.server.get("/readyz").await.problem(503, "log_unavailable");
    assert_eq!(problem["readiness"]["log"], "unreachable", "{problem}");
    two.bus.rejoin();
    assert_eq!(two.server.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn clu14_clu15_servers_over_nats_are_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut nats = LocalServer::start(folder.path()).expect("`cargo xtask setup` installs nats-server");
    let (url, (_secret, secret)) = (nats.url(), secret_file());
    let in_nats = |config: &mut Config| {
        config.auth_secret_file = Some(secret.clone());
        config.allow_anonymous = true;
        config.ephemeral = false;
        config.nats = vec![url.parse().expect("an address")];
    };
    let (one, two) = (TestServer::configured(in_nats).await, TestServer::configured(in_nats).await);
    let session = one.session().await;
    let made = one.cube(&session, "a").await;
    let (epoch, seq) = place(&made);
    let seen = format!("{epoch}.{seq}");
    let read = get_seen(&two, &format!("{session}/objects/a"), &seen).await;
    assert_eq!((read.status, place(&read)), (200, (epoch, seq)));
    let content = glb(1, 400_000);
    let added = add(&one, &session, &content).await;
    let target = added.header("location").expect("where it is").to_owned();
    let answer = two.get(&target).await;
    assert_eq!((answer.status, answer.body == content), (200, true));
    let bearer = format!("Bearer {}", token("admin", "*"));
    let headers = [("content-type", "application/json"), ("authorization", &*bearer)];
    let body = json!({"token_id": "some:link"}).to_string();
    assert_eq!(one.send("POST", "/api/tokens/revoked", &headers, &body).await.status, 200);
    let first = async |server: &TestServer| {
        let listed = server.request("GET", "/api/tokens/revoked", &headers[1..]).await;
        listed.json()["revoked"][0]["token_id"].clone()
    };
    let began = std::time::Instant::now();
    while first(&two).await != "some:link" {
        assert!(began.elapsed() < super::support::PATIENCE, "it is not told");
    }
    // Without NATS: reads as of what is known, and no word of a change.
    nats.kill().expect("is killed");
    while two.get("/readyz").await.status == 200 {}
    let problem = two.get("/readyz").await.problem(503, "log_unavailable");
    assert_eq!(problem["readiness"]["log"], "unreachable", "{problem}");
    let read = two.get(&format!("{session}/objects/a")).await;
    assert_eq!((read.status, read.header("vws-stale")), (200, Some("log_unreachable")));
    nats.restart().expect("is there again");
    while two.get("/readyz").await.status != 200 {}
    two.cube(&session, "b").await;
    assert_eq!(one.get(&target).await.status, 200);
    let three = TestServer::configured(in_nats).await;
    assert_eq!(first(&three).await, "some:link");
    assert_eq!(three.get(&target).await.body, content);
    assert_eq!(three.delete(&session).await.status, 204);
    two.get(&target).await.problem(404, "session_not_found");
}

#[tokio::test]
async fn clu32_a_request_of_unknown_outcome_is_not_done_again_under_its_key() {
    let (_cluster, one, two) = Cluster::two().await;
    let session = one.server.session().await;
    let keyed = [("idempotency-key", "once"), ("content-type", "application/json")];
    let clear = json!({"type": "batch", "commands": [{"type": "clear_objects"}, {"type": "create_object", "object": cube("a")}]});
    let commands = format!("{session}/commands");
    one.server.post(&format!("{session}/objects"), cube("b")).await;
    one.log.lose_answers(1);
    let first = one.server.send("POST", &commands, &keyed, clear.to_string()).await;
    first.problem(503, "outcome_unknown");
    let again = one.server.send("POST", &commands, &keyed, clear.to_string()).await;
    again.problem(503, "outcome_unknown");
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let events = two.server.get(&format!("{session}/events")).await.json();
    assert_eq!(events["seq"], 3, "it has had its effect once");
    for member in [one, two] {
        member.server.stop().await;
    }
}
