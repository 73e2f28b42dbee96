//! A cluster with sessions in it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use vws_cluster::{Cluster, Member, Network, Plan};
use vws_load::http::Http;
use vws_load::{Target, Vws};

use super::dialects::OBJECTS;

/// Nodes of a cluster.
pub(super) const NODES: usize = 3;
/// Who makes the sessions, side by side.
const MAKERS: usize = 12;
/// How long a node may take to start.
const READY: Duration = Duration::from_secs(30);

/// A cluster of three nodes, of which some may be away.
pub(super) struct Scene {
    pub(super) cluster: Cluster,
    pub(super) sessions: Vec<String>,
    // Ends after the cluster, whose sessions end with it.
    _makers: Vec<Vws>,
    runs: AtomicU64,
}

impl Scene {
    /// Starts it over so many NATS servers, and makes the sessions.
    pub(super) fn new(plan: &Plan, sessions: usize) -> Result<Self, String> {
        let cluster = Cluster::start(plan, Network::Loopback).map_err(|failure| failure.to_string())?;
        let targets = targets(&cluster);
        let made: Result<Vec<Vws>, String> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..MAKERS)
                .map(|n| {
                    let (target, share) = (&targets[n % NODES], sessions / MAKERS + 1);
                    scope.spawn(move || Vws::prepare(target, share, OBJECTS))
                })
                .collect();
            let joined = makers.into_iter().map(|maker| maker.join());
            joined
                .map(|made| match made {
                    Ok(made) => made.map_err(|error| error.to_string()),
                    Err(_) => Err("who makes sessions ended".to_owned()),
                })
                .collect()
        });
        let makers = made?;
        let all = makers.iter().flat_map(Vws::sessions).take(sessions).cloned();
        Ok(Self { sessions: all.collect(), cluster, _makers: makers, runs: AtomicU64::new(0) })
    }

    /// The first nodes.
    pub(super) fn targets(&self, nodes: usize) -> Vec<Target> {
        targets(&self.cluster)[..nodes].to_vec()
    }

    /// Has the first `nodes` run and no others.
    pub(super) fn have(&mut self, nodes: usize) -> Result<(), String> {
        for n in 0..NODES {
            let is_up = self.cluster.is_up(n);
            if n >= nodes && is_up {
                self.cluster.end(Member::Node(n));
            } else if n < nodes && !is_up {
                self.cluster.begin(Member::Node(n)).map_err(|failure| failure.to_string())?;
            }
        }
        self.targets(nodes).iter().try_for_each(ready)
    }

    /// A number that no run had.
    pub(super) fn next_run(&self) -> u64 {
        self.runs.fetch_add(1, Ordering::Relaxed)
    }
}

fn targets(cluster: &Cluster) -> Vec<Target> {
    cluster.nodes().iter().map(|node| Target::local(node.address().port())).collect()
}

/// Waits until a node takes changes.
fn ready(node: &Target) -> Result<(), String> {
    let begun = Instant::now();
    while begun.elapsed() < READY {
        let asked = Http::connect(node).and_then(|mut http| http.send("GET", "/readyz", None));
        if asked.is_ok_and(|(status, _)| status == 200) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    Err(format!("{node} is not ready after {} s", READY.as_secs()))
}
