//! Subscribers that take nothing of what they are told.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use vws_load::{Crowd, Joined, Latency, Terms, Vws, fanout};

use super::Form;
use crate::open;
use crate::server::Server;
use crate::verdict::Verdict;
use crate::witness;

/// Those that stall.
pub(super) const STALLED: usize = 100;
/// Those that do not.
const HEALTHY: usize = 20;
/// Events a second.
const RATE: f64 = 1_000.0;
/// What the kernel of one that stalls takes: little, so that it stalls soon.
const RECEIVE: usize = 4 * 1024;
/// The time-out of the short form, in seconds; that of the server as it is shipped is 30.
const SHORT: u64 = 5;
/// Until their kernels take nothing more, and until the close frame was waited for.
const GRACE: u64 = 5;
/// Memory of the server for each.
const EACH: f64 = 256.0 * 1024.0;

pub(super) fn prove(form: &Form) -> Result<Verdict, String> {
    let timeout = form.of(30, SHORT);
    let limit = format!("{SHORT}s");
    let flags = ["--stall-timeout", &limit];
    let server = Server::start(&flags[..form.of(0, 2)])?;
    let vws = Vws::prepare(&server.target(), 1, 100).map_err(|error| error.to_string())?.one_by_one();
    let before = healthy(&vws, Duration::from_secs(form.of(15, 4)))?;
    let left = server.left()?;
    let mut stalled = Vec::with_capacity(STALLED);
    for n in 0..STALLED {
        let stream = open::connect(open::address(n), server.port(), Some(RECEIVE));
        let stream = stream.map_err(|error| error.to_string())?;
        let joined = Joined::on(stream, &server.target(), &vws.sessions()[0], None);
        stalled.push(joined.map_err(|error| error.to_string())?);
    }
    let span = Duration::from_secs(timeout + GRACE + 2);
    let over = AtomicBool::new(false);
    let (latency, seen) = std::thread::scope(|scope| {
        let look = scope.spawn(|| watch(&server, &over));
        let latency = healthy(&vws, span);
        over.store(true, Ordering::Relaxed);
        let seen = look.join().unwrap_or_else(|_| Err("who looks on ended".to_owned()));
        Ok::<_, String>((latency?, seen?))
    })?;
    let mut verdict = Verdict::default();
    let (was, is) = (witness::p99(&before), witness::p99(&latency));
    let bound = form.of((2.0 * was).max(was + 15.0), (2.0 * was).max(was + 250.0));
    verdict.millis(&format!("others' p99 (before {was:.1} ms)"), is, bound);
    verdict.bytes("memory for each", (seen.most - left.resident).max(0.0) / STALLED as f64, EACH);
    let after = seen.gone_after.map_or(f64::INFINITY, |after| after.as_secs_f64());
    verdict.seconds("gone after", after, (timeout + GRACE) as f64);
    let ended = server.metric("vws_websockets_ended_total", "too_slow")?;
    verdict.exactly("ended as too slow", ended, STALLED as u64);
    drop(stalled);
    server.settle(&left)?.compare(&left, &mut verdict);
    server.is_up(&mut verdict);
    Ok(verdict)
}

/// Those that keep up, and who speaks.
fn healthy(vws: &Vws, span: Duration) -> Result<Latency, String> {
    let terms = Terms { warm_up: Duration::from_secs(1), span, ..Terms::default() };
    let crowd = Crowd { rooms: 1, subscribers: HEALTHY };
    witness::latency(&fanout::steady(vws, crowd, RATE, &terms).map_err(|error| error.to_string())?)
}

/// What was seen of the server meanwhile.
struct Seen {
    /// The most memory.
    most: f64,
    /// When nobody followed the session any more but those that keep up.
    gone_after: Option<Duration>,
}

fn watch(server: &Server, over: &AtomicBool) -> Result<Seen, String> {
    let begun = Instant::now();
    let mut seen = Seen { most: 0.0, gone_after: None };
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(200));
        seen.most = seen.most.max(server.resident()?);
        if seen.gone_after.is_none() && server.metric("vws_subscribers", "")? <= HEALTHY as u64 {
            seen.gone_after = Some(begun.elapsed());
        }
    }
    Ok(seen)
}
