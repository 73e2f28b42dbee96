//! As much as goes of one thing.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use vws_load::frame::{self, CLOSE, PING, Scanner, TEXT, Visitor};
use vws_load::{Joined, Target, Terms, Vws, joins};

use super::Form;
use crate::open;
use crate::server::Server;
use crate::verdict::{Verdict, count, size};
use crate::witness;

/// Who floods at once.
const FLOODERS: usize = 4;
/// Bytes of frames that are written at once.
const PIECE: usize = 64 * 1024;
/// Messages of one flooder, at most: far over what a burst and the rate let through while they are written.
const ENOUGH: u64 = 50_000;
/// The close code of who says more than its rate.
const RATE_LIMITED: u16 = 4029;
/// What a server may keep of a flood: what its allocator has not given back, and no more with each second of it.
const KEPT: f64 = 8.0 * 1024.0 * 1024.0;
/// The first of a flood, whose memory is not counted.
const FIRST: Duration = Duration::from_secs(2);
/// How long memory may take to be given back.
const RESTS: Duration = Duration::from_secs(15);

/// Where a flood takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Where {
    /// In the sessions of those who look on.
    Among,
    /// In other ones, so that who looks on takes none of its events for their own.
    Apart,
}

/// What a flood is about.
struct Scene<'a> {
    server: &'a Server,
    others: &'a Vws,
    apart: &'a Vws,
    until: Instant,
}

/// Commands over the rate of a connection.
pub(super) fn commands(form: &Form) -> Result<Verdict, String> {
    over_the_rate(form, Where::Apart, |out, n, first| {
        // Each changes something, the first of a connection too.
        let x = ((n + first) % 4_000) as f64 / 200.0 - 9.95;
        let command = format!(
            r#"{{"type":"command","id":{},"command":{{"type":"update_object","name":"o00000","patch":{{"x":{x}}}}}}}"#,
            n + 1
        );
        frame::write(out, TEXT, command.as_bytes());
    })
}

/// Presence over it.
pub(super) fn presence(form: &Form) -> Result<Verdict, String> {
    over_the_rate(form, Where::Among, |out, n, _| {
        let x = n % 100;
        let presence =
            format!(r#"{{"type":"presence","pointer":{{"x":{x},"y":0,"z":0}},"selection":["o00000"]}}"#);
        frame::write(out, TEXT, presence.as_bytes());
    })
}

/// Pings over it.
pub(super) fn pings(form: &Form) -> Result<Verdict, String> {
    over_the_rate(form, Where::Among, |out, n, _| frame::write(out, PING, &n.to_be_bytes()))
}

/// Each flooder writes and reads as fast as it can until it is ended for it, and comes back.
fn over_the_rate(
    form: &Form,
    place: Where,
    write: impl Fn(&mut Vec<u8>, u64, u64) + Sync,
) -> Result<Verdict, String> {
    let refused = AtomicU64::new(0);
    let flood = |scene: &Scene<'_>| {
        let sessions = match place {
            Where::Among => scene.others.sessions(),
            Where::Apart => scene.apart.sessions(),
        };
        all_at_once(|n| {
            while Instant::now() < scene.until {
                let why = until_ended(&scene.server.target(), &sessions[n % sessions.len()], &write)?;
                if why != Some(RATE_LIMITED) {
                    return Err(format!("a flooder was ended with {why:?}"));
                }
                refused.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        })
    };
    // What a session keeps for those who follow it is bounded, and here so low that the first flood reaches it.
    flooded(form, &["--feed-events", "512"], flood, |server, verdict| {
        let (seen, counted) =
            (refused.load(Ordering::Relaxed), server.metric("vws_websockets_ended_total", "rate_limited")?);
        verdict.at_least("ended with 4029", seen, FLOODERS as u64);
        verdict.exactly("counted as over the rate", counted, seen);
        Ok(())
    })
}

/// Joins, and writes while it reads until the server ends it; returns the close code.
fn until_ended(
    target: &Target,
    session: &str,
    write: &impl Fn(&mut Vec<u8>, u64, u64),
) -> Result<Option<u16>, String> {
    let joined = Joined::open(target, session, None).map_err(|error| error.to_string())?;
    let (mut speaks, ahead) = joined.socket.into_parts();
    let mut hears = speaks.try_clone().map_err(|error| error.to_string())?;
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let heard = scope.spawn(|| {
            let code = close_code(&mut hears, &ahead);
            over.store(true, Ordering::Relaxed);
            code
        });
        let (mut said, mut out, first) = (0, Vec::with_capacity(PIECE + 256), fastrand::u64(0..4_000));
        while said < ENOUGH && !over.load(Ordering::Relaxed) {
            out.clear();
            while out.len() < PIECE {
                write(&mut out, said, first);
                said += 1;
            }
            if speaks.write_all(&out).is_err() {
                break;
            }
        }
        heard.join().unwrap_or_else(|_| Err("who floods ended".to_owned()))
    })
}

/// Reads to the end of a connection, of which `ahead` was read before; the code of the close frame at its end.
fn close_code(stream: &mut TcpStream, ahead: &[u8]) -> Result<Option<u16>, String> {
    let (mut scanner, mut ended, mut piece) = (Scanner::default(), Ended(None), vec![0; PIECE]);
    scanner.scan(ahead, &mut ended);
    while ended.0.is_none() {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => scanner.scan(&piece[..read], &mut ended),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Err("a flooder was not ended".to_owned());
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    Ok(ended.0)
}

/// The code of a close frame that came by.
struct Ended(Option<u16>);

impl Visitor for Ended {
    fn frame(&mut self, opcode: u8, _: u64, start: &[u8]) -> bool {
        if opcode == CLOSE {
            self.0 = Some(start.first_chunk().map_or(0, |code| u16::from_be_bytes(*code)));
        }
        false
    }

    fn part(&mut self, _: &[u8]) {}
}

/// Connections that are opened and reset.
pub(super) fn connects(form: &Form) -> Result<Verdict, String> {
    let opened = AtomicU64::new(0);
    let flood = |scene: &Scene<'_>| {
        all_at_once(|n| {
            let from = Ipv4Addr::new(127, 0, 1, n as u8 + 1);
            while Instant::now() < scene.until {
                open::reset(
                    open::connect(from, scene.server.port(), None).map_err(|error| error.to_string())?,
                );
                opened.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        })
    };
    flooded(form, &[], flood, |_, verdict| {
        verdict.at_least("opened and reset", opened.load(Ordering::Relaxed), form.of(1_000, 200));
        Ok(())
    })
}

/// Connections that a small server may have …
const PLACES: usize = 200;
/// … and those that want one.
const CROWD: usize = 1_000;

/// More connections than there may be.
pub(super) fn full(form: &Form) -> Result<Verdict, String> {
    let (refused, most) = (AtomicU64::new(0), AtomicU64::new(0));
    let flood = |scene: &Scene<'_>| {
        let server = scene.server;
        while Instant::now() < scene.until {
            let crowd: Result<Vec<TcpStream>, _> =
                (0..CROWD).map(|n| open::connect(open::address(n), server.port(), None)).collect();
            let mut crowd = crowd.map_err(|error| error.to_string())?;
            most.fetch_max(server.descriptors()?, Ordering::Relaxed);
            let told = crowd.iter_mut().rev().take(CROWD - PLACES).filter_map(refusal).count();
            refused.fetch_add(told as u64, Ordering::Relaxed);
            crowd.into_iter().for_each(open::reset);
        }
        Ok(())
    };
    let places = PLACES.to_string();
    flooded(form, &["--max-connections", &places], flood, |server, verdict| {
        let (told, counted) =
            (refused.load(Ordering::Relaxed), server.metric("vws_connections_refused_total", "")?);
        verdict.at_least("refused with 503", told, (CROWD - PLACES) as u64);
        verdict.is_so("all of them counted", count(counted), counted >= told);
        let most = most.load(Ordering::Relaxed);
        verdict.is_so(&format!("descriptors ≤ {}", PLACES + 100), count(most), most <= PLACES as u64 + 100);
        Ok(())
    })
}

/// What one is told that finds no place.
fn refusal(stream: &mut TcpStream) -> Option<()> {
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).ok()?;
    (begin == *b"HTTP/1.1 503").then_some(())
}

/// Clients that join, are given the state, and leave.
pub(super) fn reconnects(form: &Form) -> Result<Verdict, String> {
    let joined = AtomicU64::new(0);
    let flood = |scene: &Scene<'_>| {
        let span = scene.until.saturating_duration_since(Instant::now());
        let terms = Terms { span, ..Terms::default() };
        let outcome = joins(scene.others, FLOODERS, None, &terms).map_err(|error| error.to_string())?;
        joined.fetch_add(outcome.count, Ordering::Relaxed);
        Ok(())
    };
    flooded(form, &[], flood, |_, verdict| {
        verdict.at_least("joined and left", joined.load(Ordering::Relaxed), 100);
        Ok(())
    })
}

/// Floods a server twice, the second time while others look on, and adds what holds for every flood: they hardly wait, and
/// nothing of it stays.
fn flooded(
    form: &Form,
    flags: &[&str],
    flood: impl Fn(&Scene<'_>) -> Result<(), String>,
    counts: impl FnOnce(&Server, &mut Verdict) -> Result<(), String>,
) -> Result<Verdict, String> {
    let server = Server::start(flags)?;
    let others = witness::sessions(&server.target())?;
    let apart = Vws::prepare(&server.target(), FLOODERS, 1).map_err(|error| error.to_string())?;
    let until =
        |span| Scene { server: &server, others: &others, apart: &apart, until: Instant::now() + span };
    let before = server.left()?;
    flood(&until(FIRST))?;
    let first = server.settle(&before)?.resident;
    let span = Duration::from_secs(form.of(15, 4));
    let (_, latency) = witness::meanwhile(&others, span, || flood(&until(span)))?;
    let mut verdict = Verdict::default();
    verdict.millis("others' p99", witness::p99(&latency), form.others_wait());
    counts(&server, &mut verdict)?;
    let after = server.settle(&before)?;
    after.compare(&before, &mut verdict);
    let grown = (server.rested(RESTS, first + KEPT)? - first).max(0.0);
    verdict.is_so(&format!("memory grown ≤ {}", size(KEPT)), size(grown), grown <= KEPT);
    server.is_up(&mut verdict);
    Ok(verdict)
}

/// Runs all flooders; the first failure is that of all.
fn all_at_once(flooder: impl Fn(usize) -> Result<(), String> + Sync) -> Result<(), String> {
    let flooder = &flooder;
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..FLOODERS).map(|n| scope.spawn(move || flooder(n))).collect();
        all.into_iter().try_for_each(|one| one.join().unwrap_or_else(|_| Err("a flooder ended".to_owned())))
    })
}
