//! The ring, its members and their calls, tried in every order of steps that loom finds (up to a bound of
//! preemptions): no wake-up is lost, no frame is mixed with another one, nobody is left without what happens.
//!
//! The feed's own sources are compiled here once more, over loom's locks (`sync`). Their unit tests come along.

#![allow(dead_code, unreachable_pub, reason = "the feed's sources are more than what is tried here")]

#[path = "../../src/feed/chunk.rs"]
mod chunk;
#[path = "../../src/feed/cursor.rs"]
mod cursor;
#[path = "../../src/feed/frame.rs"]
mod frame;
#[path = "../../src/feed/member.rs"]
mod member;
#[path = "../../src/feed/ring.rs"]
mod ring;
mod sync;
#[path = "../../src/feed/weight.rs"]
mod weight;

use std::io::{self, IoSlice};
use std::sync::Arc as StdArc;

use loom::sync::Arc;
use loom::thread;
use vws_core::wire::{Encoding, ServerMessage};
use vws_core::{Event, EventRecord, Seq};

use chunk::View;
use cursor::{Sink, Written};
use member::{Caught, Member};
use ring::Ring;
use sync::{Mutex, Notify};

/// What a client that was sent a snapshot is told: one byte that begins no frame of an event, and the seq.
const SNAPSHOT: u8 = 0x53;

/// What a client is answered that asked for something. It begins no frame either.
const ANSWER: u8 = 0x41;

/// A socket that takes so many bytes at once, and then none at the next call.
struct Socket {
    taken: Mutex<(Vec<u8>, bool)>,
    at_once: usize,
}

impl Sink for Socket {
    fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut taken = self.taken.lock();
        taken.1 = !taken.1;
        if !taken.1 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let bytes: Vec<u8> = slices.iter().flat_map(|s| s.iter().copied()).take(self.at_once).collect();
        taken.0.extend(&bytes);
        Ok(bytes.len())
    }
}

impl Sink for Arc<Socket> {
    fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        (**self).try_write(slices)
    }
}

/// One session with one connection.
struct World {
    ring: Ring,
    bell: Notify,
    member: Member<Arc<Socket>>,
    socket: Arc<Socket>,
    events: Seq,
    /// How many times the client asks for something.
    questions: usize,
}

fn record(seq: Seq) -> StdArc<EventRecord> {
    StdArc::new(EventRecord { seq, at: 0, by: None, subject: None, more: 0, event: Event::ObjectsCleared })
}

/// The event that a client has reached by what it was sent, which must be whole frames in order, and how many answers
/// it has.
fn reached(mut bytes: &[u8]) -> Option<(Seq, usize)> {
    let (mut seen, mut answers) = (0, 0);
    while let [first, rest @ ..] = bytes {
        if *first == ANSWER {
            (answers, bytes) = (answers + 1, rest);
            continue;
        }
        if *first == SNAPSHOT {
            let (seq, rest) = rest.split_first()?;
            assert!(Seq::from(*seq) >= seen, "a snapshot leads forward");
            (seen, bytes) = (Seq::from(*seq), rest);
            continue;
        }
        let frame = frame::framed(
            frame::Opcode::Text,
            &Encoding::Json.encode_server(&ServerMessage::Event(EventRecord::clone(&record(seen + 1)))),
        );
        let common = frame.len().min(bytes.len());
        assert_eq!(&bytes[..common], &frame[..common], "the next event, whole, and nothing within it");
        if common < frame.len() {
            return None;
        }
        (seen, bytes) = (seen + 1, &bytes[common..]);
    }
    Some((seen, answers))
}

impl World {
    fn is_complete(&self) -> bool {
        reached(&self.socket.taken.lock().0) == Some((self.events, self.questions))
    }

    /// What a commit does.
    fn commit(&self) {
        for seq in 1..=self.events {
            self.ring.push(&[record(seq)]);
            self.bell.notify_one();
        }
    }

    /// What the task of a shard does.
    fn serve(&self) {
        let (mut at, mut view, mut apart) = (0, View::default(), View::default());
        while !self.is_complete() {
            self.bell.wait();
            while self.ring.view(Encoding::Json, at, &mut view).is_err() {
                at = self.ring.dropped();
            }
            self.member.bring_up(&self.ring, &view, &mut apart);
            at = view.through();
            view.empty(at);
            if at < self.ring.head() {
                self.bell.notify_one();
            }
        }
        // The other one need not wait any more.
        self.member.call();
    }

    /// What the task of a connection does.
    fn converse(&self) {
        let mut view = View::default();
        for _ in 0..self.questions {
            self.member.tell(|own| own.push(ANSWER));
            if self.member.flush().expect("is well") == Written::Full {
                // It is held now, and sees to it by itself, below.
                self.member.call();
            }
        }
        while !self.is_complete() {
            self.member.called().wait();
            while self.member.is_held() {
                match self.member.catch_up(&self.ring, &mut view, self.ring.head()).expect("is well") {
                    // It is as if it had waited for room.
                    Caught::Full => {}
                    Caught::Up => {
                        if self.member.hand_back() < self.ring.head() {
                            self.bell.notify_one();
                        }
                    }
                    Caught::Lagged(_) => {
                        let head = self.ring.head();
                        self.member.tell(|own| own.extend([SNAPSHOT, u8::try_from(head).expect("is small")]));
                        self.member.move_to(head);
                    }
                }
            }
        }
        self.bell.notify_one();
    }
}

/// Runs a commit of so many events, the hub and a connection at once, in every order.
fn check(events: Seq, questions: usize, max_events: usize, at_once: usize, preemptions: usize) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(move || {
        let socket = Arc::new(Socket { taken: Mutex::new((Vec::new(), false)), at_once });
        let member = Member::new(Encoding::Json, Arc::clone(&socket));
        let ring = Ring::new(0, max_events, usize::MAX);
        let world = Arc::new(World { ring, bell: Notify::new(), member, socket, events, questions });
        assert_eq!(world.member.hand_back(), 0);
        let (hub, connection) = (Arc::clone(&world), Arc::clone(&world));
        let hub = thread::spawn(move || hub.serve());
        let connection = thread::spawn(move || connection.converse());
        world.commit();
        hub.join().expect("does not panic");
        connection.join().expect("does not panic");
        assert!(world.is_complete());
    });
}

#[test]
fn feed4_no_wake_up_is_lost_while_a_socket_takes_all() {
    check(2, 0, 100, usize::MAX, 3);
}

#[test]
fn feed4_no_wake_up_is_lost_while_a_socket_is_full() {
    // Each write ends within a frame.
    check(2, 0, 100, 70, 2);
}

#[test]
fn feed5_who_falls_off_the_ring_is_brought_back_between_two_frames() {
    check(3, 0, 1, 70, 2);
}

#[test]
fn feed3_an_answer_goes_between_two_frames_whoever_writes_them() {
    check(2, 2, 100, 70, 2);
}
