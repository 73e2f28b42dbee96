//! What differs between servers: how one joins and speaks, and how what they say is counted.

use std::net::TcpStream;

use crate::error::Done;

/// How one kind of server is talked to.
pub trait Dialect: Sync {
    /// A connection that is told whatever is said in a room from now on.
    ///
    /// # Errors
    /// [`LoadError`](crate::LoadError) where the server does not let it in.
    fn subscriber(&self, room: usize) -> Done<Opened>;

    /// A connection that speaks in a room.
    ///
    /// # Errors
    /// As [`subscriber`](Self::subscriber).
    fn publisher(&self, room: usize) -> Done<Opened>;

    /// Whether who speaks is told what they say, like everybody else.
    fn publisher_hears(&self) -> bool;

    /// Appends what the publisher of a room writes to say `count` events, which follow `said` others of that connection. Several
    /// may go as one where the server has a way for that.
    fn say(&self, out: &mut Vec<u8>, room: usize, said: u64, count: usize);

    /// How many events are said at once where many wait.
    fn at_once(&self) -> usize {
        1
    }

    /// What a connection writes now and then to show that it lives; nothing where that is not asked for.
    fn sign_of_life(&self) -> &'static [u8] {
        &[]
    }
}

/// A connection that is in.
pub struct Opened {
    /// The connection.
    pub stream: TcpStream,
    /// What was read of it beyond its greeting.
    pub ahead: Vec<u8>,
    /// How what it is told is counted.
    pub counter: Box<dyn Counter + Send>,
}

/// Counts what one connection is told.
pub trait Counter {
    /// Takes bytes as they come in, and counts the events that begin in them.
    fn count(&mut self, bytes: &[u8]) -> Heard;
}

/// What bytes held.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heard {
    /// Events.
    pub events: u64,
    /// What ends the load: a refusal, a close, a gap.
    pub fault: Option<String>,
}

/// Counts messages that all have the same length.
#[derive(Debug, Clone, Copy)]
pub struct Even {
    length: usize,
    over: usize,
}

impl Even {
    /// Of messages of `length` bytes, what is around them included.
    #[must_use]
    pub const fn of(length: usize) -> Self {
        Self { length, over: 0 }
    }
}

impl Counter for Even {
    fn count(&mut self, bytes: &[u8]) -> Heard {
        let all = self.over + bytes.len();
        self.over = all % self.length;
        Heard { events: (all / self.length) as u64, fault: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_messages_are_counted_wherever_they_are_cut() {
        for step in [1, 3, 7, 10, 11, 100] {
            let mut counter = Even::of(10);
            let events: u64 = [b'x'; 95].chunks(step).map(|chunk| counter.count(chunk).events).sum();
            assert_eq!(events, 9, "in steps of {step}");
        }
    }
}
