//! The judge of a record. It knows the rules (SPEC.md, LIN) and nothing of how the record came to be.
//!
//! Every write has its place in the log, which is one order of all; so that order is what is judged: whether it is one
//! that all clients can have seen, and whether it agrees with the real time in which they asked and were told.

mod facts;
mod order;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;

use vws_core::reduce::State;
use vws_core::wire::canonical_json;

use crate::record::{History, Outcome, Stream, Write, fingerprint};
use facts::Facts;

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Its identifier.
    pub rule: &'static str,
    /// What breaks it.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.what)
    }
}

/// What is found.
#[derive(Debug, Default)]
struct Found(Vec<Violation>);

impl Found {
    fn add(&mut self, rule: &'static str, what: String) {
        self.0.push(Violation { rule, what });
    }
}

/// Every rule that a record breaks, and by what; none when all is well.
#[must_use]
pub fn check(history: &History) -> Vec<Violation> {
    let mut found = Found::default();
    let facts = log(history, &mut found);
    writes(history, &facts, &mut found);
    acknowledgements(history, &mut found);
    order::check(history, &facts, &mut found);
    for stream in &history.streams {
        follows(history, stream, &mut found);
    }
    mirrors(history, &facts, &mut found);
    found.0
}

/// The log by itself: dense, and of whole batches. What it says.
fn log(history: &History, found: &mut Found) -> Facts {
    let mut facts = Facts::new(&history.base);
    let mut more = 0;
    for (index, record) in history.log.iter().enumerate() {
        let expected = history.base.seq() + 1 + index as u64;
        if record.seq != expected {
            found.add("LIN4", format!("the log has event {} where {expected} should be", record.seq));
            return facts;
        }
        if more > 0 && record.more != more - 1 {
            found
                .add("LIN4", format!("event {} should have {} of its batch behind it", record.seq, more - 1));
        }
        more = record.more;
        facts.add(record);
    }
    if more > 0 {
        found.add("LIN4", format!("the log ends {more} events before the end of a batch"));
    }
    facts
}

/// Each write is in the log as often as its client was told.
fn writes(history: &History, facts: &Facts, found: &mut Found) {
    let mut known: HashMap<&str, &Write> = HashMap::new();
    for write in &history.writes {
        known.insert(&write.mark, write);
        let Write { client, mark, outcome, tries, .. } = write;
        let places = facts.places(mark);
        match outcome {
            Outcome::Done { seq, events, id, .. } => {
                if places.len() != 1 {
                    let what = format!("{mark} of {client} was acknowledged at {seq} and is at {places:?}");
                    found.add("LIN1", what);
                    continue;
                }
                let batch = &places[0];
                if (batch.last, batch.events) != (*seq, *events) {
                    let what =
                        format!("{mark} of {client}: told {events} events up to {seq}, found {batch:?}");
                    found.add("LIN1", what);
                }
                if *id != batch.command || id.is_some() && batch.client.as_ref() != Some(client) {
                    found.add("LIN1", format!("{mark} of {client} as {id:?} is in the log as {batch:?}"));
                }
            }
            Outcome::Refused(code) if !places.is_empty() => {
                found.add("LIN2", format!("{mark} of {client} was refused ({code}) and is at {places:?}"));
            }
            Outcome::Refused(_) => {}
            Outcome::Unknown if places.len() > *tries as usize => {
                found.add("LIN3", format!("{mark} of {client} has no verdict and is at {places:?}"));
            }
            Outcome::Unknown => {}
        }
    }
    for (mark, places) in facts.marks() {
        if !known.contains_key(mark) {
            found.add("LIN2", format!("{mark:?} is at {places:?}, and nobody has asked for it"));
        }
    }
    for seq in facts.unmarked() {
        found.add("LIN2", format!("the batch up to event {seq} is of nobody's wish"));
    }
}

/// What a client was told comes in the order in which it asked, but for what it has asked two servers, of which the first
/// may have refused it.
fn acknowledgements(history: &History, found: &mut Found) {
    let mut by_client: HashMap<&str, Vec<(u64, u64, bool)>> = HashMap::new();
    for write in &history.writes {
        if let Outcome::Done { seq, returned, id: Some(id), .. } = write.outcome {
            let asked_twice = history.ends.iter().any(|end| (write.invoked..returned).contains(end));
            by_client.entry(&write.client).or_default().push((id, seq, asked_twice));
        }
    }
    for (client, mut told) in by_client {
        told.sort_unstable();
        let (mut last, mut last_seq) = (0, 0);
        for (id, seq, asked_twice) in told {
            if id == last || seq <= last_seq {
                found.add("LIN5", format!("{client}: command {last} is at {last_seq}, {id} at {seq}"));
            }
            if !asked_twice {
                (last, last_seq) = (id, seq);
            }
        }
    }
}

/// A stream has every event of the log from its beginning on, once, as it is there.
fn follows(history: &History, stream: &Stream, found: &mut Found) {
    let base = history.base.seq();
    for (expected, (seq, print)) in (stream.after + 1..).zip(&stream.events) {
        let Stream { name, .. } = stream;
        if *seq != expected {
            return found.add("LIN8", format!("{name} was told event {seq} where {expected} should be"));
        }
        let record = seq.checked_sub(base + 1).and_then(|index| history.log.get(index as usize));
        if record.map(fingerprint) != Some(*print) {
            return found.add("LIN8", format!("{name} was told another event {seq} than the log has"));
        }
    }
    let (last, end) = (stream.after + stream.events.len() as u64, base + history.log.len() as u64);
    if last != end {
        found.add("LIN8", format!("{} was told events up to {last} of {end}", stream.name));
    }
}

/// All end as the log says.
fn mirrors(history: &History, facts: &Facts, found: &mut Found) {
    let folded = facts.folded();
    let (seq, digest, json) = (folded.seq(), folded.digest(), canonical_json(&folded.snapshot()));
    for mirror in &history.mirrors {
        if (mirror.seq, mirror.digest) != (seq, digest) {
            let what = format!(
                "{} ends at {} with {}; the log at {seq} with {digest}",
                mirror.name, mirror.seq, mirror.digest
            );
            found.add("LIN9", what);
        } else if mirror.json != json {
            found.add("LIN9", format!("{} has the digest of the log and other bytes", mirror.name));
        }
    }
}
