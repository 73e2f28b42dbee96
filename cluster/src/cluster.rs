//! NATS servers and nodes, and what may happen to them.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::program::on_path;
use crate::{Failure, Nats, Network, Node, Place};

/// What a cluster is of.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program of a node.
    pub vws: PathBuf,
    /// The program of a NATS server; the path's where none is named.
    pub nats: Option<PathBuf>,
    /// NATS servers: one, or three.
    pub servers: usize,
    /// Nodes.
    pub nodes: usize,
    /// More flags of each node.
    pub flags: Vec<String>,
}

/// One process of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    /// The n-th NATS server, from 0 on.
    Nats(usize),
    /// The n-th node, from 0 on.
    Node(usize),
}

/// A running cluster. All of it ends when this is dropped.
#[derive(Debug)]
pub struct Cluster {
    // Processes end before the network, and that before their folder.
    nodes: Vec<Node>,
    servers: Vec<Nats>,
    network: Network,
    folder: TempDir,
}

impl Cluster {
    /// Starts one and waits until every node takes changes.
    ///
    /// # Errors
    /// [`Failure`] where a program is missing or does not come up.
    pub fn start(plan: &Plan, mut network: Network) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("vws-cluster").tempdir();
        let folder = folder.map_err(Failure::system("make a folder"))?;
        let servers = Nats::start(plan.nats.as_deref(), &mut network, folder.path(), plan.servers)?;
        let mut nodes = Vec::new();
        for number in 1..=plan.nodes {
            nodes.push(Node::new(&plan.vws, &mut network, &servers, folder.path(), number, &plan.flags)?);
        }
        nodes.iter_mut().try_for_each(|node| node.program.start())?;
        nodes.iter_mut().try_for_each(Node::await_ready)?;
        Ok(Self { nodes, servers, network, folder })
    }

    /// The nodes.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The NATS servers.
    #[must_use]
    pub fn servers(&self) -> &[Nats] {
        &self.servers
    }

    /// Where all of it keeps what it has.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether what is between its members can be cut.
    #[must_use]
    pub const fn can_be_cut(&self) -> bool {
        matches!(self.network, Network::Namespaces(_))
    }

    /// Kills one as nothing can be prepared for.
    pub fn kill(&mut self, member: Member) {
        match member {
            Member::Nats(n) => self.servers[n].program.kill(),
            Member::Node(n) => self.nodes[n].program.kill(),
        }
    }

    /// Asks one to end, and waits for that.
    pub fn end(&mut self, member: Member) {
        match member {
            Member::Nats(n) => self.servers[n].program.end(),
            Member::Node(n) => self.nodes[n].program.end(),
        }
    }

    /// Starts one again, with what it had. Does not wait for it.
    ///
    /// # Errors
    /// [`Failure::System`].
    pub fn begin(&mut self, member: Member) -> Result<(), Failure> {
        match member {
            Member::Nats(n) => self.servers[n].program.start(),
            Member::Node(n) => self.nodes[n].program.start(),
        }
    }

    /// Starts again what has ended, and waits until all of it is well.
    ///
    /// # Errors
    /// [`Failure::NotUp`].
    pub fn await_well(&mut self) -> Result<(), Failure> {
        for server in &mut self.servers {
            if !server.program.is_up() {
                server.program.start()?;
            }
        }
        Nats::await_well(&mut self.servers)?;
        self.nodes.iter_mut().try_for_each(Node::await_ready)
    }

    /// The member of that name: `nats1`, `node1` and so on.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<Member> {
        let node = self.nodes.iter().position(|node| node.name() == name).map(Member::Node);
        node.or_else(|| self.servers.iter().position(|server| server.name() == name).map(Member::Nats))
    }

    /// Whether a node's process runs.
    pub fn is_up(&mut self, node: usize) -> bool {
        self.nodes[node].program.is_up()
    }

    /// Stops the time of one, or lets it go on.
    pub fn pause(&self, member: Member, is_paused: bool) {
        match member {
            Member::Nats(n) => self.servers[n].program.pause(is_paused),
            Member::Node(n) => self.nodes[n].program.pause(is_paused),
        }
    }

    /// Has what goes from one to another be lost, `percent` of it, until [`heal`](Self::heal): in this direction alone.
    ///
    /// # Errors
    /// [`Failure::System`].
    pub fn lose(&self, from: Member, to: Member, percent: u8) -> Result<(), Failure> {
        self.network.lose(self.place(from), self.place(to), percent)
    }

    /// Cuts one off all others, in both directions. Clients still reach a node.
    ///
    /// # Errors
    /// [`Failure::System`].
    pub fn cut_off(&self, member: Member) -> Result<(), Failure> {
        for other in self.members().filter(|other| *other != member) {
            self.lose(member, other, 100)?;
            self.lose(other, member, 100)?;
        }
        Ok(())
    }

    /// Has `percent` of what anybody sends anybody be lost, until [`heal`](Self::heal).
    ///
    /// # Errors
    /// [`Failure::System`].
    pub fn lose_everywhere(&self, percent: u8) -> Result<(), Failure> {
        for from in self.members() {
            for to in self.members().filter(|to| *to != from) {
                self.lose(from, to, percent)?;
            }
        }
        Ok(())
    }

    /// Everybody reaches everybody again.
    ///
    /// # Errors
    /// [`Failure::System`].
    pub fn heal(&self) -> Result<(), Failure> {
        self.network.heal()
    }

    /// Has the clock of a node go wrong from its next start on (`+1h`, `-30m`).
    ///
    /// # Errors
    /// [`Failure::Missing`] without libfaketime.
    pub fn skew(&mut self, node: usize, offset: &str) -> Result<(), Failure> {
        self.nodes[node].skew(&wrong_clocks()?, offset);
        Ok(())
    }

    fn members(&self) -> impl Iterator<Item = Member> {
        let servers = (0..self.servers.len()).map(Member::Nats);
        servers.chain((0..self.nodes.len()).map(Member::Node))
    }

    fn place(&self, member: Member) -> &Place {
        match member {
            Member::Nats(n) => self.servers[n].place(),
            Member::Node(n) => self.nodes[n].place(),
        }
    }
}

/// The library that makes clocks go wrong.
///
/// # Errors
/// [`Failure::Missing`] without it.
pub fn wrong_clocks() -> Result<PathBuf, Failure> {
    let remedy = "Debian's package libfaketime has it";
    let library = ["x86_64", "aarch64"]
        .map(|machine| PathBuf::from(format!("/usr/lib/{machine}-linux-gnu/faketime/libfaketime.so.1")))
        .into_iter()
        .find(|library| library.is_file());
    library.ok_or_else(|| Failure::Missing { program: "libfaketime.so.1".into(), remedy })
}

/// Whether this machine has what a network of its own takes.
#[must_use]
pub fn has_namespaces() -> bool {
    on_path("ip").is_some() && on_path("nft").is_some()
}
