//! Changes that follow each other so closely that a person means one: a drag, a key that is held. They are shown as
//! one, and each of them can still be gone to. Pure.

use std::ops::Range;

use vws_core::event::Event;
use vws_core::model::{Millis, Seq};

/// A run goes on while its next change comes within this time, in milliseconds.
pub const PAUSE_MS: Millis = 1_000;

/// Many changes as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Its first change.
    pub first: Seq,
    /// Its last one.
    pub last: Seq,
    /// How many they are.
    pub count: usize,
    /// Which of them it was asked for by, from 1 on.
    pub place: usize,
}

/// Whether an event can be one of many. What comes or goes is one thing each.
#[must_use]
pub const fn may_repeat(event: &Event) -> bool {
    match event {
        Event::ObjectUpdated { .. } | Event::WorldUpdated { .. } | Event::CameraMoved { .. } => true,
        Event::ObjectCreated { .. }
        | Event::ObjectRenamed { .. }
        | Event::ObjectDeleted { .. }
        | Event::ObjectsCleared
        | Event::WorldInitialized { .. }
        | Event::CameraOrbitStarted { .. }
        | Event::CameraOrbitStopped
        | Event::SessionRenamed { .. } => false,
    }
}

/// Whether a run of which something happened at `one` time goes on with what happened at `other`.
#[must_use]
pub const fn goes_on(one: Millis, other: Millis) -> bool {
    one.abs_diff(other) <= PAUSE_MS
}

/// A list in time, either way, as its runs: places in the list, each in one. Neighbours of the same key belong
/// together; what has no key is by itself.
pub fn runs<T, K: PartialEq>(
    items: &[T],
    key: impl Fn(&T) -> Option<K>,
    at: impl Fn(&T) -> Millis,
) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut last: Option<(K, Millis)> = None;
    for (index, item) in items.iter().enumerate() {
        let now = key(item).map(|key| (key, at(item)));
        let same =
            matches!((&last, &now), (Some((a, then)), Some((b, now))) if a == b && goes_on(*then, *now));
        match runs.last_mut() {
            Some(run) if same => run.end = index + 1,
            _ => runs.push(index..index + 1),
        }
        last = now;
    }
    runs
}

/// What happened, with how often where that is more than once.
#[must_use]
pub fn counted(what: &str, count: usize) -> String {
    if count > 1 {
        format!("{what}, {} changes", crate::client::progress::grouped(count as u64))
    } else {
        what.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// Runs of `(key, time)`; a space is no key.
    fn of(items: &[(char, Millis)]) -> Vec<String> {
        let found = runs(items, |(key, _)| (*key != ' ').then_some(*key), |(_, at)| *at);
        found.into_iter().map(|run| items[run].iter().map(|(key, _)| key).collect()).collect()
    }

    #[test]
    fn web79_neighbours_of_one_key_are_a_run_while_no_pause_is_between_them() {
        assert_eq!(of(&[('a', 0), ('a', 900), ('a', 1_900), ('b', 1_950), ('a', 2_000)]), ["aaa", "b", "a"]);
        assert_eq!(of(&[('a', 0), ('a', PAUSE_MS), ('a', 2 * PAUSE_MS + 1)]), ["aa", "a"]);
        assert_eq!(
            of(&[('a', 2_000), ('a', 1_500), ('a', 100)]),
            ["aa", "a"],
            "the newest first, as lists are"
        );
        assert_eq!(of(&[(' ', 0), (' ', 1)]), [" ", " "], "what has no key is by itself");
        assert!(of(&[]).is_empty());
    }

    #[test]
    fn web79_a_run_is_told_with_its_changes() {
        assert_eq!([counted("moved a", 1), counted("moved a", 1_400)], ["moved a", "moved a, 1,400 changes"]);
    }
}
