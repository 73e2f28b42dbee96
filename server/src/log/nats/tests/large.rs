//! What is too large for one message.

use futures_util::StreamExt as _;

use super::*;
use crate::log::{Checkpoint, SharedLog as _, Told};

/// A session of 10,000 objects with names that do not pack well: some megabytes.
fn large(number: u8) -> Scribe {
    let mut scribe = Scribe::new(number);
    let mut random = fastrand::Rng::with_seed(7);
    for n in 0..10_000 {
        let noise: String = (0..50).map(|_| random.alphanumeric()).collect();
        let (x, y, z) = (random.f64() * 12.0, random.f64() * 12.0, random.f64() * 12.0);
        scribe.event(&format!(
            r#"{{"type":"create_object","object":{{"name":"{n} {noise}","type":"cube","x":{x},"y":{y},"z":{z}}}}}"#
        ));
    }
    scribe
}

async fn parts(log: &NatsLog, session: SessionId) -> usize {
    let all = log.0.layout.kept(session, ">");
    log.0.subjects(&log.0.layout.snapshots(), &all).await.expect("is there").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn clu6_what_is_too_large_for_a_message_is_kept_in_parts() {
    let bed = Bed::new();
    let (a, b) = (bed.log().await, bed.log().await);
    let origin = large(1);
    let fork = origin.session.fork(Scribe::new(2).id(), None, 2_000, 8);
    let id = fork.id();
    a.create(fork.snapshot()).await.expect("begins");
    assert!(parts(&a, id).await > 1);
    assert_eq!(b.snapshot_at(id, u64::MAX).await, Ok(fork.snapshot()), "to the last byte");
    let late = Checkpoint { snapshot: fork.snapshot(), memory: vec![7; 1 << 20].into() };
    b.save(late.clone()).await.expect("is kept");
    assert_eq!(a.checkpoint_at(id, u64::MAX).await, Ok(late));
    assert_eq!(a.create(fork.snapshot()).await, Err(LogError::SessionExists(id)));
    assert_eq!(
        b.snapshot_at(id, u64::MAX).await,
        Ok(fork.snapshot()),
        "what another one began is not touched"
    );
    a.delete(id).await.expect("ends");
    assert_eq!(parts(&a, id).await, 0, "nothing is left of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn clu6_a_batch_of_any_size_is_one_message() {
    let bed = Bed::new();
    let (a, b) = (bed.log().await, bed.log().await);
    let source = large(3);
    let mut mirror = Scribe::begin(&a, 3).await;
    let id = mirror.id();
    let mut following = b.follow(id).await.expect("is followed");
    let batch: Vec<_> = source
        .session
        .snapshot()
        .objects
        .into_iter()
        .zip(1..)
        .map(|(object, seq)| {
            let event = vws_core::Event::ObjectCreated { object };
            Arc::new(EventRecord { seq, at: 1_000, by: None, subject: None, more: 0, event })
        })
        .collect();
    append(&a, id, 0, &batch).await.expect("is taken");
    assert!(parts(&a, id).await > 1);
    assert_eq!(following.next().await, Some(Told::Batch(batch.clone())));
    assert_eq!(b.read(id, 0, usize::MAX).await.expect("reads"), batch);
    assert_eq!(b.read(id, 9_990, 5).await.expect("reads"), batch[9_990..9_995]);
    assert_eq!(append(&b, id, 0, &batch).await, Err(LogError::Conflict { expected: 0, found: 10_000 }));
    for event in &batch {
        mirror.session.apply(event).expect("is the next");
    }
    let state = Checkpoint { snapshot: mirror.session.snapshot(), memory: Arc::default() };
    a.save(state).await.expect("is kept");
    mirror.write(&a, 1).await;
    mirror.write(&a, 1).await;
    let before = parts(&a, id).await;
    a.trim(id, 10_000).await.expect("trims");
    assert!(parts(&a, id).await < before, "the parts of what is let go of go with it");
    assert_eq!(b.read(id, 0, 1).await, Err(LogError::Trimmed { trimmed: 10_000 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn clu6_a_long_history_is_read_in_pages_from_anywhere() {
    let bed = Bed::new();
    let (a, b) = (bed.log().await, bed.log().await);
    let mut scribe = Scribe::begin(&a, 4).await;
    let mut all = Vec::new();
    for n in 1..=1_500 {
        all.extend(scribe.write(&a, 1 + n % 3).await);
    }
    let (id, last) = (scribe.id(), scribe.seq());
    for log in [&a, &b] {
        for from in [0, 1, 777, last - 3, last] {
            let from = usize::try_from(from).expect("is small");
            let page = log.read(id, from as u64, 1_024).await.expect("reads");
            assert_eq!(page, all[from..all.len().min(from + 1_024)], "after {from}");
        }
        assert_eq!(log.read(id, 0, usize::MAX).await.expect("reads"), all);
    }
}
