//! What the commit path needs of a session, a log and a feed: as little as that, with all that must hold between them.

use std::collections::HashMap;
use std::sync::Arc;

use shuttle::rand::{Rng, thread_rng};
use vws_core::error::SessionError;
use vws_core::limits::ModelLimits;
use vws_core::model::DisplayName;
use vws_core::reduce::State;
use vws_core::{Author, Event, EventRecord, Millis, Rejection, Seq, Session, SessionId};
use vws_server::store::Outcome;

use crate::line::Line;
use crate::live::Ledger;
use crate::log::{Appending, LogError};
use crate::receipts::Verdict;
use crate::sync::{Mutex, RwLock, yield_now};

/// Why a command had no effect.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum StoreError {
    Rejected(Rejection),
    Log,
    Unsure,
    Lost,
    MemoryLow,
}

impl StoreError {
    pub(crate) fn commit_lost() -> Self {
        Self::Lost
    }

    pub(crate) fn not_found(id: SessionId) -> Self {
        Self::Rejected(SessionError::NotFound { id }.into())
    }

    pub(crate) fn code(&self) -> &'static str {
        "refused"
    }
}

impl From<Rejection> for StoreError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<LogError> for StoreError {
    fn from(error: LogError) -> Self {
        if matches!(error, LogError::Unsure(_)) { Self::Unsure } else { Self::Log }
    }
}

/// The outcomes of commands: all of them, since there are few.
#[derive(Debug, Default)]
pub(crate) struct Receipts(HashMap<Author, Verdict>);

impl Receipts {
    pub(crate) fn find(&self, author: &Author) -> Result<Option<&Verdict>, StoreError> {
        Ok(self.0.get(author))
    }

    pub(crate) fn note(&mut self, author: &Author, verdict: Verdict) {
        let before = self.0.insert(author.clone(), verdict);
        assert!(before.is_none(), "LAW8: a command of {author:?} was decided twice");
    }
}

/// What is counted.
#[derive(Debug, Default)]
pub(crate) struct Metrics;

impl Metrics {
    pub(crate) fn command(&self, _type: usize, _outcome: &str) {}
    pub(crate) fn command_accepted(&self, _type: usize) {}
    pub(crate) fn append(&self) {}
    pub(crate) fn events(&self, _count: usize) {}
    pub(crate) fn conflict(&self) {}
}

/// There is enough.
#[derive(Debug, Default)]
pub(crate) struct Memory;

impl Memory {
    pub(crate) fn is_low(&self) -> bool {
        false
    }
}

/// Nobody looks at it.
#[derive(Debug, Default)]
pub(crate) struct Lobby;

impl Lobby {
    pub(crate) fn renamed(&self, _id: SessionId, _name: Option<DisplayName>, _at: Millis) {}
}

/// How a log answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    AtOnce,
    Sometimes,
    /// Others write to it as well, and sometimes it does not say what became of a batch.
    Shared,
}

/// A log that answers at once or later, and does not always take what it is given.
#[derive(Debug, Default)]
pub(crate) struct Log {
    taken: Mutex<(Vec<Arc<EventRecord>>, bool)>,
}

impl Log {
    /// Takes a batch, or not.
    fn take(&self, batch: &[Arc<EventRecord>], takes: bool) -> Result<(), LogError> {
        let mut taken = self.taken.lock();
        taken.1 = false;
        if !takes {
            return Err(LogError::Unavailable("it is full".to_owned()));
        }
        taken.0.extend_from_slice(batch);
        Ok(())
    }

    /// Takes a batch where it follows; says so, or not.
    fn take_next(&self, after: Seq, batch: &[Arc<EventRecord>]) -> Result<(), LogError> {
        let mut taken = self.taken.lock();
        taken.1 = false;
        let found = taken.0.len() as Seq;
        if found != after {
            return Err(LogError::Conflict { expected: after, found });
        }
        let mut draws = thread_rng();
        let says_so = draws.gen_range(0..4) > 0;
        if says_so || draws.gen_bool(0.5) {
            taken.0.extend_from_slice(batch);
        }
        if says_so { Ok(()) } else { Err(LogError::Unsure("it has not said".to_owned())) }
    }

    /// Another process writes.
    pub(crate) fn write_elsewhere(&self) {
        let mut taken = self.taken.lock();
        let seq = taken.0.len() as Seq + 1;
        let name = DisplayName::new("name", &format!("elsewhere {seq}")).expect("a name");
        let event = Event::SessionRenamed { name: Some(name) };
        taken.0.push(Arc::new(EventRecord { seq, at: 1, by: None, subject: None, more: 0, event }));
    }

    fn head(&self) -> Seq {
        self.taken.lock().0.len() as Seq
    }

    pub(crate) fn events(&self) -> Vec<Arc<EventRecord>> {
        self.taken.lock().0.clone()
    }
}

/// The live end: what was shown.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    /// The last event that was pushed, and the one that those who follow were last woken for.
    shown: Mutex<(Seq, Seq)>,
    log: Arc<Log>,
}

impl Feed {
    pub(crate) fn push(&self, records: &[Arc<EventRecord>]) {
        let head = self.log.head();
        let mut shown = self.shown.lock();
        for record in records {
            assert_eq!(record.seq, shown.0 + 1, "LAW4: the feed is dense");
            assert!(record.seq <= head, "LAW5: event {} is shown, and the log has {head}", record.seq);
            shown.0 = record.seq;
        }
    }

    pub(crate) fn wake(&self) {
        let mut shown = self.shown.lock();
        shown.1 = shown.0;
    }

    /// Whether those who follow were woken for all that was pushed.
    pub(crate) fn all_are_told(&self) -> bool {
        let shown = self.shown.lock();
        shown.0 == shown.1
    }
}

/// A session, as far as commits go.
#[derive(Debug)]
pub(crate) struct LiveSession {
    pub(crate) limits: ModelLimits,
    pub(crate) line: Line,
    pub(crate) ledger: Mutex<Ledger>,
    pub(crate) state: RwLock<Session>,
    pub(crate) feed: Feed,
    pub(crate) memory: Memory,
    pub(crate) lobby: Lobby,
    pub(crate) metrics: Metrics,
    pub(crate) log: Arc<Log>,
    answers: Answers,
}

impl LiveSession {
    /// An empty session.
    pub(crate) fn new(answers: Answers) -> Arc<Self> {
        let log = Arc::new(Log::default());
        let feed = Feed { log: Arc::clone(&log), ..Feed::default() };
        let id = SessionId::from_uuid(uuid::Uuid::nil());
        Arc::new(Self {
            limits: ModelLimits::default(),
            line: Line::default(),
            ledger: Mutex::new(Ledger::default()),
            state: RwLock::new(Session::new(id, None, 0, 1)),
            feed,
            memory: Memory,
            lobby: Lobby,
            metrics: Metrics,
            log,
            answers,
        })
    }

    pub(crate) fn id(&self) -> SessionId {
        SessionId::from_uuid(uuid::Uuid::nil())
    }

    pub(crate) fn is_ended(&self) -> bool {
        false
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&Session) -> T) -> T {
        read(&self.state.read())
    }

    pub(crate) fn log_answers_at_once(&self) -> bool {
        self.answers == Answers::AtOnce
    }

    pub(crate) fn is_shared(&self) -> bool {
        self.answers == Answers::Shared
    }

    pub(crate) fn why_it_ended(&self) -> StoreError {
        StoreError::not_found(self.id())
    }

    /// Takes in what others have written, by whoever has the turn.
    pub(crate) async fn catch_up(self: &Arc<Self>) -> Result<(), LogError> {
        for _ in 0..thread_rng().gen_range(0..2) {
            yield_now().await;
        }
        if thread_rng().gen_range(0..8) == 0 {
            return Err(LogError::Unavailable("it cannot be read".to_owned()));
        }
        let mut state = self.state.write();
        let new = self.log.events().split_off(state.seq() as usize);
        let mut ledger = self.ledger.lock();
        ledger.is_unsure &= new.is_empty();
        let mut first = None;
        for event in &new {
            state.apply(event).expect("is the next");
            let first_seq = *first.get_or_insert(event.seq);
            if event.more == 0 {
                first = None;
                if let Some(author) = &event.by {
                    let outcome = Outcome { seqs: first_seq..event.seq + 1, seq: event.seq, at: event.at };
                    ledger.receipts.note(author, Ok(outcome));
                }
            }
        }
        self.feed.push(&new);
        self.feed.wake();
        Ok(())
    }

    pub(crate) fn checkpoint_when_due(self: &Arc<Self>, _ledger: &mut Ledger, _head: Seq) {}

    pub(crate) fn append_to_log(&self, after: Seq, batch: &[Arc<EventRecord>]) -> Appending {
        {
            let mut taken = self.log.taken.lock();
            assert!(!taken.1, "a batch is given to the log while another one is under way");
            assert!(
                self.is_shared() || taken.0.len() as Seq == after,
                "LAW3: a batch follows what the log has"
            );
            taken.1 = true;
        }
        let mut draws = thread_rng();
        if self.is_shared() {
            let (log, batch, waits) = (Arc::clone(&self.log), batch.to_vec(), draws.gen_range(0..3));
            return Appending::Later(Box::pin(async move {
                for _ in 0..waits {
                    yield_now().await;
                }
                log.take_next(after, &batch)
            }));
        }
        let takes = draws.gen_range(0..4) > 0;
        if self.log_answers_at_once() || draws.gen_bool(0.5) {
            return Appending::Done(self.log.take(batch, takes));
        }
        let (log, batch, waits) = (Arc::clone(&self.log), batch.to_vec(), draws.gen_range(0..3));
        Appending::Later(Box::pin(async move {
            for _ in 0..waits {
                yield_now().await;
            }
            log.take(&batch, takes)
        }))
    }

    /// Nobody commits while this runs: whoever has the turn calls it.
    pub(crate) fn check_alone(&self) {
        let (head, under_way) = {
            let taken = self.log.taken.lock();
            (taken.0.len() as Seq, taken.1)
        };
        assert!(!under_way, "STORE3: a commit is under way");
        let seq = self.read(State::seq);
        assert!(seq == head || self.is_shared() && seq < head, "LAW5: the state is what the log has");
        assert!(self.feed.all_are_told(), "FEED4: those who follow were not woken");
    }
}
