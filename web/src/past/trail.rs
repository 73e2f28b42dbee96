//! The marks of a timeline: who changed what and when, as far as it was told, and always bounded.

use std::collections::{BTreeMap, HashMap};

use vws_core::model::{Millis, Seq};
use vws_core::{ClientId, EventRecord};

use super::runs::{self, Run};
use super::words;

/// Marks that are kept; with more every second one goes.
const MOST: usize = 12_000;
/// Authors with a number of their own; all others share one.
const AUTHORS: usize = 1_000;

/// Along what a timeline runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Axis {
    /// Each event is as long as any other.
    #[default]
    Events,
    /// Each second is as long as any other.
    Time,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Its place.
    pub seq: Seq,
    /// When it was.
    pub at: Millis,
    /// Whose it was: an index of [`Trail::author`].
    pub author: u16,
    /// What happened, in words.
    pub what: String,
    /// Whether it can be one of many that are shown as one.
    pub may_repeat: bool,
}

impl Mark {
    /// Whether one of two of the same author goes on with what the other does.
    pub(super) fn is_more_of(&self, other: &Self) -> bool {
        self.may_repeat && other.may_repeat && self.what == other.what && runs::goes_on(self.at, other.at)
    }
}

/// The marks of one history.
#[derive(Debug, Default)]
pub struct Trail {
    base: Seq,
    began: Millis,
    head: Seq,
    pub(super) marks: BTreeMap<Seq, Mark>,
    pub(super) authors: Vec<Option<ClientId>>,
    numbers: HashMap<Option<ClientId>, u16>,
    /// Counts the changes.
    revision: u64,
}

impl Trail {
    /// A timeline that begins after the event `base`, at `began`.
    #[must_use]
    pub fn new(base: Seq, began: Millis, head: Seq) -> Self {
        Self { base, began, head, ..Self::default() }
    }

    /// The seq of the first state that there is.
    #[must_use]
    pub const fn base(&self) -> Seq {
        self.base
    }

    /// The last event that is known of.
    #[must_use]
    pub const fn head(&self) -> Seq {
        self.head
    }

    /// Counts the changes: equal numbers, equal pictures.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// How many events have a mark.
    #[must_use]
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    /// Whether no event has one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Whether every event has a mark.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.marks.len() as Seq == self.head - self.base
    }

    /// The client behind an author's number; `None` where it did not say who it is.
    #[must_use]
    pub fn author(&self, number: u16) -> Option<&ClientId> {
        self.authors.get(usize::from(number))?.as_ref()
    }

    /// Marks an event.
    pub fn mark(&mut self, record: &EventRecord) {
        if record.seq <= self.base {
            return;
        }
        self.revision += 1;
        self.head = self.head.max(record.seq);
        let author = self.number(record.by.as_ref().map(|by| &by.client_id));
        let what = words::event(&record.event);
        // Of requests without a name nobody knows whether they are one person's.
        let may_repeat = record.by.is_some() && runs::may_repeat(&record.event);
        self.marks.insert(record.seq, Mark { seq: record.seq, at: record.at, author, what, may_repeat });
        if self.marks.len() > MOST {
            let mut odd = false;
            let last = self.head;
            self.marks.retain(|seq, _| {
                odd = !odd;
                odd || *seq == last
            });
        }
    }

    fn number(&mut self, author: Option<&ClientId>) -> u16 {
        let author = author.cloned();
        if let Some(number) = self.numbers.get(&author) {
            return *number;
        }
        let number = u16::try_from(self.authors.len().min(AUTHORS)).unwrap_or(u16::MAX);
        if self.authors.len() < AUTHORS {
            self.authors.push(author.clone());
            self.numbers.insert(author, number);
        }
        number
    }

    /// The last mark up to a seq.
    #[must_use]
    pub fn before(&self, seq: Seq) -> Option<&Mark> {
        self.marks.range(..=seq).next_back().map(|(_, mark)| mark)
    }

    /// The first mark from a seq on.
    #[must_use]
    pub fn after(&self, seq: Seq) -> Option<&Mark> {
        self.marks.range(seq..).next().map(|(_, mark)| mark)
    }

    /// When a moment was, as far as the marks tell.
    #[must_use]
    pub fn time_of(&self, seq: Seq) -> Millis {
        let before = self.before(seq).map_or((self.base, self.began), |mark| (mark.seq, mark.at));
        let after = self.after(seq).map_or(before, |mark| (mark.seq, mark.at));
        between(seq as f64, before, after)
    }

    fn ended(&self) -> Millis {
        self.marks.last_key_value().map_or(self.began, |(_, mark)| mark.at.max(self.began))
    }

    /// Where a moment is, in `[0, 1]`.
    #[must_use]
    pub fn place(&self, seq: Seq, axis: Axis) -> f64 {
        let part = |value: u64, first: u64, last: u64| {
            let length = last.saturating_sub(first);
            if length == 0 { 1.0 } else { value.saturating_sub(first).min(length) as f64 / length as f64 }
        };
        match axis {
            Axis::Events => part(seq, self.base, self.head),
            Axis::Time => part(self.time_of(seq), self.began, self.ended()),
        }
    }

    /// The moment at a place in `[0, 1]`.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a whole number")]
    pub fn moment(&self, place: f64, axis: Axis) -> Seq {
        let place = place.clamp(0.0, 1.0);
        match axis {
            Axis::Events => self.base + (place * (self.head - self.base) as f64).round() as Seq,
            Axis::Time => {
                let time = self.began + (place * (self.ended() - self.began) as f64).round() as Millis;
                self.moment_of(time)
            }
        }
    }

    /// The last event up to a time, as far as the marks tell. Times never go back along a history.
    #[must_use]
    pub fn moment_of(&self, time: Millis) -> Seq {
        let (mut low, mut high) = (self.base, self.head + 1);
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            if self.time_of(middle) <= time { low = middle } else { high = middle }
        }
        low
    }

    /// The mark closest to a place, if one is within `reach` of it.
    #[must_use]
    pub fn closest(&self, place: f64, axis: Axis, reach: f64) -> Option<&Mark> {
        let seq = self.moment(place, axis);
        let far = |mark: &&Mark| (self.place(mark.seq, axis) - place).abs();
        let found = [self.before(seq), self.after(seq), self.after(seq + 1)];
        let found = found.into_iter().flatten().min_by(|a, b| far(a).total_cmp(&far(b)));
        found.filter(|mark| far(mark) <= reach)
    }

    /// The run that a mark is in, whatever others did meanwhile.
    #[must_use]
    pub fn run_of(&self, mark: &Mark) -> Run {
        let own = |other: &&Mark| other.author == mark.author;
        let count = |marks: &mut dyn Iterator<Item = &Mark>| {
            let (mut last, mut count) = (mark, 0);
            for next in marks {
                if !next.is_more_of(last) {
                    break;
                }
                (last, count) = (next, count + 1);
            }
            (last.seq, count)
        };
        let (first, before) =
            count(&mut self.marks.range(..mark.seq).rev().map(|(_, mark)| mark).filter(own));
        let (last, after) = count(&mut self.marks.range(mark.seq + 1..).map(|(_, mark)| mark).filter(own));
        Run { first, last, count: before + 1 + after, place: before + 1 }
    }
}

/// The time at `seq` on the line between two marks.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two times after 1970")]
fn between(seq: f64, before: (Seq, Millis), after: (Seq, Millis)) -> Millis {
    let (first, last) = (before.0 as f64, after.0 as f64);
    if last <= first {
        return before.1;
    }
    let part = ((seq - first) / (last - first)).clamp(0.0, 1.0);
    (before.1 as f64 + part * after.1.saturating_sub(before.1) as f64) as Millis
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn record(seq: Seq, at: Millis, by: &str) -> EventRecord {
        let by = if by.is_empty() {
            String::new()
        } else {
            format!(r#""by":{{"client_id":"{by}","command_id":{seq}}},"#)
        };
        let json = format!(r#"{{"seq":{seq},"at":{at},{by}"event":{{"type":"object_deleted","name":"a"}}}}"#);
        serde_json::from_str(&json).expect("a valid event")
    }

    fn trail(marks: &[(Seq, Millis, &str)], head: Seq) -> Trail {
        let mut trail = Trail::new(0, 0, head);
        for (seq, at, by) in marks {
            trail.mark(&record(*seq, *at, by));
        }
        trail
    }

    #[test]
    fn web51_places_and_moments_are_each_others_inverse() {
        let marks: Vec<_> = (1..=100).map(|n| (n, n * n * 10, "a")).collect();
        let trail = trail(&marks, 100);
        assert!(trail.is_whole());
        for axis in [Axis::Events, Axis::Time] {
            for seq in 0..=100 {
                assert_eq!(trail.moment(trail.place(seq, axis), axis), seq, "{axis:?}");
            }
            assert_eq!((trail.moment(-1.0, axis), trail.moment(2.0, axis)), (0, 100));
        }
        assert!(trail.place(50, Axis::Time) < 0.26 && trail.place(50, Axis::Events) == 0.5);
    }

    #[test]
    fn web51_between_samples_times_are_told_as_far_as_they_are_known() {
        let trail = trail(&[(1, 0, ""), (1_000, 1_000, ""), (2_000, 100_000, "")], 2_000);
        assert!(!trail.is_whole());
        assert_eq!(trail.time_of(500), 499);
        assert_eq!(trail.moment_of(999), 999);
        assert!((1_499..=1_501).contains(&trail.moment_of(50_500)));
        let density = trail.density(Axis::Time, 10);
        assert!(density[0] > density[5], "most happened at first: {density:?}");
    }

    #[test]
    fn web51_the_closest_mark_is_found_within_reach() {
        let trail = trail(&[(10, 10, "a"), (20, 20, "b")], 100);
        let found = |place: f64| trail.closest(place, Axis::Events, 0.02).map(|mark| mark.seq);
        assert_eq!((found(0.11), found(0.185), found(0.5)), (Some(10), Some(20), None));
    }

    #[test]
    fn web51_those_who_did_most_have_lanes_and_the_rest_share_one() {
        let mut marks = Vec::new();
        for (n, by) in ["a", "a", "a", "b", "b", "", "c", "d"].iter().enumerate() {
            marks.push((n as Seq + 1, n as Millis, *by));
        }
        let trail = trail(&marks, 8);
        let lanes = trail.lanes(Axis::Events, 100, 3);
        let told: Vec<_> = lanes
            .iter()
            .map(|lane| (lane.author.and_then(|a| trail.author(a)).map(ClientId::as_str), lane.count))
            .collect();
        assert_eq!(told, [(Some("a"), 3), (Some("b"), 2), (None, 3)]);
        assert_eq!(trail.lanes(Axis::Events, 1, 3)[0].spans, [(0, 0)], "a column is there once");
    }

    #[test]
    fn web79_a_drag_is_one_span_and_each_of_its_moments_is_there() {
        let mut trail = Trail::new(0, 0, 0);
        let moved = |seq: Seq, at: Millis, by: &str, name: &str| -> EventRecord {
            let event = format!(r#"{{"type":"object_updated","name":"{name}","patch":{{"x":1.0}}}}"#);
            let json = format!(
                r#"{{"seq":{seq},"at":{at},"by":{{"client_id":"{by}","command_id":{seq}}},"event":{event}}}"#
            );
            serde_json::from_str(&json).expect("a valid event")
        };
        // Two people drag at once; then one of them drags another thing, and after a while that one again.
        for seq in 1..=10 {
            trail.mark(&moved(seq, seq * 60, if seq % 2 == 0 { "a" } else { "b" }, "cube"));
        }
        for (seq, at) in [(11, 700), (12, 760), (13, 5_000)] {
            trail.mark(&moved(seq, at, "a", "cone"));
        }
        let run = |seq: Seq| trail.run_of(trail.before(seq).expect("it has a mark"));
        assert_eq!(run(6), Run { first: 2, last: 10, count: 5, place: 3 });
        assert_eq!(run(9), Run { first: 1, last: 9, count: 5, place: 5 });
        assert_eq!(run(12), Run { first: 11, last: 12, count: 2, place: 2 });
        assert_eq!(run(13), Run { first: 13, last: 13, count: 1, place: 1 });
        let lanes = trail.lanes(Axis::Events, 14, 5);
        assert_eq!(lanes[0].spans, [(2, 10), (11, 12), (13, 13)]);
        assert_eq!((lanes[1].spans.as_slice(), lanes[1].count), ([(1, 9)].as_slice(), 5));
        for seq in 1..=13 {
            assert_eq!(trail.moment(trail.place(seq, Axis::Events), Axis::Events), seq);
        }
    }

    #[test]
    fn web79_what_comes_or_goes_and_what_nobody_put_a_name_to_is_by_itself() {
        let marks = trail(&[(1, 0, "a"), (2, 1, "a")], 2);
        assert_eq!(marks.lanes(Axis::Events, 3, 5)[0].spans, [(1, 1), (2, 2)], "things were deleted");
        let mut trail = Trail::new(0, 0, 0);
        for seq in 1..=2 {
            let json = format!(
                r#"{{"seq":{seq},"at":0,"event":{{"type":"object_updated","name":"a","patch":{{"x":1.0}}}}}}"#
            );
            trail.mark(&serde_json::from_str(&json).expect("a valid event"));
        }
        assert_eq!(trail.lanes(Axis::Events, 3, 5)[0].spans, [(1, 1), (2, 2)]);
    }

    #[test]
    fn web51_marks_and_authors_are_bounded() {
        let mut trail = Trail::new(0, 0, 0);
        for seq in 1..=(MOST as Seq + 1) {
            trail.mark(&record(seq, seq, &format!("c{}", seq % 2_000)));
        }
        assert!(trail.len() <= MOST && trail.len() >= MOST / 2, "{}", trail.len());
        assert!(trail.authors.len() <= AUTHORS && !trail.is_whole());
        assert_eq!(trail.head(), MOST as Seq + 1);
        assert!(trail.before(trail.head()).is_some_and(|mark| mark.seq == trail.head()));
        assert!(!trail.lanes(Axis::Time, 1_000, 5).is_empty());
    }
}
