//! What concurrent clients saw of a program that was killed meanwhile, judged.

use vws_history::record::Outcome;
use vws_history::{Plan, check, run};

use crate::support::VWS;

/// Things that the clients do in all; `VWS_HISTORY_OPS` and `VWS_HISTORY_SEED` set others.
const OPS: u64 = 100_000;
const KILLS: u32 = 5;

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |set| set.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn lin1_to_lin9_one_order_explains_all_that_concurrent_clients_saw() {
    let (ops, seed) = (number("VWS_HISTORY_OPS", OPS), number("VWS_HISTORY_SEED", 1));
    let (history, summary) = run(&Plan::new(VWS.into(), ops, seed, KILLS)).await.expect("runs");
    let violations = check(&history);
    assert!(
        violations.is_empty(),
        "{} violations, such as {:#?}",
        violations.len(),
        violations.iter().take(5).collect::<Vec<_>>()
    );
    // That there was something to judge.
    let writes =
        history.writes.iter().filter(|write| matches!(write.outcome, Outcome::Done { .. })).count() as u64;
    assert!(
        writes > ops / 4 && history.reads.len() as u64 > ops / 100,
        "{writes} writes, {} reads",
        history.reads.len()
    );
    assert!(summary.faults.len() > KILLS as usize / 2 && summary.cuts > 5, "{summary:?}");
    assert!(history.mirrors.len() >= 9 && history.streams.len() == 2);
}
