//! `vws backup` and `vws restore`.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use http_body_util::BodyExt;
use hyper::Method;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use vws_core::SessionId;
use vws_server::assets::{Assets, Bounds};
use vws_server::auth::{Audit, Revoked};
use vws_server::backup::{
    self, Epochs, Job, KeepError, Manifest, Nothing, ReadError, RestoreError, WriteError,
};
use vws_server::config::Limits;
use vws_server::log::disk::{DiskLog, Level, Options, is_data_directory};
use vws_server::log::{EventLog, Listed};
use vws_server::store::now;
use vws_server::units::rfc3339;

use super::failure::{Done, Failure};
use super::files::{Sink, suggested};
use super::{Common, Form, print};

/// Time for a server to send the next piece: it may load a large session first.
const PIECE: Duration = Duration::from_secs(300);

const EXIT_CODES: &str = "Exit codes: 0 done, 1 refused or failed, 2 wrong command line, 3 no server reached, 4 a file \
                          cannot be read or written, 5 the data directory cannot be used. 1 is also for what is damaged, \
                          or left out because it is.";

/// Write all that a server keeps to one file: sessions, their history and models, revoked tokens, the record of who came.
///
/// The server goes on meanwhile; each session is as it was at one moment. It takes a token of the role admin for all
/// sessions. The file has its name only once it is whole and was read back.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Backup {
    #[command(subcommand)]
    other: Option<Other>,
    /// Where to: a file, which must not be there yet, or a folder, in which it is named after the time.
    #[arg(required = true)]
    file: Option<PathBuf>,
    /// Take it of this data directory, which no server may have, and ask no server.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    common: Common,
}

/// What else is done with backups.
#[derive(Debug, Subcommand)]
enum Other {
    Verify(Verify),
}

/// Read a backup to its end: every sum, every event, every digest.
///
/// Exit code 1, and what is wrong and where, where anything is.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
struct Verify {
    /// The backup.
    file: PathBuf,
    #[command(flatten)]
    form: Form,
}

/// Make a data directory of a backup.
///
/// The folder must be empty or not there yet, and has nothing in it when something is wrong with the backup.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Restore {
    /// The backup.
    file: PathBuf,
    /// The data directory to make.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Have clients go on where they were. Only where nothing has changed since the backup was taken: a client that
    /// has seen more would take what happens from now on for what it has seen. Left out, clients get the state anew.
    #[arg(long)]
    keep_epochs: bool,
    #[command(flatten)]
    pub(crate) form: Form,
}

impl Backup {
    pub(crate) fn form(&self) -> Form {
        match &self.other {
            Some(Other::Verify(verify)) => verify.form,
            None => self.common.form,
        }
    }

    pub(crate) async fn run(self) -> Done {
        if let Some(Other::Verify(verify)) = self.other {
            return verify.run().await;
        }
        let Some(file) = self.file else { return Err(Failure::Usage("it has no file to write".to_owned())) };
        let (mut sink, from) = match &self.data {
            Some(data) => {
                let job = Cold::open(data).await?;
                let name = backup::file_name(job.job.at);
                (Sink::file(&file, self.force, || name)?, Origin::Data(job))
            }
            None => {
                let mut remote = self.common.remote()?;
                let response = remote.send(Method::GET, "/api/backup", None, &[]).await?;
                (Sink::file(&file, self.force, || suggested(&response))?, Origin::Server(remote, response))
            }
        };
        only_for_its_owner(&sink.unfinished())?;
        let bar = print::progress(None, "bytes", "backing up");
        match from {
            Origin::Data(cold) => cold.write(sink.handle()?, &file).await?,
            Origin::Server(remote, mut response) => loop {
                let next = timeout(PIECE, response.body_mut().frame()).await;
                let next =
                    next.map_err(|_| remote.broke(format!("nothing came for {} s", PIECE.as_secs())))?;
                let Some(frame) = next else { break };
                let frame = frame.map_err(|_| {
                    remote.broke("the backup was not sent to its end; the server's log says why")
                })?;
                if let Some(bytes) = frame.data_ref() {
                    bar.inc(bytes.len() as u64);
                    sink.write(bytes)?;
                }
            },
        }
        bar.finish_and_clear();
        let manifest = prove(sink.unfinished()).await?;
        let written = sink.finish()?.unwrap_or(file);
        tell("", &written, &manifest, self.common.form)
    }
}

/// Has nobody else read a file: all that anybody has done is in it.
fn only_for_its_owner(file: &Path) -> Done {
    let done = fs::set_permissions(file, fs::Permissions::from_mode(0o600));
    done.map_err(|error| Failure::file(format_args!("write {}", file.display()), &error))
}

/// Where a backup comes from.
enum Origin {
    Data(Cold),
    Server(super::Remote, hyper::Response<hyper::body::Incoming>),
}

/// A data directory that no server has.
struct Cold {
    job: Job,
    log: Arc<dyn EventLog>,
}

impl Cold {
    async fn open(data: &Path) -> Done<Self> {
        let unusable =
            |error: &dyn std::fmt::Display| Failure::Data(format!("cannot use {}: {error}", data.display()));
        if !is_data_directory(data) {
            return Err(Failure::Data(format!("{} is no data directory of vws", data.display())));
        }
        let log = DiskLog::open(data, Options::new(Level::Buffered))
            .map_err(|error| Failure::Data(error.to_string()))?;
        let log: Arc<dyn EventLog> = Arc::new(log);
        let bounds = Bounds::from(&Limits::DEFAULT);
        let assets = Assets::open(data, Level::Buffered, bounds, None).map_err(|error| unusable(&error))?;
        let at = now();
        let revoked = Revoked::open(data).map_err(|error| unusable(&error))?.list(at);
        let mut audit = Audit::open(data).map_err(|error| unusable(&error))?.list(None, usize::MAX);
        audit.reverse();
        let listed = log.list().await.map_err(|error| unusable(&error))?;
        let listed: HashMap<SessionId, Listed> =
            listed.into_iter().map(|listed| (listed.info.session_id, listed)).collect();
        let mut sessions: Vec<_> = listed.keys().copied().collect();
        sessions.sort();
        let known = Box::new(move |id| listed.get(&id).cloned());
        let job =
            Job { log: Arc::clone(&log), assets: Arc::new(assets), sessions, known, revoked, audit, at };
        Ok(Self { job, log })
    }

    async fn write(self, mut out: File, file: &Path) -> Done {
        let Self { job, log } = self;
        let runtime = Handle::current();
        let written = spawn_blocking(move || {
            let written = job.write(&runtime, &mut out);
            out.flush().map_err(WriteError::from).and(written)
        });
        let written = written.await.map_err(|failed| Failure::Failed(failed.to_string()))?;
        written.map_err(|error| match error {
            WriteError::Out(error) => Failure::file(format_args!("write {}", file.display()), &error),
            WriteError::Log(error) => Failure::Data(error.to_string()),
        })?;
        log.close().await.map_err(|error| Failure::Data(error.to_string()))
    }
}

/// Reads a backup to its end.
async fn prove(file: PathBuf) -> Done<Manifest> {
    let bar = print::progress(fs::metadata(&file).ok().map(|file| file.len()), "bytes", "verifying");
    let shown = bar.clone();
    let read = spawn_blocking(move || backup::read(&file, &mut Nothing, |at| shown.set_position(at))).await;
    bar.finish_and_clear();
    read.map_err(|failed| Failure::Failed(failed.to_string()))?.map_err(unread)
}

fn unread(error: ReadError) -> Failure {
    match error {
        ReadError::Io { .. } | ReadError::Keep(_) => Failure::File(error.to_string()),
        _ => Failure::Failed(error.to_string()),
    }
}

/// Tells what a backup has, and fails where something is left out of it.
fn tell(words: &str, place: &Path, manifest: &Manifest, form: Form) -> Done {
    let Manifest { taken_at, sessions, events, models, bytes, left_out, .. } = manifest;
    if form.json {
        print::json(&json!({ "place": place.display().to_string(), "manifest": manifest }))?;
    } else {
        let taken = rfc3339(*taken_at);
        print::line(&print::clean(&format!(
            "{words}{}: {sessions} sessions, {events} events, {models} models, {bytes} bytes unpacked, taken at {taken}",
            place.display()
        )))?;
        for left_out in left_out {
            let what = left_out.asset.as_ref().map(|id| format!("the model {id} of ")).unwrap_or_default();
            print::line(&print::clean(&format!(
                "left out: {what}session {}: {}",
                left_out.session_id, left_out.reason
            )))?;
        }
    }
    if left_out.is_empty() { Ok(()) } else { Err(Failure::Told) }
}

impl Verify {
    async fn run(self) -> Done {
        let manifest = prove(self.file.clone()).await?;
        tell("ok: ", &self.file, &manifest, self.form)
    }
}

impl Restore {
    pub(crate) async fn run(self) -> Done {
        let Self { file, data, keep_epochs, form } = self;
        let bar = print::progress(fs::metadata(&file).ok().map(|file| file.len()), "bytes", "restoring");
        let epochs = if keep_epochs { Epochs::Kept } else { Epochs::New };
        let (runtime, shown, into) = (Handle::current(), bar.clone(), data.clone());
        let done = spawn_blocking(move || {
            backup::restore(&file, &into, epochs, &runtime, |at| shown.set_position(at))
        });
        let done = done.await.map_err(|failed| Failure::Failed(failed.to_string()))?;
        bar.finish_and_clear();
        let manifest = done.map_err(|error| match error {
            RestoreError::Read(error) => unread(error),
            RestoreError::Keep(KeepError::Io { .. } | KeepError::Log(_)) => Failure::File(error.to_string()),
            RestoreError::NotEmpty { .. } | RestoreError::Open(_) => Failure::Data(error.to_string()),
        })?;
        tell("", &data, &manifest, form)
    }
}
