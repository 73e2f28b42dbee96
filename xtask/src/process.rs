//! Starting other programs: with a log of its own, with a time limit, or with its output counted.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{Context, Failure, Result};
use crate::say;

/// How often a long step says that it is still at work.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);
/// How often a running child is looked at.
const POLL: Duration = Duration::from_millis(50);
/// How much of a failed step's log is shown.
const LOG_TAIL_LINES: usize = 40;

/// Set when a step has failed that others run beside: they end at their next look.
static GIVEN_UP: AtomicBool = AtomicBool::new(false);

/// Ends every command that [`run_logged`] waits for now or later, on whichever thread.
pub(crate) fn give_up() {
    GIVEN_UP.store(true, Ordering::Relaxed);
}

/// The command as one could type it, for messages.
pub(crate) fn shown(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect();
    words.join(" ")
}

/// Runs a command with this terminal's input and output.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().context(|| cannot_start(command))?;
    check(command, status)
}

/// Runs a command whose output goes to a file; on failure the error holds the file's end. Says every
/// 30 s that `name` is still at work.
pub(crate) fn run_logged(command: &mut Command, name: &str, log: &Path) -> Result<()> {
    if let Some(dir) = log.parent() {
        fs::create_dir_all(dir).context(|| format!("create {}", dir.display()))?;
    }
    let file = File::create(log).context(|| format!("write {}", log.display()))?;
    let copy = file.try_clone().context(|| format!("write {}", log.display()))?;
    let child =
        command.stdin(Stdio::null()).stdout(file).stderr(copy).spawn().context(|| cannot_start(command))?;
    let status = wait_saying(child, name)?;
    check(command, status).map_err(|failure| {
        Failure::new(format!("{failure}\n--- the end of {} ---\n{}---", log.display(), tail(log)))
    })
}

/// Runs a command for at most `limit`, then ends it. `None` when it had to be ended.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Result<Option<ExitStatus>> {
    let mut child = command.stdin(Stdio::null()).spawn().context(|| cannot_start(command))?;
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().context(|| "wait for a process".into())? {
            return Ok(Some(status));
        }
        if start.elapsed() >= limit {
            child.kill().context(|| "end a process".into())?;
            child.wait().context(|| "wait for a process".into())?;
            return Ok(None);
        }
        thread::sleep(POLL);
    }
}

/// Runs a command, shows its standard output line by line and hands each line to `each` too.
pub(crate) fn run_reading(command: &mut Command, mut each: impl FnMut(&str)) -> Result<ExitStatus> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context(|| cannot_start(command))?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line.context(|| "read a program's output".into())?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            each(&line);
        }
    }
    child.wait().context(|| "wait for a process".into())
}

/// The standard output of a short command, trimmed; `None` when it is not there or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Where `program` is on PATH.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file())
}

/// An error unless the command succeeded.
pub(crate) fn check(command: &Command, status: ExitStatus) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("`{}`: {status}", shown(command))))
}

fn cannot_start(command: &Command) -> String {
    format!("start `{}`", shown(command))
}

fn wait_saying(mut child: Child, name: &str) -> Result<ExitStatus> {
    let start = Instant::now();
    let mut next = SIGN_OF_LIFE;
    loop {
        if let Some(status) = child.try_wait().context(|| "wait for a process".into())? {
            return Ok(status);
        }
        if GIVEN_UP.load(Ordering::Relaxed) {
            child.kill().context(|| "end a process".into())?;
            child.wait().context(|| "wait for a process".into())?;
            return Err(Failure::new(format!("{name}: given up, since another step failed")));
        }
        if start.elapsed() >= next {
            next += SIGN_OF_LIFE;
            say::note(&format!("{name}: {} so far", say::elapsed(start.elapsed())));
            // Nobody is served by an error about our own output here.
            let _ = std::io::stdout().flush();
        }
        thread::sleep(POLL);
    }
}

fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.len().saturating_sub(LOG_TAIL_LINES);
    lines[first..].iter().fold(String::new(), |mut all, line| {
        all.push_str(line);
        all.push('\n');
        all
    })
}
