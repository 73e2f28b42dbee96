//! What was found before, run once; and that the targets reach what they are for.

use std::fs;
use std::path::Path;

use crate::{TARGETS, memory, seeds};

fn inputs(folder: &str, target: &str) -> Vec<(String, Vec<u8>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(target);
    let Ok(entries) = fs::read_dir(&path) else { return Vec::new() };
    let named = |entry: fs::DirEntry| {
        (entry.path().display().to_string(), fs::read(entry.path()).expect("an input can be read"))
    };
    entries.flatten().map(named).collect()
}

/// Runs every input, and names the one that breaks a promise.
fn run(target: &str) {
    let (_, work) = TARGETS.into_iter().find(|(name, _)| *name == target).expect("a target");
    let all = [inputs("corpus", target), inputs("regressions", target)].concat();
    assert!(all.len() >= 20, "{target} has {} inputs", all.len());
    for (name, input) in all {
        assert!(std::panic::catch_unwind(|| work(&input)).is_ok(), "{name} breaks a promise");
    }
    for (n, input) in seeds::of(target).into_iter().enumerate() {
        assert!(std::panic::catch_unwind(|| work(&input)).is_ok(), "seed {n} of {target} breaks a promise");
    }
}

#[test]
fn fuzz1_bodies_that_were_found_are_answered() {
    run("rest");
}

#[test]
fn fuzz2_bytes_of_websockets_that_were_found_are_taken_or_refused() {
    run("websocket");
}

#[test]
fn fuzz3_files_of_data_directories_that_were_found_are_read_or_told() {
    run("log");
}

#[test]
fn fuzz4_imports_that_were_found_are_made_or_refused() {
    run("import");
}

#[test]
fn fuzz6_backups_that_were_found_are_proved_or_refused() {
    run("backup");
}

#[test]
#[should_panic(expected = "at most 3000 are fine")]
fn fuzz5_more_memory_than_the_bound_is_noticed() {
    memory::bounded(100, 1_000, 20, || Vec::<u8>::with_capacity(3_001));
}

#[test]
fn fuzz5_what_was_freed_before_counts_no_more() {
    let (_, held) =
        memory::of(|| (0..100).map(|_| Vec::<u8>::with_capacity(1_000).capacity()).sum::<usize>());
    assert!((1_000..2_000).contains(&held), "{held}");
}
