//! What is wrong with a file, and where.

use std::fmt;

use super::IMPORT_FAULTS;
use crate::error::{Error, FieldError, Problem, ProblemField, Rejection, RequestError};

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// The line that the wrong value begins on; the first is 1.
    pub line: u64,
    /// Where in the file's value, or in the line's value of a log, and what.
    pub field: FieldError,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, field: FieldError { pointer, error } } = self;
        let at = if pointer.is_empty() { "" } else { " at " };
        write!(f, "line {line}{at}{pointer}: {error}")
    }
}

/// All that is wrong with a file, in the order found; of many only the first [`IMPORT_FAULTS`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Faults {
    kept: Vec<Fault>,
    more: u64,
}

impl Faults {
    /// Those that are kept, in the order found.
    #[must_use]
    pub fn kept(&self) -> &[Fault] {
        &self.kept
    }

    /// How many were found beside them.
    #[must_use]
    pub const fn more(&self) -> u64 {
        self.more
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Each fault as it travels.
    #[must_use]
    pub fn to_fields(&self) -> Vec<ProblemField> {
        let fields = self.kept.iter().map(|Fault { line, field }| ProblemField {
            line: Some(*line),
            pointer: field.pointer.clone(),
            code: field.error.code().to_owned(),
            detail: field.error.to_string(),
        });
        fields.collect()
    }

    /// The refusal of the file; none where nothing is wrong with it.
    #[must_use]
    pub fn to_problem(&self) -> Option<Problem> {
        let first = self.kept.first()?;
        let others = self.kept.len() as u64 - 1 + self.more;
        let more = if others == 0 { String::new() } else { format!("; {others} more") };
        Some(Problem {
            code: first.field.error.code().to_owned(),
            detail: format!("{first}{more}"),
            errors: self.to_fields(),
        })
    }

    pub(super) fn add(&mut self, line: u64, pointer: impl Into<String>, error: impl Into<Error>) {
        self.reject(line, Rejection::at(pointer, error));
    }

    /// Notes what is wrong with the value that begins on `line`. Where its text itself is broken, the
    /// parser's own count of lines begins there.
    pub(super) fn reject(&mut self, line: u64, rejection: Rejection) {
        for field in rejection.into_errors() {
            if self.kept.len() < IMPORT_FAULTS {
                self.kept.push(located(line, field));
            } else {
                self.more += 1;
            }
        }
    }
}

/// Takes the line that the parser tells (`… at line 3 column 7`) out of its words.
fn located(line: u64, field: FieldError) -> Fault {
    let FieldError { pointer, error } = field;
    if let Error::Request(RequestError::Malformed { format, detail }) = &error
        && let Some((words, place)) = detail.rsplit_once(" at line ")
        && let Some((n, column)) = place.split_once(" column ")
        && let Ok(n) = n.parse::<u64>()
    {
        let detail = format!("{words} at column {column}");
        let error = RequestError::Malformed { format, detail }.into();
        return Fault { line: line + n.saturating_sub(1), field: FieldError { pointer, error } };
    }
    Fault { line, field: FieldError { pointer, error } }
}
