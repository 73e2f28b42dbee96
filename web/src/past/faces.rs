//! Who the authors of events are: those who are here, and those whom this browser has met before.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use vws_core::model::Color;
use vws_core::wire::read_json;
use vws_core::{ClientId, DisplayName};

use crate::browser;
use crate::client::SessionClient;
use crate::person::{self, Person};

/// Where those who were met are kept.
const KEY: &str = "vws.faces";
/// How many are kept; the ones met first go first.
const MOST: usize = 200;

/// How an author is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    /// What they are called.
    pub name: String,
    /// The colour that they are shown in.
    pub color: Color,
}

/// One who was met, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Met {
    id: String,
    name: String,
    color: String,
}

/// Those who were met. Only who has told a name is remembered.
#[derive(Debug, Default)]
pub struct Faces {
    met: RefCell<VecDeque<Met>>,
    /// Answers that stay as they are until the next [`forget`](Self::look_again).
    known: RefCell<HashMap<ClientId, Face>>,
}

/// The colour of changes that nobody in particular made.
#[must_use]
pub fn nobody() -> Face {
    let color = Color::new("color", "#8a93a0").expect("six hexadecimal digits");
    Face { name: "Unnamed requests".to_owned(), color }
}

impl Faces {
    /// Those whom this browser has met.
    #[must_use]
    pub fn load() -> Self {
        let stored = browser::local_storage().and_then(|s| s.get_item(KEY).ok().flatten());
        Self { met: RefCell::new(of_stored(stored.as_deref())), known: RefCell::default() }
    }

    /// How the author of an event is shown.
    #[must_use]
    pub fn of(&self, client: &SessionClient, author: Option<&ClientId>) -> Face {
        let Some(id) = author else { return nobody() };
        if let Some(face) = self.known.borrow().get(id) {
            return face.clone();
        }
        let face = match client.face(id) {
            Some(person) => {
                self.meet(id, &person);
                face_of(id, &person)
            }
            None => self.remembered(id),
        };
        self.known.borrow_mut().insert(id.clone(), face.clone());
        face
    }

    /// Asks anew who everybody is: people come, go and rename themselves.
    pub fn look_again(&self) {
        self.known.borrow_mut().clear();
    }

    fn remembered(&self, id: &ClientId) -> Face {
        let met = self.met.borrow();
        let met = met.iter().find(|met| met.id == id.as_str());
        let color = met.and_then(|met| Color::new("color", &met.color).ok());
        Face {
            name: met.map_or_else(|| person::guest(id), |met| met.name.clone()),
            color: color.unwrap_or_else(|| person::color_of_id(id)),
        }
    }

    /// Remembers somebody by the name that they have told.
    pub fn meet(&self, id: &ClientId, person: &Person) {
        let Some(name) = &person.name else { return };
        let now = Met { id: id.as_str().to_owned(), name: name.to_string(), color: person.color.to_string() };
        let mut met = self.met.borrow_mut();
        if met.contains(&now) {
            return;
        }
        met.retain(|known| known.id != now.id);
        met.push_back(now);
        while met.len() > MOST {
            met.pop_front();
        }
        if let (Some(storage), Ok(text)) = (browser::local_storage(), serde_json::to_string(&*met)) {
            // Not kept: they are guests at the next visit.
            let _ = storage.set_item(KEY, &text);
        }
    }
}

fn face_of(id: &ClientId, person: &Person) -> Face {
    let name = person.name.as_ref().map_or_else(|| person::guest(id), ToString::to_string);
    Face { name, color: person.color }
}

/// What was stored, as far as it is valid: others write there too.
fn of_stored(text: Option<&str>) -> VecDeque<Met> {
    let met: Vec<Met> = text.and_then(|text| read_json(text.as_bytes()).ok()).unwrap_or_default();
    let valid = |met: &Met| DisplayName::new("name", &met.name).is_ok() && ClientId::new(&met.id).is_ok();
    met.into_iter().filter(valid).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn web51_what_was_stored_is_used_as_far_as_it_is_valid() {
        let text = r##"[{"id":"a.1","name":"Ada","color":"#ff8800"},{"id":"b","name":" x","color":""}]"##;
        let faces = Faces { met: RefCell::new(of_stored(Some(text))), known: RefCell::default() };
        let id = |id: &str| ClientId::new(id).expect("a valid id");
        let ada = faces.remembered(&id("a.1"));
        assert_eq!((ada.name.as_str(), ada.color.to_string().as_str()), ("Ada", "#ff8800"));
        assert_eq!(faces.remembered(&id("d08a14c2.1")).name, "Guest d08a");
        assert!(of_stored(Some("nonsense")).is_empty() && of_stored(None).is_empty());
    }
}
