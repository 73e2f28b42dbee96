//! What keys do in the list: going through it, choosing, and finding a name by its first letters.

use vws_core::ObjectName;
use web_sys::KeyboardEvent;

use crate::browser;
use crate::client::SessionClient;
use crate::client::selection::Mode;
use crate::words;

/// Milliseconds after which the next letter begins another name.
const PAUSE_MS: f64 = 1_000.0;
/// Letters of a name that are kept: no name is longer.
const LONGEST: usize = 128;

/// Where the keyboard is in the list. That is the object that was chosen last, unless Ctrl has led on from it.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    name: Option<ObjectName>,
    /// The object that was chosen last, as far as this knows: another one takes the cursor with it.
    primary: Option<ObjectName>,
    /// Whether the list was reached with the pointer: letters are then shortcuts, as everywhere in the page.
    pointed: bool,
    typed: Typed,
}

/// The letters that were typed in a row.
#[derive(Debug, Default)]
struct Typed {
    letters: String,
    /// When the last came, in monotonic milliseconds.
    at: f64,
}

/// What a key means to a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Go there and choose it in this way.
    To(usize, Mode),
    /// Go there and choose nothing.
    Past(usize),
    /// Choose what is here, or no longer.
    Toggle,
}

/// What a key leads to from row `at` of `count`, a page being `page` rows.
fn step(key: &str, ctrl: bool, shift: bool, at: Option<usize>, count: usize, page: usize) -> Option<Step> {
    let last = count.checked_sub(1)?;
    let to = match (key, at) {
        (" ", _) => return Some(Step::Toggle),
        ("ArrowDown", None) | ("Home", _) => 0,
        ("ArrowDown", Some(at)) => at + 1,
        ("ArrowUp", None) | ("End", _) => last,
        ("ArrowUp", Some(at)) => at.saturating_sub(1),
        ("PageDown", at) => at.unwrap_or(0) + page,
        ("PageUp", at) => at.unwrap_or(0).saturating_sub(page),
        _ => return None,
    };
    let to = to.min(last);
    Some(if ctrl && !shift { Step::Past(to) } else { Step::To(to, Mode::of(false, shift)) })
}

impl Typed {
    /// What is looked for after one more letter at this time, and whether it may be where one is: a letter that
    /// is typed again and again leads from one name that begins with it to the next.
    fn add(&mut self, letter: &str, now: f64) -> (String, bool) {
        if now - self.at > PAUSE_MS || self.letters.len() > LONGEST {
            self.letters.clear();
        }
        self.at = now;
        let letter = words::lower(letter);
        let repeats = !self.letters.is_empty() && self.letters.replace(&letter, "").is_empty();
        self.letters.push_str(&letter);
        if repeats { (letter, false) } else { (self.letters.clone(), self.letters != letter) }
    }

    fn is_going_on(&self, now: f64) -> bool {
        !self.letters.is_empty() && now - self.at <= PAUSE_MS
    }
}

/// The first name from `at` on, round and round, that begins with `start` in whatever case.
fn starting(names: &[ObjectName], start: &str, at: Option<usize>, here: bool) -> Option<usize> {
    let from = at.map_or(0, |at| at + usize::from(!here));
    let is_found = |index: &usize| words::lower(names[*index].as_str()).starts_with(start);
    (from..names.len()).chain(0..from.min(names.len())).find(is_found)
}

impl Cursor {
    /// The object that the keyboard is at.
    pub(super) const fn name(&self) -> Option<&ObjectName> {
        self.name.as_ref()
    }

    /// Whether the keyboard is at this object.
    pub(super) fn is_at(&self, name: &ObjectName) -> bool {
        self.name.as_ref() == Some(name)
    }

    /// Goes to what was chosen elsewhere.
    pub(super) fn follow(&mut self, client: &SessionClient) {
        let primary = client.selected();
        if primary != self.primary {
            self.name.clone_from(&primary);
            self.primary = primary;
        }
    }

    /// The pointer was pressed in the list.
    pub(super) const fn pointed(&mut self) {
        self.pointed = true;
    }

    /// A key was pressed that may lead into the list.
    pub(super) const fn keyed(&mut self) {
        self.pointed = false;
    }

    /// Does what a key asks for; answers whether it asked for anything.
    pub(super) fn key(&mut self, client: &SessionClient, event: &KeyboardEvent, page: usize) -> bool {
        let (key, now) = (event.key(), browser::monotonic_ms());
        let (ctrl, shift) = (event.ctrl_key() || event.meta_key(), event.shift_key());
        if event.alt_key() || event.is_composing() {
            return false;
        }
        let (at, count) =
            client.rows(|rows| (self.name.as_ref().and_then(|name| rows.position(name)), rows.names().len()));
        let is_letter = !ctrl && !self.pointed && key.chars().count() == 1;
        let starts_name = key.chars().all(char::is_alphanumeric) || self.typed.is_going_on(now);
        if is_letter && starts_name {
            let (start, here) = self.typed.add(&key, now);
            let found = client.rows(|rows| starting(rows.names(), &start, at, here));
            if let Some(found) = found {
                self.take(client, Step::To(found, Mode::Only));
            }
            return true;
        }
        let Some(step) = step(&key, ctrl, shift, at, count, page) else { return false };
        self.take(client, step);
        true
    }

    fn take(&mut self, client: &SessionClient, step: Step) {
        let at = |index: usize| client.rows(|rows| rows.names().get(index).cloned());
        match step {
            Step::To(index, mode) => {
                let Some(name) = at(index) else { return };
                client.choose(&name, mode);
                self.name = Some(name);
            }
            Step::Past(index) => self.name = at(index),
            Step::Toggle => {
                let Some(name) = &self.name else { return };
                client.choose(name, Mode::Toggle);
            }
        }
        // What was chosen from here leaves the cursor where it is.
        self.primary = client.selected();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn web25_keys_go_through_the_list() {
        let to = |key: &str, at: Option<usize>| step(key, false, false, at, 100, 20);
        let only = |index: usize| Some(Step::To(index, Mode::Only));
        assert_eq!(to("ArrowDown", None), only(0));
        assert_eq!(to("ArrowUp", None), only(99));
        assert_eq!((to("ArrowDown", Some(99)), to("ArrowUp", Some(0))), (only(99), only(0)));
        assert_eq!((to("Home", Some(50)), to("End", Some(50))), (only(0), only(99)));
        assert_eq!((to("PageDown", Some(90)), to("PageUp", Some(5))), (only(99), only(0)));
        assert_eq!(to("PageDown", Some(10)), only(30));
        assert_eq!(step("ArrowDown", false, true, Some(1), 9, 5), Some(Step::To(2, Mode::Range)));
        assert_eq!(step("ArrowDown", true, false, Some(1), 9, 5), Some(Step::Past(2)));
        assert_eq!(to(" ", Some(5)), Some(Step::Toggle));
        assert_eq!(to("x", Some(5)), None);
        assert_eq!(step("End", false, false, None, 0, 20), None, "there is nothing to go to");
    }

    #[test]
    fn web25_letters_lead_to_names() {
        let names: Vec<_> = ["Apple", "ant", "bee", "beetle"]
            .map(|name| ObjectName::new("name", name).expect("a valid name"))
            .into();
        let mut typed = Typed::default();
        let mut at = None;
        let mut press = |letter: &str, now: f64| {
            let (start, here) = typed.add(letter, now);
            at = starting(&names, &start, at, here).or(at);
            at.map(|at| names[at].to_string())
        };
        assert_eq!(press("b", 0.0).as_deref(), Some("bee"));
        assert_eq!(press("e", 100.0).as_deref(), Some("bee"), "it goes on");
        assert_eq!(press("e", 200.0).as_deref(), Some("bee"));
        assert_eq!(press("t", 300.0).as_deref(), Some("beetle"));
        assert_eq!(press("a", 2_000.0).as_deref(), Some("Apple"), "after a pause it begins anew");
        assert_eq!(press("a", 2_100.0).as_deref(), Some("ant"), "again: the next one");
        assert_eq!(press("a", 2_200.0).as_deref(), Some("Apple"), "round and round");
        assert_eq!(press("z", 9_000.0).as_deref(), Some("Apple"), "nothing is nowhere");
    }
}
