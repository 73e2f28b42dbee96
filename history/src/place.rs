//! Where clients find a server, and what happens to it meanwhile.

use std::net::SocketAddr;
use std::path::Path;

use tokio::sync::watch;

use crate::run::{Failure, Plan, Shared};
use crate::server::Server;
use crate::swarm::Swarm;

/// One server with a data directory, or nodes over NATS.
pub(crate) enum Place {
    One(Box<Server>),
    Many(Box<Swarm>),
}

impl Place {
    /// Starts what `plan` asks for.
    pub(crate) async fn start(plan: &Plan, folder: &Path) -> Result<Self, Failure> {
        Ok(match plan.nodes {
            1 => Self::One(Box::new(Server::start(&plan.program, folder).await?)),
            _ => Self::Many(Box::new(Swarm::start(plan).await?)),
        })
    }

    /// Where the n-th client finds it at the moment; nowhere while it is not.
    pub(crate) fn address(&mut self, client: usize) -> watch::Receiver<Option<SocketAddr>> {
        match self {
            Self::One(server) => server.address(),
            Self::Many(swarm) => swarm.address(client),
        }
    }

    /// Something happens to it, and is over when this is. Tells what.
    pub(crate) async fn suffer(
        &mut self,
        shared: &Shared,
        draws: &mut fastrand::Rng,
    ) -> Result<&'static str, Failure> {
        match self {
            Self::One(server) => {
                server.kill_and_start(|| shared.server_ended()).await?;
                Ok("killed")
            }
            Self::Many(swarm) => swarm.suffer(shared, draws).await,
        }
    }

    /// Whether clients have to say what they have seen, so that they are answered by who has seen as much.
    pub(crate) const fn is_many(&self) -> bool {
        matches!(self, Self::Many(_))
    }

    /// Ends it for good.
    pub(crate) async fn end(self) -> Result<(), Failure> {
        match self {
            Self::One(server) => server.end().await,
            Self::Many(swarm) => swarm.end().await,
        }
    }
}
