//! A node: one `vws` over NATS.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use crate::ports::free_port;
use crate::program::Program;
use crate::{Failure, Nats, Network, Place, probe};

/// Where a node has an address of its own.
const PORT: u16 = 7300;
/// How long a start may take.
const UP_WITHIN: Duration = Duration::from_secs(60);

/// One node.
#[derive(Debug)]
pub struct Node {
    pub(crate) program: Program,
    place: Place,
    address: SocketAddr,
}

impl Node {
    /// A node of `vws` that is not started yet.
    pub(crate) fn new(
        vws: &Path,
        network: &mut Network,
        servers: &[Nats],
        folder: &Path,
        number: usize,
        more: &[String],
    ) -> Result<Self, Failure> {
        let place = network.place()?;
        let port =
            if place.is_shared() { free_port().map_err(Failure::system("find a free port"))? } else { PORT };
        let address = SocketAddr::from((place.address, port));
        let name = format!("node{number}");
        let mut program = Program::new(name.clone(), vws, place.clone(), folder.join(format!("{name}.log")));
        let urls: Vec<String> = servers.iter().map(Nats::url).collect();
        program.argue(["serve", "--listen", &address.to_string(), "--nats", &urls.join(",")]);
        program.argue(["--nats-replicas", if servers.len() > 1 { "3" } else { "1" }]);
        // Nobody from outside gets to the bridge.
        program.argue(["--anonymous", "own"]);
        program.argue(more);
        Ok(Self { program, place, address })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.program.name
    }

    /// The id of its process; 0 where it does not run.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.program.id()
    }

    pub(crate) const fn place(&self) -> &Place {
        &self.place
    }

    /// Has its clock go wrong from its next start on, by `offset` of libfaketime (`+1h`).
    pub(crate) fn skew(&mut self, library: &Path, offset: &str) {
        self.program.set("LD_PRELOAD", library.display().to_string());
        self.program.set("FAKETIME", offset.to_owned());
        self.program.set("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned());
    }

    /// Waits until it takes changes. One that has ended, because it found no NATS, is started again, as a supervisor does.
    pub(crate) fn await_ready(&mut self) -> Result<(), Failure> {
        let (address, mut failed) = (self.address, None);
        let is_ready = probe::until(UP_WITHIN, || {
            if !self.program.is_up() {
                failed = self.program.start().err();
            }
            failed.is_some() || probe::is_well(address, "/readyz")
        });
        match failed {
            Some(failed) => Err(failed),
            None => is_ready.then_some(()).ok_or_else(|| self.program.not_up(UP_WITHIN)),
        }
    }
}
