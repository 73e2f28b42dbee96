//! Figures come out: tiny loads on a real server, in this process. No time is asserted.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use vws_load::Outcome;
use vws_server::config::Config;
use vws_server::serve::Server;

use super::{Contender, Task, Work};
use crate::ceiling::Ceiling;
use crate::wire::contender::VWS;

/// A server that ends with this.
struct World {
    runtime: Runtime,
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl World {
    fn start() -> Self {
        let mut config = Config::default();
        (config.limits.command_rate, config.limits.command_burst) = (1_000_000, 1_000_000);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let (stop, stopped) = oneshot::channel::<()>();
        let server = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
            Server::new(listener, config).await.expect("starts")
        });
        let address = server.address();
        runtime.spawn(async move {
            let stopped = async {
                // Dropping the other end stops it as well.
                let _ = stopped.await;
            };
            server.run(stopped).await.expect("runs");
        });
        Self { runtime, address, _stop: stop }
    }

    fn run(&self, work: Work) -> Outcome {
        let task = Task {
            who: VWS,
            port: self.address.port(),
            server: std::process::id(),
            payload: 170,
            warm_up: 0.05,
            span: 0.3,
            work,
        };
        task.go().unwrap_or_else(|error| panic!("{work:?}: {error}"))
    }
}

#[test]
fn figures_come_out_of_a_server_that_is_loaded() {
    let world = World::start();
    for (work, has_latency) in [
        (Work::Saturate { subscribers: 5 }, false),
        (Work::Steady { rooms: 2, subscribers: 3, rate: 100.0 }, true),
        (Work::Echo { connections: 2, in_flight: 4 }, true),
        (Work::Sessions { connections: 2 }, true),
        (Work::Create { connections: 2 }, true),
        (Work::Read { connections: 2 }, true),
        (Work::Patch { connections: 2, sessions: 3, objects: 4 }, true),
        (Work::Join { objects: 30, at_once: 2, rate: None }, true),
        (Work::Follow { objects: 30, followers: 3, rate: 100.0, joins: 20.0 }, true),
    ] {
        let outcome = world.run(work);
        assert!(
            outcome.count > 0 && outcome.bytes > outcome.count && outcome.seconds >= 0.3,
            "{work:?}: {outcome:?}"
        );
        assert_eq!(outcome.latency.is_some(), has_latency, "{work:?}");
        assert!(outcome.server_seconds.is_some(), "{work:?}");
    }
    let left = world.runtime.block_on(async {
        tokio::task::spawn_blocking(move || {
            let target = vws_load::Target::local(world.address.port());
            vws_load::http::Http::connect(&target)
                .and_then(|mut http| http.json("GET", "/api/sessions", None))
        })
        .await
    });
    let left = left.expect("it ends").expect("a list");
    let left: Vec<_> =
        left["sessions"].as_array().expect("a list").iter().filter(|one| one["name"] == "load").collect();
    assert!(left.is_empty(), "what a load made is deleted: {left:?}");
}

/// The port of a ceiling, which serves until the tests have ended.
fn ceiling(which: Ceiling) -> u16 {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        crate::ceiling::serve(which, &|address| tell.send(address.port()).expect("somebody waits"))
            .expect("serves");
    });
    told.recv().expect("it is ready")
}

#[test]
fn figures_come_out_of_what_it_is_measured_beside() {
    let (saturate, steady) =
        (Work::Saturate { subscribers: 3 }, Work::Steady { rooms: 2, subscribers: 3, rate: 100.0 });
    let echo = Work::Echo { connections: 2, in_flight: 4 };
    for (which, who, works) in [
        (Ceiling::Fanout, Contender::Raw, &[saturate, steady][..]),
        (Ceiling::Echo, Contender::Raw, &[echo]),
        (Ceiling::Broadcast, Contender::Axum, &[saturate, steady, echo]),
        (Ceiling::Hyper, Contender::Hyper, &[Work::Create { connections: 2 }]),
        (Ceiling::Axum, Contender::Axum, &[Work::Read { connections: 2 }]),
    ] {
        let port = ceiling(which);
        for &work in works {
            let task =
                Task { who, port, server: std::process::id(), payload: 170, warm_up: 0.05, span: 0.2, work };
            let outcome = task.go().unwrap_or_else(|error| panic!("{which:?} {work:?}: {error}"));
            assert!(
                outcome.count > 0 && outcome.bytes > outcome.count * 170,
                "{which:?} {work:?}: {outcome:?}"
            );
        }
    }
}

#[test]
fn who_comes_back_gets_what_was_missed_and_little_more() {
    let world = World::start();
    let vws =
        vws_load::Vws::prepare(&vws_load::Target::local(world.address.port()), 1, 1_000).expect("is made");
    let told = vws_load::resume(&vws, 2).expect("comes back");
    assert_eq!(told.missed, 200);
    let packed = vws.join_packed(0).expect("joins");
    assert!(packed < told.joined, "MessagePack is shorter");
    let zstd = vws.snapshot_compressed(0, "zstd").expect("is answered so");
    assert!((1_000..packed / 4).contains(&zstd), "{zstd} bytes of a thousand objects");
    vws.snapshot_compressed(0, "x-none").expect_err("no server answers so");
    assert!(told.live < told.resumed && told.resumed < told.joined, "{told:?}");
}

#[test]
fn a_task_survives_the_way_to_the_process_that_does_it() {
    let work = Work::Follow { objects: 1, followers: 2, rate: 3.5, joins: 0.0 };
    let task = Task { who: Contender::Bun, port: 1, server: 2, payload: 3, warm_up: 0.25, span: 1.5, work };
    let text = serde_json::to_string(&task).expect("JSON");
    let read: Task = serde_json::from_str(&text).expect("the same");
    assert_eq!((read.who, read.work, read.port), (Contender::Bun, work, 1));
}
