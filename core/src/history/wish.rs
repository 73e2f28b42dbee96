//! Events as the commands that lead to them.

use crate::command::Command;
use crate::error::{Error, Rejection, RequestError};
use crate::event::Event;
use crate::wire::{FromTree, Tree, canonical_json, parse_json};

impl Event {
    /// The command that leads to this event, in a state like the one that it was decided on; what comes of
    /// it has the version and the times of its own decision.
    ///
    /// # Panics
    /// Never: an event's values are valid, and a command has fields of the same names.
    #[must_use]
    pub fn wish(&self) -> Command {
        let tree = parse_json::<Tree>(&canonical_json(self)).ok();
        let command = tree.and_then(|tree| wish(&tree).ok().flatten());
        let command = command.and_then(|tree| Command::from_tree(tree).ok());
        command.expect("an event is written as a command is, but for its tag and stamps")
    }
}

/// The fields that an object has beside those of a draft.
pub(crate) const STAMPS: [&str; 3] = ["version", "created_at", "updated_at"];

/// Each event's tag and the one of the command that leads to it; their fields go by the same names.
const WISHES: [(&str, &str); 11] = [
    ("object_created", "create_object"),
    ("object_updated", "update_object"),
    ("object_renamed", "rename_object"),
    ("object_deleted", "delete_object"),
    ("objects_cleared", "clear_objects"),
    ("world_initialized", "initialize_world"),
    ("world_updated", "update_world"),
    ("camera_moved", "move_camera"),
    ("camera_orbit_started", "start_orbit"),
    ("camera_orbit_stopped", "stop_orbit"),
    ("session_renamed", "rename_session"),
];

/// The command that leads to an event, where the event says of which type it is.
///
/// # Errors
/// What is no event.
pub(crate) fn wish(event: &Tree) -> Result<Option<Tree>, Rejection> {
    let Tree::Object(fields) = event else { return Err(event.not_an_object().into()) };
    // Without a type of this kind the event cannot be decoded, which says so.
    let Some((_, Tree::String(tag))) = fields.iter().find(|(key, _)| key == "type") else { return Ok(None) };
    let Some((_, command)) = WISHES.iter().find(|(event, _)| event == tag) else {
        let unknown = RequestError::UnknownType { value: tag.clone(), expected: Event::TYPES };
        return Err(Rejection::at("/type", Error::from(unknown)));
    };
    let fields = fields.iter().filter(|(key, _)| key != "type");
    let stripped = fields.map(|(key, value)| {
        let value = match key.as_str() {
            "object" => without(value, &STAMPS),
            "world" => without(value, &["version"]),
            "orbit" => without(value, &["started_at"]),
            _ => value.clone(),
        };
        (key.clone(), value)
    });
    Ok(Some(tagged(command, stripped.collect())))
}

pub(crate) fn tagged(r#type: &str, fields: Vec<(String, Tree)>) -> Tree {
    let tag = ("type".to_owned(), Tree::String(r#type.to_owned()));
    Tree::Object(std::iter::once(tag).chain(fields).collect())
}

/// The fields of an object but these; what is no object as it is.
pub(crate) fn without(tree: &Tree, names: &[&str]) -> Tree {
    match tree {
        Tree::Object(fields) => {
            Tree::Object(fields.iter().filter(|(key, _)| !names.contains(&key.as_str())).cloned().collect())
        }
        other => other.clone(),
    }
}
