//! What clients of one session see of each other who are at different nodes.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep};
use vws_core::wire::{ClientMessage, Encoding, Mode, PresenceDraft, Resume, ServerMessage};
use vws_core::{Event, EventRecord, SessionId};
use vws_server::cluster::{Bus, MemoryBus, MemoryNet};
use vws_server::config::Limits;
use vws_server::log::{Appending, EventLog, MemoryLog};
use vws_server::store::{SessionStore, StoreConfig};

use crate::shared::{Node, Shared};
use crate::support::{
    Client, EventStream, TestServer, create, dial, hello, in_time, move_to, numbered, until,
};

/// Two nodes with a session that both have, and their ends of what is between them.
struct Two {
    servers: [TestServer; 2],
    buses: [Arc<MemoryBus>; 2],
    net: MemoryNet,
    session: SessionId,
}

impl Two {
    async fn start() -> Self {
        let log: Arc<dyn EventLog> = Arc::new(MemoryLog::default());
        let session = TestServer::with_log(Arc::clone(&log), |_| {}).await.session().await.id();
        Self::over([Arc::clone(&log), log], session).await
    }

    async fn over([one, two]: [Arc<dyn EventLog>; 2], session: SessionId) -> Self {
        let net = MemoryNet::default();
        let buses = [net.node(), net.node()];
        let [a, b] = buses.clone().map(|bus| bus as Arc<dyn Bus>);
        let servers = [TestServer::of_node(one, a, |_| {}).await, TestServer::of_node(two, b, |_| {}).await];
        Self { servers, buses, net, session }
    }

    async fn join(&self, node: usize, client_id: &str) -> Client {
        Client::join(&self.servers[node], self.session, Encoding::Json, client_id, None).await.0
    }

    fn rooms(&self, node: usize) -> usize {
        self.servers[node].app.cluster().expect("is a node").rooms()
    }
}

fn pointing(x: f64) -> ClientMessage {
    let draft = format!(r#"{{"pointer":{{"x":{x},"y":0,"z":0}}}}"#);
    ClientMessage::Presence(serde_json::from_str::<PresenceDraft>(&draft).expect("is a presence"))
}

/// Listens until a peer is told of, and answers where it points.
async fn sees(client: &mut Client, peer: &str) -> Option<f64> {
    in_time(async {
        loop {
            if let ServerMessage::Presence { peers, .. } = client.hear().await
                && let Some(found) = peers.iter().find(|other| other.client_id.as_str() == peer)
            {
                return found.presence.pointer.map(|pointer| pointer.x.get());
            }
        }
    })
    .await
}

/// Listens until it is told that a peer has left.
async fn loses(client: &mut Client, peer: &str) {
    in_time(async {
        loop {
            if let ServerMessage::Presence { left, .. } = client.hear().await
                && left.iter().any(|gone| gone.as_str() == peer)
            {
                return;
            }
        }
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn clu10_clients_at_different_nodes_see_each_other() {
    let two = Two::start().await;
    let mut ada = two.join(0, "ada").await;
    let mut bob = two.join(1, "bob").await;
    assert_eq!(sees(&mut ada, "bob").await, None);
    assert_eq!(sees(&mut bob, "ada").await, None);
    ada.say(&pointing(3.0)).await;
    assert_eq!(sees(&mut bob, "ada").await, Some(3.0));
    bob.say(&pointing(4.0)).await;
    assert_eq!(sees(&mut ada, "bob").await, Some(4.0));
    // Who comes later is told of those elsewhere with its welcome.
    let (_eve, welcome) = Client::join(&two.servers[1], two.session, Encoding::Json, "eve", None).await;
    let mut there: Vec<_> = welcome.peers.iter().map(|peer| peer.client_id.to_string()).collect();
    there.sort();
    assert_eq!(there, ["ada", "bob"]);
    drop(bob);
    loses(&mut ada, "bob").await;
    let elsewhere = two.servers[0].session().await;
    let (_, welcome) = Client::join(&two.servers[0], elsewhere.id(), Encoding::Json, "x", None).await;
    assert_eq!(welcome.peers, [], "another session has other clients");
}

#[tokio::test(start_paused = true)]
async fn clu10_a_node_tells_others_at_most_15_times_a_second_and_the_newest() {
    let two = Two::start().await;
    let mut bob = two.join(1, "bob").await;
    let mut ada = two.join(0, "ada").await;
    sees(&mut bob, "ada").await;
    let mut heard = two.buses[1].subscribe(&format!("presence.{}", two.session)).await.expect("listens");
    let started = Instant::now();
    let moving = tokio::spawn(async move {
        for n in 0..400 {
            ada.say(&pointing(f64::from(n))).await;
            sleep(Duration::from_millis(5)).await;
        }
        ada
    });
    while sees(&mut bob, "ada").await != Some(399.0) {}
    let seconds = started.elapsed().as_secs_f64();
    let mut messages = 0;
    while let Some(Some(_)) = futures_util::FutureExt::now_or_never(heard.next()) {
        messages += 1;
    }
    // And the beats of both.
    assert!(f64::from(messages) <= 15.2 * seconds + 4.0, "{messages} messages in {seconds} s");
    assert!(messages >= 10, "{messages} messages in {seconds} s");
    drop(moving.await.expect("does not panic"));
}

#[tokio::test(start_paused = true)]
async fn clu10_who_is_silent_is_gone_and_comes_back() {
    let two = Two::start().await;
    let mut ada = two.join(0, "ada").await;
    let mut bob = two.join(1, "bob").await;
    sees(&mut ada, "bob").await;
    let cut = Instant::now();
    two.buses[1].cut();
    loses(&mut ada, "bob").await;
    let silent = cut.elapsed().as_secs_f64();
    assert!((10.0..21.0).contains(&silent), "after {silent} s");
    bob.say(&pointing(7.0)).await;
    sleep(Duration::from_secs(1)).await;
    two.buses[1].rejoin();
    assert_eq!(sees(&mut ada, "bob").await, Some(7.0), "the newest");
}

#[tokio::test(start_paused = true)]
async fn clu10_what_was_lost_on_the_way_is_told_again() {
    let two = Two::start().await;
    let mut ada = two.join(0, "ada").await;
    let bob = two.join(1, "bob").await;
    sees(&mut ada, "bob").await;
    // For less time than silence takes to be noticed.
    two.buses[0].cut();
    drop(bob);
    let _eve = two.join(1, "eve").await;
    sleep(Duration::from_secs(2)).await;
    two.net.delay(Duration::from_millis(20));
    two.buses[0].rejoin();
    let (mut came, mut left) = (false, false);
    let both = async {
        while !came || !left {
            if let ServerMessage::Presence { peers, left: gone } = ada.hear().await {
                came |= peers.iter().any(|peer| peer.client_id.as_str() == "eve");
                left |= gone.iter().any(|peer| peer.as_str() == "bob");
            }
        }
    };
    in_time(both).await;
}

#[tokio::test(start_paused = true)]
async fn clu10_a_session_without_clients_costs_nothing_and_says_goodbye() {
    let two = Two::start().await;
    assert_eq!((two.rooms(0), two.rooms(1)), (0, 0));
    let mut ada = two.join(0, "ada").await;
    let bob = two.join(1, "bob").await;
    let eve = two.join(1, "eve").await;
    sees(&mut ada, "eve").await;
    assert_eq!((two.rooms(0), two.rooms(1)), (1, 1));
    drop(bob);
    loses(&mut ada, "bob").await;
    drop(eve);
    loses(&mut ada, "eve").await;
    until(|| two.rooms(1) == 0).await;
    assert_eq!(two.rooms(0), 1);
    let live = two.servers[1].app.store().get(two.session).await.expect("is there");
    assert_eq!(live.peers().count(), 0, "those elsewhere are forgotten too");
    // And it begins anew.
    let mut bob = two.join(1, "bob").await;
    sees(&mut bob, "ada").await;
    sees(&mut ada, "bob").await;
}

#[tokio::test(start_paused = true)]
async fn clu10_a_node_that_stops_says_goodbye() {
    let mut two = Two::start().await;
    let mut ada = two.join(0, "ada").await;
    let _bob = two.join(1, "bob").await;
    sees(&mut ada, "bob").await;
    let began = Instant::now();
    two.servers[1].begin_to_stop();
    loses(&mut ada, "bob").await;
    assert!(began.elapsed() < Duration::from_secs(10), "and not by its silence: {:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn clu11_a_client_that_moves_to_another_node_takes_its_seat_along() {
    let two = Two::start().await;
    let mut watcher = two.join(1, "watcher").await;
    let mut first = two.join(0, "ada").await;
    sees(&mut watcher, "ada").await;
    let mut second = two.join(1, "ada").await;
    assert_eq!(first.closed().await, Some((4010, "superseded".to_owned())));
    second.say(&pointing(5.0)).await;
    while sees(&mut watcher, "ada").await != Some(5.0) {}
    // Back again.
    let mut third = two.join(0, "ada").await;
    assert_eq!(second.closed().await, Some((4010, "superseded".to_owned())));
    third.say(&pointing(6.0)).await;
    while sees(&mut watcher, "ada").await != Some(6.0) {}
}

/// A log of a session of that id with one object of this name.
async fn log_with(session: SessionId, name: &str) -> Arc<dyn EventLog> {
    let log = MemoryLog::default();
    let base = vws_core::Session::new(session, None, 0, 7).snapshot();
    log.create(base).await.expect("is made");
    let object = format!(r#"{{"seq":1,"at":1,"event":{{"type":"session_renamed","name":"{name}"}}}}"#);
    let record: EventRecord = serde_json::from_str(&object).expect("is an event");
    assert!(matches!(record.event, Event::SessionRenamed { .. }));
    let Appending::Done(taken) = log.append(session, 0, &[Arc::new(record)]) else { panic!("at once") };
    taken.expect("is taken");
    Arc::new(log)
}

async fn diverged(server: &TestServer) -> String {
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", server.address);
    let mut stream = dial(server, None).await;
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut metrics = String::new();
    in_time(stream.read_to_string(&mut metrics)).await.expect("an answer");
    let line = metrics.lines().find_map(|line| line.strip_prefix("vws_cluster_diverged_total "));
    line.expect("is counted").to_owned()
}

#[tokio::test(start_paused = true)]
async fn clu12_nodes_that_have_come_to_different_states_let_go_of_theirs() {
    let session = SessionId::from_uuid(uuid::Uuid::now_v7());
    let two = Two::over([log_with(session, "one").await, log_with(session, "two").await], session).await;
    let lives = [0, 1].map(|node| two.servers[node].app.store().get(session));
    let [one, two_live] = futures_util::future::join_all(lives).await.try_into().expect("two");
    let (one, two_live) = (one.expect("is there"), two_live.expect("is there"));
    let _ada = two.join(0, "ada").await;
    let _bob = two.join(1, "bob").await;
    until(|| one.is_retired() && two_live.is_retired()).await;
    assert_eq!(
        (diverged(&two.servers[0]).await.as_str(), diverged(&two.servers[1]).await.as_str()),
        ("1", "1")
    );
}

#[tokio::test(start_paused = true)]
async fn clu12_nodes_that_agree_go_on() {
    let two = Two::start().await;
    let mut ada = two.join(0, "ada").await;
    let _bob = two.join(1, "bob").await;
    sees(&mut ada, "bob").await;
    sleep(Duration::from_secs(30)).await;
    assert_eq!(diverged(&two.servers[0]).await, "0");
}

/// Listens until a heartbeat says whether its server is cut off.
async fn beats(client: &mut Client, stale: bool) {
    in_time(async {
        loop {
            if let ServerMessage::Heartbeat(beat) = client.hear().await
                && beat.stale == stale
            {
                return;
            }
        }
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn clu17_heartbeats_say_at_once_that_a_server_is_cut_off_and_that_it_is_back() {
    let two = Two::start().await;
    let (mut ada, _) = Client::mirroring(&two.servers[0], two.session, Encoding::MessagePack, "ada").await;
    beats(&mut ada, false).await;
    for _ in 0..2 {
        let began = Instant::now();
        two.buses[0].cut();
        beats(&mut ada, true).await;
        two.buses[0].rejoin();
        beats(&mut ada, false).await;
        assert!(
            began.elapsed() < Duration::from_secs(2),
            "before the next one is due: {:?}",
            began.elapsed()
        );
    }
}

/// Two servers over one log, each with a way of its own to it, and a session that both have in memory.
async fn over_one_log() -> (Two, [Arc<Node>; 2], Arc<Shared>) {
    let shared = Arc::new(Shared::default());
    let nodes = [shared.node(), shared.node()];
    let store = SessionStore::open(shared.node(), StoreConfig::from(&Limits::DEFAULT), Arc::default());
    let session = store.await.expect("opens").create(None).await.expect("is made").session_id;
    let logs = nodes.clone().map(|node| node as Arc<dyn EventLog>);
    let two = Two::over(logs, session).await;
    for server in &two.servers {
        server.app.store().get(session).await.expect("is there");
    }
    (two, nodes, shared)
}

#[tokio::test]
async fn clu16_who_resumes_at_another_node_is_shown_nothing_older() {
    let (two, nodes, _) = over_one_log().await;
    let [one, other] = &two.servers;
    let (mut ada, mut mirror) = Client::mirroring(one, two.session, Encoding::Json, "ada").await;
    // Nothing tells it any more; only who asks does.
    nodes[1].set_deaf(true);
    ada.command(create("a", 1.0)).await;
    ada.follow(&mut mirror, 1).await;
    let place = mirror.position();
    let (mut moved, welcome) = Client::join(other, two.session, Encoding::Json, "cyd", Some(place)).await;
    assert_eq!((welcome.mode, welcome.head_seq), (Mode::Tail, 1));
    moved.command(move_to("a", 2.0)).await;
    moved.follow(&mut mirror, 2).await;
    let target = format!("/api/sessions/{}/events", two.session);
    ada = Client::join(one, two.session, Encoding::Json, "bob", Some(mirror.position())).await.0;
    ada.command(move_to("a", 3.0)).await;
    ada.follow(&mut mirror, 3).await;
    let id = format!("{}-3", place.epoch);
    let mut stream = EventStream::open(other, &target, Some(&id)).await;
    assert_eq!(stream.named("welcome").await["head_seq"], 3);
    // Nobody has that.
    let beyond = Resume { seq: 99, ..place };
    let mut ahead = Client::connect(other, two.session, Encoding::Json).await;
    ahead.say(&hello("eve", Some(beyond))).await;
    assert_eq!(ahead.closed().await, Some((1001, "going_away".to_owned())));
    let refused = EventStream::open(other, &target, Some(&format!("{}-99", place.epoch))).await;
    assert_eq!(refused.status, 503, "{}", refused.head);
    assert!(refused.head.contains("retry-after: 1"), "{}", refused.head);
    // Nor may an older state be shown where the log is out of reach.
    nodes[1].set_cut(true);
    ada.command(move_to("a", 4.0)).await;
    ada.follow(&mut mirror, 4).await;
    let mut away = Client::connect(other, two.session, Encoding::Json).await;
    away.say(&hello("eve", Some(mirror.position()))).await;
    assert_eq!(away.closed().await, Some((1001, "going_away".to_owned())));
}

#[tokio::test]
async fn clu18_a_command_without_an_outcome_is_asked_for_again_and_has_one_effect() {
    let (two, nodes, shared) = over_one_log().await;
    let [one, other] = &two.servers;
    for (n, server) in [one, other, one].into_iter().enumerate() {
        let name = format!("c{n}");
        let (mut ada, mirror) = Client::mirroring(one, two.session, Encoding::Json, &name).await;
        nodes[0].lose_answers(1);
        let id = ada.command(create(&name, 1.0)).await;
        assert_eq!(ada.closed().await, Some((1001, "going_away".to_owned())), "no answer would be true");
        let place = Some(mirror.position());
        let (mut again, _) = Client::join(server, two.session, Encoding::Json, &name, place).await;
        again.say(&numbered(id, create(&name, 1.0))).await;
        let told = loop {
            match again.hear_answer().await {
                ServerMessage::Accepted { id: told, .. } => break told,
                ServerMessage::Event(EventRecord { by: Some(by), .. }) if by.client_id.as_str() == name => {
                    break by.command_id;
                }
                ServerMessage::Rejected { problem, .. } => panic!("{problem:?}"),
                _ => {}
            }
        };
        assert_eq!(told, id);
        assert_eq!(shared.events(two.session).await.len(), n + 1, "once");
    }
}
