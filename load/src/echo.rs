//! Round trips: each connection says something and waits until it is told it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use mio::Poll;

use crate::dialect::Dialect;
use crate::error::{Done, LoadError};
use crate::run::{Link, Outcome, Terms, Watchdog, Window, buffer, wait};

/// Keeps `in_flight` events under way on each connection, each in a room of its own; counts those that came back.
///
/// # Errors
/// [`LoadError`]
pub fn echo(dialect: &dyn Dialect, connections: usize, in_flight: usize, terms: &Terms) -> Done<Outcome> {
    let mut poll = Poll::new().map_err(|error| LoadError::broke("cannot poll", error))?;
    let mut links = Vec::with_capacity(connections);
    for room in 0..connections {
        terms.stop.check()?;
        let (link, _) = Link::new(dialect.publisher(room)?, &poll, room)?;
        links.push((link, 0_u64, VecDeque::with_capacity(in_flight)));
    }
    let (mut buffer, mut events) = (buffer(), mio::Events::with_capacity(1_024));
    let (mut window, mut watchdog) = (Window::new(terms), Watchdog::new());
    for (link, said, under_way) in &mut links {
        speak(dialect, link, said, under_way, in_flight)?;
    }
    while !window.is_over(Instant::now()) {
        terms.stop.check()?;
        wait(&mut poll, &mut events, Duration::from_millis(20))?;
        for event in &events {
            let (link, said, under_way) = &mut links[event.token().0];
            if event.is_writable() {
                link.flush()?;
            }
            let (count, bytes) = link.listen(&mut buffer)?;
            if count == 0 {
                continue;
            }
            let now = Instant::now();
            for _ in 0..count {
                if let Some(at) = under_way.pop_front()
                    && window.is_open()
                {
                    window.latency.add(now - at);
                }
            }
            window.add(count, bytes);
            watchdog.heard(now);
            speak(dialect, link, said, under_way, in_flight)?;
        }
        watchdog.check(Instant::now())?;
    }
    Ok(window.outcome())
}

fn speak(
    dialect: &dyn Dialect,
    link: &mut Link,
    said: &mut u64,
    under_way: &mut VecDeque<Instant>,
    in_flight: usize,
) -> Done {
    while under_way.len() < in_flight {
        dialect.say(link.out(), *said, 1);
        *said += 1;
        under_way.push_back(Instant::now());
    }
    link.flush()
}
