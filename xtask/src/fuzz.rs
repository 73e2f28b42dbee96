//! `cargo xtask fuzz`: the targets of `fuzz/`, side by side on the cores that there are.
//!
//! The compiler is the stable one: it has LLVM's coverage counters, only no sanitizers, which safe code has little
//! use for. `fuzz/instrument.sh` puts them into the crates that are fuzzed.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::project::Project;
use crate::say;

/// Every target, the slowest first.
const TARGETS: [&str; 5] = ["rest", "log", "backup", "import", "websocket"];
/// Seconds of each unless told: 3 min for all of them on two cores.
pub(crate) const SECONDS: u64 = 60;
/// Bytes of an input at most: everything that is read here has a form that this is enough for.
const MAX_LEN: &str = "4096";
/// Seconds that one input may take, and megabytes that a program may have.
const LIMITS: [&str; 2] = ["-timeout=20", "-rss_limit_mb=2048"];

/// How long each target runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    Seconds(u64),
    Runs(u64),
}

/// How the programs are compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// With the dependencies that the tests have compiled already. Each run begins alike, so that what fails in one can be
    /// seen again in the next.
    Quick,
    /// So that they run as fast as they can with all that leads to new inputs.
    Fast,
    /// So that they run as often as they can: what is compared is not traced.
    Counted,
}

/// `[TARGET] [--seconds N | --runs N] [--untraced]`.
pub(crate) fn run(project: &Project, arguments: &[String]) -> Result<()> {
    let (targets, until, build) = read(arguments)?;
    all(project, &targets, until, build)
}

/// Each target for a while.
pub(crate) fn briefly(project: &Project) -> Result<()> {
    all(project, &TARGETS, Until::Seconds(SECONDS), Build::Quick)
}

fn read(arguments: &[String]) -> Result<(Vec<&'static str>, Until, Build)> {
    let unknown = |what: &str| {
        Failure::new(format!("`fuzz` does not take {what}"))
            .remedy(format!("cargo xtask fuzz [{}] [--seconds N | --runs N] [--untraced]", TARGETS.join("|")))
    };
    let (mut targets, mut until, mut build) = (Vec::new(), Until::Seconds(SECONDS), Build::Fast);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seconds" | "--runs" => {
                let number = words.next().and_then(|word| word.parse().ok()).filter(|number| *number > 0);
                let number = number.ok_or_else(|| unknown(&format!("{word} without a number above 0")))?;
                until = if word == "--runs" { Until::Runs(number) } else { Until::Seconds(number) };
            }
            "--untraced" => build = Build::Counted,
            name => targets.push(TARGETS.into_iter().find(|t| *t == name).ok_or_else(|| unknown(name))?),
        }
    }
    Ok((if targets.is_empty() { TARGETS.to_vec() } else { targets }, until, build))
}

fn all(project: &Project, targets: &[&'static str], until: Until, build: Build) -> Result<()> {
    let programs = compile(project, targets, build)?;
    let about = match until {
        Until::Seconds(seconds) => {
            let rounds = targets.len().div_ceil(cores()) as u64;
            format!("about {} s", seconds * rounds)
        }
        Until::Runs(runs) => format!("{runs} runs each"),
    };
    let waiting = Mutex::new(targets.iter().copied().collect::<VecDeque<_>>());
    let results = Mutex::new(Vec::new());
    say::step(&format!("fuzzing {}", targets.join(", ")), &about, || {
        thread::scope(|scope| {
            for _ in 0..cores().min(targets.len()) {
                scope.spawn(|| {
                    loop {
                        let Some(target) = waiting.lock().ok().and_then(|mut all| all.pop_front()) else {
                            return;
                        };
                        let done = one(project, &programs, target, until, build);
                        results.lock().expect("nobody panics with it").push(done);
                    }
                });
            }
        });
        let results = results.into_inner().expect("nobody panics with it");
        let failed: Vec<String> =
            results.iter().filter_map(|done| done.as_ref().err()).map(ToString::to_string).collect();
        results.iter().flatten().for_each(|line| say::note(line));
        if failed.is_empty() { Ok(()) } else { Err(Failure::new(failed.join("\n"))) }
    })
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Where the programs are.
fn compile(project: &Project, targets: &[&str], build: Build) -> Result<PathBuf> {
    let (folder, wrapper, about) = match build {
        Build::Quick => ("debug", "instrument.sh", "about 1 min"),
        Build::Fast => ("fuzz", "instrument.sh", "about 8 min the first time"),
        Build::Counted => ("fuzz", "count.sh", "about 8 min the first time"),
    };
    say::step("fuzz targets", about, || {
        let mut cargo = project.cargo();
        cargo.args(["build", "--locked", "--package", "vws-fuzz", "--features", "libfuzzer"]);
        if build != Build::Quick {
            cargo.args(["--profile", "fuzz"]);
            // The server's build script looks at it: what is missing is something new to cargo each time.
            let page = project.root.join("dist");
            fs::create_dir_all(&page).context(|| format!("create {}", page.display()))?;
        }
        targets.iter().for_each(|target| _ = cargo.args(["--bin", target]));
        cargo.env("RUSTC_WORKSPACE_WRAPPER", project.root.join("fuzz").join(wrapper));
        process::run_logged(&mut cargo, "fuzz targets", &project.target.join("xtask/fuzz.log"))
    })?;
    Ok(project.target.join(folder))
}

/// Runs one target and tells what it did in a line.
fn one(project: &Project, programs: &Path, target: &str, until: Until, build: Build) -> Result<String> {
    let kept = project.root.join("fuzz/corpus").join(target);
    // What is new is found anew where this folder is removed; what is worth keeping is merged by hand.
    let found = project.target.join("fuzz-corpus").join(target);
    let broken = project.root.join("fuzz/artifacts").join(target);
    if build == Build::Quick && found.exists() {
        fs::remove_dir_all(&found).context(|| format!("remove {}", found.display()))?;
    }
    for folder in [&kept, &found, &broken] {
        fs::create_dir_all(folder).context(|| format!("create {}", folder.display()))?;
    }
    let mut program = Command::new(programs.join(target));
    program.args(LIMITS).args([&format!("-max_len={MAX_LEN}"), "-print_final_stats=1"]);
    program.arg(match until {
        Until::Seconds(seconds) => format!("-max_total_time={seconds}"),
        Until::Runs(runs) => format!("-runs={runs}"),
    });
    program.arg(format!(
        "-dict={}",
        project.root.join("fuzz/dictionaries").join(target).with_extension("dict").display()
    ));
    if build == Build::Quick {
        program.arg("-seed=1");
    }
    program.arg(format!("-artifact_prefix={}/", broken.display())).arg(&found).arg(&kept);
    let log = project.target.join(format!("xtask/fuzz-{target}.log"));
    process::run_logged(&mut program, target, &log).map_err(|failure| {
        failure.remedy(format!(
            "the input is kept in {}; `{} FILE` runs it once more. It belongs in fuzz/regressions/{target} with its mend",
            broken.display(),
            programs.join(target).display()
        ))
    })?;
    let text = fs::read_to_string(&log).context(|| format!("read {}", log.display()))?;
    Ok(summary(target, &text))
}

fn summary(target: &str, log: &str) -> String {
    let number = |name: &str| {
        let line = log.lines().rev().find_map(|line| line.strip_prefix(name));
        line.map_or("?", |rest| rest.trim_start_matches(':').trim()).to_owned()
    };
    // A counter, in one of the ranges of what it counts.
    let features = log.lines().rev().find_map(|line| {
        let (_, rest) = line.split_once(" ft: ")?;
        rest.split_whitespace().next()
    });
    format!(
        "{target}: {} runs, {} a second, {} features, {} MB",
        number("stat::number_of_executed_units"),
        number("stat::average_exec_per_sec"),
        features.unwrap_or("?"),
        number("stat::peak_rss_mb"),
    )
}

#[cfg(test)]
mod tests {
    use super::{Build, SECONDS, TARGETS, Until, read, summary};

    fn arguments(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn arguments_choose_targets_and_how_long_they_run() {
        let of = |line| read(&arguments(line)).map_err(|failure| failure.to_string());
        assert_eq!(of(""), Ok((TARGETS.to_vec(), Until::Seconds(SECONDS), Build::Fast)));
        assert_eq!(of("log --seconds 5"), Ok((vec!["log"], Until::Seconds(5), Build::Fast)));
        let counted = (vec!["rest", "import"], Until::Runs(1_000), Build::Counted);
        assert_eq!(of("--runs 1000 rest --untraced import"), Ok(counted));
        for wrong in ["tree", "--runs", "--seconds x", "--seconds 0"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_end_of_a_log_is_told_in_a_line() {
        let log = "#2\tINITED ft: 11 corp: 1\n#9\tDONE   ft: 3042 corp: 9\n\
                   stat::number_of_executed_units: 900\nstat::average_exec_per_sec:     450\n\
                   stat::peak_rss_mb:              77\n";
        assert_eq!(summary("log", log), "log: 900 runs, 450 a second, 3042 features, 77 MB");
    }
}
