//! One process, that can be killed, paused and started again.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::{Failure, Place};

/// Bytes of a log that are told.
const TOLD: usize = 2_000;

/// One process at one place.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) name: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(String, String)>,
    place: Place,
    log: PathBuf,
    child: Option<Child>,
}

impl Program {
    pub(crate) fn new(name: String, program: &Path, place: Place, log: PathBuf) -> Self {
        let (program, arguments, environment) = (program.to_owned(), Vec::new(), Vec::new());
        Self { name, program, arguments, environment, place, log, child: None }
    }

    pub(crate) fn argue<A: Into<OsString>>(&mut self, arguments: impl IntoIterator<Item = A>) {
        self.arguments.extend(arguments.into_iter().map(Into::into));
    }

    pub(crate) fn set(&mut self, name: &str, value: String) {
        self.environment.push((name.to_owned(), value));
    }

    /// Starts it; what it writes goes to its log, behind what is there.
    pub(crate) fn start(&mut self) -> Result<(), Failure> {
        let log = |error| Failure::system(format!("write {}", self.log.display()))(error);
        let out: File = OpenOptions::new().create(true).append(true).open(&self.log).map_err(log)?;
        let err = out.try_clone().map_err(log)?;
        let mut command = self.place.command(&self.program);
        // Nothing but what is said here.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"VWS_"))
        {
            command.env_remove(name);
        }
        command.args(&self.arguments).envs(self.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let child = command.spawn();
        self.child = Some(child.map_err(Failure::system(format!("start {}", self.program.display())))?);
        Ok(())
    }

    /// The id of its process; 0 where it does not run.
    pub(crate) fn id(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Whether it runs, paused or not.
    pub(crate) fn is_up(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().is_ok_and(|ended| ended.is_none()))
    }

    /// Ends it as nothing can be prepared for.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // One that has ended is as good.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks it to end and waits for that.
    pub(crate) fn end(&mut self) {
        self.signal("TERM");
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
    }

    /// Stops its time, or lets it go on.
    pub(crate) fn pause(&self, is_paused: bool) {
        self.signal(if is_paused { "STOP" } else { "CONT" });
    }

    fn signal(&self, signal: &str) {
        if let Some(child) = &self.child {
            let _ = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
        }
    }

    /// That it did not come up in time, with what it says of that.
    pub(crate) fn not_up(&self, within: Duration) -> Failure {
        Failure::NotUp { name: self.name.clone(), seconds: within.as_secs(), log: self.told() }
    }

    /// The end of what it wrote.
    fn told(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&text[text.len().saturating_sub(TOLD)..]).trim().to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.is_up() {
            self.pause(false);
        }
        self.kill();
    }
}

/// The program of that name that the path has.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let of_system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(of_system).map(|folder| folder.join(name)).find(|file| file.is_file())
}
