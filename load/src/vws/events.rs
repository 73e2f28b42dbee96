//! Counting what a session tells, in JSON.

use memchr::memmem::Finder;

use crate::dialect::{Counter, Heard};
use crate::frame::{CLOSE, Scanner, Visitor};
use crate::socket::closed;

/// What each event has once, wherever several travel in one message.
const MARK: &[u8] = br#""seq":"#;

/// Counts the events of one connection, in JSON.
#[derive(Debug)]
pub struct Events {
    scanner: Scanner,
    told: Told,
}

impl Default for Events {
    fn default() -> Self {
        let told =
            Told { heard: Heard::default(), what: What::Other, tail: Vec::new(), mark: Finder::new(MARK) };
        Self { scanner: Scanner::default(), told }
    }
}

impl Counter for Events {
    fn count(&mut self, bytes: &[u8]) -> Heard {
        self.scanner.scan(bytes, &mut self.told);
        std::mem::take(&mut self.told.heard)
    }
}

#[derive(Debug)]
struct Told {
    heard: Heard,
    what: What,
    /// The end of the last part of a message that is looked through, or all of one that is kept.
    tail: Vec<u8>,
    mark: Finder<'static>,
}

/// What becomes of the message that comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Other,
    /// Several events: each has its mark.
    Many,
    /// What ends the load.
    Fault,
}

impl Visitor for Told {
    fn frame(&mut self, opcode: u8, length: u64, start: &[u8]) -> bool {
        self.what = What::Other;
        match start {
            _ if opcode == CLOSE => {
                self.heard.fault = Some(format!("the server ended a connection: {}", closed(start)));
            }
            [
                b'{',
                b'"',
                b't',
                b'y',
                b'p',
                b'e',
                b'"',
                b':',
                b'"',
                b'e',
                b'v',
                b'e',
                b'n',
                b't',
                b'"',
                ..,
            ] => {
                self.heard.events += 1;
            }
            _ if start.starts_with(br#"{"type":"events""#) => self.what = What::Many,
            _ if start.starts_with(br#"{"type":"resync""#) => {
                self.heard.fault = Some("a subscriber fell behind the feed".to_owned());
            }
            _ if start.starts_with(br#"{"type":"rejecte"#) => {
                self.what = What::Fault;
                self.heard.fault = Some(format!("a command was refused, in {length} bytes"));
            }
            _ => {}
        }
        self.tail.clear();
        self.what != What::Other
    }

    fn part(&mut self, bytes: &[u8]) {
        match self.what {
            What::Other => {}
            What::Fault => {
                self.tail.extend_from_slice(bytes);
                self.heard.fault = Some(format!("refused: {}", String::from_utf8_lossy(&self.tail)));
            }
            What::Many => {
                // A mark may lie on the border of two parts.
                let short = MARK.len() - 1;
                if !self.tail.is_empty() {
                    self.tail.extend_from_slice(&bytes[..short.min(bytes.len())]);
                    self.heard.events += self.mark.find_iter(&self.tail).count() as u64;
                }
                self.heard.events += self.mark.find_iter(bytes).count() as u64;
                let had = self.tail.len();
                if bytes.len() >= short {
                    self.tail.clear();
                    self.tail.extend_from_slice(&bytes[bytes.len() - short..]);
                } else if had == 0 {
                    self.tail.extend_from_slice(bytes);
                } else {
                    self.tail.drain(..had.saturating_sub(short));
                }
            }
        }
    }
}

/// How many events a whole message tells.
pub(super) fn events_of(payload: &[u8]) -> u64 {
    if payload.starts_with(br#"{"type":"events""#) {
        return memchr::memmem::find_iter(payload, MARK).count() as u64;
    }
    payload.starts_with(br#"{"type":"event""#).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(payload: &str) -> Vec<u8> {
        let mut out = vec![0x81];
        match payload.len() {
            0..126 => out.push(payload.len() as u8),
            _ => {
                out.push(126);
                out.extend_from_slice(&(payload.len() as u16).to_be_bytes());
            }
        }
        out.extend_from_slice(payload.as_bytes());
        out
    }

    fn event(seq: u64) -> String {
        format!(r#"{{"type":"event","seq":{seq},"at":1,"event":{{"type":"objects_cleared"}}}}"#)
    }

    #[test]
    fn events_are_counted_alone_and_together_wherever_they_are_cut() {
        let mut bytes = served(r#"{"type":"heartbeat","head_seq":3,"digest":"0000000000000000"}"#);
        bytes.extend(served(&event(4)));
        let some: Vec<String> = (5..9).map(event).collect();
        bytes.extend(served(&format!(r#"{{"type":"events","events":[{}]}}"#, some.join(","))));
        bytes.extend(served(r#"{"type":"presence","peers":[{"client_id":"a"}]}"#));
        bytes.extend(served(&event(9)));
        for step in 1..bytes.len() {
            let mut counter = Events::default();
            let heard: Vec<Heard> = bytes.chunks(step).map(|chunk| counter.count(chunk)).collect();
            assert_eq!(heard.iter().map(|heard| heard.events).sum::<u64>(), 6, "in steps of {step}");
            assert!(heard.iter().all(|heard| heard.fault.is_none()));
        }
    }

    #[test]
    fn what_ends_a_load_is_told() {
        let mut counter = Events::default();
        let refused = r#"{"type":"rejected","id":1,"problem":{"code":"x"}}"#;
        assert!(counter.count(&served(refused)).fault.is_some_and(|words| words.contains(r#""code":"x""#)));
        let lost = served(r#"{"type":"resync","reason":"lagged"}"#);
        assert!(counter.count(&lost).fault.is_some_and(|words| words.contains("behind")));
        let close = [0x88, 6, 0x0f, 0xbd, b'r', b'a', b't', b'e'];
        assert!(counter.count(&close).fault.is_some_and(|words| words.ends_with("4029 rate")));
    }
}
