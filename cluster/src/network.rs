//! Where processes are, and what is between them.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;
use crate::program::on_path;

/// Where the processes of a cluster are.
#[derive(Debug)]
pub enum Network {
    /// All on 127.0.0.1, each on ports that were free. Nothing between them can be cut.
    Loopback,
    /// Each in a network namespace of its own, behind one bridge. Needs root, `ip` and `nft`.
    Namespaces(Bridge),
}

/// A bridge of namespaces, with rules about who reaches whom.
#[derive(Debug)]
pub struct Bridge {
    ip: PathBuf,
    nft: PathBuf,
    name: String,
    namespaces: Vec<String>,
}

/// Where one process is.
#[derive(Debug, Clone)]
pub struct Place {
    /// The address that it listens on.
    pub address: Ipv4Addr,
    /// Its namespace, and the program that enters it.
    namespace: Option<(PathBuf, String)>,
}

/// Addresses of the bridge; its own is the first.
const NET: [u8; 3] = [10, 77, 0];

impl Place {
    /// Runs `program` there.
    pub(crate) fn command(&self, program: &Path) -> Command {
        match &self.namespace {
            None => Command::new(program),
            Some((ip, namespace)) => {
                let mut command = Command::new(ip);
                command.args(["netns", "exec", namespace]).arg(program);
                command
            }
        }
    }

    /// Whether ports of others are in its way.
    pub(crate) const fn is_shared(&self) -> bool {
        self.namespace.is_none()
    }
}

impl Network {
    /// Namespaces behind a bridge that has this process's id in its name.
    ///
    /// # Errors
    /// [`Failure`] without `ip` and `nft`, or the rights to use them.
    pub fn namespaces() -> Result<Self, Failure> {
        let remedy = "Debian's packages iproute2 and nftables have them";
        let find =
            |name: &str| on_path(name).ok_or_else(|| Failure::Missing { program: name.into(), remedy });
        let bridge = Bridge {
            ip: find("ip")?,
            nft: find("nft")?,
            name: format!("vws{}", std::process::id()),
            namespaces: Vec::new(),
        };
        bridge.ip(&["link", "add", &bridge.name, "type", "bridge"])?;
        bridge.ip(&["addr", "add", &format!("{}/24", address(1)), "dev", &bridge.name])?;
        bridge.ip(&["link", "set", &bridge.name, "up"])?;
        let table = &bridge.name;
        bridge.nft(&format!(
            "add table bridge {table}\nadd chain bridge {table} cuts {{ type filter hook forward priority 0; }}\n"
        ))?;
        Ok(Self::Namespaces(bridge))
    }

    /// A place for one process more.
    pub(crate) fn place(&mut self) -> Result<Place, Failure> {
        match self {
            Self::Loopback => Ok(Place { address: Ipv4Addr::LOCALHOST, namespace: None }),
            Self::Namespaces(bridge) => bridge.place(),
        }
    }

    /// Has what goes from one place to another be lost, `percent` of it. In this direction alone.
    ///
    /// # Errors
    /// [`Failure`] where the system does not do it.
    pub(crate) fn lose(&self, from: &Place, to: &Place, percent: u8) -> Result<(), Failure> {
        let Self::Namespaces(bridge) = self else { return Ok(()) };
        let share = if percent < 100 { format!("numgen random mod 100 < {percent} ") } else { String::new() };
        bridge.nft(&format!(
            "add rule bridge {} cuts ip saddr {} ip daddr {} {share}drop\n",
            bridge.name, from.address, to.address
        ))
    }

    /// Everybody reaches everybody again.
    ///
    /// # Errors
    /// As for [`lose`](Self::lose).
    pub fn heal(&self) -> Result<(), Failure> {
        match self {
            Self::Loopback => Ok(()),
            Self::Namespaces(bridge) => bridge.nft(&format!("flush chain bridge {} cuts\n", bridge.name)),
        }
    }
}

const fn address(host: u8) -> Ipv4Addr {
    let [a, b, c] = NET;
    Ipv4Addr::new(a, b, c, host)
}

impl Bridge {
    fn place(&mut self) -> Result<Place, Failure> {
        let number = self.namespaces.len() + 2;
        let host = u8::try_from(number).ok().filter(|host| *host < 255);
        let host = host.ok_or_else(|| {
            Failure::system("place one more process")(std::io::Error::other("there are 253 already"))
        })?;
        let namespace = format!("{}n{number}", self.name);
        let (near, far) = (format!("{namespace}a"), format!("{namespace}b"));
        self.ip(&["netns", "add", &namespace])?;
        self.namespaces.push(namespace.clone());
        self.ip(&["link", "add", &near, "type", "veth", "peer", "name", &far])?;
        self.ip(&["link", "set", &far, "netns", &namespace])?;
        self.ip(&["link", "set", &near, "master", &self.name])?;
        self.ip(&["link", "set", &near, "up"])?;
        let address = address(host);
        self.ip(&["-n", &namespace, "addr", "add", &format!("{address}/24"), "dev", &far])?;
        self.ip(&["-n", &namespace, "link", "set", &far, "up"])?;
        self.ip(&["-n", &namespace, "link", "set", "lo", "up"])?;
        Ok(Place { address, namespace: Some((self.ip.clone(), namespace)) })
    }

    fn ip(&self, arguments: &[&str]) -> Result<(), Failure> {
        run(Command::new(&self.ip).args(arguments), &format!("ip {}", arguments.join(" ")))
    }

    fn nft(&self, rules: &str) -> Result<(), Failure> {
        rules.lines().try_for_each(|rule| run(Command::new(&self.nft).arg(rule), &format!("nft {rule}")))
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        // What is left stays behind, where somebody can see it.
        let _ = self.nft(&format!("delete table bridge {}", self.name));
        for namespace in &self.namespaces {
            let _ = self.ip(&["netns", "delete", namespace]);
        }
        let _ = self.ip(&["link", "delete", &self.name]);
    }
}

fn run(command: &mut Command, doing: &str) -> Result<(), Failure> {
    let done = command.output().map_err(Failure::system(doing))?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
    Err(Failure::system(doing)(std::io::Error::other(said)))
}
