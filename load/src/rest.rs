//! Requests over connections that are kept: each sends the next one when it has the answer to the last.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memchr::memmem;

use crate::dialect::{Counter, Heard, Opened};
use crate::echo::round_trips;
use crate::error::Done;
use crate::http::{Answer, Target};
use crate::run::{Outcome, Terms};

/// Bytes of an answer's head, beyond which it is none.
const MAX_HEAD: usize = 64 << 10;

/// Keeps one request under way on each connection, at most `rate` a second where that is told; counts answers of 2xx.
/// `write` appends the n-th request of a connection.
///
/// # Errors
/// [`LoadError`](crate::LoadError), for any other answer too.
pub fn requests(
    target: &Target,
    connections: usize,
    rate: Option<f64>,
    write: &dyn Fn(&mut Vec<u8>, usize, u64),
    terms: &Terms,
) -> Done<Outcome> {
    let open = |_: usize| {
        let counter = Box::new(Answers::default());
        Ok(Opened { stream: target.connect()?, ahead: Vec::new(), counter })
    };
    round_trips(connections, 1, rate, &open, write, terms)
}

/// Counts the answers of one connection.
#[derive(Debug, Default)]
pub struct Answers {
    /// What has come of a head that is not whole.
    head: Vec<u8>,
    /// Bytes of the present body that are still to come.
    left: usize,
    /// Whether an answer is under way whose end is not seen.
    is_open: bool,
    /// Where answers of 503 are counted as such, and do not end the load.
    busy: Option<Arc<AtomicU64>>,
}

impl Answers {
    /// Counts answers of 503 as answers, and in `busy` as well: a session that many write to at once gives them.
    #[must_use]
    pub fn with_busy(busy: Arc<AtomicU64>) -> Self {
        Self { busy: Some(busy), ..Self::default() }
    }

    /// Whether an answer of that status is one that is counted.
    fn takes(&self, status: u16) -> bool {
        match (&self.busy, status) {
            (_, 200..300) => true,
            (Some(busy), 503) => {
                busy.fetch_add(1, Ordering::Relaxed);
                true
            }
            _ => false,
        }
    }
}

impl Counter for Answers {
    fn count(&mut self, mut bytes: &[u8]) -> Heard {
        let mut heard = Heard::default();
        loop {
            if self.is_open {
                let here = self.left.min(bytes.len());
                (self.left, bytes) = (self.left - here, &bytes[here..]);
                if self.left > 0 {
                    return heard;
                }
                (self.is_open, heard.events) = (false, heard.events + 1);
            }
            if bytes.is_empty() {
                return heard;
            }
            let had = self.head.len();
            self.head.extend_from_slice(bytes);
            let Some(end) = memmem::find(&self.head, b"\r\n\r\n") else {
                if self.head.len() > MAX_HEAD {
                    heard.fault = Some("an answer whose head has no end".to_owned());
                }
                return heard;
            };
            let end = end + 4;
            let text = String::from_utf8_lossy(&self.head[..end]);
            match Answer::read(&text) {
                Some(answer) if self.takes(answer.status) => {
                    (self.left, self.is_open) = (answer.length, true);
                }
                _ => {
                    let rest = String::from_utf8_lossy(&self.head[end..]).into_owned();
                    let line = text.lines().next().unwrap_or_default();
                    heard.fault = Some(format!("a request was answered by {line}: {rest}"));
                    return heard;
                }
            }
            bytes = &bytes[end - had..];
            self.head.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_wherever_they_are_cut() {
        let one = "HTTP/1.1 201 Created\r\ncontent-length: 5\r\n\r\n12345";
        let all = [one, "HTTP/1.1 204 No Content\r\n\r\n", one, one].concat();
        for step in 1..=all.len() {
            let mut counter = Answers::default();
            let heard: Vec<Heard> = all.as_bytes().chunks(step).map(|chunk| counter.count(chunk)).collect();
            assert_eq!(heard.iter().map(|heard| heard.events).sum::<u64>(), 4, "in steps of {step}");
            assert!(heard.iter().all(|heard| heard.fault.is_none()));
        }
    }

    #[test]
    fn answers_that_ask_to_come_again_are_counted_where_that_is_wanted() {
        let busy = Arc::new(AtomicU64::new(0));
        let all =
            "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 204 No Content\r\n\r\n";
        let mut counter = Answers::with_busy(Arc::clone(&busy));
        assert_eq!(counter.count(all.as_bytes()), Heard { events: 2, fault: None });
        assert_eq!(busy.load(Ordering::Relaxed), 1);
        assert!(Answers::default().count(all.as_bytes()).fault.is_some(), "and ends the load elsewhere");
    }

    #[test]
    fn any_other_answer_ends_the_load() {
        let refused = "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 2\r\n\r\n{}";
        let heard = Answers::default().count(refused.as_bytes());
        assert_eq!(
            heard.fault.as_deref(),
            Some("a request was answered by HTTP/1.1 429 Too Many Requests: {}")
        );
    }
}
