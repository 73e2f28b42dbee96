//! What hyper refuses by itself, before any handler: heads that cannot be read.
//!
//! It answers them with a bare status and says nothing about why; there is no hook for that. The answer
//! is always the last that it writes on a connection, so that it is known by the end of what is written,
//! and is given the words and the shape that every other refusal has.

use crate::http::{Refusal, last_words};
use crate::units::ByteSize;

use super::accept::MAX_HEADERS;

/// The statuses that it uses, and the lines that follow up to the date.
const ANSWERS: [(u16, &[u8]); 3] = [
    (400, b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\ndate: "),
    (414, b"HTTP/1.1 414 URI Too Long\r\nconnection: close\r\ncontent-length: 0\r\ndate: "),
    (
        431,
        b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\ndate: ",
    ),
];

/// `Sat, 28 Nov 2026 12:00:00 GMT`, and the two line ends after it.
const DATE: usize = 29;
const END: &[u8] = b"\r\n\r\n";

/// hyper's refusal at the end of what it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BareRefusal {
    status: u16,
    /// Bytes that it takes.
    length: usize,
}

impl BareRefusal {
    /// The refusal that `written` ends with, if it does.
    pub(super) fn ending(written: &[u8]) -> Option<Self> {
        if !written.ends_with(END) {
            return None;
        }
        ANSWERS.into_iter().find_map(|(status, head)| {
            let length = head.len() + DATE + END.len();
            let start = written.len().checked_sub(length)?;
            written[start..].starts_with(head).then_some(Self { status, length })
        })
    }

    /// `written` with the refusal in this server's words.
    pub(super) fn in_words(self, mut written: Vec<u8>, max_head: usize) -> Vec<u8> {
        let bare = written.split_off(written.len() - self.length);
        let date = &bare[bare.len() - END.len() - DATE..bare.len() - END.len()];
        let max = ByteSize(max_head as u64);
        let refusal = match self.status {
            400 => Refusal::HeadUnreadable,
            414 => Refusal::TargetTooLong,
            _ => Refusal::HeadEndless { max, lines: MAX_HEADERS },
        };
        written.extend(last_words(refusal, Some(date)));
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(status: &str) -> Vec<u8> {
        let rest = "connection: close\r\ncontent-length: 0\r\ndate: Sat, 28 Nov 2026 12:00:00 GMT\r\n\r\n";
        format!("HTTP/1.1 {status}\r\n{rest}").into_bytes()
    }

    #[test]
    fn http1_a_bare_refusal_is_known_behind_what_else_is_written() {
        for (text, status) in [
            ("400 Bad Request", 400),
            ("414 URI Too Long", 414),
            ("431 Request Header Fields Too Large", 431),
        ] {
            let bare = bare(text);
            let found = BareRefusal { status, length: bare.len() };
            assert_eq!(BareRefusal::ending(&bare), Some(found));
            let behind = [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".as_slice(), &bare].concat();
            assert_eq!(BareRefusal::ending(&behind), Some(found));
            let words = String::from_utf8(found.in_words(behind, 16_384)).expect("text");
            assert!(words.starts_with("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 4"), "{words}");
            assert!(words.contains("date: Sat, 28 Nov 2026 12:00:00 GMT\r\n"), "{words}");
            assert!(words.contains("application/problem+json"), "{words}");
        }
    }

    #[test]
    fn http1_nothing_else_is_taken_for_a_bare_refusal() {
        let whole = bare("400 Bad Request");
        for other in [
            &b""[..],
            END,
            &whole[1..],
            &whole[..whole.len() - 1],
            &bare("404 Not Found"),
            b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 10\r\n\r\n",
        ] {
            assert_eq!(BareRefusal::ending(other), None, "{}", String::from_utf8_lossy(other));
        }
    }
}
