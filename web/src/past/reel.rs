//! States and events of the past that this page has fetched: what it needs to show a moment without
//! asking again. The reducer is `vws-core`'s; nothing here changes a state in another way.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use vws_core::model::Seq;
use vws_core::{EventRecord, Session};

/// States that are kept. Objects are shared between them, so that one costs a map of references.
const STATES: usize = 12;
/// Events that are kept; with more those farthest from the moment that is shown go first.
const EVENTS: usize = 8_192;
/// Events that are applied here rather than asked the server for the state after them.
pub const FAR: Seq = 1_024;
/// Fetched states stand at multiples of this, so that steps back meet one that is there already.
pub const STRIDE: Seq = 256;
/// Events that are asked for at once.
pub const PAGE: u64 = 512;

/// What leads to a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// All of it is here.
    Here,
    /// The events after this seq are missing.
    Events {
        /// After which.
        after: Seq,
    },
    /// There is no state to begin with: one at this seq or up to the moment itself is missing.
    State {
        /// At which.
        at: Seq,
    },
}

/// What was fetched of one history.
#[derive(Debug, Default)]
pub struct Reel {
    states: BTreeMap<Seq, Session>,
    /// The seqs of the states, the one that was not used for longest first.
    used: VecDeque<Seq>,
    events: BTreeMap<Seq, Arc<EventRecord>>,
}

impl Reel {
    /// Keeps a state.
    pub fn keep_state(&mut self, session: Session) {
        use vws_core::reduce::State;
        let seq = session.seq();
        self.states.insert(seq, session);
        self.touch(seq);
        if self.states.len() > STATES
            && let Some(oldest) = self.used.pop_front()
        {
            self.states.remove(&oldest);
        }
    }

    fn touch(&mut self, seq: Seq) {
        self.used.retain(|used| *used != seq);
        self.used.push_back(seq);
    }

    /// Keeps events; `near` is the moment that is shown.
    pub fn keep_events(&mut self, events: impl IntoIterator<Item = EventRecord>, near: Seq) {
        self.events.extend(events.into_iter().map(|event| (event.seq, Arc::new(event))));
        while self.events.len() > EVENTS {
            let (first, last) = (self.events.first_key_value(), self.events.last_key_value());
            let (Some((first, _)), Some((last, _))) = (first, last) else { return };
            if near.abs_diff(*first) > near.abs_diff(*last) {
                self.events.pop_first();
            } else {
                self.events.pop_last();
            }
        }
    }

    /// The event of a seq.
    #[must_use]
    pub fn event(&self, seq: Seq) -> Option<&Arc<EventRecord>> {
        self.events.get(&seq)
    }

    /// What is missing on the way from `shown` (the state on show, if there is one), or from a state that is
    /// kept, to the moment `seq`. No history has a state before `base`.
    #[must_use]
    pub fn way(&self, shown: Option<Seq>, seq: Seq, base: Seq) -> Way {
        let shown = shown.filter(|shown| *shown <= seq && seq - shown <= FAR);
        let kept = self.nearest(seq).filter(|kept| seq - kept <= FAR);
        let Some(from) = shown.max(kept) else {
            return Way::State { at: base.max(seq - seq % STRIDE).min(seq) };
        };
        // The event of the moment itself is wanted too: it tells when that was and who made it so.
        let first = if seq > base { (from + 1).min(seq) } else { from + 1 };
        match self.gap(first, seq) {
            Some(missing) => Way::Events { after: missing - 1 },
            None => Way::Here,
        }
    }

    /// The first seq in `[first, last]` whose event is not here.
    fn gap(&self, first: Seq, last: Seq) -> Option<Seq> {
        let mut next = first;
        for seq in self.events.range(first..=last.max(first)).map(|(seq, _)| *seq) {
            if seq != next {
                break;
            }
            next += 1;
        }
        (next <= last).then_some(next)
    }

    fn nearest(&self, seq: Seq) -> Option<Seq> {
        self.states.range(..=seq).next_back().map(|(at, _)| *at)
    }

    /// The events after `from`, up to and with `seq`.
    pub fn between(&self, from: Seq, seq: Seq) -> impl Iterator<Item = &Arc<EventRecord>> {
        let range = (Bound::Excluded(from), Bound::Included(seq.max(from)));
        // An empty range between equal ends is not allowed to exclude both; this one includes its end.
        self.events.range(range).map(|(_, event)| event).filter(move |event| event.seq <= seq)
    }

    /// The state of a moment of which nothing is missing, built from the nearest that is kept.
    #[must_use]
    pub fn state_at(&mut self, seq: Seq) -> Option<Session> {
        let from = self.nearest(seq)?;
        self.touch(from);
        let mut session = self.states.get(&from)?.clone();
        for event in self.between(from, seq) {
            session.apply(event).ok()?;
        }
        use vws_core::reduce::State;
        (session.seq() == seq).then_some(session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vws_core::SessionId;
    use vws_core::reduce::State;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn session() -> Session {
        let id: SessionId = "0197a2b4-0000-7000-8000-000000000001".parse().expect("a valid id");
        Session::new(id, None, 0, 1)
    }

    /// Events that name the session after their seq.
    fn events(seqs: std::ops::RangeInclusive<Seq>) -> Vec<EventRecord> {
        seqs.map(|seq| {
            let json = format!(
                r#"{{"seq":{seq},"at":{},"event":{{"type":"session_renamed","name":"n{seq}"}}}}"#,
                seq * 10
            );
            serde_json::from_str(&json).expect("a valid event")
        })
        .collect()
    }

    fn at(seq: Seq) -> Session {
        let mut session = session();
        for event in events(1..=seq) {
            session.apply(&event).expect("the next");
        }
        session
    }

    #[test]
    fn web50_a_moment_is_the_nearest_state_and_the_events_after_it() {
        let mut reel = Reel::default();
        assert_eq!(reel.way(None, 300, 0), Way::State { at: 256 });
        reel.keep_state(at(256));
        assert_eq!(reel.way(None, 300, 0), Way::Events { after: 256 });
        reel.keep_events(events(257..=280), 300);
        assert_eq!(reel.way(None, 300, 0), Way::Events { after: 280 });
        reel.keep_events(events(281..=400), 300);
        assert_eq!(reel.way(None, 300, 0), Way::Here);
        let state = reel.state_at(300).expect("all is here");
        assert_eq!((state.seq(), state.digest()), (300, at(300).digest()));
        assert_eq!(reel.way(None, 257, 0), Way::Here, "steps back need nothing");
        assert_eq!(reel.way(None, 100, 0), Way::State { at: 0 });
    }

    #[test]
    fn web50_the_event_of_the_moment_is_wanted_but_at_the_beginning() {
        let mut reel = Reel::default();
        reel.keep_state(at(5));
        assert_eq!(reel.way(None, 5, 0), Way::Events { after: 4 });
        assert_eq!(reel.way(None, 5, 5), Way::Here, "nothing is kept before the base");
        assert_eq!(reel.way(Some(5), 5 + FAR + 1, 0), Way::State { at: 1_024 });
        assert_eq!(Reel::default().way(None, 300, 290), Way::State { at: 290 });
    }

    #[test]
    fn web50_what_is_kept_is_bounded() {
        let mut reel = Reel::default();
        reel.keep_events(events(1..=EVENTS as Seq), 1);
        reel.keep_events(events(20_000..=20_010), 20_000);
        assert_eq!(reel.events.len(), EVENTS);
        assert!(reel.event(20_005).is_some() && reel.event(1).is_none(), "what is far goes first");
        for seq in 1..=20 {
            reel.keep_state(at(seq));
        }
        assert_eq!((reel.states.len(), reel.used.len()), (STATES, STATES));
        assert!(reel.states.contains_key(&20) && !reel.states.contains_key(&1));
    }
}
