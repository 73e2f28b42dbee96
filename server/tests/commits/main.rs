//! The commit path in orders that a machine seldom takes: clients that commit at once, several commands together,
//! retries, callers that give up, and somebody who wants no commit under way, over a log that answers at once or later and does not
//! always take what it is given. Nobody is left waiting, no two commits run at once, nothing is shown before the log
//! has it, and everybody is told what is in the log.
//!
//! The store's own sources are compiled here once more, over shuttle's locks (`sync`); what is around them is in
//! `session`.

#![allow(dead_code, unreachable_pub, reason = "the store's sources are more than what is tried here")]

#[path = "../../src/store/commit.rs"]
mod commit;
#[path = "../../src/store/draft.rs"]
mod draft;
#[path = "../../src/store/line.rs"]
mod line;
mod session;
#[path = "../../src/store/several.rs"]
mod several;
mod sync;

mod live {
    pub(crate) use vws_server::store::Origin;

    /// What a commit needs beside the state.
    #[derive(Debug, Default)]
    pub(crate) struct Ledger {
        pub(crate) receipts: crate::session::Receipts,
        pub(crate) last_at: vws_core::Millis,
        pub(crate) is_unsure: bool,
    }
}

mod log {
    pub(crate) use vws_server::log::{Appending, BoxFuture, LogError};
}

mod receipts {
    /// What a command came to.
    pub(crate) type Verdict = Result<vws_server::store::Outcome, vws_core::Rejection>;
}

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::FutureExt;
use shuttle::future::{block_on, spawn};
use shuttle::rand::{Rng, thread_rng};
use vws_core::reduce::State;
use vws_core::{Author, ClientId, Command, EventRecord, Millis};

use live::Origin;
use session::{Answers, LiveSession, StoreError};
use vws_server::store::{Outcome, Request};

fn now() -> Millis {
    1
}

/// What a client was told of one of its commands.
type Told = (u64, Result<Outcome, StoreError>);

fn author(client: usize, command_id: u64) -> Author {
    Author { client_id: ClientId::new(&format!("client{client}")).expect("an id"), command_id }
}

/// A command of one event, of two, of none, or one that is refused.
fn request(client: usize, id: u64) -> Request {
    let kind = thread_rng().gen_range(0..6);
    let json = match kind {
        0 => r#"{"type":"stop_orbit"}"#.to_owned(),
        1 => r#"{"type":"delete_object","name":"nobody"}"#.to_owned(),
        2 => format!(
            r#"{{"type":"batch","commands":[{{"type":"start_orbit"}},{{"type":"rename_session","name":"{client}.{id}"}}]}}"#
        ),
        _ => format!(r#"{{"type":"rename_session","name":"{client}.{id}"}}"#),
    };
    let command: Command = vws_core::wire::parse_json(json.as_bytes()).expect("a command");
    let author = Some(author(client, id));
    Request { command, expect_version: None, author, subject: None, origin: Origin::Client }
}

/// Commands one after the other, some twice, some given up.
async fn one_by_one(session: Arc<LiveSession>, client: usize) -> Vec<Told> {
    let mut told = Vec::new();
    for id in 1..=3 {
        let request = request(client, id);
        if thread_rng().gen_range(0..4) == 0 {
            // Whoever gives up may ask again: what it is told then is what the first try came to.
            let _ = session.execute(request.clone(), |_| ()).now_or_never();
        }
        let done = session.execute(request, |state| state.seq()).await;
        if let Ok((outcome, seen)) = &done {
            assert!(*seen >= outcome.seq, "a caller was shown the state before its command");
        }
        told.push((id, done.map(|(outcome, _)| outcome)));
    }
    told
}

/// Several commands at once.
async fn together(session: Arc<LiveSession>, client: usize) -> Vec<Told> {
    let mut requests: VecDeque<Request> = (1..=3).map(|id| request(client, id)).collect();
    let (mut told, mut id) = (Vec::new(), 1..);
    while !requests.is_empty() {
        let answers = session.execute_all(&mut requests).await;
        assert!(!answers.is_empty(), "STORE7: at least one is answered");
        told.extend(id.by_ref().zip(answers));
    }
    told
}

/// Wants to be alone for a moment.
async fn alone(session: Arc<LiveSession>) {
    let turn = session.turn().await;
    session.check_alone();
    shuttle::future::yield_now().await;
    session.check_alone();
    drop(turn);
}

/// Writes to the log as another process does.
async fn elsewhere(session: Arc<LiveSession>) {
    for _ in 0..3 {
        session.log.write_elsewhere();
        shuttle::future::yield_now().await;
    }
}

fn schedule(answers: Answers) {
    block_on(async move {
        let session = LiveSession::new(answers);
        let first = spawn(one_by_one(Arc::clone(&session), 0));
        let second = spawn(together(Arc::clone(&session), 1));
        let third = spawn(one_by_one(Arc::clone(&session), 2));
        let quiet = spawn(alone(Arc::clone(&session)));
        if answers == Answers::Shared {
            spawn(elsewhere(Arc::clone(&session))).await.expect("ends");
        }
        let mut all = Vec::new();
        for (client, task) in [first, second, third].into_iter().enumerate() {
            all.push((client, task.await.expect("ends")));
        }
        quiet.await.expect("ends");
        // Nobody has the turn, and nobody is in line.
        alone(Arc::clone(&session)).await;
        judge(&session.log.events(), &all);
    });
}

/// What clients were told is what the log has.
fn judge(events: &[Arc<EventRecord>], all: &[(usize, Vec<Told>)]) {
    for (seq, record) in (1..).zip(events) {
        assert_eq!(record.seq, seq, "LAW3");
    }
    for (client, told) in all {
        let mut last = 0;
        for (id, done) in told {
            let by = author(*client, *id);
            let own: Vec<u64> = events.iter().filter(|r| r.by.as_ref() == Some(&by)).map(|r| r.seq).collect();
            match done {
                Ok(outcome) => {
                    assert_eq!(own, outcome.seqs.clone().collect::<Vec<_>>(), "LIN1: {by:?} as it was told");
                    assert!(own.is_empty() || own[0] > last, "LIN5: {by:?} is before an earlier one");
                    last = own.last().copied().unwrap_or(last);
                }
                Err(StoreError::Lost) => panic!("{by:?} was never answered"),
                // It is there, whole, or not.
                Err(StoreError::Unsure) => {}
                Err(error) => assert!(own.is_empty(), "LIN2: {by:?} was refused by {error:?}"),
            }
        }
    }
}

/// Schedules of each; `VWS_SCHEDULES` sets another number.
fn schedules() -> usize {
    std::env::var("VWS_SCHEDULES").map_or(10_000, |set| set.parse().expect("a number"))
}

#[test]
fn store7_no_order_of_commits_loses_doubles_or_strands_a_command() {
    shuttle::check_random(|| schedule(Answers::Sometimes), schedules());
}

#[test]
fn store7_no_order_of_commits_does_where_the_log_answers_at_once() {
    shuttle::check_random(|| schedule(Answers::AtOnce), schedules());
}

#[test]
fn store7_no_few_changes_of_turn_lose_double_or_strand_a_command() {
    shuttle::check_pct(|| schedule(Answers::Sometimes), schedules(), 3);
}

#[test]
fn clu20_no_order_of_commits_beside_those_of_others_loses_doubles_or_strands_a_command() {
    shuttle::check_random(|| schedule(Answers::Shared), schedules());
}
