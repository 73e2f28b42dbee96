//! A store over a log that has sessions: what a server finds when it starts again.

use std::sync::Arc;

use vws_core::Session;
use vws_core::transfer::{Format, Importer, LogWriter};
use vws_core::wire::{Encoding, Resume};
use vws_server::log::EventLog;
use vws_server::store::{Known, LiveSession, Moment, SessionStore, StoreConfig, StoreError};

use crate::support::{TestLog, authored, command, config, create, over, run, session};

/// A store that begins anew over the same log.
async fn again(log: &Arc<TestLog>) -> SessionStore {
    over(Arc::clone(log) as Arc<dyn EventLog>).await
}

fn code<T>(result: Result<T, StoreError>) -> Option<&'static str> {
    result.err().map(|error| error.code())
}

async fn fill(live: &Arc<LiveSession>, objects: usize) {
    for n in 0..objects {
        run(live, create(&format!("o{n}"), 0.0)).await.expect("is made");
    }
}

#[tokio::test]
async fn store1_a_store_knows_the_sessions_of_its_log_without_loading_them() {
    let log = Arc::new(TestLog::default());
    let before = again(&log).await;
    let (one, two) = (session(&before).await, session(&before).await);
    fill(&one, 3).await;
    run(&one, command(r#"{"type":"rename_session","name":"Atelier"}"#)).await.expect("is allowed");
    let infos = [one.read(Session::info), two.read(Session::info)];
    drop((before, one, two));

    let store = again(&log).await;
    assert_eq!(store.count(), 2);
    let listed = store.list(None, 10);
    assert_eq!(listed.iter().map(Known::info).collect::<Vec<_>>(), infos);
    assert!(listed.iter().all(|known| matches!(known, Known::Cold(_)) && known.usage().is_none()));
    assert_eq!(store.info(infos[0].session_id).await, Ok(infos[0].clone()));
    assert_eq!(log.loads(), 0, "nothing was loaded");
    let config = StoreConfig { max_sessions: 2, ..config() };
    let full = SessionStore::open(Arc::clone(&log) as Arc<dyn EventLog>, config, Arc::default());
    let full = full.await.expect("the log tells its sessions");
    assert_eq!(code(full.create(None).await), Some("too_many_sessions"), "cold ones count");
    full.delete(infos[1].session_id).await.expect("a cold one ends");
    assert_eq!(log.loads(), 0, "and was not loaded for it");
    full.create(None).await.expect("there is room again");
}

#[tokio::test]
async fn store2_a_session_is_at_its_first_use_what_it_was() {
    let log = Arc::new(TestLog::default());
    let live = session(&again(&log).await).await;
    // Past a checkpoint, with a tail of more than a page after it.
    fill(&live, 2_100).await;
    let (was, usage) = (live.read(Session::snapshot), live.usage().info);
    drop(live);

    let store = again(&log).await;
    let live = store.get(was.session.session_id).await.expect("is loaded");
    assert_eq!(live.read(Session::snapshot), was);
    assert_eq!(live.usage().info, usage);
    assert_eq!(live.read(Session::epoch), was.session.epoch, "its history is the same one");
    let resume = |seq| live.resume(Resume { epoch: was.session.epoch, seq }).map(|place| place.lag());
    assert_eq!(resume(2_095), Some(5), "who comes back a little behind is told what is missing");
    assert_eq!((resume(2_100), resume(1)), (Some(0), None));
    let outcome = run(&live, create("next", 1.0)).await.expect("goes on");
    assert_eq!(outcome.seqs, 2_101..2_102);
    let (frames, _) = live.join(Encoding::Json).await;
    assert_eq!(frames.seq, 2_101);
    let made = store.create(None).await.expect("is made");
    assert!(made.epoch > was.session.epoch && store.lobby().epoch() > was.session.epoch);
}

#[tokio::test]
async fn store2_times_never_go_back_over_a_restart() {
    let log = Arc::new(TestLog::default());
    let live = session(&again(&log).await).await;
    let first = run(&live, create("a", 0.0)).await.expect("is made");
    let store = again(&log).await;
    let live = store.get(live.id()).await.expect("is loaded");
    let second = run(&live, create("b", 0.0)).await.expect("is made");
    assert!(second.at >= first.at && first.at >= live.read(Session::created_at));
}

#[tokio::test]
async fn store2_many_who_ask_at_once_load_a_session_once() {
    let log = Arc::new(TestLog::slow());
    let live = session(&again(&log).await).await;
    fill(&live, 10).await;
    let id = live.id();
    drop(live);
    let store = again(&log).await;
    let asking = (0..100).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.get(id).await.expect("is loaded") })
    });
    let mut found = Vec::new();
    for one in asking.collect::<Vec<_>>() {
        found.push(one.await.expect("does not panic"));
    }
    assert!(found.iter().all(|live| Arc::ptr_eq(live, &found[0])), "there is one of it");
    assert_eq!(log.loads(), 1);
    // One that gives up leaves the load to the next.
    let other = again(&log).await;
    let _ = futures_util::future::select(Box::pin(other.get(id)), std::future::ready(())).await;
    other.get(id).await.expect("is loaded");
}

#[tokio::test]
async fn store4_a_damaged_session_is_told_and_refused_and_can_be_deleted() {
    let log = Arc::new(TestLog::default());
    let before = again(&log).await;
    let (bad, worse, good) = (session(&before).await, session(&before).await, session(&before).await);
    let (bad, worse, good) = (bad.id(), worse.id(), good.id());
    log.damage(bad, "block 3 has another checksum");
    let store = again(&log).await;
    // Found only when it is read.
    log.damage(worse, "the base is cut off");
    let refused =
        StoreError::SessionDamaged { session: bad, reason: "block 3 has another checksum".to_owned() };
    assert_eq!(store.get(bad).await.map(|_| ()), Err(refused.clone()));
    assert_eq!(store.info(bad).await, Err(refused.clone()));
    assert_eq!(store.fork(bad, None, Default::default()).await, Err(refused));
    for _ in 0..2 {
        assert_eq!(code(store.get(worse).await), Some("session_damaged"));
    }
    let damage = |known: &Known| known.damaged().map(str::to_owned);
    let told: Vec<_> = store.list(None, 10).iter().map(damage).collect();
    assert_eq!(
        told,
        [Some("block 3 has another checksum".to_owned()), Some("the base is cut off".to_owned()), None]
    );
    let live = store.get(good).await.expect("others are served");
    run(&live, create("a", 0.0)).await.expect("is made");
    store.delete(bad).await.expect("it can be deleted");
    assert_eq!(code(store.get(bad).await), Some("session_not_found"));
    assert_eq!(store.count(), 2);
}

#[tokio::test]
async fn store4_a_state_that_is_not_what_its_digest_says_is_damage() {
    let log = Arc::new(TestLog::default());
    let live = session(&again(&log).await).await;
    fill(&live, 3).await;
    let mut snapshot = live.read(Session::snapshot);
    snapshot.objects.pop();
    let memory = Arc::default();
    log.save(vws_server::log::Checkpoint { snapshot, memory }).await.expect("a log never looks inside");
    let store = again(&log).await;
    assert_eq!(code(store.get(live.id()).await), Some("session_damaged"));
}

#[tokio::test]
async fn law8_store6_a_retry_after_a_restart_gets_the_first_outcome() {
    let log = Arc::new(TestLog::default());
    let live = session(&again(&log).await).await;
    let batch = r#"{"type":"batch","commands":[{"type":"create_object","object":{"name":"a","type":"cube","x":0,"y":0,"z":0}},{"type":"update_object","name":"a","patch":{"x":1}}]}"#;
    let first = run(&live, authored(command(batch), "me", 1)).await.expect("is made");
    // A checkpoint in between, so that both ways of remembering are tried.
    fill(&live, 500).await;
    let refused = run(&live, authored(create("a", 1.0), "me", 2)).await;
    assert_eq!(code(refused), Some("object_exists"));
    let late = run(&live, authored(command(&batch.replace(r#""name":"a""#, r#""name":"b""#)), "me", 3));
    let late = late.await.expect("is made");
    let was = live.read(Session::snapshot);
    for _ in 0..2 {
        let store = again(&log).await;
        let live = store.get(live.id()).await.expect("is loaded");
        assert_eq!(run(&live, authored(command(batch), "me", 1)).await.as_ref(), Ok(&first));
        assert_eq!(run(&live, authored(create("never", 0.0), "me", 3)).await.as_ref(), Ok(&late));
        assert_eq!(live.read(Session::snapshot), was, "and has no second effect");
    }
    let live = again(&log).await.get(live.id()).await.expect("is loaded");
    run(&live, command(r#"{"type":"delete_object","name":"a"}"#)).await.expect("is allowed");
    run(&live, authored(create("a", 1.0), "me", 2)).await.expect("what was refused is decided anew");
}

#[tokio::test]
async fn store6_the_commands_of_an_imported_past_are_nobody_s_receipts() {
    let log = Arc::new(TestLog::default());
    let store = again(&log).await;
    let live = session(&store).await;
    run(&live, authored(create("a", 1.0), "me", 1)).await.expect("is made");
    let mut file = LogWriter::new(live.at(Moment::Seq(0)).await.expect("is kept"));
    let mut bytes = Vec::new();
    while let Some(piece) = file.opening() {
        bytes.extend(piece);
    }
    for event in live.events(0, 10).await.expect("is kept").events {
        file.event(&event, &mut bytes).expect("is the next");
    }
    bytes.extend(file.end());
    let mut importer = Importer::new(Format::Log, config().model);
    importer.read(&bytes);
    let file = importer.finish().expect("is whole");
    let made = store.import(file).await.expect("is made");
    for n in 1..=3 {
        let copy = again(&log).await.get(made.session_id).await.expect("is there");
        let outcome = run(&copy, authored(create(&format!("b{n}"), 1.0), "me", n)).await;
        assert_eq!(outcome.map(|outcome| outcome.seq), Ok(1 + n), "it is a new command here");
    }
}
