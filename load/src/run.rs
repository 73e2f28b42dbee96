//! What all loads share: how long they last, the process that serves, and connections that are polled.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Interest, Poll, Token};
use serde::{Deserialize, Serialize};

use crate::dialect::{Counter, Heard, Opened};
use crate::error::{Done, LoadError};
use crate::histogram::{Histogram, Latency};

/// Bytes that are read at once.
const READ: usize = 256 << 10;
/// Nothing heard for so long means that nothing will be.
const SILENT: Duration = Duration::from_secs(10);
/// How often connections show that they live.
const ALIVE: Duration = Duration::from_secs(10);
/// Hundredths of a second: what Linux counts a process's time in, on every machine that it runs on today.
const TICKS: f64 = 100.0;

/// How long a load lasts, and whom it is about.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Before anything is counted.
    pub warm_up: Duration,
    /// What is counted.
    pub span: Duration,
    /// The process that serves, where it is on this machine: its time is taken too.
    pub server: Option<u32>,
    /// Who is told when counting begins and when it is over, to take figures of its own over the same time.
    pub edges: Option<Sender<Edge>>,
    /// Ends the load early, without a result.
    pub stop: Stop,
}

/// An end of the time that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Counting begins.
    Begins,
    /// It is over.
    Over,
}

/// Tells a load to stop.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Every load that has this one ends soon.
    pub fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn check(&self) -> Done {
        if self.0.load(Ordering::Relaxed) { Err(LoadError::Stopped) } else { Ok(()) }
    }
}

/// What a load came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// How long was counted.
    pub seconds: f64,
    /// What was counted: deliveries, commands, answers, joins.
    pub count: u64,
    /// Bytes that came in meanwhile.
    pub bytes: u64,
    /// How long each took, where that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// Seconds of processor time that the server took meanwhile, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_seconds: Option<f64>,
    /// Seconds of processor time that the process that loads took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_seconds: Option<f64>,
}

impl Outcome {
    /// How many a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.count as f64 / self.seconds
    }

    /// The share of one core that the load took. Near to 1 it was of the load that was measured, not of the server.
    #[must_use]
    pub fn load_share(&self) -> Option<f64> {
        self.load_seconds.map(|taken| taken / self.seconds)
    }

    /// The share of one core that the server took.
    #[must_use]
    pub fn server_share(&self) -> Option<f64> {
        self.server_seconds.map(|taken| taken / self.seconds)
    }

    /// Microseconds of the server's time for each that was counted.
    #[must_use]
    pub fn server_micros_each(&self) -> Option<f64> {
        self.server_seconds.map(|taken| taken * 1e6 / self.count as f64)
    }
}

/// The processor time that a process has taken.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// In hundredths of a second, threads that have ended included.
    ticked: f64,
    /// To the nanosecond, of the threads that are there.
    precise: Option<f64>,
}

impl Taken {
    /// Nothing where the process is not there.
    #[must_use]
    pub fn by(process: u32) -> Option<Self> {
        Some(Self { ticked: ticked_seconds(process)?, precise: precise_seconds(process) })
    }

    /// Seconds since then. Where a thread has ended meanwhile, what is precise has lost its time.
    #[must_use]
    pub fn since(self, then: Self) -> f64 {
        let at_least = (self.ticked - then.ticked - 2.0 / TICKS).max(0.0);
        let precise = self.precise.zip(then.precise).map(|(now, then)| now - then);
        precise.map_or(self.ticked - then.ticked, |precise| precise.max(at_least))
    }
}

/// To the nanosecond, where the kernel keeps that: that of each of its threads.
fn precise_seconds(process: u32) -> Option<f64> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let of_thread = |thread: fs::DirEntry| {
        let told = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        told.split_whitespace().next()?.parse::<u64>().ok()
    };
    let nanos: Option<u64> = threads.map(|thread| of_thread(thread.ok()?)).sum();
    nanos.filter(|&nanos| nanos > 0).map(|nanos| nanos as f64 / 1e9)
}

/// In hundredths of a second.
fn ticked_seconds(process: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name may hold anything, a parenthesis too.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS)
}

/// When a window opened, and the processor time that had been taken by then.
#[derive(Debug, Clone, Copy)]
struct Begun {
    at: Instant,
    server: Option<Taken>,
    load: Option<Taken>,
}

/// Counts between two moments.
#[derive(Debug)]
pub(crate) struct Window {
    from: Instant,
    span: Duration,
    begun: Option<Begun>,
    server: Option<u32>,
    edges: Option<Sender<Edge>>,
    count: u64,
    bytes: u64,
    pub(crate) latency: Histogram,
}

impl Window {
    pub(crate) fn new(terms: &Terms) -> Self {
        Self {
            from: Instant::now() + terms.warm_up,
            span: terms.span,
            begun: None,
            server: terms.server,
            edges: terms.edges.clone(),
            count: 0,
            bytes: 0,
            latency: Histogram::default(),
        }
    }

    /// Whether time is up. Opens the window when it is time for that.
    pub(crate) fn is_over(&mut self, now: Instant) -> bool {
        if self.begun.is_none() && now >= self.from {
            let (server, load) = (self.server.and_then(Taken::by), Taken::by(std::process::id()));
            self.begun = Some(Begun { at: now, server, load });
            self.tell(Edge::Begins);
            (self.count, self.bytes, self.latency) = (0, 0, Histogram::default());
        }
        // Of one that opened late the whole span is counted, too.
        self.begun.is_some_and(|begun| now >= begun.at + self.span)
    }

    pub(crate) const fn is_open(&self) -> bool {
        self.begun.is_some()
    }

    pub(crate) fn add(&mut self, count: u64, bytes: u64) {
        self.count += count;
        self.bytes += bytes;
    }

    /// Who listens no longer does not want to know.
    fn tell(&self, edge: Edge) {
        if let Some(edges) = &self.edges {
            let _ = edges.send(edge);
        }
    }

    pub(crate) fn outcome(&self) -> Outcome {
        self.tell(Edge::Over);
        let begun = self.begun.unwrap_or(Begun { at: self.from, server: None, load: None });
        let since = |process: u32, then: Option<Taken>| Some(Taken::by(process)?.since(then?));
        Outcome {
            seconds: begun.at.elapsed().as_secs_f64(),
            count: self.count,
            bytes: self.bytes,
            latency: (self.latency.total() > 0).then(|| self.latency.summary()),
            server_seconds: self.server.and_then(|process| since(process, begun.server)),
            load_seconds: since(std::process::id(), begun.load),
        }
    }
}

/// A connection that is polled.
pub(crate) struct Link {
    pub(crate) stream: TcpStream,
    counter: Box<dyn Counter + Send>,
    /// What is to be written and was not taken yet.
    out: Vec<u8>,
    written: usize,
}

impl Link {
    /// Takes a connection over; what was heard ahead is counted by the first look.
    pub(crate) fn new(opened: Opened, poll: &Poll, token: usize) -> Done<(Self, Heard)> {
        let Opened { stream, ahead, mut counter } = opened;
        let broke = |error: std::io::Error| LoadError::broke("a connection cannot be polled", error);
        stream.set_nonblocking(true).map_err(broke)?;
        let mut stream = TcpStream::from_std(stream);
        poll.registry()
            .register(&mut stream, Token(token), Interest::READABLE | Interest::WRITABLE)
            .map_err(broke)?;
        let heard = counter.count(&ahead);
        Ok((Self { stream, counter, out: Vec::new(), written: 0 }, heard))
    }

    /// Reads what is there; returns how many events began in it, and its bytes.
    pub(crate) fn listen(&mut self, buffer: &mut [u8]) -> Done<(u64, u64)> {
        let (mut events, mut bytes) = (0, 0);
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Err(LoadError::broke("a connection broke", "the server ended it")),
                Ok(read) => {
                    let heard = self.counter.count(&buffer[..read]);
                    if let Some(fault) = heard.fault {
                        return Err(LoadError::Refused(fault));
                    }
                    events += heard.events;
                    bytes += read as u64;
                    // A read that fills less than there is room for has taken all.
                    if read < buffer.len() {
                        return Ok((events, bytes));
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok((events, bytes)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(LoadError::broke("a connection broke", error)),
            }
        }
    }

    /// What is to be written next: append, then [`flush`](Self::flush).
    pub(crate) fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Bytes that wait to be taken.
    pub(crate) fn waiting(&self) -> usize {
        self.out.len() - self.written
    }

    /// Writes as much as is taken.
    pub(crate) fn flush(&mut self) -> Done {
        while self.written < self.out.len() {
            match self.stream.write(&self.out[self.written..]) {
                Ok(taken) => self.written += taken,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(LoadError::broke("a connection broke", error)),
            }
        }
        self.out.clear();
        self.written = 0;
        Ok(())
    }
}

pub(crate) fn buffer() -> Vec<u8> {
    vec![0; READ]
}

/// Waits for the next thing to do, at most so long.
pub(crate) fn wait(poll: &mut Poll, events: &mut mio::Events, most: Duration) -> Done {
    match poll.poll(events, Some(most)) {
        Err(error) if error.kind() != ErrorKind::Interrupted => Err(LoadError::broke("cannot poll", error)),
        _ => Ok(()),
    }
}

/// Holds a connection to a rate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    begun: Instant,
    rate: Option<f64>,
}

impl Pace {
    pub(crate) fn new(rate: Option<f64>) -> Self {
        Self { begun: Instant::now(), rate }
    }

    /// Whether one more may be said after so many.
    pub(crate) fn allows(&self, said: u64) -> bool {
        self.rate.is_none_or(|rate| self.begun.elapsed().as_secs_f64() * rate >= said as f64)
    }

    /// How long may be waited before it is looked at again.
    pub(crate) const fn look(rate: Option<f64>) -> Duration {
        Duration::from_millis(if rate.is_some() { 1 } else { 20 })
    }
}

/// Ends a load in which nothing happens any more, and keeps its connections alive.
#[derive(Debug)]
pub(crate) struct Watchdog {
    heard: Instant,
    shown: Instant,
}

impl Watchdog {
    pub(crate) fn new() -> Self {
        Self { heard: Instant::now(), shown: Instant::now() }
    }

    pub(crate) const fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// # Errors
    /// When nothing was heard for too long.
    pub(crate) fn check(&self, now: Instant) -> Done {
        if now.duration_since(self.heard) > SILENT {
            return Err(LoadError::Unreachable(format!("nothing came for {} s", SILENT.as_secs())));
        }
        Ok(())
    }

    /// Whether a sign of life is due.
    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        let due = now.duration_since(self.shown) > ALIVE;
        if due {
            self.shown = now;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_of_a_process_that_is_there_is_known() {
        assert!(Taken::by(std::process::id()).is_some_and(|taken| taken.ticked >= 0.0));
        assert!(Taken::by(u32::MAX).is_none());
        let taken = |ticked, precise| Taken { ticked, precise };
        let differ = |now: Taken, then: Taken, wanted: f64| assert!((now.since(then) - wanted).abs() < 1e-9);
        differ(taken(1.5, Some(1.503)), taken(1.0, Some(1.001)), 0.502);
        differ(taken(1.5, None), taken(1.0, None), 0.5);
        // A thread that had taken 0.9 s has ended.
        differ(taken(1.5, Some(0.6)), taken(1.0, Some(1.0)), 0.48);
        differ(taken(1.0, Some(0.1)), taken(1.0, Some(1.0)), 0.0);
    }

    #[test]
    fn a_window_counts_what_comes_while_it_is_open() {
        let (edges, told) = std::sync::mpsc::channel();
        let (warm_up, span) = (Duration::from_secs(5), Duration::from_secs(3));
        let mut window = Window::new(&Terms { warm_up, span, edges: Some(edges), ..Terms::default() });
        let begin = window.from;
        assert!(!window.is_over(begin - Duration::from_secs(1)) && !window.is_open());
        window.add(10, 100);
        assert!(!window.is_over(begin));
        window.add(7, 70);
        assert!(window.is_over(begin + Duration::from_secs(3)));
        let outcome = window.outcome();
        assert_eq!((outcome.count, outcome.bytes, outcome.latency), (7, 70, None));
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [Edge::Begins, Edge::Over]);
    }
}
