//! What processes took while a load was counted: processor time, and messages and bytes through NATS.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Sender, channel};

use serde_json::Value;
use vws_cluster::Cluster;
use vws_load::{Edge, Outcome, Taken};

/// One run.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) outcome: Outcome,
    /// Answers of 503 among what was counted.
    pub(super) busy: u64,
    pub(super) spent: Spent,
}

/// What was taken meanwhile.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    /// Seconds of processor time of all nodes.
    pub(super) nodes: f64,
    /// The same of all NATS servers.
    pub(super) nats: f64,
    /// Bytes of messages into and out of NATS servers, those between them included.
    pub(super) bytes: f64,
    /// Messages, counted alike.
    pub(super) messages: f64,
}

impl Run {
    /// What was asked for and done.
    pub(super) fn done(&self) -> f64 {
        (self.outcome.count - self.busy.min(self.outcome.count)) as f64
    }

    pub(super) fn rate(&self) -> f64 {
        self.done() / self.outcome.seconds
    }

    /// So much for each that was done.
    pub(super) fn each(&self, of: impl Fn(&Spent) -> f64) -> f64 {
        of(&self.spent) / self.done()
    }
}

/// The processes that are looked at.
pub(super) struct Meter {
    nodes: Vec<u32>,
    nats: Vec<(u32, SocketAddr)>,
}

impl Meter {
    pub(super) fn of(cluster: &Cluster) -> Self {
        Self {
            nodes: cluster.nodes().iter().map(vws_cluster::Node::process).filter(|&id| id != 0).collect(),
            nats: cluster.servers().iter().map(|server| (server.process(), server.monitor())).collect(),
        }
    }

    /// Runs a load that tells the ends of what it counts, and tells what was taken between them.
    pub(super) fn during(
        &self,
        load: impl FnOnce(Sender<Edge>) -> Result<(Outcome, u64), String>,
    ) -> Result<Run, String> {
        let (edges, told) = channel();
        std::thread::scope(|scope| {
            let looks = scope.spawn(move || {
                let read: Result<Vec<Reading>, String> = told.iter().take(2).map(|_| self.read()).collect();
                read
            });
            let (outcome, busy) = load(edges)?;
            match looks.join() {
                Ok(read) => match read?.as_slice() {
                    [begin, end] => Ok(Run { outcome, busy, spent: end.since(begin) }),
                    _ => Err("a load told no ends of what it counted".to_owned()),
                },
                Err(_) => Err("who looks at the processes ended".to_owned()),
            }
        })
    }

    fn read(&self) -> Result<Reading, String> {
        let taken = |process: u32| Taken::by(process).ok_or(format!("process {process} has ended"));
        let told: Vec<[f64; 2]> =
            self.nats.iter().map(|(_, monitor)| traffic(*monitor)).collect::<Result<_, _>>()?;
        Ok(Reading {
            nodes: self.nodes.iter().map(|&process| taken(process)).collect::<Result<_, _>>()?,
            nats: self.nats.iter().map(|&(process, _)| taken(process)).collect::<Result<_, _>>()?,
            messages: told.iter().map(|[messages, _]| messages).sum(),
            bytes: told.iter().map(|[_, bytes]| bytes).sum(),
        })
    }
}

struct Reading {
    nodes: Vec<Taken>,
    nats: Vec<Taken>,
    messages: f64,
    bytes: f64,
}

impl Reading {
    fn since(&self, then: &Self) -> Spent {
        let seconds = |now: &[Taken], then: &[Taken]| {
            now.iter().zip(then).map(|(now, then)| now.since(*then)).sum::<f64>()
        };
        Spent {
            nodes: seconds(&self.nodes, &then.nodes),
            nats: seconds(&self.nats, &then.nats),
            bytes: self.bytes - then.bytes,
            messages: self.messages - then.messages,
        }
    }
}

/// Messages and bytes, in and out, of a NATS server since its start.
fn traffic(monitor: SocketAddr) -> Result<[f64; 2], String> {
    let asked = || {
        let mut stream = TcpStream::connect(monitor)?;
        stream.write_all(b"GET /varz HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = asked().map_err(|error| format!("{monitor}/varz: {error}"))?;
    read_traffic(&answer).ok_or_else(|| format!("{monitor}/varz tells no traffic"))
}

fn read_traffic(answer: &str) -> Option<[f64; 2]> {
    let value: Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
    let both = |of: &str| Some(value[format!("in_{of}")].as_f64()? + value[format!("out_{of}")].as_f64()?);
    Some([both("msgs")?, both("bytes")?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traffic_is_what_comes_in_and_what_goes_out() {
        let answer = "HTTP/1.0 200 OK\r\n\r\n{\"in_msgs\":1,\"out_msgs\":2,\"in_bytes\":30,\"out_bytes\":40}";
        assert_eq!(read_traffic(answer), Some([3.0, 70.0]));
        assert_eq!(read_traffic("HTTP/1.0 200 OK\r\n\r\n{\"in_msgs\":1}"), None);
    }

    #[test]
    fn what_was_refused_is_not_done() {
        let outcome = Outcome {
            seconds: 2.0,
            count: 12,
            bytes: 0,
            latency: None,
            server_seconds: None,
            load_seconds: None,
        };
        let run = Run { outcome, busy: 2, spent: Spent { nodes: 5.0, ..Spent::default() } };
        assert_eq!(
            (run.rate().to_bits(), run.each(|spent| spent.nodes).to_bits()),
            (5.0_f64.to_bits(), 0.5_f64.to_bits())
        );
    }
}
