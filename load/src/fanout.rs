//! Fan-out: some say, many are told. Saturated, as fast as the slowest subscriber takes it; or at a steady rate.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mio::Poll;

use crate::dialect::Dialect;
use crate::error::{Done, LoadError};
use crate::run::{Link, Outcome, Terms, Watchdog, Window, buffer, wait};

/// How far who speaks may be ahead of the slowest subscriber, in events: less than any feed keeps, and more than a
/// round through all subscribers takes.
const AHEAD: u64 = 4_096;
/// Bytes that wait to be taken of a publisher, beyond which it says no more.
const UNTAKEN: usize = 64 << 10;
/// Most events that one load may say at a rate: each is remembered.
const MOST: u64 = 4_000_000;
/// Pause of a publisher whose server takes nothing.
const AGAIN: Duration = Duration::from_micros(200);

/// Who is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crowd {
    /// Rooms, each with a publisher.
    pub rooms: usize,
    /// Subscribers of each; the publisher is one of them where it hears what it says.
    pub subscribers: usize,
}

/// Everybody's connections.
struct Crowded {
    poll: Poll,
    links: Vec<Link>,
    /// The room of each, and how many events it was told.
    told: Vec<(usize, u64)>,
    /// The publisher of each room: a place in `links`.
    publishers: Vec<usize>,
    /// Those whose events count as deliveries: all but publishers that hear nothing.
    listeners: usize,
}

impl Crowded {
    fn enter(dialect: &dyn Dialect, crowd: Crowd, terms: &Terms) -> Done<Self> {
        let poll = Poll::new().map_err(|error| LoadError::broke("cannot poll", error))?;
        let mut all =
            Self { poll, links: Vec::new(), told: Vec::new(), publishers: Vec::new(), listeners: 0 };
        let hears = dialect.publisher_hears();
        for room in 0..crowd.rooms {
            for _ in usize::from(hears)..crowd.subscribers {
                terms.stop.check()?;
                all.add(dialect.subscriber(room)?, room)?;
            }
        }
        if !hears {
            all.listeners = all.links.len();
        }
        for room in 0..crowd.rooms {
            all.publishers.push(all.links.len());
            all.add(dialect.publisher(room)?, room)?;
        }
        if hears {
            all.listeners = all.links.len();
        }
        Ok(all)
    }

    fn add(&mut self, opened: crate::dialect::Opened, room: usize) -> Done {
        let (link, heard) = Link::new(opened, &self.poll, self.links.len())?;
        if let Some(fault) = heard.fault {
            return Err(LoadError::Refused(fault));
        }
        self.links.push(link);
        // Nothing is said before everybody is in.
        self.told.push((room, 0));
        Ok(())
    }

    fn show_life(&mut self, sign: &[u8]) -> Done {
        if sign.is_empty() {
            return Ok(());
        }
        for link in &mut self.links {
            if link.waiting() == 0 {
                link.out().extend_from_slice(sign);
                link.flush()?;
            }
        }
        Ok(())
    }
}

/// Says as much as the slowest subscriber of each room keeps up with; counts deliveries.
///
/// # Errors
/// [`LoadError`]
pub fn saturate(dialect: &dyn Dialect, crowd: Crowd, terms: &Terms) -> Done<Outcome> {
    let mut all = Crowded::enter(dialect, crowd, terms)?;
    let (mut buffer, mut events) = (buffer(), mio::Events::with_capacity(1_024));
    let mut said = vec![0_u64; crowd.rooms];
    let (mut window, mut watchdog) = (Window::new(terms), Watchdog::new());
    while !window.is_over(Instant::now()) {
        terms.stop.check()?;
        speak(&mut all, dialect, &mut said)?;
        wait(&mut all.poll, &mut events, Duration::from_millis(20))?;
        let now = Instant::now();
        for event in &events {
            let place = event.token().0;
            if event.is_writable() {
                all.links[place].flush()?;
            }
            let (count, bytes) = all.links[place].listen(&mut buffer)?;
            if count > 0 && place < all.listeners {
                all.told[place].1 += count;
                window.add(count, bytes);
                watchdog.heard(now);
            }
        }
        watchdog.check(now)?;
        if watchdog.is_due(now) {
            all.show_life(dialect.sign_of_life())?;
        }
    }
    Ok(window.outcome())
}

/// Lets each room's publisher say what it may.
fn speak(all: &mut Crowded, dialect: &dyn Dialect, said: &mut [u64]) -> Done {
    let mut slowest = vec![u64::MAX; said.len()];
    for (room, told) in &all.told[..all.listeners] {
        slowest[*room] = slowest[*room].min(*told);
    }
    let at_once = dialect.at_once() as u64;
    for (room, publisher) in all.publishers.iter().enumerate() {
        let link = &mut all.links[*publisher];
        while link.waiting() < UNTAKEN && said[room] + at_once <= slowest[room] + AHEAD {
            dialect.say(link.out(), room, said[room], at_once as usize);
            said[room] += at_once;
        }
        link.flush()?;
    }
    Ok(())
}

/// Says `rate` events a second in each room; tells how long each delivery took.
///
/// # Errors
/// [`LoadError`]; a rate and a time that make more than four million events are refused.
pub fn steady(dialect: &dyn Dialect, crowd: Crowd, rate: f64, terms: &Terms) -> Done<Outcome> {
    let lasts = terms.warm_up + terms.span;
    let each = (rate * lasts.as_secs_f64()).ceil() as u64 + 1;
    if each.saturating_mul(crowd.rooms as u64) > MOST {
        return Err(LoadError::Refused(format!(
            "{each} events in {} rooms are more than {MOST}",
            crowd.rooms
        )));
    }
    let mut all = Crowded::enter(dialect, crowd, terms)?;
    let broke = |error: std::io::Error| LoadError::broke("a connection cannot be shared", error);
    let mut speaking = Vec::new();
    for publisher in &all.publishers {
        // The same socket, written to by a thread that does nothing else: so events go out on time.
        let link = &all.links[*publisher];
        let copy = std::os::fd::AsFd::as_fd(&link.stream).try_clone_to_owned().map_err(broke)?;
        speaking.push(TcpStream::from(copy));
    }
    let sent: Vec<Vec<AtomicU64>> =
        (0..crowd.rooms).map(|_| (0..each).map(|_| AtomicU64::new(0)).collect()).collect();
    let (begun, over) = (Instant::now(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let speaker = scope.spawn(|| on_time(dialect, speaking, &sent, rate, begun, &over));
        let heard = hear(&mut all, dialect, &sent, begun, terms);
        over.store(true, Ordering::Relaxed);
        let spoken =
            speaker.join().unwrap_or_else(|_| Err(LoadError::Refused("who speaks ended".to_owned())));
        heard.and_then(|outcome| spoken.map(|()| outcome))
    })
}

/// Says each event when it is due, in the rooms by turns, and notes when it went out.
fn on_time(
    dialect: &dyn Dialect,
    mut rooms: Vec<TcpStream>,
    sent: &[Vec<AtomicU64>],
    rate: f64,
    begun: Instant,
    over: &AtomicBool,
) -> Done {
    let count = rooms.len();
    let mut out = Vec::new();
    for n in 0.. {
        let (room, turn) = (n % count, n / count);
        let due = begun + Duration::from_secs_f64(n as f64 / (rate * count as f64));
        loop {
            let now = Instant::now();
            if over.load(Ordering::Relaxed) {
                return Ok(());
            }
            if now >= due {
                break;
            }
            std::thread::sleep((due - now).min(Duration::from_millis(20)));
        }
        let Some(place) = sent[room].get(turn) else { return Ok(()) };
        out.clear();
        dialect.say(&mut out, room, turn as u64, 1);
        place.store(begun.elapsed().as_nanos() as u64, Ordering::Release);
        let mut rest = out.as_slice();
        while !rest.is_empty() {
            match rooms[room].write(rest) {
                Ok(taken) => rest = &rest[taken..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if over.load(Ordering::Relaxed) {
                        return Ok(());
                    }
                    std::thread::sleep(AGAIN);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(LoadError::broke("a connection broke", error)),
            }
        }
    }
    Ok(())
}

/// Takes what comes, and tells how long it was under way.
fn hear(
    all: &mut Crowded,
    dialect: &dyn Dialect,
    sent: &[Vec<AtomicU64>],
    begun: Instant,
    terms: &Terms,
) -> Done<Outcome> {
    let (mut buffer, mut events) = (buffer(), mio::Events::with_capacity(1_024));
    let (mut window, mut watchdog) = (Window::new(terms), Watchdog::new());
    while !window.is_over(Instant::now()) {
        terms.stop.check()?;
        wait(&mut all.poll, &mut events, Duration::from_millis(20))?;
        for event in &events {
            let place = event.token().0;
            let (count, bytes) = all.links[place].listen(&mut buffer)?;
            let now = begun.elapsed().as_nanos() as u64;
            if count == 0 || place >= all.listeners {
                continue;
            }
            let (room, told) = &mut all.told[place];
            for n in *told..*told + count {
                let out = sent[*room].get(n as usize).map_or(0, |at| at.load(Ordering::Acquire));
                if out > 0 && window.is_open() {
                    window.latency.add(Duration::from_nanos(now.saturating_sub(out)));
                }
            }
            *told += count;
            window.add(count, bytes);
            watchdog.heard(Instant::now());
        }
        let now = Instant::now();
        watchdog.check(now)?;
        if watchdog.is_due(now) {
            all.show_life_of_listeners(dialect.sign_of_life())?;
        }
    }
    Ok(window.outcome())
}

impl Crowded {
    /// Publishers show by what they say that they live, and another thread writes to them.
    fn show_life_of_listeners(&mut self, sign: &[u8]) -> Done {
        for (place, link) in self.links.iter_mut().enumerate() {
            if !sign.is_empty() && !self.publishers.contains(&place) {
                link.out().extend_from_slice(sign);
                link.flush()?;
            }
        }
        Ok(())
    }
}
