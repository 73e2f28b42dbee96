//! NATS as it goes away and comes back.

use futures_util::StreamExt as _;
use tokio::time::timeout;

use super::*;
use crate::log::{SharedLog as _, Told};
use crate::nats::ConnectError;

/// Appends until it is taken, however often NATS says that it is not, as a node does that decides again. What it was
/// unsure of may be there.
async fn append_at_last(
    log: &NatsLog,
    session: SessionId,
    after: Seq,
    batch: &[Arc<EventRecord>],
) -> Result<(), LogError> {
    timeout(PATIENCE, async {
        loop {
            match append(log, session, after, batch).await {
                Err(LogError::Unavailable(_) | LogError::Unsure(_)) => {
                    tokio::time::sleep(Duration::from_millis(20)).await
                }
                Err(LogError::Conflict { found, .. }) if found == batch[batch.len() - 1].seq => return Ok(()),
                other => return other,
            }
        }
    })
    .await
    .expect("it comes back by itself")
}

#[tokio::test(flavor = "multi_thread")]
async fn clu9_nothing_acknowledged_is_lost_when_nats_is_killed_and_comes_back() {
    let mut bed = Bed::new();
    let log = bed.log().await;
    let mut scribe = Scribe::begin(&log, 1).await;
    let id = scribe.id();
    let mut following = log.follow(id).await.expect("is followed");
    let mut taken = scribe.write(&log, 3).await;
    assert_eq!(timeout(PATIENCE, following.next()).await.expect("is told"), Some(Told::Batch(taken.clone())));
    for _ in 0..3 {
        bed.server.kill().expect("it was there");
        let mut connected = log.connection().connected();
        timeout(PATIENCE, connected.wait_for(|there| !there)).await.expect("is noticed").expect("goes on");
        let (after, batch) = (scribe.seq(), scribe.events(2));
        assert!(matches!(append(&log, id, after, &batch).await, Err(LogError::Unavailable(_))));
        assert!(matches!(log.read(id, 0, 10).await, Err(LogError::Unavailable(_))));
        assert!(log.health().is_refusing && !log.is_within_reach());
        bed.server.restart().expect("it starts again");
        append_at_last(&log, id, after, &batch).await.expect("goes on by itself");
        taken.extend(batch);
        assert!(log.is_within_reach());
        assert_eq!(log.read(id, 0, 100).await.expect("reads"), taken);
        let gap = async { while following.next().await != Some(Told::Gap) {} };
        timeout(PATIENCE, gap).await.expect("whoever follows is told that something may have been missed");
    }
    assert_eq!(bed.log().await.read(id, 0, 100).await.expect("reads"), taken, "another one finds the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn clu9_what_is_under_way_when_nats_dies_is_there_once_or_not() {
    let mut bed = Bed::new();
    let log = bed.log().await;
    let mut scribe = Scribe::begin(&log, 1).await;
    let id = scribe.id();
    for _ in 0..5 {
        let (after, batch) = (scribe.seq(), scribe.events(1));
        // Sent, or not, and answered, or not.
        let append = tokio::spawn({
            let shared = Arc::clone(&log.0);
            let batch = batch.clone();
            async move { shared.append(id, after, batch).await }
        });
        bed.server.restart().expect("it starts again");
        let outcome = append.await.expect("it ends");
        if outcome.is_err() {
            append_at_last(&log, id, after, &batch).await.expect("is there at last");
        }
        let read = timeout(PATIENCE, async {
            loop {
                match log.read(id, after, 10).await {
                    Ok(read) => break read,
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        });
        assert_eq!(read.await.expect("comes back"), batch, "once, after {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clu33_what_has_no_answer_is_asked_again_and_not_refused() {
    let bed = Bed::new();
    let log = bed.log().await;
    let mut scribe = Scribe::begin(&log, 1).await;
    let id = scribe.id();
    let taken = scribe.write(&log, 3).await;
    // A history that nothing is known of: its end is asked for before something is appended.
    let other = bed.log().await;
    bed.server.pause().expect("it was there");
    let append = tokio::spawn({
        let (shared, batch) = (Arc::clone(&other.0), scribe.events(1));
        async move { shared.append(id, 3, batch).await }
    });
    let read = tokio::spawn({
        let shared = Arc::clone(&log.0);
        async move { NatsLog(shared).read(id, 0, 3).await }
    });
    timeout(PATIENCE, async {
        while [&log, &other].iter().any(|log| log.0.counts.retries.get() == 0) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("both are asked again");
    assert!(log.health().is_refusing && other.health().is_refusing, "and meanwhile no one is led here");
    bed.server.resume().expect("it was there");
    append.await.expect("ends").expect("is taken");
    assert_eq!(read.await.expect("ends").expect("is read"), taken);
    assert!(!other.health().is_refusing);
}

#[tokio::test]
async fn clu9_a_server_that_does_not_let_one_in_is_not_asked_again() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let server =
        LocalServer::start_with(folder.path(), &["--user", "ada", "--pass", "s3cret"]).expect("starts");
    let refused = Connection::open(Options::of(&server.url())).await.expect_err("it wants to know who it is");
    assert!(matches!(refused, ConnectError::Refused { .. }), "{refused}");
    let url = server.url().replace("nats://", "nats://ada:wrong-s3cret@");
    let refused = Connection::open(Options::of(&url)).await.expect_err("it is somebody else");
    assert!(!refused.to_string().contains("s3cret"), "{refused}");
    let url = server.url().replace("nats://", "nats://ada:s3cret@");
    let connection = Connection::open(Options::of(&url)).await.expect("is let in");
    assert!(NatsLog::open(connection).await.is_ok());
}

#[tokio::test]
async fn clu9_a_stream_of_somebody_else_is_left_alone() {
    let bed = Bed::new();
    let connection = Connection::open(Options::of(&bed.server.url())).await.expect("it is there");
    let theirs = async_nats::jetstream::stream::Config {
        name: "vws".to_owned(),
        subjects: vec!["orders.>".to_owned()],
        ..Default::default()
    };
    connection.jetstream().create_stream(theirs).await.expect("is made");
    let refused = NatsLog::open(connection).await.expect_err("it is another one");
    assert!(refused.to_string().contains("vws"), "{refused}");
}
