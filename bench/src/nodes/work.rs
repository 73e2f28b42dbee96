//! What is done to a cluster, and beside it to JetStream alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use vws_load::http::write_request;
use vws_load::{Answers, Crowd, Opened, Outcome, Target, Terms, echo, fanout, round_trips};

use super::dialects::{Messages, Spread, change, say, show};
use super::meter::{Meter, Run};
use super::scene::Scene;

/// Clients that write to the session that all write to, each waiting for its answer.
pub(super) const WRITERS: usize = 64;
/// Sessions whose events are timed, and how many of them a second in each.
pub(super) const TIMED: (usize, f64) = (10, 50.0);
/// Subscribers of the session that is told to many, and its events a second.
pub(super) const CROWD: (usize, f64) = (300, 40.0);
/// Sessions of people, how many are in each, and what one shows a second.
pub(super) const PEOPLE: (usize, usize, f64) = (30, 10, 10.0);
/// In `Mixed`, one of so many messages is a command.
const COMMAND_OF: u64 = 10;
/// Messages that a client of `People` may be ahead of what it is told.
const AHEAD: usize = 1_024;

/// One kind of load, over the nodes that are there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Work {
    /// All write to one session.
    Hot,
    /// A client a session, with one command under way.
    Many,
    /// From a command to its event at a subscriber so many nodes further on.
    See { further: usize },
    /// One session that is told to many.
    Crowd,
    /// Sessions of people who show where they are.
    People,
    /// The same, and now and then they change something.
    Mixed,
}

impl Work {
    /// Does it over `nodes`.
    pub(super) fn run(self, scene: &Scene, nodes: &[Target], terms: Terms) -> Result<Run, String> {
        let run = scene.next_run();
        let meter = Meter::of(&scene.cluster);
        meter.during(|edges| {
            let terms = Terms { edges: Some(edges), ..terms };
            let spread = |beside, hears| Spread {
                sessions: &scene.sessions,
                nodes,
                beside,
                hears,
                run,
                joined: AtomicUsize::new(0),
            };
            let done = match self {
                Self::Hot => return hot(scene, nodes, run, &terms),
                Self::Many => echo(&spread(None, true), scene.sessions.len(), 1, None, &terms),
                Self::See { further } => {
                    let crowd = Crowd { rooms: TIMED.0, subscribers: 1 };
                    fanout::steady(&spread(Some(further), false), crowd, TIMED.1, &terms)
                }
                Self::Crowd => {
                    let crowd = Crowd { rooms: 1, subscribers: CROWD.0 };
                    fanout::steady(&spread(None, false), crowd, CROWD.1, &terms)
                }
                Self::People | Self::Mixed => return people(self == Self::Mixed, scene, nodes, run, &terms),
            };
            done.map(|outcome| (outcome, 0)).map_err(|error| error.to_string())
        })
    }
}

/// Writers of one session over HTTP, each of an object of its own.
fn hot(scene: &Scene, nodes: &[Target], run: u64, terms: &Terms) -> Result<(Outcome, u64), String> {
    let busy = Arc::new(AtomicU64::new(0));
    let open = |place: usize| {
        let counter = Box::new(Answers::with_busy(Arc::clone(&busy)));
        Ok(Opened { stream: nodes[place % nodes.len()].connect()?, ahead: Vec::new(), counter })
    };
    let write = |out: &mut Vec<u8>, place: usize, n: u64| {
        // Of an object that others write to as well none says what it is: the numbers of two writers differ.
        let (object, x) = change(run, n * WRITERS as u64 + place as u64);
        let path = format!("/api/sessions/{}/objects/o{object:05}", scene.sessions[0]);
        let target = &nodes[place % nodes.len()];
        write_request(out, target, "PATCH", &path, Some(&format!(r#"{{"x":{x:.6}}}"#)));
    };
    let outcome = round_trips(WRITERS, 1, None, &open, &write, terms).map_err(|error| error.to_string())?;
    Ok((outcome, busy.load(Ordering::Relaxed)))
}

/// People in sessions, those of one session at all nodes by turns. What is counted is what they say.
fn people(
    is_mixed: bool,
    scene: &Scene,
    nodes: &[Target],
    run: u64,
    terms: &Terms,
) -> Result<(Outcome, u64), String> {
    let (sessions, each, rate) = PEOPLE;
    let spread = Spread {
        sessions: &scene.sessions,
        nodes,
        beside: None,
        hears: true,
        run,
        joined: AtomicUsize::new(0),
    };
    let busy = Arc::new(AtomicU64::new(0));
    let open = |place: usize| {
        // A client of a session follows the one before it at the next node.
        let (stream, ahead) = spread.enter(place % sessions, place / sessions)?;
        let counter = Box::new(Messages::new(Arc::clone(&busy)));
        Ok(Opened { stream, ahead, counter })
    };
    let speak = |out: &mut Vec<u8>, place: usize, n: u64| {
        if is_mixed && (n + place as u64).is_multiple_of(COMMAND_OF) {
            // Those of a session change the same objects: each to what no other does.
            say(out, run, n / COMMAND_OF, n * each as u64 + (place / sessions) as u64);
        } else {
            show(out, n + place as u64);
        }
    };
    let told = round_trips(sessions * each, AHEAD, Some(rate), &open, &speak, terms);
    let mut outcome = told.map_err(|error| error.to_string())?;
    outcome.latency = None;
    outcome.count = ((sessions * each) as f64 * rate * outcome.seconds).round() as u64;
    Ok((outcome, busy.load(Ordering::Relaxed)))
}

/// How long a run lasts.
pub(super) fn terms(quick: bool) -> Terms {
    let (warm_up, span) = if quick { (0.2, 0.6) } else { (0.5, 1.5) };
    let [warm_up, span] = [warm_up, span].map(Duration::from_secs_f64);
    Terms { warm_up, span, ..Terms::default() }
}
