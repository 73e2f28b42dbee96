//! Clients that send a byte a second, and hold a connection for as long as they are let.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use vws_load::{Joined, Target};

use super::Form;
use crate::open;
use crate::server::Server;
use crate::verdict::Verdict;
use crate::witness;

/// Clients.
pub(super) const COUNT: usize = 1_000;
/// Between two bytes.
const PAUSE: Duration = Duration::from_secs(1);
/// How much later than its time-out a connection may be gone, in seconds: alone on the machine, and beside others.
const GRACE: (u64, u64) = (5, 10);
/// The time-out of the short form, in seconds; that of the server as it is shipped is 10.
const SHORT: u64 = 3;

/// Heads of requests.
pub(super) fn heads(form: &Form) -> Result<Verdict, String> {
    let head = format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-slow: {}", "a".repeat(64));
    prove(form, "--head-timeout", head.as_bytes(), |stream, _, _| Ok(stream))
}

/// Bodies of requests, whose heads come at once.
pub(super) fn bodies(form: &Form) -> Result<Verdict, String> {
    prove(form, "--body-timeout", &[b' '; 100], |mut stream, target, session| {
        let head = format!(
            "POST /api/sessions/{session}/objects HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
             content-length: 100\r\n\r\n",
            target.host()
        );
        stream.write_all(head.as_bytes()).map_err(|error| error.to_string())?;
        Ok(stream)
    })
}

/// Messages on WebSockets that were welcomed.
pub(super) fn messages(form: &Form) -> Result<Verdict, String> {
    prove(form, "--body-timeout", &[b' '; 100], |stream, target, session| {
        let joined = Joined::on(stream, target, session, None).map_err(|error| error.to_string())?;
        let (mut stream, _) = joined.socket.into_parts();
        // The head of a text of 100 bytes, with a mask that changes nothing.
        stream.write_all(&[0x81, 0x80 | 100, 0, 0, 0, 0]).map_err(|error| error.to_string())?;
        Ok(stream)
    })
}

/// `begin` does what each client does at once; `slowly` is what it then sends byte by byte.
fn prove(
    form: &Form,
    flag: &str,
    slowly: &[u8],
    begin: impl Fn(std::net::TcpStream, &Target, &str) -> Result<std::net::TcpStream, String>,
) -> Result<Verdict, String> {
    let (timeout, limit) = (form.of(10, SHORT), format!("{SHORT}s"));
    let flags = [flag, &limit];
    let server = Server::start(&flags[..form.of(0, 2)])?;
    let vws = witness::sessions(&server.target())?;
    let before = server.left()?;
    let open = |n: usize| {
        let stream =
            open::connect(open::address(n), server.port(), None).map_err(|error| error.to_string())?;
        begin(stream, &server.target(), &vws.sessions()[n % vws.sessions().len()])
    };
    let span = Duration::from_secs(timeout + form.of(GRACE.0, GRACE.1));
    let most = span + Duration::from_secs(10);
    // The others look on for as long as it usually takes.
    let looked = Duration::from_secs(timeout + GRACE.0);
    let (gone, latency) = witness::meanwhile(&vws, looked, || drip(&open, slowly, most))?;
    let mut verdict = Verdict::default();
    let closed: Vec<Duration> = gone.into_iter().flatten().collect();
    verdict.exactly("closed", closed.len() as u64, COUNT as u64);
    let last = closed.iter().max().map_or(f64::INFINITY, Duration::as_secs_f64);
    verdict.seconds("the last of them after", last, span.as_secs_f64());
    verdict.millis("others' p99", witness::p99(&latency), form.others_wait());
    server.settle(&before)?.compare(&before, &mut verdict);
    server.is_up(&mut verdict);
    Ok(verdict)
}

struct Slow {
    stream: TcpStream,
    opened: Instant,
    sent: usize,
    /// When the server was rid of it: it takes nothing more from it, whatever it may have said before.
    gone: Option<Duration>,
}

/// Opens all connections and drips until each is gone, or `most` is over.
fn drip(
    open: &dyn Fn(usize) -> Result<std::net::TcpStream, String>,
    slowly: &[u8],
    most: Duration,
) -> Result<Vec<Option<Duration>>, String> {
    let mut poll = Poll::new().map_err(|error| error.to_string())?;
    let mut all = Vec::with_capacity(COUNT);
    for n in 0..COUNT {
        let (opened, stream) = (Instant::now(), open(n)?);
        stream.set_nonblocking(true).map_err(|error| error.to_string())?;
        let mut stream = TcpStream::from_std(stream);
        let registered = poll.registry().register(&mut stream, Token(n), Interest::READABLE);
        registered.map_err(|error| error.to_string())?;
        all.push(Slow { stream, opened, sent: 0, gone: None });
    }
    let (begun, mut events) = (Instant::now(), Events::with_capacity(1_024));
    while begun.elapsed() < most && all.iter().any(|slow| slow.gone.is_none()) {
        match poll.poll(&mut events, Some(Duration::from_millis(20))) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.to_string()),
            _ => {}
        }
        for event in &events {
            all[event.token().0].hear();
        }
        for slow in &mut all {
            slow.speak(slowly);
        }
    }
    Ok(all.into_iter().map(|slow| slow.gone).collect())
}

impl Slow {
    /// Reads what there is. An answer, and its end, do not keep this client from sending on.
    fn hear(&mut self) {
        let mut piece = [0; 4_096];
        loop {
            match self.stream.read(&mut piece) {
                Ok(read) if read > 0 => {}
                // Behind an answer and its end, what else is wrong is not told by a read.
                Ok(_) if self.stream.take_error().is_ok_and(|error| error.is_some()) => {
                    return self.is_gone();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() != ErrorKind::WouldBlock => return self.is_gone(),
                _ => return,
            }
        }
    }

    /// Sends the next byte where it is due.
    fn speak(&mut self, bytes: &[u8]) {
        if self.gone.is_some() || self.opened.elapsed() < PAUSE * (self.sent as u32 + 1) {
            return;
        }
        let byte = bytes[self.sent.min(bytes.len() - 1)];
        match self.stream.write(&[byte]) {
            Ok(_) => self.sent += 1,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => self.is_gone(),
        }
    }

    fn is_gone(&mut self) {
        let after = self.opened.elapsed();
        self.gone.get_or_insert(after);
    }
}
