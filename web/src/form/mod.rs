//! What people type, into commands. Every refusal comes from `vws-core`, so that a field says while
//! one types what the server would say afterwards; nothing here knows a bound of its own.
//!
//! # Layout
//! - [`text`]: the text of a field into a number or a property; [`expr`]: sums.
//! - [`create`]: the fields of a new object, judged as a whole; [`draft`]: what they begin with; [`room`]: where it has
//!   room.
//! - [`object`], [`world`]: single fields of what is there, judged and sent one by one.
//! - [`several`]: one field of many objects at once; [`properties`]: their data.

pub mod create;
pub mod draft;
pub mod expr;
pub mod object;
pub mod properties;
pub mod room;
pub mod several;
pub mod text;
pub mod world;

use std::collections::BTreeMap;

use vws_core::limits::ModelLimits;
use vws_core::reduce::State;
use vws_core::{Command, Context, Error, Rejection, decide};

/// One refusal at a field, as the server would give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The stable name of the broken rule.
    pub code: &'static str,
    /// What is wrong: field, value and bound.
    pub words: String,
}

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        let error = error.into();
        Self { code: error.code(), words: error.to_string() }
    }
}

/// The refusals of a form by the JSON pointer of their field in the command. Of several at one field
/// the first stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refusals(BTreeMap<String, Refusal>);

impl Refusals {
    /// Whether the form may be sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The refusal at a field, or at the closest thing inside it.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Option<&Refusal> {
        self.0.get(pointer)
    }

    /// The first refusal at a field or inside it.
    #[must_use]
    pub fn within(&self, pointer: &str) -> Option<&Refusal> {
        let inside = |key: &str| {
            key.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.0.iter().find(|(key, _)| inside(key)).map(|(_, refusal)| refusal)
    }

    /// Every refusal with its pointer.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Refusal)> {
        self.0.iter().map(|(pointer, refusal)| (pointer.as_str(), refusal))
    }

    fn add(&mut self, pointer: impl Into<String>, refusal: impl Into<Refusal>) {
        self.0.entry(pointer.into()).or_insert_with(|| refusal.into());
    }

    /// The value, or `fallback` with the refusal noted: what stands in while the other fields are
    /// judged.
    fn take<T, E: Into<Refusal>>(&mut self, pointer: &str, result: Result<T, E>, fallback: T) -> T {
        result.unwrap_or_else(|error| {
            self.add(pointer, error);
            fallback
        })
    }

    fn add_all(&mut self, rejection: &Rejection) {
        for field in rejection.errors() {
            self.add(&field.pointer, field.error.clone());
        }
    }
}

/// Whether the server would take a command in the state that the page shows.
///
/// # Errors
/// Its refusals.
pub fn judge<S: State>(state: &S, command: &Command, limits: &ModelLimits) -> Result<(), Rejection> {
    // No refusal depends on the time.
    decide(state, command, &Context { at: 0, limits, expect_version: None }).map(drop)
}

/// One command for several: itself where it is one, a batch otherwise.
#[must_use]
pub fn together(mut commands: Vec<Command>) -> Command {
    match commands.len() {
        1 => commands.remove(0),
        _ => Command::Batch { commands },
    }
}

/// The same for a command that changes one field: its only refusal, wherever it points.
fn judge_one<S: State>(state: &S, command: Command, limits: &ModelLimits) -> Result<Command, Refusal> {
    match judge(state, &command, limits) {
        Ok(()) => Ok(command),
        Err(rejection) => Err(rejection.primary().clone().into()),
    }
}
