//! `cargo xtask test`: everything that can be checked, and one line of counts at the end.
//!
//! A failing step does not keep the later ones from running; the failures are listed again at the end.

mod again;
mod count;

use std::io::{IsTerminal, stdout};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::cluster;
use crate::deny;
use crate::e2e;
use crate::failure::{Failure, Result};
use crate::fuzz;
use crate::package;
use crate::page;
use crate::process;
use crate::project::Project;
use crate::reliability;
use crate::say;
use crate::server::{self, Profile};
use crate::setup::{self, Needs, Ready};
use crate::spec_check;

use again::Failed;
use count::{Counter, Tally};

const WASM: &str = "wasm32-unknown-unknown";
/// Seconds that a wasm-bindgen test binary may take in the browser.
const BROWSER_LIMIT: &str = "180";

/// Runs it all. The exit code tells whether everything passed; an error means that it could not be set up.
pub(crate) fn run(project: &Project) -> Result<ExitCode> {
    let start = Instant::now();
    let ready = setup::ensure(project, Needs::Browser, None)?;
    let mut report = Report::default();

    report
        .check("formatting", "about 2 s", || process::run(project.cargo().args(["fmt", "--all", "--check"])));
    report.check("rules and tests name each other", "at once", || {
        spec_check::run(project).map(|summary| say::note(&summary))
    });
    report.check("crates", "about 5 s", || deny::if_there(project));
    report.check("viewport bundle", "about 10 s the first time", || page::bundle(project));
    lint(project, &ready, &mut report);
    native_tests(project, &mut report);
    javascript_tests(project, &ready, &mut report);
    wasm_tests(&ready, &mut report);
    browser_tests(project, &ready, &mut report);
    report.check("nodes whose members are killed, short", "about 1 min", || cluster::briefly(project));
    // The lines say themselves what they do.
    let short = ["--quick", "--dev"].map(str::to_owned);
    if let Err(failure) = reliability::run(project, &short) {
        report.failed("reliability, short", &failure);
    }
    // Last: it compiles what it fuzzes in its own way, with the dependencies that all before it have compiled.
    let each = format!("fuzzing, {} s each", fuzz::SECONDS);
    report.check(&each, "about 3 min", || fuzz::briefly(project));

    Ok(report.end(start))
}

fn lint(project: &Project, ready: &Ready, report: &mut Report) {
    report.check("clippy", "about 1 min the first time", || {
        let mut cargo = project.cargo();
        cargo.args(["clippy", "--workspace", "--all-targets", "--locked", "--quiet"]);
        // What only the suite of WebSocket cases talks to.
        cargo.args(["--features", "vws-server/echo"]);
        process::run(cargo.args(["--", "--deny", "warnings"]))
    });
    if ready.has_wasm_clippy() {
        report.check("clippy for the browser", "about 1 min the first time", || {
            let mut cargo = ready.wasm_command("cargo");
            cargo.args(["clippy", "--package", "vws-web", "--all-targets"]);
            cargo.args(["--locked", "--quiet", "--target", WASM]);
            process::run(cargo.args(["--", "--deny", "warnings"]))
        });
    } else {
        say::note("the compiler for the browser has no clippy: the page was linted for this machine");
    }
}

fn native_tests(project: &Project, report: &mut Report) {
    let nextest = process::output(project.cargo().args(["nextest", "--version"])).is_some();
    if nextest {
        let mut tests = project.cargo();
        tests.args(["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]);
        tests.env("NEXTEST_HIDE_PROGRESS_BAR", "1");
        // Its summary is on standard error, which is not read; so take it to where it is.
        report.tests("native tests", "about 3 min", &mut merged(&tests), Counter::Nextest);
        let mut docs = project.cargo();
        docs.args(["test", "--workspace", "--locked", "--no-fail-fast", "--doc"]);
        report.optional_tests("documentation tests", "about 20 s", &mut docs, Counter::Libtest);
    } else {
        let mut tests = project.cargo();
        tests.args(["test", "--workspace", "--locked", "--no-fail-fast"]);
        report.tests("native tests", "about 3 min", &mut tests, Counter::Libtest);
    }
}

fn javascript_tests(project: &Project, ready: &Ready, report: &mut Report) {
    let mut npm = Command::new("npm");
    npm.args(["test", "--silent"]).current_dir(project.root.join("web"));
    if let Some(browser) = &ready.browser {
        npm.env("CHROMIUM", &browser.chromium);
    }
    report.tests("viewport tests", "about 1 min", &mut npm, Counter::Node);
}

fn wasm_tests(ready: &Ready, report: &mut Report) {
    let mut known = ready.wasm_command("cargo");
    // With the page, so that what both depend on is built once, with the same features.
    known.args(["test", "--package", "vws-core", "--package", "vws-web", "--test", "known"]);
    known.args(["--locked", "--target", WASM]);
    known.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner");
    report.tests("known answers in WebAssembly", "about 1 min the first time", &mut known, Counter::Libtest);

    let mut cargo = ready.wasm_command("cargo");
    cargo.args(["test", "--package", "vws-web", "--locked", "--target", WASM]);
    cargo.arg("--no-fail-fast");
    cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner");
    cargo.env("WASM_BINDGEN_TEST_TIMEOUT", BROWSER_LIMIT);
    if let Some(browser) = &ready.browser {
        cargo.env("CHROMEDRIVER", &browser.driver);
    }
    report.tests("page tests in Chromium", "about 2 min", &mut cargo, Counter::Libtest);
}

fn browser_tests(project: &Project, ready: &Ready, report: &mut Report) {
    // Not under a step of its own: these print their steps.
    let built = page::build(project, ready)
        .and_then(|()| server::build(project, Profile::Debug))
        .and_then(|program| e2e::install(project).map(|()| program));
    match built {
        Ok(program) => {
            let mut cluster = Command::new("node");
            if let Err(failure) = e2e::with_cluster(project, &mut cluster) {
                return report.failed("browser tests", &failure);
            }
            let node = || {
                let mut node = e2e::command(project, &program, ready.browser.as_ref());
                node.arg("--test-reporter=tap");
                node.envs(cluster.get_envs().filter_map(|(name, value)| Some((name, value?))));
                node
            };
            report.tests_twice("browser tests", "about 6 min", node);
            package_tests(project, ready, &program, report);
        }
        Err(failure) => report.failed("browser tests", &failure),
    }
}

/// After the browser tests, whose packages and server these use too.
fn package_tests(project: &Project, ready: &Ready, program: &Path, report: &mut Report) {
    if let Err(failure) = package::build(project, ready) {
        return report.failed("package tests", &failure);
    }
    let mut npm = package::tests(project);
    npm.env("VWS_BIN", program);
    if let Some(browser) = &ready.browser {
        npm.env("CHROMIUM", &browser.chromium);
    }
    report.tests("package tests", "about 1 min", &mut npm, Counter::Node);
}

/// The same command with its standard error in its standard output.
fn merged(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$@\" 2>&1", "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    if let Some(dir) = command.get_current_dir() {
        shell.current_dir(dir);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

/// What has passed and what has not.
#[derive(Debug, Default)]
struct Report {
    tally: Tally,
    failures: Vec<String>,
    notes: Vec<String>,
}

impl Report {
    /// A step that has no tests to count: one failure when it fails.
    fn check(&mut self, name: &str, about: &str, work: impl FnOnce() -> Result<()>) {
        if let Err(failure) = say::step(name, about, work) {
            self.failed(name, &failure);
        }
    }

    /// A run of tests, of which there has to be at least one: a runner that finds none is broken.
    fn tests(&mut self, name: &str, about: &str, command: &mut Command, counter: Counter) {
        self.counted(name, about, command, counter, 1);
    }

    /// A run of tests of which there may be none.
    fn optional_tests(&mut self, name: &str, about: &str, command: &mut Command, counter: Counter) {
        self.counted(name, about, command, counter, 0);
    }

    /// The same for tests in a real browser. One that waits for minutes of work on a machine that others use too
    /// may run out of time there; those that fail are run once more by themselves, and named in either case.
    fn tests_twice(&mut self, name: &str, about: &str, command: impl Fn() -> Command) {
        let mut failed = Failed::default();
        let mut tally = Tally::default();
        let first = say::step(name, about, || {
            let mut command = command();
            let status = process::run_reading(&mut command, |line| {
                tally.read(Counter::Node, line);
                failed.read(line);
            })?;
            process::check(&command, status)
        });
        let Err(failure) = first else {
            self.tally.add(tally);
            return;
        };
        eprintln!("✗ {name}: {failure}");
        if failed.count() as u64 != tally.failed || failed.is_empty() {
            // Something else than a test failed, such as a file that could not begin.
            self.tally.add(tally);
            return self.failed(name, &failure);
        }
        self.tally.passed += tally.passed;
        self.tally.skipped += tally.skipped;
        self.notes.extend(failed.titles().map(|title| format!("{name}: tried twice: {title}")));
        let mut second = command();
        failed.choose(&mut second);
        let mut tally = Tally::default();
        let result = say::step(&format!("{name} that failed, once more"), "as long as they take", || {
            let status = process::run_reading(&mut second, |line| tally.read(Counter::Node, line))?;
            process::check(&second, status)
        });
        self.tally.passed += tally.passed;
        self.tally.failed += tally.failed;
        match result {
            Ok(()) if tally.passed >= failed.count() as u64 => {}
            Ok(()) => self.failed(name, &Failure::new("fewer tests ran the second time")),
            Err(failure) => self.list(name, &failure),
        }
    }

    fn counted(&mut self, name: &str, about: &str, command: &mut Command, counter: Counter, at_least: u64) {
        if stdout().is_terminal() {
            command.env("CARGO_TERM_COLOR", "always");
        }
        let mut tally = Tally::default();
        let result = say::step(name, about, || {
            let status = process::run_reading(command, |line| tally.read(counter, line))?;
            process::check(command, status)?;
            if tally.failed > 0 {
                return Err(Failure::new("tests failed, though the runner ended well"));
            }
            if tally.passed < at_least {
                return Err(Failure::new("no test ran"));
            }
            Ok(())
        });
        self.tally.add(tally);
        if let Err(failure) = result {
            if tally.failed > 0 {
                // Counted by its runner.
                self.list(name, &failure);
            } else {
                self.failed(name, &failure);
            }
        }
    }

    /// Counts one failure and shows it.
    fn failed(&mut self, name: &str, failure: &Failure) {
        self.tally.failed += 1;
        self.list(name, failure);
    }

    fn list(&mut self, name: &str, failure: &Failure) {
        eprintln!("✗ {name}: {failure}");
        self.failures.push(name.to_owned());
    }

    /// The last lines: what failed, then the counts, alone on their line.
    fn end(self, start: Instant) -> ExitCode {
        println!("\nall steps: {}", say::elapsed(start.elapsed()));
        for note in &self.notes {
            println!("! {note}");
        }
        for name in &self.failures {
            println!("✗ failed: {name}");
        }
        println!("{}", self.tally);
        if self.failures.is_empty() && self.tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
