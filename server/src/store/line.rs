//! Who commits to a session, and who waits to.
//!
//! One has the turn. Whoever comes when it is free takes it and, where the log answers at once, is done in less time
//! than it takes to wait: those who come meanwhile look again for a moment before they wait in line. Where the log takes
//! its time, or others wait, a task of its own goes on: it takes all that waits as one group, and again, until nobody
//! waits.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;
use tracing::Instrument;
use vws_core::Session;
use vws_core::reduce::State;

use super::draft::Draft;
use super::sync::{AtomicU8, Handle, LOOKS, Mutex, spawn, spin_loop, yield_now};
use super::{LiveSession, Outcome, Request, StoreError};
use crate::log::{Appending, BoxFuture, LogError};

/// Commands that are decided at once. More wait for the next group.
const GROUP_COMMANDS: usize = 1_024;

/// How often a group is decided where other processes come first each time. Of those who try at one moment one comes
/// through, so that this is enough for as many of them.
const TRIES: usize = 64;

/// Nobody has the turn.
const FREE: u8 = 0;
/// Somebody has it for as long as a command takes where nothing is waited for. Nobody is in line.
const SHORT: u8 = 1;
/// Somebody has it for longer, or others are in line: who comes now waits behind them.
const LONG: u8 = 2;

/// Those who wait for the turn of a session, in the order in which they came. Each is what a connection has sent, which
/// is not listened to before it is answered, so there are no more of them than connections.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Who has the turn. It leaves `LONG` by those alone who hold the queue and find it empty, so that nobody is left
    /// in it.
    turn: AtomicU8,
    /// Held to come into line, to go, or to take some out.
    queue: Mutex<VecDeque<Waiting>>,
}

impl Line {
    /// Takes the turn for a short time, where it is free or soon is.
    fn take(&self) -> bool {
        for _ in 0..LOOKS {
            match self.turn.compare_exchange_weak(FREE, SHORT, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(LONG) => return false,
                Err(_) => {}
            }
            spin_loop();
        }
        false
    }

    /// Gives a turn back that was taken for a short time; `false` where others are in line.
    fn give_back(&self) -> bool {
        self.turn.compare_exchange(SHORT, FREE, Ordering::Release, Ordering::Relaxed).is_ok()
    }

    /// Has those who come wait in line from now on. Answers whether the turn was free, and is the caller's now. Called
    /// with the queue held, or by whoever has the turn.
    fn close(&self) -> bool {
        self.turn.swap(LONG, Ordering::AcqRel) == FREE
    }

    /// Nobody has the turn any more. Called with the queue held, and empty.
    fn open(&self) {
        self.turn.store(FREE, Ordering::Release);
    }
}

#[derive(Debug)]
enum Waiting {
    Commands(Box<dyn Member>),
    /// Somebody who wants no commit to be under way.
    Turn(oneshot::Sender<Turn>),
}

pub(super) type Answer<T> = oneshot::Receiver<Result<(Outcome, T), StoreError>>;

/// Who waits with one command or several, whatever they want to see.
pub(super) trait Member: Send + std::fmt::Debug {
    /// Never none.
    fn requests(&self) -> &[Request];
    /// Nobody waits for the answer any more.
    fn is_left(&self) -> bool;
    /// Shows the state right after one of them took effect.
    fn look(&mut self, state: &Session);
    /// What the first of them came to, at least one.
    fn answer(self: Box<Self>, outcomes: &mut dyn Iterator<Item = Result<Outcome, StoreError>>);
}

struct Ticket<V, T> {
    request: Request,
    view: Option<V>,
    seen: Option<T>,
    reply: oneshot::Sender<Result<(Outcome, T), StoreError>>,
}

impl<V, T> Ticket<V, T> {
    fn new(request: Request, view: V) -> (Self, Answer<T>) {
        let (reply, answer) = oneshot::channel();
        (Self { request, view: Some(view), seen: None, reply }, answer)
    }
}

impl<V, T> std::fmt::Debug for Ticket<V, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ticket").field("request", &self.request).finish_non_exhaustive()
    }
}

impl<V: FnOnce(&Session) -> T + Send, T: Send> Member for Ticket<V, T> {
    fn requests(&self) -> &[Request] {
        std::slice::from_ref(&self.request)
    }

    fn is_left(&self) -> bool {
        self.reply.is_closed()
    }

    fn look(&mut self, state: &Session) {
        self.seen = self.view.take().map(|view| view(state));
    }

    fn answer(self: Box<Self>, outcomes: &mut dyn Iterator<Item = Result<Outcome, StoreError>>) {
        let seen = self.seen;
        let shown = |outcome| (outcome, seen.expect("it is shown what took effect"));
        if let Some(outcome) = outcomes.next() {
            // A caller that has given up has no use for it.
            let _ = self.reply.send(outcome.map(shown));
        }
    }
}

/// Commands that the log is at.
struct Group {
    members: VecDeque<Box<dyn Member>>,
    draft: Draft,
    taken: BoxFuture<'static, Result<(), LogError>>,
}

/// The right to commit to a session, of one at a time. It goes to whoever waits when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    /// `None` once it was handed on.
    session: Option<Arc<LiveSession>>,
    /// The task that goes on has it: when that is lost, nobody else could.
    going_on: bool,
}

impl Turn {
    fn of(session: &Arc<LiveSession>) -> Self {
        Self { session: Some(Arc::clone(session)), going_on: false }
    }

    /// Lets a task of its own wait for the log, and then go on with those who have come meanwhile.
    pub(super) fn go_on(
        mut self,
        first: Box<dyn Member>,
        draft: Draft,
        taken: BoxFuture<'static, Result<(), LogError>>,
    ) {
        if let Some(session) = self.session.take() {
            session.line.close();
            let group = Group { members: VecDeque::from([first]), draft, taken };
            spawn(drive(session, Some(group)).in_current_span());
        }
    }

    /// The same with one command, for what becomes of it.
    pub(super) fn go_on_with<V, T>(
        self,
        request: Request,
        view: V,
        draft: Draft,
        taken: BoxFuture<'static, Result<(), LogError>>,
    ) -> Answer<T>
    where
        V: FnOnce(&Session) -> T + Send + 'static,
        T: Send + 'static,
    {
        let (ticket, answer) = Ticket::new(request, view);
        self.go_on(Box::new(ticket), draft, taken);
        answer
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else { return };
        if session.line.give_back() {
            return;
        }
        let mut queue = session.line.queue.lock();
        let runtime = Handle::try_current().ok().filter(|_| !self.going_on);
        if queue.is_empty() {
            session.line.open();
            return;
        }
        match runtime {
            Some(runtime) => {
                drop(queue);
                runtime.spawn(drive(session, None));
            }
            // The program ends, or a task has panicked. Those who wait are told by the end of their channel.
            None => {
                session.line.open();
                let lost = std::mem::take(&mut *queue);
                drop(queue);
                drop(lost);
            }
        }
    }
}

impl LiveSession {
    /// The turn, where it is free or is so in a moment.
    pub(super) fn turn_at_once(self: &Arc<Self>) -> Option<Turn> {
        self.line.take().then(|| Turn::of(self))
    }

    /// Has a command wait in line for what becomes of it.
    pub(super) fn wait_in_line<V, T>(self: &Arc<Self>, request: Request, view: V) -> Answer<T>
    where
        V: FnOnce(&Session) -> T + Send + 'static,
        T: Send + 'static,
    {
        let (ticket, answer) = Ticket::new(request, view);
        self.come_into_line(Box::new(ticket));
        answer
    }

    /// Has somebody wait in line.
    pub(super) fn come_into_line(self: &Arc<Self>, member: Box<dyn Member>) {
        let mut queue = self.line.queue.lock();
        queue.push_back(Waiting::Commands(member));
        if self.line.close() {
            // It has become free meanwhile. What is in line is done when the turn is given back.
            drop(queue);
            drop(Turn::of(self));
        }
    }

    /// Waits until no commit is under way. None begins while the answer is held.
    pub(super) async fn turn(self: &Arc<Self>) -> Turn {
        loop {
            if let Ok(turn) = self.ask_for_turn().await {
                return turn;
            }
        }
    }

    fn ask_for_turn(self: &Arc<Self>) -> oneshot::Receiver<Turn> {
        let (give, asked) = oneshot::channel();
        let mut queue = self.line.queue.lock();
        if self.line.close() {
            drop(queue);
            // The receiver is right here.
            let _ = give.send(Turn::of(self));
        } else {
            queue.push_back(Waiting::Turn(give));
        }
        asked
    }
}

/// What comes next.
enum Next {
    Nobody,
    Turn(oneshot::Sender<Turn>),
    Commands(VecDeque<Box<dyn Member>>),
}

impl Line {
    /// Takes out what comes next. Where nobody waits the turn is free.
    fn next(&self) -> Next {
        let mut queue = self.queue.lock();
        let mut commands = VecDeque::new();
        while commands.len() < GROUP_COMMANDS {
            match queue.pop_front() {
                Some(Waiting::Commands(left)) if left.is_left() => {}
                Some(Waiting::Commands(command)) => commands.push_back(command),
                Some(Waiting::Turn(asked)) if commands.is_empty() => return Next::Turn(asked),
                Some(later) => {
                    queue.push_front(later);
                    break;
                }
                None => break,
            }
        }
        if commands.is_empty() {
            self.open();
            return Next::Nobody;
        }
        Next::Commands(commands)
    }

    fn put_back(&self, commands: VecDeque<Box<dyn Member>>) {
        let mut queue = self.queue.lock();
        commands.into_iter().rev().for_each(|command| queue.push_front(Waiting::Commands(command)));
    }
}

/// Ends the group that is under way, and goes on until nobody waits.
async fn drive(session: Arc<LiveSession>, under_way: Option<Group>) {
    let mut turn = Turn { session: Some(Arc::clone(&session)), going_on: true };
    if let Some(Group { members, draft, taken }) = under_way {
        let taken = taken.await;
        carry_through(&session, members, draft, taken).await;
    }
    loop {
        match session.line.next() {
            Next::Nobody => {
                turn.session = None;
                return;
            }
            Next::Turn(asked) => {
                turn.going_on = false;
                // One that has stopped waiting gives it back, and it goes to the next.
                drop(asked.send(turn));
                return;
            }
            Next::Commands(mut members) => {
                let (draft, taken) = attempt(&session, &mut members).await;
                carry_through(&session, members, draft, taken).await;
                yield_now().await;
            }
        }
    }
}

/// Decides for those of `members` for whom there is room in one draft, has the others wait on, and gives the log the
/// draft.
///
/// The log takes what follows its last event, which proves what was decided on. Where others write as well and there is
/// nothing for it to take, it is asked what its last event is: nobody is refused by a state that is over.
async fn attempt(
    session: &Arc<LiveSession>,
    members: &mut VecDeque<Box<dyn Member>>,
) -> (Draft, Result<(), LogError>) {
    let mut draft = session.draft(members.iter().map(|member| member.requests()));
    while session.is_shared() && draft.is_unproved() {
        let decided_on = session.read(State::seq);
        if let Err(failed) = session.catch_up().await {
            return (draft, Err(failed));
        }
        if session.read(State::seq) == decided_on {
            break;
        }
        draft = session.draft(members.iter().map(|member| member.requests()));
    }
    session.line.put_back(members.split_off(draft.members()));
    let taken = match session.append(&draft) {
        Appending::Done(taken) => taken,
        Appending::Later(taken) => taken.await,
    };
    (draft, taken)
}

/// Ends a group. Where another process has written before it, that is taken in, and the group is decided again.
async fn carry_through(
    session: &Arc<LiveSession>,
    mut members: VecDeque<Box<dyn Member>>,
    mut draft: Draft,
    mut taken: Result<(), LogError>,
) {
    let mut tries = 1;
    while session.is_shared() && matches!(taken, Err(LogError::Conflict { .. })) {
        if tries == TRIES {
            taken = Err(LogError::Contended(session.id()));
            break;
        }
        tries += 1;
        session.metrics.conflict();
        if let Err(failed) = session.catch_up().await {
            taken = Err(failed);
            break;
        }
        (draft, taken) = attempt(session, &mut members).await;
    }
    conclude(session, members, draft, taken);
}

fn conclude(
    session: &Arc<LiveSession>,
    mut members: VecDeque<Box<dyn Member>>,
    draft: Draft,
    taken: Result<(), LogError>,
) {
    let answers = session.settle(draft, taken, |of, state| members[of].look(state));
    session.feed.wake();
    let mut answers = answers.into_iter().peekable();
    for (of, member) in members.into_iter().enumerate() {
        let mut own =
            std::iter::from_fn(|| answers.next_if(|(whose, _)| *whose == of).map(|(_, answer)| answer));
        member.answer(&mut own);
        // Whoever has left takes none.
        own.for_each(drop);
    }
}
