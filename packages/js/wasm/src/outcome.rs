//! What messages led to, for those who mirror a session.

use serde::Serialize;
use vws_core::model::Seq;
use vws_core::replica::Effect;
use vws_core::{EventRecord, Problem};

use crate::output::Changed;

/// What messages led to.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Outcome {
    /// The events that the confirmed state took, where they were asked for.
    pub(crate) events: Vec<EventRecord>,
    verdicts: Vec<Verdict>,
    changed: Option<Changed>,
    peers: bool,
    /// The seq of the session's last event when the server welcomed this client.
    pub(crate) welcomed: Option<Seq>,
    loading: Option<Loading>,
    /// The server's complaints about something other than a command.
    complaints: Vec<Problem>,
    /// Heartbeats that showed a state that differs, as the last seq of agreement and that of the difference.
    diverged: Option<Diverged>,
    /// Why what came cannot be used: connect anew.
    unusable: Option<String>,
}

#[derive(Debug, Serialize)]
struct Verdict {
    id: u64,
    seq: Seq,
    events: u32,
    /// Why the command was refused.
    problem: Option<Problem>,
}

#[derive(Debug, Serialize)]
struct Loading {
    parts: u32,
    of: u32,
}

#[derive(Debug, Serialize)]
struct Diverged {
    agreed: Seq,
    found: Seq,
}

const UNKNOWN: &str =
    "the server no longer keeps the outcome of the command: it may have taken effect or not";

impl Outcome {
    /// Adds what an effect tells JavaScript.
    pub(crate) fn add(&mut self, effect: Effect) {
        match effect {
            Effect::Changed(touched) => {
                let touched = Changed::from(touched);
                self.changed = Some(match self.changed.take() {
                    Some(before) => before.and(touched),
                    None => touched,
                });
            }
            Effect::Acknowledged { id, seq, events } => {
                self.verdicts.push(Verdict { id, seq, events, problem: None });
            }
            Effect::Rejected { id, problem, .. } => {
                self.verdicts.push(Verdict { id, seq: 0, events: 0, problem: Some(problem) });
            }
            Effect::OutcomeUnknown { id, .. } => {
                let (code, detail) = (Problem::COMMAND_ID_EXPIRED.to_owned(), UNKNOWN.to_owned());
                let problem = Some(Problem { code, detail, errors: Vec::new() });
                self.verdicts.push(Verdict { id, seq: 0, events: 0, problem });
            }
            Effect::Complaint(problem) => self.complaints.push(problem),
            Effect::Loading { parts, of } => self.loading = Some(Loading { parts, of }),
            Effect::Diverged { agreed, found } => self.diverged = Some(Diverged { agreed, found }),
            Effect::PeersChanged => self.peers = true,
            Effect::Unusable { detail } => self.unusable = Some(detail),
            Effect::Send(_)
            | Effect::Loaded { .. }
            | Effect::Resyncing(_)
            | Effect::Agreed { .. }
            | Effect::Stale(_)
            | Effect::Pong { .. } => {}
        }
    }
}
