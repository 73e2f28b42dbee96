//! Nodes over NATS, whose members are killed, paused and cut off.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use vws_cluster::{Cluster, Member, Network, Plan as Members, has_namespaces};

use crate::run::{Failure, Plan, Shared};

/// What may happen, in the order of a first round of all.
const FAULTS: [Fault; 11] = [
    Fault::NodeKilled,
    Fault::NatsKilled,
    Fault::NodeCutOff,
    Fault::NodePaused,
    Fault::NatsCutOff,
    Fault::NodeReplaced,
    Fault::MajorityKilled,
    Fault::OneDirectionLost,
    Fault::NatsPaused,
    Fault::ClockWrong,
    Fault::SomeLost,
];

/// How long a fault lasts, in milliseconds.
const LASTS: std::ops::Range<u64> = 500..3_000;
/// Of what is sent, while some is lost.
const SHARE_LOST: u8 = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    NodeKilled,
    NatsKilled,
    MajorityKilled,
    NodePaused,
    NatsPaused,
    /// Asked to end, and started again: as a rolling restart does.
    NodeReplaced,
    ClockWrong,
    NodeCutOff,
    NatsCutOff,
    /// What a NATS server sends reaches a node no longer; the other way round it does.
    OneDirectionLost,
    /// A tenth of what anybody sends anybody.
    SomeLost,
}

impl Fault {
    const fn told(self) -> &'static str {
        match self {
            Self::NodeKilled => "a node killed",
            Self::NatsKilled => "a NATS server killed",
            Self::MajorityKilled => "two NATS servers of three killed",
            Self::NodePaused => "a node paused",
            Self::NatsPaused => "a NATS server paused",
            Self::NodeReplaced => "a node ended in order",
            Self::ClockWrong => "a node started with a wrong clock",
            Self::NodeCutOff => "a node cut off NATS",
            Self::NatsCutOff => "a NATS server cut off",
            Self::OneDirectionLost => "a node hears nothing of a NATS server",
            Self::SomeLost => "a tenth of all packets lost",
        }
    }

    const fn is_of_network(self) -> bool {
        matches!(self, Self::NodeCutOff | Self::NatsCutOff | Self::OneDirectionLost | Self::SomeLost)
    }
}

/// A cluster, and where each client finds it.
pub(crate) struct Swarm {
    /// Taken out while something is done to it that waits.
    cluster: Option<Cluster>,
    addresses: Vec<SocketAddr>,
    /// By client: the node that it is at, and where that is.
    clients: Vec<(usize, watch::Sender<Option<SocketAddr>>)>,
    faults: Vec<Fault>,
    servers: usize,
    suffered: usize,
}

impl Swarm {
    pub(crate) async fn start(plan: &Plan) -> Result<Self, Failure> {
        let members = Members {
            vws: plan.program.clone(),
            nats: plan.nats.clone(),
            servers: plan.servers,
            nodes: plan.nodes,
            flags: ["--log", "warn", "--command-rate", "1000000", "--command-burst", "1000000"]
                .map(str::to_owned)
                .to_vec(),
        };
        let is_cut = plan.is_cut;
        let started = spawn_blocking(move || {
            let network = if is_cut { Network::namespaces()? } else { Network::Loopback };
            Cluster::start(&members, network)
        });
        let cluster = started.await??;
        let can = |fault: &Fault| {
            (cluster.can_be_cut() || !fault.is_of_network())
                && (plan.servers > 1 || *fault != Fault::MajorityKilled)
                && (has_wrong_clocks() || *fault != Fault::ClockWrong)
        };
        let faults = FAULTS.into_iter().filter(can).collect();
        let addresses = cluster.nodes().iter().map(vws_cluster::Node::address).collect();
        let (servers, cluster) = (plan.servers, Some(cluster));
        Ok(Self { cluster, addresses, clients: Vec::new(), faults, servers, suffered: 0 })
    }

    /// Where the n-th client finds its node: a different one for each.
    pub(crate) fn address(&mut self, client: usize) -> watch::Receiver<Option<SocketAddr>> {
        let node = client % self.addresses.len();
        let (tell, address) = watch::channel(Some(self.addresses[node]));
        self.clients.push((node, tell));
        address
    }

    /// The next fault, and its end.
    pub(crate) async fn suffer(
        &mut self,
        shared: &Shared,
        draws: &mut fastrand::Rng,
    ) -> Result<&'static str, Failure> {
        // Each once, and then in any order.
        let fault = match self.faults.get(self.suffered) {
            Some(next) => *next,
            None => *draws.choice(&self.faults).expect("there are some"),
        };
        self.suffered += 1;
        let (node, server) = (draws.usize(..self.addresses.len()), draws.usize(..self.servers));
        let lasts = Duration::from_millis(draws.u64(LASTS));
        self.begin(fault, node, server, draws.bool()).await?;
        if matches!(fault, Fault::NodeKilled | Fault::NodeReplaced | Fault::ClockWrong) {
            self.leave(node, shared);
        }
        sleep(lasts).await;
        self.mend(fault, node, server).await?;
        Ok(fault.told())
    }

    async fn begin(&mut self, fault: Fault, node: usize, server: usize, ahead: bool) -> Result<(), Failure> {
        let (a_node, a_server) = (Member::Node(node), Member::Nats(server));
        self.with(move |cluster| {
            match fault {
                Fault::NodeKilled => cluster.kill(a_node),
                Fault::NatsKilled => cluster.kill(a_server),
                Fault::MajorityKilled => {
                    cluster.kill(a_server);
                    cluster.kill(Member::Nats((server + 1) % cluster.servers().len()));
                }
                Fault::NodePaused => cluster.pause(a_node, true),
                Fault::NatsPaused => cluster.pause(a_server, true),
                Fault::NodeReplaced => cluster.end(a_node),
                Fault::ClockWrong => {
                    cluster.end(a_node);
                    cluster.skew(node, if ahead { "+1h" } else { "-1h" })?;
                }
                Fault::NodeCutOff => cluster.cut_off(a_node)?,
                Fault::NatsCutOff => cluster.cut_off(a_server)?,
                Fault::OneDirectionLost => cluster.lose(a_server, a_node, 100)?,
                Fault::SomeLost => cluster.lose_everywhere(SHARE_LOST)?,
            }
            Ok(())
        })
        .await
    }

    async fn mend(&mut self, fault: Fault, node: usize, server: usize) -> Result<(), Failure> {
        self.with(move |cluster| {
            match fault {
                Fault::NodePaused => cluster.pause(Member::Node(node), false),
                Fault::NatsPaused => cluster.pause(Member::Nats(server), false),
                fault if fault.is_of_network() => cluster.heal()?,
                _ => {}
            }
            cluster.await_well()
        })
        .await
    }

    /// Clients of a node that is gone come to another one.
    fn leave(&mut self, node: usize, shared: &Shared) {
        shared.server_ended();
        for (at, client) in self.clients.iter_mut().filter(|(at, _)| *at == node) {
            *at = (node + 1) % self.addresses.len();
            client.send_replace(Some(self.addresses[*at]));
        }
    }

    async fn with(
        &mut self,
        act: impl FnOnce(&mut Cluster) -> Result<(), vws_cluster::Failure> + Send + 'static,
    ) -> Result<(), Failure> {
        let mut cluster = self.cluster.take().ok_or_else(|| Failure::Server("it has ended".to_owned()))?;
        let done = spawn_blocking(move || {
            let done = act(&mut cluster);
            (cluster, done)
        });
        let (cluster, done) = done.await?;
        self.cluster = Some(cluster);
        Ok(done?)
    }

    /// Ends all of it.
    pub(crate) async fn end(self) -> Result<(), Failure> {
        Ok(spawn_blocking(move || drop(self.cluster)).await?)
    }
}

fn has_wrong_clocks() -> bool {
    vws_cluster::wrong_clocks().is_ok()
}

/// Whether this machine can have a network of its own for a run.
#[must_use]
pub fn can_be_cut() -> bool {
    has_namespaces()
}
