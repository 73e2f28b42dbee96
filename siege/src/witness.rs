//! The other clients: each says something at a modest rate in a session of its own, and is told it by the server.

use std::time::Duration;

use vws_load::{Latency, Outcome, Target, Terms, Vws, echo};

/// Clients, each with a session.
pub(crate) const CLIENTS: usize = 8;
/// Objects of each session.
const OBJECTS: usize = 20;
/// Commands a second of each.
const RATE: f64 = 25.0;
/// Commands that may be under way: so many that one is sent when it is due, whatever became of those before it.
const IN_FLIGHT: usize = 512;
/// Before anything is counted.
const WARM_UP: Duration = Duration::from_millis(500);

/// The sessions of the other clients.
///
/// # Errors
/// Where the server makes none.
pub(crate) fn sessions(target: &Target) -> Result<Vws, String> {
    Vws::prepare(target, CLIENTS, OBJECTS).map(Vws::one_by_one).map_err(|error| error.to_string())
}

/// Does something for about `span` while the others say what they say; tells how long that took them.
///
/// # Errors
/// Where the server is not there for one of them.
pub(crate) fn meanwhile<T>(
    vws: &Vws,
    span: Duration,
    siege: impl FnOnce() -> Result<T, String>,
) -> Result<(T, Latency), String> {
    let terms = Terms { warm_up: WARM_UP, span, ..Terms::default() };
    std::thread::scope(|scope| {
        let others = scope.spawn(|| echo(vws, CLIENTS, IN_FLIGHT, Some(RATE), &terms));
        std::thread::sleep(WARM_UP);
        let done = siege();
        let told = others.join().map_err(|_| "who looks on ended".to_owned())?;
        Ok((done?, latency(&told.map_err(|error| format!("another client: {error}"))?)?))
    })
}

/// How long deliveries or round trips took.
///
/// # Errors
/// Where there were none.
pub(crate) fn latency(outcome: &Outcome) -> Result<Latency, String> {
    outcome.latency.ok_or_else(|| "nothing came back to the other clients".to_owned())
}

/// In milliseconds.
pub(crate) fn p99(latency: &Latency) -> f64 {
    latency.p99 / 1e3
}
