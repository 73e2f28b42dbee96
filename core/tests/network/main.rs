//! Replicas on a network that loses, doubles, delays, reorders and cuts.
//!
//! Each plan is a seed: it makes a few clients, a few hundred steps of commands and faults, and then a
//! network that works. `VWS_PLANS` sets how many plans are run, `VWS_SEED` runs one of them again.
//! Seeds that once failed are kept in [`REGRESSIONS`].

mod plan;
mod server;

/// Seeds that found a fault, which then was mended: a command that a lost history had accepted was
/// taken for acknowledged in the next history.
const REGRESSIONS: &[u64] = &[8_904, 9_751];

/// How many plans are run where nothing else is said.
const PLANS: u64 = 100_000;

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number")))
}

/// Runs a plan; a failure names the seed that replays it.
fn run(seed: u64) {
    let failed = std::panic::catch_unwind(|| plan::run(seed)).is_err();
    assert!(!failed, "plan {seed} failed; VWS_SEED={seed} runs it again");
}

#[test]
fn rep1_law1_replicas_on_any_network_end_equal_to_the_server() {
    if let Some(seed) = from_environment("VWS_SEED") {
        plan::run(seed);
        return;
    }
    REGRESSIONS.iter().copied().for_each(run);
    let plans = from_environment("VWS_PLANS").unwrap_or(PLANS);
    let threads = std::thread::available_parallelism().map_or(2, usize::from) as u64;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || (thread..plans).step_by(threads as usize).for_each(run));
        }
    });
}

/// The plans reach what they are for: if they did not, the test above would prove little.
#[test]
fn rep9_plans_meet_every_kind_of_trouble() {
    let mut met = plan::Met::default();
    for seed in 0..500 {
        met += plan::run(seed);
    }
    assert!(met.acknowledged > 1_000, "{met:?}");
    assert!(met.rejected > 100, "{met:?}");
    assert!(met.repeated > 100, "{met:?}");
    assert!(met.tails > 100, "{met:?}");
    assert!(met.snapshots > 100, "{met:?}");
    assert!(met.gaps > 100, "{met:?}");
    assert!(met.lost_epochs > 20, "{met:?}");
    assert!(met.batches > 100, "{met:?}");
}
