//! Objects that the person here has locked: this browser does not let them be changed. Others know nothing of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use vws_core::{Command, ObjectName, SessionId};

use super::{Notice, SessionClient};
use crate::browser;

/// Where locks are kept.
pub(super) const KEY: &str = "vws.locks";
/// Objects of one session that can be locked.
pub const MOST: usize = 1_000;
/// Sessions whose locks are kept; those locked in longest ago go first.
const SESSIONS: usize = 32;

/// The locks of one session, as they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    session: String,
    names: Vec<String>,
}

/// What was stored, as far as it is valid: others write there too.
fn of_stored(text: Option<&str>) -> Vec<Kept> {
    let kept: Vec<Kept> = text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    kept.into_iter().take(SESSIONS).collect()
}

/// The locks of `session` among what is stored.
fn of_session(kept: &[Kept], session: &str) -> BTreeSet<ObjectName> {
    let own = kept.iter().find(|kept| kept.session == session);
    let names = own.into_iter().flat_map(|kept| &kept.names);
    names.filter_map(|name| ObjectName::new("name", name).ok()).take(MOST).collect()
}

/// What is stored with these locks of `session`, the last one that was locked in first.
fn with_session(mut kept: Vec<Kept>, session: &str, names: &BTreeSet<ObjectName>) -> Vec<Kept> {
    kept.retain(|kept| kept.session != session);
    if !names.is_empty() {
        let names = names.iter().map(ToString::to_string).collect();
        kept.insert(0, Kept { session: session.to_owned(), names });
    }
    kept.truncate(SESSIONS);
    kept
}

fn stored() -> Vec<Kept> {
    let text = browser::local_storage().and_then(|storage| storage.get_item(KEY).ok().flatten());
    of_stored(text.as_deref())
}

/// The locks of a session, as this browser has kept them.
pub(super) fn load(session: SessionId) -> BTreeSet<ObjectName> {
    of_session(&stored(), &session.to_string())
}

/// Keeps the locks of a session for the next visit, where the browser keeps anything.
fn keep(session: SessionId, names: &BTreeSet<ObjectName>) {
    let kept = with_session(stored(), &session.to_string(), names);
    if let (Some(storage), Ok(text)) = (browser::local_storage(), serde_json::to_string(&kept)) {
        // Not kept: they hold until the page is left.
        let _ = storage.set_item(KEY, &text);
    }
}

/// An object that a command would change and that is locked.
fn locked_in<'a>(command: &'a Command, locked: &'a BTreeSet<ObjectName>) -> Option<&'a str> {
    if locked.is_empty() {
        return None;
    }
    match command {
        Command::UpdateObject { name, .. }
        | Command::RenameObject { name, .. }
        | Command::DeleteObject { name } => locked.contains(name.as_str()).then_some(name.as_str()),
        Command::ClearObjects => locked.first().map(ObjectName::as_str),
        Command::Batch { commands } => commands.iter().find_map(|command| locked_in(command, locked)),
        Command::CreateObject { .. }
        | Command::InitializeWorld { .. }
        | Command::UpdateWorld { .. }
        | Command::MoveCamera { .. }
        | Command::StartOrbit { .. }
        | Command::StopOrbit
        | Command::RenameSession { .. }
        | Command::ExpectObject { .. }
        | Command::ExpectWorld { .. } => None,
    }
}

impl SessionClient {
    /// Whether the person here has locked an object. The view then lets presses through to what is behind it, and
    /// whatever would change it is refused here.
    #[must_use]
    pub fn is_locked(&self, name: &ObjectName) -> bool {
        self.locks.borrow().contains(name)
    }

    /// Whether an object can be given another name now.
    ///
    /// # Errors
    /// Why not, for [`refuse`](Self::refuse).
    pub fn can_rename(&self, name: &ObjectName) -> Result<(), Notice> {
        match self.read_only() {
            Some(why) => Err(Notice::ReadOnly(why)),
            None if self.is_locked(name) => Err(Notice::Locked(name.to_string())),
            None => Ok(()),
        }
    }

    /// Tells the user why something is not done.
    pub fn refuse(&self, why: Notice) {
        (self.notify)(why);
    }

    /// What is locked here, the names of objects that are gone included.
    #[must_use]
    pub fn locked(&self) -> Vec<ObjectName> {
        self.locks.borrow().iter().cloned().collect()
    }

    /// How many objects are locked here.
    #[must_use]
    pub fn locked_count(&self) -> usize {
        self.locks.borrow().len()
    }

    /// Locks objects, or unlocks them. More than [`MOST`] are refused as a whole.
    pub fn set_locked(&self, names: &[ObjectName], locked: bool) {
        let mut locks = self.locks.borrow().clone();
        for name in names {
            if locked {
                locks.insert(name.clone());
            } else {
                locks.remove(name);
            }
        }
        if locked && locks.len() > MOST {
            // Those of objects that are gone make room first.
            locks.retain(|name| self.object(name.as_str()).is_some());
        }
        if locks.len() > MOST {
            (self.notify)(Notice::TooManyLocks { count: locks.len(), max: MOST });
            return;
        }
        self.put_locks(locks);
    }

    /// Unlocks everything.
    pub fn unlock_all(&self) {
        self.put_locks(BTreeSet::new());
    }

    /// Takes in what another tab of this browser has locked.
    pub(super) fn reload_locks(&self) {
        self.show_locks(load(self.id()));
    }

    fn put_locks(&self, locks: BTreeSet<ObjectName>) {
        keep(self.id(), &locks);
        self.show_locks(locks);
    }

    fn show_locks(&self, locks: BTreeSet<ObjectName>) {
        if *self.locks.borrow() != locks {
            self.locks.replace(locks);
            self.dirty.borrow_mut().selection = true;
            self.changed();
        }
    }

    /// A lock stays with an object that gets another name.
    pub(super) fn rename_lock(&self, from: &ObjectName, to: &ObjectName) {
        if self.is_locked(from) && self.object(from.as_str()).is_none() {
            let mut locks = self.locks.borrow().clone();
            locks.remove(from);
            locks.insert(to.clone());
            self.put_locks(locks);
        }
    }

    /// What a command would change and is locked, told to the user; answers whether there is any.
    pub(super) fn is_held(&self, command: &Command) -> bool {
        let name = locked_in(command, &self.locks.borrow()).map(str::to_owned);
        if let Some(name) = name {
            (self.notify)(Notice::Locked(name));
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn names(text: &str) -> BTreeSet<ObjectName> {
        text.split_whitespace().map(|name| ObjectName::new("name", name).expect("a valid name")).collect()
    }

    #[test]
    fn web26_locks_are_kept_by_session_and_bounded() {
        let kept = with_session(Vec::new(), "s", &names("a b"));
        let text = serde_json::to_string(&kept).expect("they have a JSON");
        let back = of_stored(Some(&text));
        assert_eq!((of_session(&back, "s"), of_session(&back, "t")), (names("a b"), names("")));
        assert_eq!(with_session(back, "s", &names("")), [], "what is unlocked leaves nothing");

        let many =
            (0..SESSIONS + 5).fold(Vec::new(), |kept, n| with_session(kept, &n.to_string(), &names("a")));
        assert_eq!((many.len(), many[0].session.as_str()), (SESSIONS, "36"));
        let over = (0..MOST + 5).map(|n| n.to_string()).collect::<Vec<_>>();
        let over = [Kept { session: "s".to_owned(), names: over }];
        assert_eq!(of_session(&over, "s").len(), MOST);
        assert!(of_stored(Some("nonsense")).is_empty() && of_stored(None).is_empty());
    }

    #[test]
    fn web26_what_would_change_a_locked_object_is_known() {
        let locked = names("a");
        let held = |json: &str| {
            let commands = vws_core::wire::parse_json::<Command>(json.as_bytes()).expect("a valid command");
            locked_in(&commands, &locked).map(str::to_owned)
        };
        assert_eq!(held(r#"{"type":"update_object","name":"a","patch":{"x":1}}"#).as_deref(), Some("a"));
        assert_eq!(held(r#"{"type":"rename_object","name":"a","new_name":"b"}"#).as_deref(), Some("a"));
        assert_eq!(held(r#"{"type":"delete_object","name":"b"}"#), None);
        assert_eq!(held(r#"{"type":"clear_objects"}"#).as_deref(), Some("a"));
        let batch = r#"{"type":"batch","commands":[{"type":"delete_object","name":"b"},{"type":"delete_object","name":"a"}]}"#;
        assert_eq!(held(batch).as_deref(), Some("a"));
        assert_eq!(held(r#"{"type":"stop_orbit"}"#), None);
    }
}
