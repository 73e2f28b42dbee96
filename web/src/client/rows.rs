//! The rows of the object tree: which names there are, in their order. What the rows show is read
//! from the replica when they are drawn.

use vws_core::reduce::State;
use vws_core::replica::View;
use vws_core::{Object, ObjectName};

use super::dirty::Dirty;

/// Changes that are folded in one by one; with more the names are gathered anew.
const FEW: usize = 64;

/// The names of the objects that a search matches, in the order of their bytes.
#[derive(Debug, Default)]
pub struct Rows {
    names: Vec<ObjectName>,
    search: String,
}

impl Rows {
    /// The names.
    #[must_use]
    pub fn names(&self) -> &[ObjectName] {
        &self.names
    }

    /// What is searched for.
    #[must_use]
    pub fn search(&self) -> &str {
        &self.search
    }

    /// Where a name is.
    #[must_use]
    pub fn position(&self, name: &ObjectName) -> Option<usize> {
        self.names.binary_search(name).ok()
    }

    /// Searches for something else; nothing matches all.
    pub fn set_search(&mut self, text: &str, view: Option<&View<'_>>) {
        self.search = text.trim().to_lowercase();
        self.rebuild(view);
    }

    /// Takes in what has changed.
    pub fn update(&mut self, dirty: &Dirty, view: Option<&View<'_>>) {
        match view {
            Some(view) if !dirty.all_objects && dirty.objects.len() <= FEW => {
                for name in &dirty.objects {
                    self.set(name, view.object(name.as_str()).is_some_and(|o| matches(o, &self.search)));
                }
            }
            _ if dirty.all_objects || !dirty.objects.is_empty() => self.rebuild(view),
            _ => {}
        }
    }

    fn set(&mut self, name: &ObjectName, present: bool) {
        match (self.names.binary_search(name), present) {
            (Err(at), true) => self.names.insert(at, name.clone()),
            (Ok(at), false) => drop(self.names.remove(at)),
            (Ok(_), true) | (Err(_), false) => {}
        }
    }

    fn rebuild(&mut self, view: Option<&View<'_>>) {
        self.names.clear();
        let Some(view) = view else { return };
        self.names.extend(view.objects().filter(|o| matches(o, &self.search)).map(|o| o.name.clone()));
    }
}

/// Whether a search (in lower case) finds an object: by its name, or by its type.
fn matches(object: &Object, search: &str) -> bool {
    search.is_empty()
        || object.name.as_str().to_lowercase().contains(search)
        || object.kind.as_str().to_lowercase().contains(search)
}
