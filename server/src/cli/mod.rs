//! The commands that talk to a server, or read what one wrote.
//!
//! Results go to stdout, as tables for people or one JSON value a line for programs; everything else goes to
//! stderr. No rule about what a valid world is lives here: the server and core are asked.
//!
//! # Layout
//! - `sessions`, `objects`, `files`, `watch`, `replay`, `diff`, `bench`, `doctor`, `token`,
//!   `audit`, `backup`, `top`, `health`: the commands.
//! - `remote`, `sse`: a server over HTTP, and its streams.
//! - `print`, `describe`: what is written. `failure`: why something was not done, and the exit codes.

mod audit;
mod backup;
mod bench;
mod describe;
mod diff;
mod doctor;
mod failure;
mod files;
mod health;
mod objects;
mod print;
mod remote;
mod replay;
mod sessions;
mod sse;
mod token;
mod top;
mod watch;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use clap::{Args, CommandFactory, Subcommand};
use clap_complete::Shell;
use vws_core::SessionId;

use failure::{Done, Failure};
pub(crate) use print::{clean, note};
use remote::{Remote, Url, escaped};

/// Has the token where no file does.
const TOKEN_VARIABLE: &str = "VWS_TOKEN";

/// What every command's help ends with.
const EXIT_CODES: &str = "Exit codes: 0 done, 1 refused or failed, 2 wrong command line, 3 no server reached, \
                          4 a file cannot be read or written.";

/// The commands beside `serve`.
#[derive(Debug, Subcommand)]
pub(crate) enum Client {
    /// List, make, fork, delete, export and import sessions.
    #[command(subcommand)]
    Session(SessionCommand),
    /// List, set and delete the objects of a session.
    #[command(subcommand)]
    Object(objects::ObjectCommand),
    Watch(watch::Watch),
    Replay(replay::Replay),
    Diff(diff::Diff),
    Verify(files::Verify),
    Bench(bench::Bench),
    Audit(audit::Audit),
    Top(top::Top),
    Health(health::Health),
    Backup(backup::Backup),
    Restore(backup::Restore),
    /// Make, look at and revoke the tokens that say who may do what.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Find what is damaged in a data directory, and repair it.
    Doctor(doctor::Doctor),
    /// Write a script that completes commands and flags in a shell.
    #[command(after_help = EXIT_CODES)]
    Completions {
        /// Which shell it is for.
        shell: Shell,
    },
}

/// What is done with sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    Ls(sessions::Ls),
    Create(sessions::Create),
    Rm(sessions::Rm),
    Fork(sessions::Fork),
    Export(files::Export),
    Import(files::Import),
}

/// How a command finds its server and writes its result.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// Where the server is.
    #[arg(long, env = "VWS_URL", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    url: Url,
    /// The file with the token that shows who you are. Left out, VWS_TOKEN has the token, or there is none.
    #[arg(long, env = "VWS_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Where the server speaks HTTPS: believe the authorities whose certificates are in this file (PEM), and not
    /// those of the system.
    #[arg(long, env = "VWS_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
    #[command(flatten)]
    form: Form,
}

/// How a command writes its result.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Form {
    /// Write JSON, one value a line, and failures as JSON on stderr.
    #[arg(long)]
    json: bool,
}

impl Common {
    fn remote(&self) -> Done<Remote> {
        Ok(Remote::new(self.url.clone(), self.token()?, self.ca_file.clone()))
    }

    /// The token that there is. Never an argument: those are shown to everybody on the machine.
    fn token(&self) -> Done<Option<String>> {
        match &self.token_file {
            Some(file) => token::read(file).map(Some),
            None => match std::env::var(TOKEN_VARIABLE) {
                Ok(token) if token.trim().is_empty() => Ok(None),
                Ok(token) if token.trim().bytes().all(|b| b.is_ascii_graphic()) => {
                    Ok(Some(token.trim().to_owned()))
                }
                Err(std::env::VarError::NotPresent) => Ok(None),
                Ok(_) | Err(std::env::VarError::NotUnicode(_)) => {
                    Err(Failure::Usage(format!("{TOKEN_VARIABLE} has no token")))
                }
            },
        }
    }
}

/// A session, now or at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    session: SessionId,
    moment: Option<String>,
}

/// `SESSION` or `SESSION@MOMENT`.
impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (session, moment) = text.split_once('@').map_or((text, None), |(s, at)| (s, Some(at.to_owned())));
        let session = session.parse().map_err(|error: vws_core::error::SessionError| error.to_string())?;
        Ok(Self { session, moment })
    }
}

/// The path of a session, and of what is under it.
fn path(session: SessionId, under: &str) -> String {
    format!("/api/sessions/{session}{under}")
}

/// A query of what is given.
fn query(parameters: &[(&str, Option<String>)]) -> String {
    let given = parameters.iter().filter_map(|(name, value)| value.as_ref().map(|value| (name, value)));
    let given: Vec<String> = given.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    if given.is_empty() { String::new() } else { format!("?{}", given.join("&")) }
}

impl Client {
    /// Does the command, and says why where it cannot.
    pub(crate) fn run<Program: CommandFactory>(self) -> ExitCode {
        let as_json = self.form().json;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let done = match runtime {
            Ok(runtime) => runtime.block_on(self.go::<Program>()),
            Err(error) => Err(Failure::Failed(format!("cannot start: {error}"))),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure.tell(as_json),
        }
    }

    async fn go<Program: CommandFactory>(self) -> Done {
        match self {
            Self::Session(SessionCommand::Ls(ls)) => ls.run().await,
            Self::Session(SessionCommand::Create(create)) => create.run().await,
            Self::Session(SessionCommand::Rm(rm)) => rm.run().await,
            Self::Session(SessionCommand::Fork(fork)) => fork.run().await,
            Self::Session(SessionCommand::Export(export)) => export.run().await,
            Self::Session(SessionCommand::Import(import)) => import.run().await,
            Self::Object(object) => object.run().await,
            Self::Watch(watch) => watch.run().await,
            Self::Replay(replay) => replay.run().await,
            Self::Diff(diff) => diff.run().await,
            Self::Verify(verify) => verify.run(),
            Self::Bench(bench) => bench.run().await,
            Self::Token(token) => token.run().await,
            Self::Audit(audit) => audit.run().await,
            Self::Top(top) => top.run().await,
            Self::Health(health) => health.run().await,
            Self::Backup(backup) => backup.run().await,
            Self::Restore(restore) => restore.run().await,
            Self::Doctor(doctor) => doctor.run(),
            Self::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Program::command(), "vws", &mut script);
                let mut out = io::stdout();
                let written = out.write_all(&script).and_then(|()| out.flush());
                written.map_err(|error| print::unwritten(&error))
            }
        }
    }

    fn form(&self) -> Form {
        match self {
            Self::Session(session) => match session {
                SessionCommand::Ls(ls) => ls.common.form,
                SessionCommand::Create(create) => create.common.form,
                SessionCommand::Rm(rm) => rm.common.form,
                SessionCommand::Fork(fork) => fork.common.form,
                SessionCommand::Export(export) => export.common.form,
                SessionCommand::Import(import) => import.common.form,
            },
            Self::Object(object) => object.common().form,
            Self::Watch(watch) => watch.common.form,
            Self::Replay(replay) => replay.common.form,
            Self::Diff(diff) => diff.common.form,
            Self::Verify(verify) => verify.form,
            Self::Bench(bench) => bench.common.form,
            Self::Token(token) => token.form(),
            Self::Audit(audit) => audit.common.form,
            Self::Top(top) => top.common.form,
            Self::Health(health) => health.common.form,
            Self::Backup(backup) => backup.form(),
            Self::Restore(restore) => restore.form,
            Self::Doctor(doctor) => doctor.form,
            Self::Completions { .. } => Form { json: false },
        }
    }
}
