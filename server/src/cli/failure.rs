//! Why a command did not do what it was asked, and the exit codes that say so.

use std::io;
use std::process::ExitCode;

use serde_json::json;
use vws_core::Problem;

use super::print::{clean, note};

/// The server refused, or what was asked for failed.
pub(crate) const FAILED: u8 = 1;
/// The command line is wrong.
pub(crate) const USAGE: u8 = 2;
/// No server answers there, or the connection broke.
pub(crate) const UNREACHABLE: u8 = 3;
/// A file cannot be read or written.
pub(crate) const FILE: u8 = 4;
/// The data directory cannot be used.
pub(crate) const DATA: u8 = 5;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server refused, in its own words.
    Refused(Problem),
    /// What was asked for could not be done.
    Failed(String),
    /// What was asked for did not hold, which the command has told on stdout.
    Told,
    /// The command line is wrong.
    Usage(String),
    /// No server answers there, or the connection broke.
    Unreachable(String),
    /// A file cannot be read or written.
    File(String),
    /// A data directory cannot be used.
    Data(String),
    /// Nobody reads what is written any more (`vws … | head`), which is no fault.
    NobodyReads,
}

pub(crate) type Done<T = ()> = Result<T, Failure>;

impl Failure {
    /// A file that cannot be read or written: what was tried, and why not.
    pub(crate) fn file(tried: impl std::fmt::Display, error: &io::Error) -> Self {
        Self::File(format!("cannot {tried}: {error}"))
    }

    const fn code(&self) -> u8 {
        match self {
            Self::Refused(_) | Self::Failed(_) | Self::Told => FAILED,
            Self::Usage(_) => USAGE,
            Self::Unreachable(_) => UNREACHABLE,
            Self::File(_) => FILE,
            Self::Data(_) => DATA,
            Self::NobodyReads => 0,
        }
    }

    /// Says why on stderr, as JSON where a program asked, and gives the exit code.
    pub(crate) fn tell(&self, as_json: bool) -> ExitCode {
        let (code, detail) = match self {
            Self::Told | Self::NobodyReads => return ExitCode::from(self.code()),
            Self::Refused(problem) if as_json => {
                note(&json!(problem).to_string());
                return ExitCode::from(self.code());
            }
            Self::Refused(problem) => {
                note(&clean(&format!("vws: {} ({})", problem.detail, problem.code)));
                tell_fields(problem);
                return ExitCode::from(self.code());
            }
            Self::Failed(detail) => ("failed", detail),
            Self::Usage(detail) => ("usage", detail),
            Self::Unreachable(detail) => ("unreachable", detail),
            Self::File(detail) => ("file", detail),
            Self::Data(detail) => ("data", detail),
        };
        if as_json {
            note(&json!({ "code": code, "detail": detail }).to_string());
        } else {
            note(&clean(&format!("vws: {detail}")));
        }
        ExitCode::from(self.code())
    }
}

/// Each of several faults on a line of its own; one alone is in the first line.
fn tell_fields(problem: &Problem) {
    if problem.errors.len() > 1 {
        for field in &problem.errors {
            let line = field.line.map(|line| format!("line {line} ")).unwrap_or_default();
            note(&clean(&format!("  {line}{}: {} ({})", field.pointer, field.detail, field.code)));
        }
    }
}
