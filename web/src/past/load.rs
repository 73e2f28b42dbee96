//! The marks of a history, however long it is: all of them where they are few, else samples from all of it.

use std::cell::Cell;
use std::rc::Rc;

use futures_util::future::try_join_all;
use vws_core::model::{Epoch, Seq};

use super::TimeMachine;
use super::trail::Trail;
use crate::api::{ApiError, time};

/// Up to so many events each has its mark.
const WHOLE: Seq = 4_000;
/// Events that are asked for at once.
const PAGE: Seq = 1_000;
/// Samples of a history that is longer.
const SAMPLES: Seq = 80;
/// Events of one sample.
const SAMPLE: Seq = 40;
/// Requests that are under way at once.
const AT_ONCE: usize = 4;

/// The pages to ask for, each as what it follows and how many: the whole history or samples of it.
fn pages(base: Seq, head: Seq) -> Vec<(Seq, Seq)> {
    let length = head.saturating_sub(base);
    if length <= WHOLE {
        return (0..length.div_ceil(PAGE)).map(|page| (base + page * PAGE, PAGE)).collect();
    }
    (0..SAMPLES).map(|sample| (base + (length - SAMPLE) * sample / (SAMPLES - 1), SAMPLE)).collect()
}

/// Asks for the marks of the history `epoch`.
pub(super) async fn marks(machine: &Rc<TimeMachine>, epoch: Epoch) -> Result<(), ApiError> {
    let client = machine.client();
    // So many files may be under way that this one is refused: what the session tells of itself is then right
    // unless its history was trimmed, or came with it.
    let first = time::first_kept(client.id()).await;
    let known = client.read(|replica| replica.confirmed().map(|state| (state.info(), state.created_at())));
    let Some((info, began)) = known else { return Ok(()) };
    let base = first.unwrap_or_else(|_| info.origin.map_or(0, |origin| origin.seq)).min(info.seq);
    let head = info.seq;
    machine.trail.replace(Trail::new(base, began, head));
    machine.epoch.set(Some(epoch));
    client.refresh();
    let pages = pages(base, head);
    let next = Cell::new(0);
    let workers = (0..AT_ONCE).map(|_| async {
        while let Some((after, limit)) = pages.get(next.replace(next.get() + 1)) {
            let page = time::events(client.id(), *after, *limit).await?;
            if page.epoch != epoch || machine.epoch.get() != Some(epoch) {
                return Ok(());
            }
            let mut trail = machine.trail.borrow_mut();
            page.events.iter().for_each(|record| trail.mark(record));
            drop(trail);
            client.refresh();
        }
        Ok::<_, ApiError>(())
    });
    try_join_all(workers).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn web51_a_short_history_is_asked_for_whole_and_of_a_long_one_samples() {
        assert!(pages(5, 5).is_empty());
        assert_eq!(pages(0, 1_500), [(0, PAGE), (PAGE, PAGE)]);
        let samples = pages(100, 1_000_100);
        assert_eq!(samples.len() as Seq, SAMPLES);
        assert_eq!((samples[0], samples.last().copied()), ((100, SAMPLE), Some((1_000_060, SAMPLE))));
        assert!(samples.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
