//! `cargo xtask cluster`: a cluster for a person to try.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it talks to a person")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;

use clap::Parser;
use vws_cluster::{Balancer, Cluster, Failure, Network, Plan};

/// Starts NATS servers, nodes over them and a balancer, on loopback, until Ctrl-C.
#[derive(Debug, Parser)]
struct Arguments {
    /// The server's program.
    #[arg(long, env = "VWS_BIN", value_name = "FILE")]
    vws: PathBuf,
    /// The program of a NATS server; the path's where none is named.
    #[arg(long, env = "VWS_NATS_SERVER", value_name = "FILE")]
    nats_server: Option<PathBuf>,
    /// NATS servers.
    #[arg(long, value_name = "1|3", default_value_t = 3, value_parser = one_or_three)]
    servers: usize,
    /// Nodes.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=16))]
    nodes: u8,
    /// The port of the balancer.
    #[arg(long, value_name = "PORT", default_value_t = 7300)]
    port: u16,
    /// Takes words on standard input in place of a balancer: `kill`, `end` or `start` and a name, or `well`, which waits until
    /// all is; each is answered with a line. Ends with its input.
    #[arg(long)]
    driven: bool,
    /// More flags of each node.
    #[arg(last = true, value_name = "FLAGS")]
    flags: Vec<String>,
}

fn one_or_three(value: &str) -> Result<usize, String> {
    match value {
        "1" => Ok(1),
        "3" => Ok(3),
        _ => Err("one server, or a cluster of 3".to_owned()),
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { vws, nats_server, servers, nodes, port, driven, flags } = arguments;
    let plan = Plan { vws, nats: nats_server, servers, nodes: nodes.into(), flags };
    if driven {
        return drive(Cluster::start(&plan, Network::Loopback)?);
    }
    let (over, ends) = mpsc::channel();
    let told = ctrlc::set_handler(move || {
        // Asked twice while it ends: once is enough.
        let _ = over.send(());
    });
    told.map_err(|error| Failure::System {
        doing: "wait for Ctrl-C".into(),
        error: std::io::Error::other(error),
    })?;
    let cluster = Cluster::start(&plan, Network::Loopback)?;
    let balancer = Balancer::start(cluster.nodes(), cluster.folder(), Some(port))?;
    println!("the page, by whichever node: http://{}", balancer.address());
    for node in cluster.nodes() {
        println!("  {}: http://{}  process {}", node.name(), node.address(), node.process());
    }
    for server in cluster.servers() {
        println!("  {}: {}  process {}", server.name(), server.url(), server.process());
    }
    println!(
        "kill any of them (kill -9 PROCESS) and go on; Ctrl-C ends all. Logs: {}",
        cluster.folder().display()
    );
    // The handler stays for as long as this waits.
    let _ = ends.recv();
    Ok(())
}

/// Does what another program says.
fn drive(mut cluster: Cluster) -> Result<(), Failure> {
    for node in cluster.nodes() {
        println!("{} http://{}", node.name(), node.address());
    }
    println!("ready");
    for line in std::io::stdin().lines() {
        let line =
            line.map_err(|error| Failure::System { doing: "read what is to be done".into(), error })?;
        match told(&mut cluster, &line) {
            Ok(()) => println!("done"),
            Err(why) => println!("error: {why}"),
        }
    }
    Ok(())
}

fn told(cluster: &mut Cluster, line: &str) -> Result<(), String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let known = |name: &str| cluster.named(name).ok_or_else(|| format!("nobody is called {name}"));
    match words[..] {
        ["kill", name] => {
            let member = known(name)?;
            cluster.kill(member);
        }
        ["end", name] => {
            let member = known(name)?;
            cluster.end(member);
        }
        ["start", name] => {
            let member = known(name)?;
            cluster.begin(member).map_err(|error| error.to_string())?;
        }
        ["well"] => cluster.await_well().map_err(|error| error.to_string())?,
        _ => return Err(format!("what is {line:?}?")),
    }
    Ok(())
}
