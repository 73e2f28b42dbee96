//! The task that writes what happens in a session to all who follow it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tracing::{Instrument, debug_span};
use vws_core::Session;
use vws_core::reduce::State;
use vws_core::wire::{Encoding, Heartbeat, ServerMessage};

use crate::feed::frame::{self, Opcode};
use crate::feed::{Circle, Connected, Unserved};
use crate::http::App;
use crate::store::LiveSession;

/// A heartbeat follows the last event after this time, and then at the ping interval.
const SETTLED_AFTER: Duration = Duration::from_secs(1);

/// Takes a connection in among those who are written to. It is held.
pub(super) fn join(live: &Arc<LiveSession>, member: &Arc<Connected>, app: &Arc<App>) {
    let full = app.config().limits.feed_shard as usize;
    if let Some(unserved) = live.feed().join(member, full) {
        let span = debug_span!("feed", session.id = %live.id());
        app.stop().spawn(serve(Arc::clone(live), unserved, Arc::clone(app)).instrument(span));
    }
}

/// Serves a shard until its last member has left.
async fn serve(live: Arc<LiveSession>, unserved: Unserved, app: Arc<App>) {
    let metrics = app.metrics();
    let limits = &app.config().limits;
    let (tick, interval) = (limits.feed_tick.get(), limits.ping_interval.get());
    let mut circle = live.feed().serve(unserved);
    let mut over = false;
    let (mut settled_at, mut beat_at) = (None, Instant::now() + interval);
    let mut sleep = pin!(sleep_until(beat_at));
    let mut reach = app.cluster().map(|cluster| cluster.bus().reach());
    let (mut stopping, mut ended) = (pin!(app.stop().stopping()), pin!(live.ended()));
    loop {
        let newcomers = circle.admit();
        if over {
            newcomers.iter().for_each(|member| member.call());
        }
        if circle.is_over() {
            return;
        }
        let began = Instant::now();
        let any = circle.deliver(|waited| metrics.feed_lag(waited)).await;
        if any || !newcomers.is_empty() {
            settled_at.get_or_insert(began + SETTLED_AFTER);
        }
        drop(newcomers);
        if any && let Some(tick) = tick {
            // What comes meanwhile goes with one write.
            sleep_until(began + tick).await;
        }
        let now = Instant::now();
        let again = beat_at <= now;
        if again || settled_at.is_some_and(|at| at <= now) {
            let stale = !app.is_within_reach();
            settled_at = (!prove(&live, &circle, again, stale)).then_some(now + SETTLED_AFTER);
        }
        if again {
            beat_at = now + interval;
        }
        let wake_at = settled_at.map_or(beat_at, |at| beat_at.min(at));
        if sleep.deadline() != wake_at {
            sleep.as_mut().reset(wake_at);
        }
        tokio::select! {
            () = circle.rung() => {}
            () = &mut sleep => {}
            // All are told at once.
            () = changed(&mut reach) => beat_at = Instant::now(),
            () = &mut stopping, if !over => {
                over = true;
                circle.call();
            }
            () = &mut ended, if !over => {
                over = true;
                circle.call();
            }
        }
    }
}

/// Resolves when the other nodes are out of reach, or within it again; never where there are none.
async fn changed(reach: &mut Option<watch::Receiver<bool>>) {
    let ended = match reach {
        Some(reach) => reach.changed().await.is_err(),
        None => true,
    };
    if ended {
        std::future::pending::<()>().await;
    }
}

/// Tells those who have been told everything what the digest of that is, and whether there may be more elsewhere.
fn prove(live: &LiveSession, circle: &Circle<'_>, again: bool, stale: bool) -> bool {
    let (head_seq, digest) = live.read(|session| (session.seq(), Session::digest(session)));
    let beat = |encoding: Encoding| {
        let message =
            encoding.encode_server(&ServerMessage::Heartbeat(Heartbeat { head_seq, digest, stale }));
        let mut frame = Vec::with_capacity(message.len() + 4);
        frame::write(Opcode::of(encoding), &message, &mut frame);
        frame
    };
    circle.prove(head_seq, beat, again)
}
