//! Three NATS servers that keep the streams together. Debian 12 has none that is new enough, so these are run by name:
//! `VWS_NATS_SERVER=… cargo test -p vws-server --lib cluster -- --ignored`.

use std::collections::BTreeMap;
use std::net::TcpListener;

use futures_util::future::join_all;
use tokio::time::timeout;

use super::*;

struct Cluster {
    servers: Vec<LocalServer>,
    folders: Vec<tempfile::TempDir>,
}

impl Cluster {
    fn new() -> Self {
        let ports: Vec<_> = (0..3).map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port")).collect();
        let urls: Vec<String> =
            ports.iter().map(|port| format!("nats://{}", port.local_addr().expect("it has one"))).collect();
        drop(ports);
        let routes = urls.join(",");
        let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().expect("there is room")).collect();
        let servers = folders.iter().zip(&urls).zip(["a", "b", "c"]);
        let servers = servers.map(|((folder, url), name)| {
            let more = ["--name", name, "--cluster_name", "test", "--cluster", url, "--routes", &routes];
            LocalServer::start_with(folder.path(), &more).expect("starts")
        });
        Self { servers: servers.collect(), folders }
    }

    /// A log over a connection to one of them, that knows of all.
    async fn log(&self, first: usize) -> NatsLog {
        let urls = (0..3).map(|n| self.servers[(first + n) % 3].url());
        let servers = urls.map(|url| url.parse().unwrap_or_else(|never| match never {})).collect();
        let options = Options { servers, replicas: 3, ..Options::of("") };
        NatsLog::open(Connection::open(options).await.expect("it is there")).await.expect("it is a JetStream")
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server 2.10.20 or later"]
async fn clu2_three_servers_keep_the_contract() {
    let cluster = Cluster::new();
    contract::check(&cluster.log(0).await).await;
    contract::check(&cluster.log(1).await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server 2.10.20 or later"]
async fn clu9_nothing_acknowledged_is_lost_or_doubled_while_servers_of_a_cluster_die() {
    let mut cluster = Cluster::new();
    let logs = [cluster.log(0).await, cluster.log(1).await, cluster.log(2).await];
    let scribe = Scribe::begin(&logs[0], 1).await;
    let id = scribe.id();
    // Each writes what follows the last event that it knows of, as fast as it goes; whose an event is shows in its time.
    let writers = (0..3_u64).map(|who| {
        let shared = Arc::clone(&logs[who as usize].0);
        tokio::spawn(async move {
            let (mut after, mut n) = (0, 0);
            let mut outcomes = BTreeMap::new();
            while n < 400 {
                let at = 1_000 * (who + 1) + n;
                let event = vws_core::Event::ObjectsCleared;
                let record = EventRecord { seq: after + 1, at, by: None, subject: None, more: 0, event };
                match Arc::clone(&shared).append(id, after, vec![Arc::new(record)]).await {
                    Ok(()) => {
                        outcomes.insert(at, Some(after + 1));
                        (after, n) = (after + 1, n + 1);
                    }
                    Err(LogError::Conflict { found, .. }) => after = found,
                    Err(LogError::Unsure(_)) => {
                        outcomes.insert(at, None);
                        n += 1;
                    }
                    Err(LogError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
                    Err(other) => panic!("{other:?}"),
                }
            }
            outcomes
        })
    });
    let writers: Vec<_> = writers.collect();
    for round in 0..6 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        cluster.servers[round % 3].restart().expect("it starts again");
    }
    let outcomes = timeout(3 * PATIENCE, join_all(writers)).await.expect("they end");
    let outcomes: BTreeMap<_, _> = outcomes.into_iter().flat_map(|of| of.expect("it ends")).collect();
    let read = timeout(PATIENCE, async {
        loop {
            match logs[0].read(id, 0, usize::MAX).await {
                Ok(read) => break read,
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    });
    let read = read.await.expect("is there");
    let mut there = BTreeMap::new();
    for event in &read {
        assert!(there.insert(event.at, event.seq).is_none(), "{} is there twice", event.at);
    }
    let unsure = outcomes.values().filter(|seq| seq.is_none()).count();
    for (at, seq) in outcomes {
        match seq {
            Some(seq) => assert_eq!(there.remove(&at), Some(seq), "{at} was acknowledged"),
            None => drop(there.remove(&at)),
        }
    }
    assert!(there.is_empty(), "{there:?} are there and nobody was told");
    assert!(unsure < 400, "{unsure} of 1200");
    drop(cluster.folders);
}
