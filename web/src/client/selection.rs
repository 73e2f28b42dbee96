//! What is selected.

use std::collections::BTreeSet;

use vws_core::ObjectName;

/// Names of objects in the order in which they were chosen. The last is the primary one: what the
/// inspector heads and the keys move on from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    names: Vec<ObjectName>,
    /// The same names, to find one among many.
    set: BTreeSet<ObjectName>,
    /// Where a range begins.
    anchor: Option<ObjectName>,
}

/// What a click or a key means to what is selected already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing else stays.
    Only,
    /// It comes to the others, or leaves them: Ctrl.
    Toggle,
    /// All from the anchor to here: Shift.
    Range,
}

impl Mode {
    /// The mode of a click or a key with these modifiers.
    #[must_use]
    pub const fn of(ctrl: bool, shift: bool) -> Self {
        match (ctrl, shift) {
            (_, true) => Self::Range,
            (true, false) => Self::Toggle,
            (false, false) => Self::Only,
        }
    }
}

impl Selection {
    /// These, the last as the primary one; of one that comes twice the first stays.
    #[must_use]
    pub fn of(names: impl IntoIterator<Item = ObjectName>) -> Self {
        let mut selection = Self::default();
        for name in names {
            selection.add(name);
        }
        selection.anchor = selection.names.last().cloned();
        selection
    }

    /// The names, the primary one last.
    #[must_use]
    pub fn names(&self) -> &[ObjectName] {
        &self.names
    }

    /// The one that was chosen last.
    #[must_use]
    pub fn primary(&self) -> Option<&ObjectName> {
        self.names.last()
    }

    /// Whether an object is selected.
    #[must_use]
    pub fn contains(&self, name: &ObjectName) -> bool {
        self.set.contains(name)
    }

    /// What is selected after `name` was chosen, in a list `rows` of all that can be.
    #[must_use]
    pub fn chosen(&self, name: &ObjectName, mode: Mode, rows: &[ObjectName]) -> Self {
        match mode {
            Mode::Only => Self::of([name.clone()]),
            Mode::Toggle => {
                let mut selection = self.clone();
                if !selection.remove(name) {
                    selection.add(name.clone());
                }
                selection.anchor = Some(name.clone());
                selection
            }
            Mode::Range => {
                let at = |wanted: &ObjectName| rows.iter().position(|row| row == wanted);
                let (Some(from), Some(to)) = (self.anchor.as_ref().and_then(at), at(name)) else {
                    return Self::of([name.clone()]);
                };
                let range = &rows[from.min(to)..=from.max(to)];
                let mut selection = if from <= to {
                    Self::of(range.iter().cloned())
                } else {
                    Self::of(range.iter().rev().cloned())
                };
                selection.anchor.clone_from(&self.anchor);
                selection
            }
        }
    }

    /// Those of it that `keep` wants.
    #[must_use]
    pub fn retained(&self, keep: impl Fn(&ObjectName) -> bool) -> Self {
        let anchor = self.anchor.clone().filter(&keep);
        let names = self.names.iter().filter(|name| keep(name)).cloned();
        let kept = Self::of(names);
        Self { anchor: anchor.or_else(|| kept.anchor.clone()), ..kept }
    }

    /// With one under another name.
    #[must_use]
    pub fn renamed(&self, from: &ObjectName, to: &ObjectName) -> Self {
        let other = |name: &ObjectName| if name == from { to.clone() } else { name.clone() };
        let anchor = self.anchor.as_ref().map(other);
        Self { anchor, ..Self::of(self.names.iter().map(other)) }
    }

    fn add(&mut self, name: ObjectName) {
        if self.set.insert(name.clone()) {
            self.names.push(name);
        }
    }

    fn remove(&mut self, name: &ObjectName) -> bool {
        let was = self.set.remove(name);
        if was {
            self.names.retain(|other| other != name);
        }
        was
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn name(text: &str) -> ObjectName {
        ObjectName::new("name", text).expect("a valid name")
    }

    fn names(text: &str) -> Vec<ObjectName> {
        text.chars().map(|c| name(&c.to_string())).collect()
    }

    fn shown(selection: &Selection) -> String {
        selection.names().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn web20_modifiers_choose_as_everywhere() {
        let rows = names("abcdefg");
        let b = Selection::default().chosen(&name("b"), Mode::of(false, false), &rows);
        assert_eq!(shown(&b), "b");
        let bd = b.chosen(&name("d"), Mode::of(true, false), &rows);
        assert_eq!((shown(&bd).as_str(), bd.primary()), ("bd", Some(&name("d"))));
        assert_eq!(shown(&bd.chosen(&name("b"), Mode::Toggle, &rows)), "d");
        let range = bd.chosen(&name("f"), Mode::of(false, true), &rows);
        assert_eq!(shown(&range), "def", "from where one was last");
        assert_eq!(shown(&range.chosen(&name("b"), Mode::Range, &rows)), "dcb", "from the same place");
        assert_eq!(shown(&Selection::default().chosen(&name("c"), Mode::Range, &rows)), "c");
        assert_eq!(shown(&bd.chosen(&name("b"), Mode::Range, &names("xyz"))), "b", "d is not in the list");
    }

    #[test]
    fn web20_what_goes_or_is_renamed_goes_or_is_renamed_here() {
        let abc = Selection::of(names("abc"));
        assert_eq!(shown(&abc.retained(|n| *n != name("c"))), "ab");
        assert_eq!(shown(&abc.renamed(&name("b"), &name("x"))), "axc");
        assert!(abc.renamed(&name("b"), &name("x")).contains(&name("x")));
        assert!(!abc.retained(|_| false).contains(&name("a")));
    }
}
