//! Round trips: each connection says something and waits for what comes of it.

use std::collections::VecDeque;
use std::time::Instant;

use mio::Poll;

use crate::dialect::{Dialect, Opened};
use crate::error::{Done, LoadError};
use crate::run::{Link, Outcome, Pace, Terms, Watchdog, Window, buffer, wait};

/// Keeps `in_flight` events under way on each connection, each in a room of its own; counts those that came back. With
/// a rate, a connection says at most so many a second.
///
/// # Errors
/// [`LoadError`]
pub fn echo(
    dialect: &dyn Dialect,
    connections: usize,
    in_flight: usize,
    rate: Option<f64>,
    terms: &Terms,
) -> Done<Outcome> {
    let say = |out: &mut Vec<u8>, room: usize, said: u64| dialect.say(out, room, said, 1);
    round_trips(connections, in_flight, rate, &|room| dialect.publisher(room), &say, terms)
}

/// Keeps `in_flight` round trips under way on each of the connections that `open` opens; counts those that are over.
/// `say` appends what the connection of a place says as its n-th.
///
/// # Errors
/// [`LoadError`]
pub fn round_trips(
    connections: usize,
    in_flight: usize,
    rate: Option<f64>,
    open: &dyn Fn(usize) -> Done<Opened>,
    say: &dyn Fn(&mut Vec<u8>, usize, u64),
    terms: &Terms,
) -> Done<Outcome> {
    let mut poll = Poll::new().map_err(|error| LoadError::broke("cannot poll", error))?;
    let mut speakers = Vec::with_capacity(connections);
    for place in 0..connections {
        terms.stop.check()?;
        let (link, _) = Link::new(open(place)?, &poll, place)?;
        let under_way = VecDeque::with_capacity(in_flight);
        speakers.push(Speaker { link, place, said: 0, under_way, in_flight, pace: Pace::new(rate) });
    }
    let (mut buffer, mut events) = (buffer(), mio::Events::with_capacity(1_024));
    let (mut window, mut watchdog) = (Window::new(terms), Watchdog::new());
    for speaker in &mut speakers {
        speaker.speak(say)?;
    }
    while !window.is_over(Instant::now()) {
        terms.stop.check()?;
        wait(&mut poll, &mut events, Pace::look(rate))?;
        for event in &events {
            let speaker = &mut speakers[event.token().0];
            if event.is_writable() {
                speaker.link.flush()?;
            }
            let (count, bytes) = speaker.link.listen(&mut buffer)?;
            if count == 0 {
                continue;
            }
            let now = Instant::now();
            for _ in 0..count {
                if let Some(at) = speaker.under_way.pop_front()
                    && window.is_open()
                {
                    window.latency.add(now - at);
                }
            }
            window.add(count, bytes);
            watchdog.heard(now);
            speaker.speak(say)?;
        }
        if rate.is_some() {
            speakers.iter_mut().try_for_each(|speaker| speaker.speak(say))?;
        }
        watchdog.check(Instant::now())?;
    }
    Ok(window.outcome())
}

struct Speaker {
    link: Link,
    place: usize,
    said: u64,
    /// When those were sent that have not come back.
    under_way: VecDeque<Instant>,
    in_flight: usize,
    pace: Pace,
}

impl Speaker {
    fn speak(&mut self, say: &dyn Fn(&mut Vec<u8>, usize, u64)) -> Done {
        while self.under_way.len() < self.in_flight && self.pace.allows(self.said) {
            say(self.link.out(), self.place, self.said);
            self.said += 1;
            self.under_way.push_back(Instant::now());
        }
        self.link.flush()
    }
}
