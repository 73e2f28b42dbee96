//! `cargo xtask dev`: a server and, before it, trunk, which builds the page anew when a source changes.

use std::process::{Child, Command};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::project::Project;
use crate::server::{self, Profile};
use crate::setup::{self, Needs};

/// Where Trunk.toml's proxies expect the server.
const SERVER: &str = "127.0.0.1:8080";
/// Where Trunk.toml has trunk serve the page.
const PAGE: &str = "http://127.0.0.1:8081/";
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Runs both until one of them ends or Ctrl-C; ends the other. `arguments` go to `vws serve`.
pub(crate) fn run(project: &Project, arguments: &[String]) -> Result<()> {
    let ready = setup::ensure(project, Needs::Page, None)?;
    let program = server::build(project, Profile::Debug)?;
    let (ended, stop) = mpsc::channel();
    ctrlc::set_handler(move || {
        // The receiver is gone only when we are ending anyway.
        let _ = ended.send(());
    })
    .map_err(|error| Failure::new(format!("cannot listen for Ctrl-C: {error}")))?;

    let mut vws = Command::new(&program);
    vws.args(["serve", "--listen", SERVER]).args(arguments).current_dir(&project.root);
    let mut trunk = ready.wasm_command("trunk");
    trunk.arg("serve");
    let mut children = Children(Vec::new());
    for mut command in [vws, trunk] {
        let child = command.spawn().context(|| format!("start `{}`", process::shown(&command)))?;
        children.0.push((process::shown(&command), child));
    }
    println!("▸ the page follows your edits at {PAGE}; end both with Ctrl-C");
    loop {
        match stop.recv_timeout(LOOK_EVERY) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
            Err(RecvTimeoutError::Timeout) => children.all_run()?,
        }
    }
}

/// The programs that we started. Ended when dropped, whichever way that comes about.
struct Children(Vec<(String, Child)>);

impl Children {
    fn all_run(&mut self) -> Result<()> {
        for (name, child) in &mut self.0 {
            if let Some(status) = child.try_wait().context(|| "wait for a process".into())? {
                return Err(Failure::new(format!("`{name}` ended: {status}")));
            }
        }
        Ok(())
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        for (_, child) in &mut self.0 {
            // Ctrl-C has reached it too, so it may be gone.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
