//! The order of the log against real time.

use vws_core::Seq;

use super::Found;
use super::facts::Facts;
use crate::record::{History, Outcome, Read, Seen, Tick, Write};

/// Something that a client asked for, with the place in the log that it has, or that what it saw has.
#[derive(Debug, Clone, Copy)]
enum Asked<'a> {
    Write(&'a Write, Seq, u32),
    Read(&'a Read),
}

/// Something that happened at a moment.
#[derive(Debug, Clone, Copy)]
enum Moment {
    Invoked,
    Returned,
}

/// Whatever was told before something was asked is before it in the log; nothing is seen before it was asked for.
pub(super) fn check(history: &History, facts: &Facts, found: &mut Found) {
    let writes = history.writes.iter().filter_map(|write| match write.outcome {
        Outcome::Done { returned, seq, events, .. } => {
            Some((write.invoked, returned, Asked::Write(write, seq, events)))
        }
        Outcome::Refused(_) | Outcome::Unknown => None,
    });
    let reads = history.reads.iter().map(|read| (read.invoked, read.returned, Asked::Read(read)));
    let asked: Vec<(Tick, Tick, Asked<'_>)> = writes.chain(reads).collect();
    let mut moments: Vec<(Tick, Moment, usize)> = asked
        .iter()
        .enumerate()
        .flat_map(|(n, (invoked, returned, _))| {
            [(*invoked, Moment::Invoked, n), (*returned, Moment::Returned, n)]
        })
        .collect();
    moments.sort_unstable_by_key(|(tick, ..)| *tick);
    let ceilings = ceilings(&moments, &asked);
    let mut floors = vec![0; asked.len()];
    let mut floor: Seq = 0;
    for ((_, moment, n), ceiling) in moments.iter().zip(ceilings) {
        match moment {
            Moment::Invoked => floors[*n] = floor,
            Moment::Returned => floor = floor.max(judge(asked[*n].2, floors[*n], ceiling, facts, found)),
        }
    }
}

/// For each moment, the last event that can have been there: one before the first of any write that was asked for
/// later.
fn ceilings(moments: &[(Tick, Moment, usize)], asked: &[(Tick, Tick, Asked<'_>)]) -> Vec<Seq> {
    let mut ceiling = Seq::MAX;
    let mut all: Vec<Seq> = moments
        .iter()
        .rev()
        .map(|(_, moment, n)| {
            if let (Moment::Invoked, Asked::Write(_, seq, events)) = (moment, asked[*n].2) {
                ceiling = ceiling.min(seq.saturating_sub(u64::from(events)));
            }
            ceiling
        })
        .collect();
    all.reverse();
    all
}

/// Judges one, that was told after all up to `floor` was, and before anything after `ceiling` can have been there.
/// What is known to have been there from now on.
fn judge(asked: Asked<'_>, floor: Seq, ceiling: Seq, facts: &Facts, found: &mut Found) -> Seq {
    match asked {
        Asked::Write(write, seq, events) => {
            let first = (seq + 1).saturating_sub(events.into());
            if first <= floor && events > 0 {
                let what = format!("{} is at {first}; {floor} was known before it was asked for", write.mark);
                found.add("LIN6", what);
            }
            if seq > ceiling {
                let what = format!("{} is at {seq}, behind a write that was asked for later", write.mark);
                found.add("LIN6", what);
            }
            seq
        }
        Asked::Read(read) => {
            let (at, what) = match &read.seen {
                Seen::Head(seq) => (Some((*seq, *seq)), format!("the head {seq}")),
                Seen::State(seq, digest) => {
                    if facts.digest(*seq) != Some(*digest) {
                        found.add(
                            "LIN7",
                            format!("a state at {seq} has {digest}, which the log never had there"),
                        );
                    }
                    (Some((*seq, *seq)), format!("a state at {seq}"))
                }
                Seen::Object(name, seen) => (facts.when(name, *seen, floor), format!("object {name:?}")),
            };
            let Some((first, last)) = at else {
                found.add("LIN7", format!("{what} was seen as it was not at {floor} or later"));
                return floor;
            };
            if last < floor {
                found.add("LIN7", format!("{what} was seen; {floor} was known before it was asked for"));
            }
            if first > ceiling {
                found.add("LIN7", format!("{what} was seen before the write was asked for that led to it"));
            }
            first
        }
    }
}
