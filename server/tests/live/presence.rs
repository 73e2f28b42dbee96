//! What clients show each other.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use vws_core::reduce::State;
use vws_core::wire::{
    ClientMessage, Encoding, Hello, PROTOCOL, Peer, PresenceDraft, ServerMessage, canonical_json,
};

use crate::support::{Client, Heard, TestServer};

fn selecting(name: &str) -> ClientMessage {
    ClientMessage::Presence(PresenceDraft { selection: vec![name.to_owned()], ..PresenceDraft::default() })
}

fn pointing(x: f64) -> ClientMessage {
    let draft = format!(r#"{{"pointer":{{"x":{x},"y":0,"z":0}}}}"#);
    ClientMessage::Presence(serde_json::from_str(&draft).expect("is a presence"))
}

/// The next presence message: who changed, and who left.
async fn hear_presence(client: &mut Client) -> (Vec<Peer>, Vec<String>) {
    loop {
        if let ServerMessage::Presence { peers, left } = client.hear().await {
            return (peers, left.iter().map(ToString::to_string).collect());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pres1_peers_come_show_themselves_and_leave() {
    let server = TestServer::start().await;
    let live = server.session().await;
    for encoding in Encoding::ALL {
        let (mut client, welcome) = Client::join(&server, live.id(), encoding, "watcher", None).await;
        assert_eq!(welcome.peers, []);
        let mut other = Client::connect(&server, live.id(), Encoding::Json).await;
        let hello = Hello {
            protocol: u64::from(PROTOCOL),
            client_id: "other".to_owned(),
            name: Some("Ada".to_owned()),
            color: Some("#ff8800".to_owned()),
            token: None,
            after: None,
        };
        other.say(&ClientMessage::Hello(hello)).await;
        let ServerMessage::Welcome(welcome) = other.hear().await else { panic!("a welcome comes first") };
        assert_eq!(welcome.peers.len(), 1, "the watcher");
        let (peers, _) = hear_presence(&mut client).await;
        assert_eq!(peers[0].name.as_ref().map(|name| name.as_str()), Some("Ada"));
        other.say(&selecting("cube1")).await;
        let (peers, left) = hear_presence(&mut client).await;
        assert_eq!((peers.len(), left.len()), (1, 0));
        assert_eq!(peers[0].presence.selection[0].as_str(), "cube1");
        drop(other);
        assert_eq!(hear_presence(&mut client).await, (vec![], vec!["other".to_owned()]));
    }
    assert_eq!(live.read(State::seq), 0, "presence is in no log");
}

#[tokio::test(start_paused = true)]
async fn pres5_presence_is_told_at_most_15_times_a_second_and_the_newest_is_told() {
    let server = TestServer::start().await;
    let live = server.session().await;
    let (mut watcher, _) = Client::mirroring(&server, live.id(), Encoding::Json, "watcher").await;
    let (mut mover, _) = Client::mirroring(&server, live.id(), Encoding::Json, "mover").await;
    let moving = tokio::spawn(async move {
        for n in 0..400 {
            mover.say(&pointing(f64::from(n))).await;
            sleep(Duration::from_millis(5)).await;
        }
        mover
    });
    let started = Instant::now();
    let mut told = 0;
    loop {
        let (peers, _) = hear_presence(&mut watcher).await;
        told += 1;
        let x = peers[0].presence.pointer.map(|pointer| pointer.x.get());
        if x == Some(399.0) {
            break;
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    assert!((1.9..2.2).contains(&seconds), "the last one is told at once: {seconds}");
    assert!(f64::from(told) <= 15.0 * seconds + 2.0, "{told} messages in {seconds} s");
    assert!(told >= 20, "{told} messages in {seconds} s");
    drop(moving.await.expect("does not panic"));
}

#[tokio::test(start_paused = true)]
async fn pres6_many_moving_peers_cost_a_bounded_rate_and_each_is_told() {
    const MOVERS: usize = 150;
    let server = TestServer::start().await;
    let live = server.session().await;
    let (mut watcher, _) = Client::mirroring(&server, live.id(), Encoding::Json, "watcher").await;
    let mut movers = Vec::new();
    for n in 0..MOVERS {
        let (client, _) = Client::join(&server, live.id(), Encoding::Json, &format!("m{n}"), None).await;
        movers.push(client);
    }
    let moving = tokio::spawn(async move {
        for round in 0..40_u32 {
            for mover in &mut movers {
                mover.say(&pointing(f64::from(round))).await;
            }
            sleep(Duration::from_millis(50)).await;
        }
        movers
    });
    let started = Instant::now();
    let (mut bytes, mut newest) = (0, std::collections::HashMap::new());
    while newest.len() < MOVERS || newest.values().any(|x| *x != Some(39.0)) {
        let (peers, left) = hear_presence(&mut watcher).await;
        bytes += canonical_json(&ServerMessage::Presence { peers: peers.clone(), left: vec![] }).len();
        assert_eq!(left, Vec::<String>::new());
        for peer in peers {
            newest.insert(peer.client_id.to_string(), peer.presence.pointer.map(|p| p.x.get()));
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    assert!(bytes as f64 <= 65_536.0 * (seconds + 1.0), "{bytes} bytes in {seconds} s");
    drop(moving.await.expect("does not panic"));
}

#[tokio::test]
async fn pres4_a_presence_that_breaks_a_rule_is_told_and_the_connection_goes_on() {
    let server = TestServer::start().await;
    let live = server.session().await;
    let (mut client, _) = Client::mirroring(&server, live.id(), Encoding::Json, "a").await;
    client.say(&pointing(1_001.0)).await;
    let ServerMessage::Rejected { id: 0, problem } = client.hear_answer().await else {
        panic!("it is refused");
    };
    assert_eq!(problem.code, "presence_out_of_range");
    assert_eq!(problem.errors[0].pointer, "/pointer/x");
    client.say(&ClientMessage::Ping { t: 1.0 }).await;
    assert!(matches!(client.heard().await, Heard::Message(m) if *m == ServerMessage::Pong { t: 1.0 }));
}
