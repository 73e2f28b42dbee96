//! A balancer before the nodes: haproxy, with nothing that knows of VWS but the path that tells who is ready.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use crate::ports::free_port;
use crate::program::{Program, on_path};
use crate::{Failure, Network, Node, probe};

/// How long a start may take.
const UP_WITHIN: Duration = Duration::from_secs(20);

/// A running haproxy.
#[derive(Debug)]
pub struct Balancer {
    _program: Program,
    address: SocketAddr,
}

impl Balancer {
    /// Starts one before `nodes`, on `port` of loopback or a free one.
    ///
    /// # Errors
    /// [`Failure`] where there is no haproxy, or it does not come up.
    pub fn start(nodes: &[Node], folder: &Path, port: Option<u16>) -> Result<Self, Failure> {
        let remedy = "Debian's package haproxy has it";
        let haproxy =
            on_path("haproxy").ok_or_else(|| Failure::Missing { program: "haproxy".into(), remedy })?;
        let port = port.map_or_else(free_port, Ok).map_err(Failure::system("find a free port"))?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let file = folder.join("haproxy.cfg");
        let text = configuration(address, nodes.iter().map(|node| (node.name(), node.address())));
        std::fs::write(&file, text).map_err(Failure::system(format!("write {}", file.display())))?;
        let place = Network::Loopback.place()?;
        let mut program = Program::new("haproxy".to_owned(), &haproxy, place, folder.join("haproxy.log"));
        program.argue(["-db".into(), "-f".into(), file.into_os_string()]);
        program.start()?;
        if probe::until(UP_WITHIN, || probe::is_well(address, "/readyz")) {
            return Ok(Self { _program: program, address });
        }
        Err(program.not_up(UP_WITHIN))
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// A node that is not ready, or ends, is left alone at once: its clients come back by another one.
fn configuration<'a>(address: SocketAddr, nodes: impl Iterator<Item = (&'a str, SocketAddr)>) -> String {
    let mut text = format!(
        "defaults\n  mode http\n  timeout connect 2s\n  timeout client 60s\n  timeout server 60s\n  timeout tunnel 1h\n  \
         retries 2\n  option redispatch\nfrontend all\n  bind {address}\n  default_backend nodes\nbackend nodes\n  \
         balance leastconn\n  option httpchk GET /readyz\n  default-server check inter 500ms fall 2 rise 1 \
         on-marked-down shutdown-sessions\n"
    );
    for (name, address) in nodes {
        let _ = writeln!(text, "  server {name} {address}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_is_looked_at() {
        let nodes = [("node1", ([127, 0, 0, 1], 1).into()), ("node2", ([127, 0, 0, 1], 2).into())];
        let text = configuration(([127, 0, 0, 1], 80).into(), nodes.into_iter());
        assert!(text.contains("bind 127.0.0.1:80\n") && text.contains("GET /readyz"), "{text}");
        assert!(text.ends_with("  server node1 127.0.0.1:1\n  server node2 127.0.0.1:2\n"), "{text}");
    }
}
