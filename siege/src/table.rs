//! The one table.

use serde::Serialize;

use crate::verdict::{Check, Verdict};
use vws_load::machine::Machine;

/// The head of the table.
pub(crate) const HEAD: &str = "| line | goal | found | held | again by |\n| --- | --- | --- | --- | --- |\n";

/// Everything that one invocation proved.
#[derive(Debug, Serialize)]
pub(crate) struct Table {
    pub(crate) date: String,
    pub(crate) machine: Machine,
    pub(crate) is_quick: bool,
    /// The server is built as the tests build it.
    pub(crate) is_dev: bool,
    pub(crate) rows: Vec<Row>,
}

/// One line.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    title: String,
    checks: Vec<Check>,
    /// Why there is no verdict.
    error: Option<String>,
    tries: u32,
    /// What makes this line again.
    command: String,
}

impl Row {
    pub(crate) fn new(title: String, found: Result<Verdict, String>, tries: u32, command: String) -> Self {
        let (checks, error) = match found {
            Ok(verdict) => (verdict.checks, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        Self { title, checks, error, tries, command }
    }

    pub(crate) fn held(&self) -> bool {
        let verdict = Verdict { checks: self.checks.clone() };
        self.error.is_none() && verdict.held()
    }

    /// What was found, in words.
    pub(crate) fn figure(&self) -> String {
        if let Some(error) = &self.error {
            return format!("no verdict: {}", error.replace(['\n', '|'], " "));
        }
        let figures = self.checks.iter().map(|check| match check.held {
            true => check.figure.clone(),
            false => format!("**{}**", check.figure),
        });
        let mut text = figures.collect::<Vec<_>>().join("; ");
        if self.tries > 1 {
            text += " (second try)";
        }
        text
    }

    pub(crate) fn markdown(&self) -> String {
        let goals: Vec<&str> = self.checks.iter().map(|check| check.goal.as_str()).collect();
        let held = if self.held() { "yes" } else { "**no**" };
        format!(
            "| {} | {} | {} | {held} | `{}` |\n",
            self.title,
            goals.join("; "),
            self.figure(),
            self.command
        )
    }
}

impl Table {
    pub(crate) fn markdown(&self) -> String {
        let rows: String = self.rows.iter().map(Row::markdown).collect();
        format!("{}\n\n{HEAD}{rows}", self.origin())
    }

    /// When and where.
    pub(crate) fn origin(&self) -> String {
        let form = if self.is_quick { "the short form" } else { "the whole form" };
        let build = if self.is_dev { "built as the tests build it" } else { "in release" };
        format!("{}, {}; {form}, the server {build}.", self.date, self.machine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_what_did_not_hold_and_how_it_is_made_again() {
        let mut verdict = Verdict::default();
        verdict.exactly("closed", 1_000, 1_000);
        verdict.millis("p99", 60.0, 50.0);
        let row = Row::new("slow".to_owned(), Ok(verdict), 2, "cargo xtask reliability slow".to_owned());
        assert_eq!(
            row.markdown(),
            "| slow | closed = 1,000; p99 ≤ 50 ms | 1,000; **60.0 ms** (second try) | **no** | \
             `cargo xtask reliability slow` |\n"
        );
        let broken = Row::new("slow".to_owned(), Err("a|b".to_owned()), 1, "x".to_owned());
        assert!(!broken.held() && broken.markdown().contains("no verdict: a b"));
    }
}
