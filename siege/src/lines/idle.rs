//! Connections that say nothing but that they live.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use vws_load::frame::{self, CLOSE, PING, PONG, Scanner, TEXT, Visitor};
use vws_load::http::Http;
use vws_load::{Joined, Vws};

use super::Form;
use crate::machine;
use crate::open;
use crate::server::Server;
use crate::verdict::{Verdict, count};

/// Connections that are there before memory is looked at, so that what the first ones cost once is not counted.
const WARM: usize = 200;
/// Who opens connections at once.
const OPENERS: usize = 8;
/// Memory of the server for each.
const EACH: f64 = 16.0 * 1024.0;
/// Until one event has reached all of them, in milliseconds: alone on the machine, and beside others.
const REACHES: (f64, f64) = (1_000.0, 5_000.0);
/// How long an event is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) const fn connections(form: &Form) -> usize {
    form.of(10_000, 2_000)
}

/// How long they stay.
pub(super) fn minutes(form: &Form) -> f64 {
    form.minutes.unwrap_or(form.of(10.0, 1.0 / 3.0))
}

pub(super) fn prove(form: &Form) -> Result<Verdict, String> {
    let wanted = connections(form);
    machine::check_connections(wanted)?;
    // All of one session, which has room for 10,000: those that come first make room for memory to be looked at.
    let server = Server::start(&[])?;
    let vws = Vws::prepare(&server.target(), 1, 1).map_err(|error| error.to_string())?;
    let mut crowd = Crowd::new()?;
    let left = server.left()?;
    crowd.join(&server, &vws, WARM)?;
    crowd.rest(Duration::from_secs(2))?;
    let before = server.resident()?;
    let begun = Instant::now();
    crowd.join(&server, &vws, wanted - WARM)?;
    eprintln!("  {} connections after {:.1} s", count(wanted as u64), begun.elapsed().as_secs_f64());
    crowd.rest(Duration::from_secs_f64(minutes(form) * 60.0))?;
    let each = (server.resident()? - before) / (wanted - WARM) as f64;
    let mut verdict = Verdict::default();
    verdict.exactly("dropped", crowd.dropped, 0);
    verdict.bytes("memory for each", each, EACH);
    let reached = crowd.reach(&server, &vws)?;
    verdict.exactly("reached by one event", crowd.told, wanted as u64);
    verdict.millis("all of them after", reached.as_secs_f64() * 1e3, form.of(REACHES.0, REACHES.1));
    drop(crowd);
    server.settle(&left)?.compare(&left, &mut verdict);
    server.is_up(&mut verdict);
    Ok(verdict)
}

/// Connections that are polled.
struct Crowd {
    poll: Poll,
    all: Vec<Idle>,
    buffer: Vec<u8>,
    dropped: u64,
    /// Events that were heard in all.
    told: u64,
}

struct Idle {
    stream: TcpStream,
    scanner: Scanner,
    is_open: bool,
}

/// What a piece of a connection had.
#[derive(Default)]
struct Heard {
    pings: u64,
    events: u64,
    closed: bool,
}

impl Visitor for Heard {
    fn frame(&mut self, opcode: u8, _: u64, start: &[u8]) -> bool {
        match opcode {
            PING => self.pings += 1,
            CLOSE => self.closed = true,
            TEXT if start.starts_with(br#"{"type":"event""#) => self.events += 1,
            _ => {}
        }
        false
    }

    fn part(&mut self, _: &[u8]) {}
}

impl Crowd {
    fn new() -> Result<Self, String> {
        let poll = Poll::new().map_err(|error| error.to_string())?;
        Ok(Self { poll, all: Vec::new(), buffer: vec![0; 64 * 1024], dropped: 0, told: 0 })
    }

    /// Lets so many more join, while those that are there go on to take what they are told.
    fn join(&mut self, server: &Server, vws: &Vws, more: usize) -> Result<(), String> {
        let first = self.all.len();
        let (arrive, arrived) = std::sync::mpsc::sync_channel(64);
        std::thread::scope(|scope| {
            for opener in 0..OPENERS {
                let arrive = arrive.clone();
                scope.spawn(move || {
                    for n in (opener..more).step_by(OPENERS) {
                        let joined = join(server, vws, first + n);
                        if joined.is_err() | arrive.send(joined).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(arrive);
            // Here, so that who still opens is not waited for once one of them has failed.
            let arrived = arrived;
            loop {
                match arrived.recv_timeout(Duration::from_millis(5)) {
                    Ok(joined) => self.add(joined?)?,
                    Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
                    Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return Ok(()),
                }
                self.hear(Duration::ZERO)?;
            }
        })
    }

    fn add(&mut self, joined: Joined) -> Result<(), String> {
        let (stream, ahead) = joined.socket.into_parts();
        stream.set_nonblocking(true).map_err(|error| error.to_string())?;
        let mut stream = TcpStream::from_std(stream);
        let token = Token(self.all.len());
        let registered = self.poll.registry().register(&mut stream, token, Interest::READABLE);
        registered.map_err(|error| error.to_string())?;
        let mut idle = Idle { stream, scanner: Scanner::default(), is_open: true };
        idle.take(&ahead, &mut self.told);
        self.all.push(idle);
        Ok(())
    }

    /// Takes what there is, and answers pings.
    fn hear(&mut self, most: Duration) -> Result<(), String> {
        let mut events = Events::with_capacity(1_024);
        match self.poll.poll(&mut events, Some(most)) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.to_string()),
            _ => {}
        }
        for event in &events {
            let idle = &mut self.all[event.token().0];
            if idle.is_open && !idle.hear(&mut self.buffer, &mut self.told) {
                idle.is_open = false;
                self.dropped += 1;
            }
        }
        Ok(())
    }

    fn rest(&mut self, span: Duration) -> Result<(), String> {
        let begun = Instant::now();
        while begun.elapsed() < span {
            self.hear(Duration::from_millis(50))?;
        }
        Ok(())
    }

    /// Changes something, and waits until everybody has heard of it.
    fn reach(&mut self, server: &Server, vws: &Vws) -> Result<Duration, String> {
        let mut http = Http::connect(&server.target()).map_err(|error| error.to_string())?;
        let path = format!("/api/sessions/{}/objects/o00000", vws.sessions()[0]);
        self.told = 0;
        let begun = Instant::now();
        // Asked for beside, so that the first of them is heard as soon as it is told.
        let changed = std::thread::spawn(move || http.json("PATCH", &path, Some(r#"{"x":3.25}"#)).map(drop));
        while self.told < self.all.len() as u64 && begun.elapsed() < PATIENCE {
            self.hear(Duration::from_millis(1))?;
        }
        let took = begun.elapsed();
        let changed = changed.join().map_err(|_| "who changes something ended".to_owned())?;
        changed.map_err(|error| error.to_string())?;
        Ok(took)
    }
}

fn join(server: &Server, vws: &Vws, n: usize) -> Result<Joined, String> {
    let stream = open::connect(open::address(n), server.port(), None).map_err(|error| error.to_string())?;
    Joined::on(stream, &server.target(), &vws.sessions()[0], None).map_err(|error| error.to_string())
}

impl Idle {
    /// Reads what there is; answers whether the connection goes on.
    fn hear(&mut self, buffer: &mut [u8], told: &mut u64) -> bool {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return false,
                Ok(read) => {
                    if !self.take(&buffer[..read], told) {
                        return false;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
    }

    fn take(&mut self, bytes: &[u8], told: &mut u64) -> bool {
        let mut heard = Heard::default();
        self.scanner.scan(bytes, &mut heard);
        *told += heard.events;
        let mut pong = Vec::new();
        (0..heard.pings).for_each(|_| frame::write(&mut pong, PONG, &[]));
        // A few bytes; where the kernel has no room for them, the next ping is answered.
        let answered = pong.is_empty() || self.stream.write(&pong).is_ok();
        answered && !heard.closed
    }
}
