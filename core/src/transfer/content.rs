//! Values of a file into values of the model.
//!
//! A value is read twice. As a wish, by the strict reader of commands and by [`decide`], which have a typed
//! error at its place for each broken rule, taken names and the bounds in force included. And as what it
//! is: an object with its version, an event at its place. What passes both could have come to be here.

use std::sync::Arc;

use crate::command::Command;
use crate::error::{Rejection, RequestError};
use crate::event::EventRecord;
use crate::history::wish::{STAMPS, tagged, wish, without};
use crate::limits::{IMPORT_SEQ, ModelLimits, SAFE_INTEGER};
use crate::model::{ClientId, DisplayName, Object, SessionId, Subject, World};
use crate::reduce::{Context, decide, pointer_token};
use crate::session::{Session, SessionInfo};
use crate::wire::{FromTree, Tree};

/// The fields of an object, each taken once.
pub(super) struct Fields(Vec<(String, Tree)>);

impl Fields {
    /// # Errors
    /// What is no object, and a field that is none of `allowed`.
    pub(super) fn of(tree: Tree, allowed: &'static [&'static str]) -> Result<Self, Rejection> {
        let Tree::Object(fields) = tree else { return Err(tree.not_an_object().into()) };
        match fields.iter().find(|(key, _)| !allowed.contains(&key.as_str())) {
            Some((key, _)) => {
                let pointer = format!("/{}", pointer_token(key));
                Err(Rejection::at(
                    pointer,
                    RequestError::UnknownField { field: key.clone(), expected: allowed },
                ))
            }
            None => Ok(Self(fields)),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Tree> {
        self.0.iter().find(|(other, _)| other == key).map(|(_, tree)| tree)
    }

    pub(super) fn find(&mut self, key: &str) -> Option<Tree> {
        let at = self.0.iter().position(|(other, _)| other == key)?;
        Some(self.0.remove(at).1)
    }

    pub(super) fn take(&mut self, key: &'static str) -> Result<Tree, Rejection> {
        self.find(key).ok_or_else(|| {
            Rejection::at(format!("/{key}"), RequestError::MissingField { field: key.to_owned() })
        })
    }

    /// A field that serde reads.
    pub(super) fn decode<T: serde::de::DeserializeOwned>(
        &mut self,
        key: &'static str,
    ) -> Result<T, Rejection> {
        let tree = self.take(key)?;
        tree.decode().map_err(|e| Rejection::from(e).under(&format!("/{key}")))
    }

    pub(super) fn whole(self) -> Tree {
        Tree::Object(self.0)
    }
}

/// What values are checked against.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) state: &'a Session,
    pub(super) limits: &'a ModelLimits,
    /// Whether `state` is what the file's state is here. Where it is not known, only the form is checked.
    pub(super) known: bool,
}

impl Judge<'_> {
    /// Refuses what no command could have brought. Pointers are those of the command.
    fn check(self, r#type: &str, fields: Vec<(String, Tree)>) -> Result<(), Rejection> {
        self.wish(tagged(r#type, fields))
    }

    fn wish(self, tree: Tree) -> Result<(), Rejection> {
        let command = Command::from_tree(tree)?;
        if self.known {
            let context = Context { at: 0, limits: self.limits, expect_version: None };
            decide(self.state, &command, &context)?;
        }
        Ok(())
    }
}

const INFO: &[&str] = &["session_id", "name", "created_at", "epoch", "seq", "object_count", "origin"];
const ORIGIN: &[&str] = &["session_id", "epoch", "seq"];

/// What a file says of its session.
pub(super) fn session_info(tree: Tree) -> Result<SessionInfo, Rejection> {
    let fields = Fields::of(tree, INFO)?;
    if let Some(Tree::String(id)) = fields.get("session_id") {
        id.parse::<SessionId>().map_err(|e| Rejection::at("/session_id", e))?;
    }
    if let Some(Tree::String(name)) = fields.get("name") {
        DisplayName::new("name", name).map_err(|e| Rejection::at("/name", e))?;
    }
    if let Some(Tree::Object(origin)) = fields.get("origin") {
        Fields::of(Tree::Object(origin.clone()), ORIGIN).map_err(|r| r.under("/origin"))?;
    }
    let info: SessionInfo = fields.whole().decode()?;
    at_most("/seq", info.seq, IMPORT_SEQ)?;
    at_most("/created_at", info.created_at, SAFE_INTEGER)?;
    at_most("/epoch", info.epoch, SAFE_INTEGER)?;
    Ok(info)
}

/// A whole number that every JSON reader holds.
pub(super) fn at_most(pointer: &str, value: u64, max: u64) -> Result<(), Rejection> {
    let field = pointer.rsplit('/').next().unwrap_or_default();
    let detail = || format!("{field} = {value} is outside [0, {max}]");
    if value <= max {
        Ok(())
    } else {
        Err(Rejection::at(pointer, RequestError::Invalid { detail: detail() }))
    }
}

/// An object of a state.
pub(super) fn object(tree: Tree, judge: Judge<'_>) -> Result<Arc<Object>, Rejection> {
    let draft = without(&tree, &STAMPS);
    judge.check("create_object", vec![("object".to_owned(), draft)]).map_err(|r| r.relative_to("/object"))?;
    let object: Object = tree.decode()?;
    at_most("/version", object.version, IMPORT_SEQ)?;
    at_most("/created_at", object.created_at, SAFE_INTEGER)?;
    at_most("/updated_at", object.updated_at, SAFE_INTEGER)?;
    Ok(Arc::new(object))
}

/// The world of a state.
pub(super) fn world(tree: Tree, judge: Judge<'_>) -> Result<World, Rejection> {
    let draft = without(&tree, &["version", "orbit"]);
    judge
        .check("initialize_world", vec![("world".to_owned(), draft)])
        .map_err(|r| r.relative_to("/world"))?;
    if let Tree::Object(fields) = &tree
        && let Some((_, orbit @ Tree::Object(_))) = fields.iter().find(|(key, _)| key == "orbit")
    {
        judge.check("start_orbit", vec![("orbit".to_owned(), without(orbit, &["started_at"]))])?;
    }
    let world: World = tree.decode()?;
    at_most("/version", world.version, IMPORT_SEQ)?;
    Ok(world)
}

const RECORD: &[&str] = &["seq", "at", "by", "subject", "more", "event"];
const AUTHOR: &[&str] = &["client_id", "command_id"];

/// An event at its place.
pub(super) fn record(tree: Tree, judge: Judge<'_>) -> Result<EventRecord, Rejection> {
    let fields = Fields::of(tree, RECORD)?;
    if let Some(Tree::Object(by)) = fields.get("by") {
        let by = Fields::of(Tree::Object(by.clone()), AUTHOR).map_err(|r| r.under("/by"))?;
        if let Some(Tree::String(id)) = by.get("client_id") {
            ClientId::new(id).map_err(|e| Rejection::at("/by/client_id", e))?;
        }
    }
    if let Some(Tree::String(subject)) = fields.get("subject") {
        let wrong = |detail| Rejection::at("/subject", RequestError::Invalid { detail });
        Subject::new(subject).map_err(|detail| wrong(format!("subject: {detail}")))?;
    }
    if let Some(event) = fields.get("event") {
        let wish = wish(event).map_err(|r| r.under("/event"))?;
        wish.map_or(Ok(()), |wish| judge.wish(wish)).map_err(|r| r.under("/event"))?;
    }
    let record: EventRecord = fields.whole().decode()?;
    at_most("/seq", record.seq, IMPORT_SEQ)?;
    at_most("/at", record.at, SAFE_INTEGER)?;
    Ok(record)
}
