//! The program, in a process of its own, and what can be read of it from outside.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use vws_load::Target;
use vws_load::http::Http;
use vws_load::machine::resident_bytes;

use crate::verdict::Verdict;

/// How long a server may take to let go of what a siege left.
const SETTLES: Duration = Duration::from_secs(20);
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(100);
/// Lines of its log that are kept.
const LOG_LINES: usize = 1_000;

/// A server that runs. It ends with this.
pub(crate) struct Server {
    child: Child,
    port: u16,
    log: Arc<Mutex<Vec<String>>>,
    data: TempDir,
}

impl Server {
    /// `vws serve` as it is shipped, at a free port of loopback, with a data directory of its own, and these flags.
    ///
    /// # Errors
    /// Where it does not start.
    pub(crate) fn start(flags: &[&str]) -> Result<Self, String> {
        let program = program("VWS_BIN", "vws")?;
        let data = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("VWS_")) {
            command.env_remove(name);
        }
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "error", "--data"]);
        command.arg(data.path().join("data")).args(flags);
        Self::run(command, data)
    }

    /// The server with a route that echoes.
    ///
    /// # Errors
    /// Where it does not start.
    pub(crate) fn start_echo() -> Result<Self, String> {
        let data = tempfile::tempdir().map_err(|error| error.to_string())?;
        Self::run(Command::new(program("VWS_ECHO_BIN", "examples/echo")?), data)
    }

    fn run(mut command: Command, data: TempDir) -> Result<Self, String> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("the server does not start: {error}"))?;
        let (out, errors) = (child.stdout.take(), child.stderr.take());
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut server = Self { child, port: 0, log: Arc::clone(&log), data };
        std::thread::spawn(move || {
            for line in
                errors.into_iter().flat_map(|errors| BufReader::new(errors).lines()).map_while(Result::ok)
            {
                let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                if log.len() < LOG_LINES {
                    log.push(line);
                }
            }
        });
        let mut line = String::new();
        let read = out.map(BufReader::new).map(|mut out| out.read_line(&mut line));
        if !matches!(read, Some(Ok(read)) if read > 0) {
            let log = server.log.lock().unwrap_or_else(PoisonError::into_inner).join("\n");
            return Err(format!("the server does not start: {log}"));
        }
        let port = line.trim_end().rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        server.port = port.ok_or_else(|| format!("the server says `{}`", line.trim_end()))?;
        Ok(server)
    }

    pub(crate) fn target(&self) -> Target {
        Target::local(self.port)
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Bytes of its memory that are taken.
    ///
    /// # Errors
    /// Where there is no such process any more.
    pub(crate) fn resident(&self) -> Result<f64, String> {
        resident_bytes(self.child.id()).ok_or_else(|| "the server is gone".to_owned())
    }

    /// Descriptors that it has open, but for the files of its data directory: of those it keeps some open, a bounded
    /// number, whoever attacks it.
    ///
    /// # Errors
    /// Where there is no such process any more.
    pub(crate) fn descriptors(&self) -> Result<u64, String> {
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        let open = open.map_err(|error| format!("the server is gone: {error}"))?;
        let is_file =
            |path: PathBuf| std::fs::read_link(path).is_ok_and(|to| to.starts_with(self.data.path()));
        Ok(open.filter(|entry| !entry.as_ref().is_ok_and(|entry| is_file(entry.path()))).count() as u64)
    }

    /// The sum of the series of a metric that have this in their labels.
    ///
    /// # Errors
    /// Where it does not answer.
    pub(crate) fn metric(&self, name: &str, label: &str) -> Result<u64, String> {
        let mut http = Http::connect(&self.target()).map_err(|error| error.to_string())?;
        let (_, body) = http.send("GET", "/metrics", None).map_err(|error| error.to_string())?;
        Ok(summed(&String::from_utf8_lossy(&body), name, label))
    }

    /// Waits until descriptors and tasks are no more than before; returns what is there then.
    ///
    /// # Errors
    /// Where it does not answer.
    pub(crate) fn settle(&self, before: &Left) -> Result<Left, String> {
        let begun = Instant::now();
        loop {
            let now = self.left()?;
            let is_back = now.descriptors <= before.descriptors && now.tasks <= before.tasks;
            if is_back || begun.elapsed() > SETTLES {
                return Ok(now);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// What it holds now, this look's own connection among it.
    ///
    /// # Errors
    /// Where it does not answer.
    pub(crate) fn left(&self) -> Result<Left, String> {
        let tasks = self.metric("vws_tasks", "")?;
        Ok(Left { tasks, descriptors: self.descriptors()?, resident: self.resident()? })
    }

    /// The least memory that is seen within a while: what was freed goes back to the system by and by.
    ///
    /// # Errors
    /// Where it does not answer.
    pub(crate) fn rested(&self, within: Duration, enough: f64) -> Result<f64, String> {
        let (begun, mut least) = (Instant::now(), self.resident()?);
        while least > enough && begun.elapsed() < within {
            // An allocator gives back as it is used.
            self.metric("vws_tasks", "")?;
            std::thread::sleep(LOOK);
            least = least.min(self.resident()?);
        }
        Ok(least)
    }

    /// Adds that it is up: it answers, and nothing in it has panicked.
    pub(crate) fn is_up(&self, verdict: &mut Verdict) {
        let healthy = Http::connect(&self.target()).and_then(|mut http| http.json("GET", "/healthz", None));
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let panic = log.iter().find(|line| line.contains("panic"));
        match (healthy, panic) {
            (Err(error), _) => verdict.is_so("the server is up", format!("no: {error}"), false),
            (_, Some(panic)) => verdict.is_so("the server is up", format!("a panic: {panic}"), false),
            (Ok(_), None) => verdict.is_so("the server is up", "up", true),
        }
    }
}

/// What a siege may leave behind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left {
    pub(crate) descriptors: u64,
    pub(crate) tasks: u64,
    pub(crate) resident: f64,
}

impl Left {
    /// Adds that no descriptor and no task is left that was not there before.
    pub(crate) fn compare(&self, before: &Self, verdict: &mut Verdict) {
        verdict.exactly("descriptors left behind", self.descriptors.saturating_sub(before.descriptors), 0);
        verdict.exactly("tasks left behind", self.tasks.saturating_sub(before.tasks), 0);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended by itself is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program of the project: the one that a variable names, or the one beside this.
fn program(variable: &str, name: &str) -> Result<PathBuf, String> {
    if let Some(program) = std::env::var_os(variable) {
        return Ok(program.into());
    }
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let program = this.parent().unwrap_or(Path::new(".")).join(name);
    if program.is_file() { Ok(program) } else { Err(format!("{} is not built", program.display())) }
}

fn summed(text: &str, name: &str, label: &str) -> u64 {
    let values = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        if !rest.starts_with([' ', '{']) || !rest.contains(label) {
            return None;
        }
        line.rsplit_once(' ')?.1.parse::<f64>().ok()
    });
    values.sum::<f64>() as u64
}

#[cfg(test)]
mod tests {
    use super::summed;

    #[test]
    fn series_of_one_metric_are_summed_by_their_labels() {
        let text = "# HELP vws_ended x\nvws_ended_total{why=\"gone\"} 2\nvws_ended_total{why=\"too_slow\"} 3\n\
                    vws_ended_total_more 9\nvws_tasks 4\n";
        assert_eq!(summed(text, "vws_ended_total", ""), 5);
        assert_eq!(summed(text, "vws_ended_total", "too_slow"), 3);
        assert_eq!((summed(text, "vws_tasks", ""), summed(text, "vws_none", "")), (4, 0));
    }
}
