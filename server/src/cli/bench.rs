//! `vws bench`.

use std::io;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::json;
use vws_load::http::write_request;
use vws_load::{Crowd, LoadError, Outcome, Stop, Target, Terms, Vws, echo, fanout, requests};

use super::failure::{Done, Failure};
use super::print::Table;
use super::remote::Url;
use super::{Common, EXIT_CODES, print};

/// Objects of a session that is loaded.
const OBJECTS: usize = 100;
/// Before anything is counted.
const WARM_UP: Duration = Duration::from_millis(500);

/// Load a server, and tell how much it does and how long that takes.
///
/// Sessions are made for it and deleted after it. Without flags it is a load that a server takes in its stride; with
/// --rate max as much as goes. Only load a server that is yours.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Bench {
    /// Where the server is; wins over --url.
    #[arg(value_name = "URL")]
    server: Option<Url>,
    /// What is measured: fan-out of events to subscribers, echo from a command to its own event, changes and reads
    /// over HTTP. All of them unless told.
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    only: Vec<What>,
    /// Subscribers of the fan-out, and connections of the others.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    connections: u32,
    /// Events a second of the fan-out; for the others, of each connection. max for as many as go: a server ends
    /// WebSockets that are faster than its --command-rate.
    #[arg(long, value_name = "N|max", default_value = "50")]
    rate: Rate,
    /// Commands under way on each connection of the echo.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    in_flight: u32,
    /// How long each is measured.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=300))]
    seconds: u32,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// One says, all are told.
    Fanout,
    /// From a command to its own event.
    Echo,
    /// Changes of objects over HTTP.
    Patch,
    /// Reads of objects over HTTP.
    Get,
}

impl What {
    const ALL: [Self; 4] = [Self::Fanout, Self::Echo, Self::Patch, Self::Get];

    /// What is done, and what is counted.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Fanout => ("fanout", "deliveries"),
            Self::Echo => ("echo", "commands"),
            Self::Patch => ("patch", "requests"),
            Self::Get => ("get", "requests"),
        }
    }
}

/// How much is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rate {
    Steady(f64),
    Max,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let rate = text.parse::<f64>().ok().filter(|rate| *rate >= 0.1 && *rate <= 10_000.0);
        rate.map(Self::Steady).ok_or_else(|| "expected a number from 0.1 to 10000, or max".to_owned())
    }
}

impl Rate {
    const fn steady(self) -> Option<f64> {
        match self {
            Self::Steady(rate) => Some(rate),
            Self::Max => None,
        }
    }
}

impl Bench {
    pub(crate) async fn run(self) -> Done {
        let url = self.server.clone().unwrap_or_else(|| self.common.url.clone());
        if url.is_secured() {
            let why = "a load is made over plain HTTP, so that what is measured is the server: give an http:// address";
            return Err(Failure::Usage(format!("{url}: {why}")));
        }
        let target: Target = url.to_string().parse().map_err(Failure::Usage)?;
        let target = target.with_token(self.common.token()?);
        if !target.is_loopback() {
            print::note(&format!("{target} is not this machine: load it only if it is yours"));
        }
        let wanted = if self.only.is_empty() { What::ALL.to_vec() } else { self.only.clone() };
        let stopped = vws_server::serve::stop_signal();
        let stopped = stopped.map_err(|error: io::Error| Failure::Failed(error.to_string()))?;
        let mut stopped = std::pin::pin!(stopped);
        let mut table =
            Table::new(&["WHAT", "COUNTED", "A SECOND", "P50 MS", "P99 MS", "LONGEST MS", "MB/S"]);
        for what in wanted {
            let stop = Stop::default();
            let terms = Terms {
                warm_up: WARM_UP,
                span: Duration::from_secs(self.seconds.into()),
                stop: stop.clone(),
                ..Terms::default()
            };
            let load =
                Load { what, target: target.clone(), count: self.connections as usize, rate: self.rate };
            let in_flight = self.in_flight as usize;
            // Threads of its own, which the signal has to wait for: what it made is deleted at its end.
            let mut loading = tokio::task::spawn_blocking(move || load.go(in_flight, &terms));
            let done = tokio::select! {
                done = &mut loading => done,
                () = &mut stopped => {
                    stop.now();
                    loading.await
                }
            };
            let outcome = done.map_err(|error| Failure::Failed(error.to_string()))?.map_err(failure)?;
            self.tell(what, &outcome, &mut table)?;
        }
        table.print()
    }

    /// A line of JSON at once, or a row of the table.
    fn tell(&self, what: What, outcome: &Outcome, table: &mut Table) -> Done {
        let (name, counted) = what.words();
        if self.common.form.json {
            return print::json(&json!({
                "what": name,
                "connections": self.connections,
                "rate": self.rate.steady(),
                "seconds": outcome.seconds,
                "counted": counted,
                "count": outcome.count,
                "per_second": outcome.rate(),
                "bytes": outcome.bytes,
                "latency_us": outcome.latency,
            }));
        }
        let time = |of: fn(&vws_load::Latency) -> f64| {
            outcome.latency.as_ref().map_or_else(|| "-".to_owned(), |told| format!("{:.2}", of(told) / 1e3))
        };
        table.row([
            name.to_owned(),
            counted.to_owned(),
            format!("{:.0}", outcome.rate()),
            time(|told| told.p50),
            time(|told| told.p99),
            time(|told| told.max),
            format!("{:.1}", outcome.bytes as f64 / outcome.seconds / 1e6),
        ]);
        Ok(())
    }
}

fn failure(error: LoadError) -> Failure {
    match error {
        LoadError::Unreachable(words) => Failure::Unreachable(words),
        LoadError::Refused(words) => Failure::Failed(words),
        LoadError::Stopped => Failure::Failed("stopped; what was made is deleted".to_owned()),
    }
}

/// One thing that is measured.
struct Load {
    what: What,
    target: Target,
    count: usize,
    rate: Rate,
}

impl Load {
    fn go(&self, in_flight: usize, terms: &Terms) -> Result<Outcome, LoadError> {
        let rate = self.rate.steady();
        match self.what {
            What::Fanout => {
                let vws = Vws::prepare(&self.target, 1, OBJECTS)?;
                let crowd = Crowd { rooms: 1, subscribers: self.count };
                match rate {
                    Some(rate) => fanout::steady(&vws, crowd, rate, terms),
                    None => fanout::saturate(&vws, crowd, terms),
                }
            }
            What::Echo => {
                let vws = Vws::prepare(&self.target, self.count, 1)?.one_by_one();
                echo(&vws, self.count, in_flight, rate, terms)
            }
            What::Patch | What::Get => {
                let vws = Vws::prepare(&self.target, 1, OBJECTS)?;
                let path = format!("/api/sessions/{}/objects/o", vws.sessions()[0]);
                let write = |out: &mut Vec<u8>, connection: usize, n: u64| {
                    let turn = n as usize * self.count + connection;
                    let under = format!("{path}{:05}", turn % OBJECTS);
                    if self.what == What::Get {
                        return write_request(out, vws.target(), "GET", &under, None);
                    }
                    let body = format!(r#"{{"y":{:.2}}}"#, (turn / OBJECTS % 200) as f64 / 10.0 - 9.95);
                    write_request(out, vws.target(), "PATCH", &under, Some(&body));
                };
                requests(vws.target(), self.count, rate, &write, terms)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cli15_rates_are_bounded() {
        assert_eq!("max".parse(), Ok(Rate::Max));
        assert_eq!("0.1".parse(), Ok(Rate::Steady(0.1)));
        assert_eq!("10000".parse(), Ok(Rate::Steady(10_000.0)));
        for text in ["", "0", "0.09", "10000.1", "-1", "NaN", "inf", "fast"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
