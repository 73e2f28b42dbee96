//! What the user is told about a session, beside what it shows.

use vws_core::history::Way;
use vws_core::{Command, Problem};

use super::progress::grouped;
use crate::ui::Tone;

/// Something to tell.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// A command was refused, here or by the server, and has changed nothing.
    Refused(Problem),
    /// The server refused a command for a reason that passes: what it keeps its log on is full, or away.
    Passing {
        /// What was wished for.
        command: Box<Command>,
        /// Why it was refused.
        problem: Problem,
    },
    /// The server no longer knows what became of a command of this type, which may have taken effect.
    OutcomeUnknown(&'static str),
    /// The server complains about something other than a command.
    Complaint(Problem),
    /// A heartbeat has shown that this page's state is not the server's; it is being replaced.
    Diverged {
        /// The seq at which it was found.
        found: u64,
    },
    /// The page has fallen too far behind, and gets the whole state anew.
    Lagged,
    /// The server cannot reach the log that it shares with others, or can again.
    Stale(bool),
    /// What came from the server cannot be used; the page connects anew.
    Garbled(String),
    /// Nothing can be changed now, and why.
    ReadOnly(String),
    /// The person here has locked an object of this name.
    Locked(String),
    /// More would be locked than may be.
    TooManyLocks {
        /// How many there would be.
        count: usize,
        /// The most allowed.
        max: usize,
    },
    /// A step cannot be taken back, or done again.
    NotTakenBack {
        /// Which it was.
        way: Way,
        /// Why.
        problem: Problem,
    },
    /// Another page has this client's id; commands that waited are lost.
    Superseded {
        /// How many.
        lost: usize,
    },
}

/// Refusals that say nothing about the command: the same may be done a moment later.
const PASSING: [&str; 4] = ["log_unavailable", "session_contended", "server_behind", "too_many_pending"];

impl Notice {
    /// What is told of a command that was refused.
    #[must_use]
    pub fn of_refused(command: Command, problem: Problem) -> Self {
        if PASSING.contains(&problem.code.as_str()) {
            Self::Passing { command: Box::new(command), problem }
        } else {
            Self::Refused(problem)
        }
    }

    /// The command that is worth another try.
    #[must_use]
    pub fn worth_a_retry(&self) -> Option<&Command> {
        match self {
            Self::Passing { command, .. } => Some(command),
            _ => None,
        }
    }

    /// How it is meant, and in what words.
    #[must_use]
    pub fn told(&self) -> (Tone, String) {
        match self {
            Self::Refused(problem) => (Tone::Bad, format!("Refused: {}", problem.detail)),
            Self::Passing { problem, .. } => (Tone::Bad, format!("Not changed: {}", problem.detail)),
            Self::OutcomeUnknown(command) => (
                Tone::Bad,
                format!(
                    "The server no longer knows whether “{}” took effect. What you see is what it has.",
                    command.replace('_', " ")
                ),
            ),
            Self::Complaint(problem) => (Tone::Bad, format!("The server complains: {}", problem.detail)),
            // It mends itself: nothing is asked of the person.
            Self::Diverged { found } => (
                Tone::Plain,
                format!("This page differed from the server at seq {found}. Loading the state anew."),
            ),
            Self::Stale(true) => (
                Tone::Bad,
                "The server has lost the others: what you see may be old, and nothing can be changed until it is back."
                    .to_owned(),
            ),
            Self::Stale(false) => (Tone::Plain, "The server is back with the others.".to_owned()),
            Self::Lagged => (Tone::Plain, "This page fell behind. Loading the state anew.".to_owned()),
            Self::ReadOnly(why) => (Tone::Bad, format!("Not changed: {why}")),
            Self::Locked(name) => {
                (Tone::Bad, format!("Not changed: {name} is locked in this browser. Unlock it first."))
            }
            Self::TooManyLocks { count, max } => (
                Tone::Bad,
                format!(
                    "Not locked: {} objects would be locked, more than {}.",
                    grouped(*count as u64),
                    grouped(*max as u64)
                ),
            ),
            Self::NotTakenBack { way, problem } => {
                let what = if *way == Way::Undo { "Not undone" } else { "Not redone" };
                let why = match problem.code.as_str() {
                    "version_mismatch" => "somebody else has changed it since",
                    "object_not_found" => "somebody else has deleted or renamed it since",
                    _ => return (Tone::Bad, format!("{what}: {}", problem.detail)),
                };
                (Tone::Bad, format!("{what}: {why} ({})", problem.detail))
            }
            Self::Garbled(why) => (Tone::Bad, format!("Connecting anew: {why}")),
            Self::Superseded { lost: 0 } => {
                (Tone::Plain, "Another tab took this tab's identity. Connecting as another.".to_owned())
            }
            Self::Superseded { lost } => (
                Tone::Bad,
                format!("Another tab took this tab's identity: changes that may be lost: {lost}."),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn refused(code: &str) -> Notice {
        let problem =
            Problem { code: code.to_owned(), detail: "the disk is full".to_owned(), errors: Vec::new() };
        Notice::of_refused(Command::ClearObjects, problem)
    }

    #[test]
    fn web66_what_was_refused_for_a_reason_that_passes_can_be_tried_again() {
        assert_eq!(refused("log_unavailable").worth_a_retry(), Some(&Command::ClearObjects));
        assert_eq!(
            refused("log_unavailable").told(),
            (Tone::Bad, "Not changed: the disk is full".to_owned())
        );
        assert_eq!(refused("version_mismatch").worth_a_retry(), None);
    }
}
