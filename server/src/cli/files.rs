//! `vws session export|import` and `vws verify`.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use clap::{Args, ValueEnum};
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::header::CONTENT_DISPOSITION;
use hyper::{Method, Response};
use indicatif::ProgressBar;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout;
use vws_core::SessionInfo;
use vws_core::error::ProblemField;
use vws_core::limits::ModelLimits;
use vws_core::transfer::{Faults, Format, Imported, Importer};

use super::failure::{Done, Failure};
use super::print;
use super::remote::Payload;
use super::sessions::made;
use super::{Common, EXIT_CODES, Form, Place, path, query};

/// Bytes that are read of a file at once.
const CHUNK: usize = 64 * 1024;

/// Time for a server to say whether it wants a file.
const ASKED: Duration = Duration::from_secs(2);

/// A file is read with no bound but its own: which bounds hold is the server's to say.
pub(crate) const UNBOUNDED: ModelLimits =
    ModelLimits { objects_per_session: u32::MAX, commands_per_batch: u32::MAX };

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The state (.vws.json).
    Json,
    /// The kept history (.vwslog).
    Log,
}

/// Write a session to a file.
///
/// The file is checked as it comes: one that was cut short, or is not what the server has, is not kept.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Export {
    /// Which session and, for a state, as of when: SESSION, SESSION@SEQ or SESSION@TIME (RFC 3339).
    #[arg(value_name = "SESSION[@MOMENT]")]
    session: Place,
    /// What to write.
    #[arg(long, default_value = "json")]
    format: Kind,
    /// Where to: a file, which must not be there yet, a folder, in which the server names the file, or - for
    /// stdout.
    #[arg(long, short, value_name = "PATH", default_value = "-")]
    output: PathBuf,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Make a session of a file, and print its id.
///
/// The file is a state (.vws.json) or a log (.vwslog); what it is, it says itself.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Import {
    /// The file, or - for stdin.
    file: PathBuf,
    /// Make no session; tell what the file is and all that is wrong with it. Exit code 1 where anything is.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Check a file that an export wrote, without a server: every digest, every sum, every rule.
///
/// Every sum, every digest, and every rule that holds for what clients send. Exit code 1, and the first line
/// that does not hold, where anything is wrong.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Verify {
    /// A state (.vws.json) or a log (.vwslog), or - for stdin.
    file: PathBuf,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// A file that is read, or stdin.
pub(crate) struct Source {
    reader: Box<dyn Read + Send>,
    name: String,
    pub(crate) length: Option<u64>,
    pub(crate) format: Format,
    /// What was read to know the format.
    begun: Vec<u8>,
}

impl Source {
    pub(crate) fn open(path: &Path) -> Done<Self> {
        let (name, mut reader, length): (_, Box<dyn Read + Send>, _) = if path == Path::new("-") {
            ("stdin".to_owned(), Box::new(io::stdin()), None)
        } else {
            let name = path.display().to_string();
            let file =
                File::open(path).map_err(|error| Failure::file(format_args!("read {name}"), &error))?;
            let length = file.metadata().ok().filter(fs::Metadata::is_file).map(|data| data.len());
            (name, Box::new(file), length)
        };
        let mut begun = Vec::new();
        let read = reader.by_ref().take(CHUNK as u64).read_to_end(&mut begun);
        read.map_err(|error| Failure::file(format_args!("read {name}"), &error))?;
        let format = Format::sniff(&begun);
        Ok(Self { reader, name, length, format, begun })
    }

    /// The next bytes; none at the end.
    fn next(&mut self) -> io::Result<Vec<u8>> {
        if !self.begun.is_empty() {
            return Ok(std::mem::take(&mut self.begun));
        }
        let mut chunk = vec![0; CHUNK];
        loop {
            match self.reader.read(&mut chunk) {
                Ok(n) => {
                    chunk.truncate(n);
                    return Ok(chunk);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Gives all of it to `importer`.
    pub(crate) fn read(
        mut self,
        mut importer: Importer,
        words: &'static str,
    ) -> Done<Result<Imported, Faults>> {
        let bar = print::progress(self.length, "bytes", words);
        loop {
            let chunk =
                self.next().map_err(|error| Failure::file(format_args!("read {}", self.name), &error))?;
            if chunk.is_empty() {
                bar.finish_and_clear();
                return Ok(importer.finish());
            }
            bar.inc(chunk.len() as u64);
            importer.read(&chunk);
        }
    }

    /// All of it as the body of a request.
    fn payload(self, bar: ProgressBar) -> Payload {
        let (format, length) = (self.format, self.length);
        let (wanted, mut told) = watch::channel(false);
        let asked = async move {
            // Where a proxy keeps the question to itself, the file is sent all the same.
            let _ = timeout(ASKED, told.wait_for(|wanted| *wanted)).await;
        };
        let begin = (self, bar, Some(Box::pin(asked)));
        let pieces = stream::try_unfold(begin, |(mut source, bar, mut asked)| async move {
            if let Some(asked) = asked.take() {
                asked.await;
            }
            let chunk = source.next()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            bar.inc(chunk.len() as u64);
            Ok(Some((Frame::data(Bytes::from(chunk)), (source, bar, asked))))
        });
        let body = StreamBody::new(pieces).boxed_unsync();
        Payload::streamed(format.media_type(), length, body).when_wanted(wanted)
    }
}

/// What a dry run tells.
#[derive(Debug, Deserialize)]
struct Report {
    valid: bool,
    format: String,
    session: Option<SessionInfo>,
    digest: Option<String>,
    events: Option<u64>,
    errors: Vec<ProblemField>,
    more: u64,
}

impl Report {
    fn of(format: Format, done: &Result<Imported, Faults>) -> Self {
        let file = done.as_ref().ok();
        let faults = done.as_ref().err();
        Self {
            valid: file.is_some(),
            format: format.name().to_owned(),
            session: file.map(Imported::info),
            digest: file.map(|file| file.digest().to_string()),
            events: file.map(Imported::events),
            errors: faults.map(Faults::to_fields).unwrap_or_default(),
            more: faults.map_or(0, Faults::more),
        }
    }

    /// Tells it, and fails where anything is wrong.
    fn tell(&self, as_json: bool) -> Done {
        if as_json {
            let Self { valid, format, session, digest, events, errors, more } = self;
            let all: Value = json!({ "valid": valid, "format": format, "session": session, "digest": digest,
                "events": events, "errors": errors, "more": more });
            print::json(&all)?;
        } else if let (Some(session), Some(digest)) = (&self.session, &self.digest) {
            let SessionInfo { seq, object_count, .. } = session;
            let events = match self.events {
                Some(events) if events > 0 => format!("{events} events, "),
                _ => String::new(),
            };
            print::line(&format!(
                "ok: {}, {events}{object_count} objects, seq {seq}, digest {digest}",
                self.format
            ))?;
        } else {
            for field in &self.errors {
                let line = field.line.map(|line| format!("line {line}: ")).unwrap_or_default();
                let at =
                    if field.pointer.is_empty() { String::new() } else { format!("{}: ", field.pointer) };
                print::line(&print::clean(&format!("{line}{at}{} ({})", field.detail, field.code)))?;
            }
            if self.more > 0 {
                print::line(&format!("and {} more", self.more))?;
            }
        }
        if self.valid { Ok(()) } else { Err(Failure::Told) }
    }
}

impl Import {
    pub(crate) async fn run(self) -> Done {
        let mut remote = self.common.remote()?;
        let source = Source::open(&self.file)?;
        let bar = print::progress(source.length, "bytes", "importing");
        let query = query(&[("dry_run", self.dry_run.then(|| "true".to_owned()))]);
        let target = format!("/api/sessions/import{query}");
        let done = remote.send(Method::POST, &target, Some(source.payload(bar.clone())), &[]).await;
        bar.finish_and_clear();
        let bytes = remote.whole(done?).await?;
        let wrong = |error| Failure::Failed(format!("the answer is not understood: {error}"));
        if self.dry_run {
            let report: Report = serde_json::from_slice(&bytes).map_err(wrong)?;
            report.tell(self.common.form.json)
        } else {
            made(&serde_json::from_slice(&bytes).map_err(wrong)?, self.common.form.json)
        }
    }
}

impl Verify {
    pub(crate) fn run(self) -> Done {
        let source = Source::open(&self.file)?;
        let format = source.format;
        let done = source.read(Importer::verifying(format, UNBOUNDED), "verifying")?;
        Report::of(format, &done).tell(self.form.json)
    }
}

impl Export {
    pub(crate) async fn run(self) -> Done {
        let mut remote = self.common.remote()?;
        let format = match self.format {
            Kind::Json => Format::State,
            Kind::Log => Format::Log,
        };
        let kind = if format == Format::Log { "log" } else { "json" };
        let query = query(&[("format", Some(kind.to_owned())), ("at", self.session.moment.clone())]);
        let target = path(self.session.session, &format!("/export{query}"));
        let mut response = remote.send(Method::GET, &target, None, &[]).await?;
        let mut sink = Sink::open(&self.output, self.force, || suggested(&response))?;
        let mut check = Importer::verifying(format, UNBOUNDED);
        let bar = print::progress(None, "bytes", "exporting");
        while let Some(frame) = response.body_mut().frame().await {
            let frame = frame.map_err(|error| remote.broke(error))?;
            if let Some(bytes) = frame.data_ref() {
                check.read(bytes);
                bar.inc(bytes.len() as u64);
                sink.write(bytes)?;
            }
        }
        bar.finish_and_clear();
        if let Err(faults) = check.finish() {
            let first = faults.kept().first().map(ToString::to_string).unwrap_or_default();
            return Err(Failure::Failed(format!("what came is not whole, and is not kept: {first}")));
        }
        if let Some(written) = sink.finish()? {
            let name = written.display().to_string();
            if self.common.form.json {
                return print::json(&json!({ "file": name }));
            }
            return print::line(&name);
        }
        Ok(())
    }
}

/// The file name that a server suggests, if it is one that leads nowhere else.
pub(super) fn suggested<B>(response: &Response<B>) -> String {
    let header = response.headers().get(CONTENT_DISPOSITION).and_then(|value| value.to_str().ok());
    let name =
        header.and_then(|text| text.split("filename=\"").nth(1)).and_then(|rest| rest.split('"').next());
    let plain = |name: &&str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        !name.is_empty() && !name.starts_with('.') && name.chars().all(plain)
    };
    name.filter(plain).unwrap_or("session.export").to_owned()
}

/// Where an export goes. A file has its name only once it is whole.
pub(super) enum Sink {
    Stdout,
    File { file: File, part: PathBuf, whole: PathBuf, force: bool },
}

impl Sink {
    fn open(output: &Path, force: bool, name: impl FnOnce() -> String) -> Done<Self> {
        if output == Path::new("-") {
            return Ok(Self::Stdout);
        }
        Self::file(output, force, name)
    }

    /// One that is no stdout.
    pub(super) fn file(output: &Path, force: bool, name: impl FnOnce() -> String) -> Done<Self> {
        let whole = if output.is_dir() { output.join(name()) } else { output.to_owned() };
        if whole.exists() && !force {
            return Err(Failure::File(format!(
                "{} is there already; --force writes over it",
                whole.display()
            )));
        }
        let mut part = whole.clone().into_os_string();
        part.push(format!(".part-{}", std::process::id()));
        let part = PathBuf::from(part);
        let file = File::create_new(&part)
            .map_err(|error| Failure::file(format_args!("write {}", part.display()), &error))?;
        Ok(Self::File { file, part, whole, force })
    }

    /// The file that does not have its name yet, for another writer.
    pub(super) fn handle(&self) -> Done<File> {
        match self {
            Self::Stdout => Err(Failure::Usage("it cannot be written to stdout".to_owned())),
            Self::File { file, part, .. } => file
                .try_clone()
                .map_err(|error| Failure::file(format_args!("write {}", part.display()), &error)),
        }
    }

    /// Where that is; nowhere for stdout.
    pub(super) fn unfinished(&self) -> PathBuf {
        match self {
            Self::Stdout => PathBuf::new(),
            Self::File { part, .. } => part.clone(),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Done {
        match self {
            Self::Stdout => io::stdout().lock().write_all(bytes).map_err(|error| print::unwritten(&error)),
            Self::File { file, part, .. } => file
                .write_all(bytes)
                .map_err(|error| Failure::file(format_args!("write {}", part.display()), &error)),
        }
    }

    /// Gives the file its name, and tells it.
    pub(super) fn finish(mut self) -> Done<Option<PathBuf>> {
        match &mut self {
            Self::Stdout => {
                io::stdout().flush().map_err(|error| print::unwritten(&error))?;
                Ok(None)
            }
            Self::File { file, part, whole, force } => {
                let kept = file.sync_all().and_then(|()| named(part, whole, *force));
                kept.map_err(|error| Failure::file(format_args!("write {}", whole.display()), &error))?;
                Ok(Some(whole.clone()))
            }
        }
    }
}

/// Gives a file its name. A link fails where the name was taken meanwhile; a rename would write over it, and
/// is for file systems that have no links.
fn named(part: &Path, whole: &Path, force: bool) -> io::Result<()> {
    if force {
        return fs::rename(part, whole);
    }
    match fs::hard_link(part, whole) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists || whole.exists() => Err(error),
        Err(_) => fs::rename(part, whole),
        Ok(()) => Ok(()),
    }
}

/// What is not whole is not left behind.
impl Drop for Sink {
    fn drop(&mut self) {
        if let Self::File { part, .. } = self {
            // After a rename there is none.
            let _ = fs::remove_file(part);
        }
    }
}
