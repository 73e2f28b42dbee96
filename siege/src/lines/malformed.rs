//! What no client should send, of a generator that a seed begins: the n-th connection of a seed always sends the same.

mod generate;

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::atomic::{AtomicU64, Ordering};

use fastrand::Rng;
use vws_load::socket::Socket;
use vws_load::{Joined, LoadError, Vws};

use self::generate::{Begun, Expected, Sent};
use super::Form;
use crate::open;
use crate::server::Server;
use crate::verdict::{Verdict, size};
use crate::witness;

/// Connections at once.
const AT_ONCE: usize = 8;
/// What the server may keep of it.
const KEPT: f64 = 4.0 * 1024.0 * 1024.0;
/// Failures that are told one by one.
const TOLD: usize = 3;

pub(super) const fn connections(form: &Form) -> u64 {
    form.of(20_000, 3_000)
}

pub(super) fn prove(form: &Form) -> Result<Verdict, String> {
    let server = Server::start(&[])?;
    let vws = witness::sessions(&server.target())?;
    let before = server.left()?;
    // What the first connections cost once is not what each of them leaves.
    send_all(&server, &vws, form.seed, 0..connections(form) / 10)?;
    let first = server.settle(&before)?.resident;
    let wrong = send_all(&server, &vws, form.seed, connections(form) / 10..connections(form))?;
    let mut verdict = Verdict::default();
    let figure = match wrong.as_slice() {
        [] => "all".to_owned(),
        wrong => format!("all but {}: {}", wrong.len(), wrong[..wrong.len().min(TOLD)].join("; ")),
    };
    verdict.is_so("each ended by its close code, refused or cut", figure, wrong.is_empty());
    let after = server.settle(&before)?;
    after.compare(&before, &mut verdict);
    let grown = (after.resident - first).max(0.0);
    verdict.is_so(&format!("memory grown ≤ {}", size(KEPT)), size(grown), grown <= KEPT);
    server.is_up(&mut verdict);
    Ok(verdict)
}

/// Sends what the numbers of connections stand for; returns in words which ended otherwise than they must.
fn send_all(
    server: &Server,
    vws: &Vws,
    seed: u64,
    numbers: std::ops::Range<u64>,
) -> Result<Vec<String>, String> {
    let next = AtomicU64::new(numbers.start);
    let work = || {
        let mut wrong = Vec::new();
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= numbers.end {
                return wrong;
            }
            let mut random = Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ n);
            let sent = Sent::draw(&mut random);
            match send(server, vws, n as usize, &sent) {
                Ok(ended) if sent.expected.allows(&ended) => {}
                Ok(ended) => wrong.push(format!("{} ({n}): {ended:?}", sent.what)),
                Err(error) => wrong.push(format!("{} ({n}): {error}", sent.what)),
            }
        }
    };
    let all = std::thread::scope(|scope| {
        let all: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        all.into_iter()
            .map(|one| one.join().map_err(|_| "who sends ended".to_owned()))
            .collect::<Result<Vec<_>, _>>()
    })?;
    Ok(all.concat())
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Ended {
    /// With a close frame.
    Closed(Option<u16>),
    /// With an answer of HTTP.
    Answered(u16),
    /// Without a word.
    Cut,
}

/// Sends it and looks how the server ends the connection.
fn send(server: &Server, vws: &Vws, n: usize, sent: &Sent) -> Result<Ended, String> {
    let (target, session) = (server.target(), &vws.sessions()[n % vws.sessions().len()]);
    let mut stream = open::connect(open::address(n % 50 * 10_000), server.port(), None)
        .map_err(|error| error.to_string())?;
    match sent.begun {
        Begun::Nothing => {
            // The server may have refused before it has taken all.
            let _ = stream.write_all(&sent.bytes);
            let _ = stream.shutdown(Shutdown::Write);
            let mut answer = Vec::new();
            match stream.read_to_end(&mut answer) {
                Err(error) if is_late(&error) => return Err("nothing ended it".to_owned()),
                _ => {}
            }
            let status =
                answer.strip_prefix(b"HTTP/1.1 ").and_then(|rest| std::str::from_utf8(rest.get(..3)?).ok());
            Ok(status.and_then(|status| status.parse().ok()).map_or(Ended::Cut, Ended::Answered))
        }
        Begun::Opened => {
            let socket = Socket::on(stream, &target, &format!("/api/sessions/{session}/ws"), "vws.v1.json");
            ended(socket.map_err(|error| error.to_string())?, sent)
        }
        Begun::Welcomed => {
            let joined = Joined::on(stream, &target, session, None).map_err(|error| error.to_string())?;
            ended(joined.socket, sent)
        }
    }
}

/// Sends it on a WebSocket, and that no more comes; reads to the end.
fn ended(mut socket: Socket, sent: &Sent) -> Result<Ended, String> {
    for piece in sent.bytes.chunks(sent.piece) {
        if socket.write(piece).is_err() {
            break;
        }
    }
    if sent.then_ends {
        socket.end_writing();
    }
    loop {
        match socket.message() {
            Ok(_) => {}
            Err(LoadError::Refused(why)) => {
                let code = why.rsplit_once(": ").and_then(|(_, code)| code.split(' ').next()?.parse().ok());
                return Ok(Ended::Closed(code));
            }
            Err(LoadError::Unreachable(why)) if why.contains("temporarily unavailable") => {
                return Err("nothing ended it".to_owned());
            }
            Err(_) => return Ok(Ended::Cut),
        }
    }
}

fn is_late(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

impl Expected {
    fn allows(&self, ended: &Ended) -> bool {
        match (self, ended) {
            (Self::Code(code), Ended::Closed(Some(closed))) => closed == code,
            (Self::Echo(code), Ended::Closed(closed)) => closed == code,
            (Self::Refusal, Ended::Answered(status)) => (400..500).contains(status),
            (Self::Refusal | Self::Anything, Ended::Cut) => true,
            (Self::Anything, Ended::Closed(_)) => true,
            _ => false,
        }
    }
}
