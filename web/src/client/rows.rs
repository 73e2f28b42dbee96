//! The rows of the object tree: which names there are, in their order. What the rows show is read
//! from the replica when they are drawn.

use vws_core::ObjectName;
use vws_core::reduce::State;
use vws_core::replica::View;

use super::SessionClient;
use super::dirty::Dirty;
use super::search::Query;

/// Changes that are folded in one by one; with more the names are gathered anew.
const FEW: usize = 64;

/// The names of the objects that a search matches, in the order of their bytes.
#[derive(Debug, Default)]
pub struct Rows {
    names: Vec<ObjectName>,
    /// What was searched for, as it was written.
    text: String,
    query: Query,
}

impl Rows {
    /// The names.
    #[must_use]
    pub fn names(&self) -> &[ObjectName] {
        &self.names
    }

    /// What is searched for, as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is searched for.
    #[must_use]
    pub const fn query(&self) -> &Query {
        &self.query
    }

    /// Where a name is.
    #[must_use]
    pub fn position(&self, name: &ObjectName) -> Option<usize> {
        self.names.binary_search(name).ok()
    }

    /// Searches for something else; nothing matches all.
    pub fn set_search(&mut self, text: &str, view: Option<&View<'_>>) {
        text.clone_into(&mut self.text);
        let query = Query::parse(text);
        if query != self.query {
            self.query = query;
            self.rebuild(view);
        }
    }

    /// Takes in what has changed.
    pub fn update(&mut self, dirty: &Dirty, view: Option<&View<'_>>) {
        match view {
            Some(view) if !dirty.all_objects && dirty.objects.len() <= FEW => {
                for name in &dirty.objects {
                    self.set(name, view.object(name.as_str()).is_some_and(|o| self.query.finds(o)));
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
        self.names.extend(view.objects().filter(|o| self.query.finds(o)).map(|o| o.name.clone()));
    }
}

impl SessionClient {
    /// Reads the rows of the object tree.
    pub fn rows<T>(&self, read: impl FnOnce(&Rows) -> T) -> T {
        read(&self.rows.borrow())
    }

    /// What the object tree is searched for.
    #[must_use]
    pub fn search_text(&self) -> String {
        self.rows.borrow().text().to_owned()
    }

    /// Whether the tree lists an object, or will with the next frame: it is there and the search finds it.
    #[must_use]
    pub fn is_listed(&self, name: &ObjectName) -> bool {
        self.object(name.as_str()).is_some_and(|object| self.rows.borrow().query.finds(&object))
    }

    /// Searches the object tree.
    pub fn search(&self, text: &str) {
        let shown = self.view(|view, _| self.rows.borrow_mut().set_search(text, Some(view)));
        if shown.is_none() {
            self.rows.borrow_mut().set_search(text, None);
        }
        self.changed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vws_core::{Command, Session, SessionId};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// Drives rows by a state that changes, as a page does.
    struct Page {
        session: Session,
        rows: Rows,
    }

    impl Page {
        fn view<T>(session: &Session, read: impl FnOnce(&View<'_>) -> T) -> T {
            let none = vws_core::reduce::Changes::default();
            read(&View::of(session, &none))
        }

        fn does(&mut self, json: &str) {
            let command = vws_core::wire::parse_json::<Command>(json.as_bytes()).expect("a valid command");
            let limits = vws_core::limits::ModelLimits::default();
            let context = vws_core::Context { at: 0, limits: &limits, expect_version: None };
            let mut touched = vws_core::replica::Touched::default();
            for event in vws_core::decide(&self.session, &command, &context).expect("valid") {
                touched.event(&event);
                let seq = self.session.seq() + 1;
                vws_core::apply(&mut self.session, &event, seq, 0);
            }
            let mut dirty = Dirty::default();
            dirty.add(touched);
            Self::view(&self.session, |view| self.rows.update(&dirty, Some(view)));
        }

        fn search(&mut self, text: &str) -> String {
            Self::view(&self.session, |view| self.rows.set_search(text, Some(view)));
            self.shown()
        }

        fn shown(&self) -> String {
            self.rows.names().iter().map(ToString::to_string).collect()
        }
    }

    #[test]
    fn web24_what_changes_comes_and_goes_as_the_search_finds_it() {
        let id: SessionId = "0197a2b4-0000-7000-8000-000000000001".parse().expect("a valid id");
        let mut page = Page { session: Session::new(id, None, 0, 0), rows: Rows::default() };
        for (name, x) in [("a", 1), ("b", 5), ("c", 9)] {
            page.does(&format!(
                r#"{{"type":"create_object","object":{{"name":"{name}","type":"cube","x":{x},"y":0,"z":0}}}}"#
            ));
        }
        assert_eq!(page.shown(), "abc");
        assert_eq!(page.search("x>4"), "bc");
        page.does(r#"{"type":"update_object","name":"a","patch":{"x":7}}"#);
        assert_eq!(page.shown(), "abc");
        page.does(r#"{"type":"update_object","name":"b","patch":{"x":0}}"#);
        page.does(r#"{"type":"delete_object","name":"c"}"#);
        assert_eq!(page.shown(), "a");
        assert_eq!(page.search("x>4 x>oops"), "a", "a wrong term takes nothing away");
        assert_eq!(page.rows.query().faults().len(), 1);
        assert_eq!(page.search(""), "ab");
    }
}
