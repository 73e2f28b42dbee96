//! The end of a connection whose client still sends what nobody reads.
//!
//! A socket that is closed with unread bytes in it is reset (RFC 9112 §9.6), and a client that is
//! still writing then learns of a broken pipe and not of the refusal that was sent to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::addresses::Place;
use super::stream::Stream;
use crate::telemetry::Held;

/// How long a client is still listened to whose time for what it sends is over.
const LATE: Duration = Duration::from_secs(2);

/// A client that sends nothing for so long has nothing more to send.
const QUIET: Duration = Duration::from_secs(1);

/// Bytes that are thrown away at most: more than any file that may be imported.
const MOST: usize = 128 * 1024 * 1024;

/// Bytes that are read at once.
const PIECE: usize = 16 * 1024;

/// What a connection takes of the server for as long as it is there.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) _place: OwnedSemaphorePermit,
    pub(super) _of_address: Option<Place>,
    pub(super) _counted: Held,
}

/// An open connection with its place among the server's.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) stream: Stream,
    pub(super) _claim: Claim,
}

/// What a client may be sending that nobody reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Rest {
    Nothing,
    /// The rest of what was refused.
    Refused,
    /// The rest of what did not come in time.
    Late,
}

impl Rest {
    /// How long it is thrown away, where it may else take so long.
    pub(super) fn patience(self, within: Duration) -> Option<Duration> {
        match self {
            Self::Nothing => None,
            Self::Refused => Some(within),
            Self::Late => Some(within.min(LATE)),
        }
    }
}

/// Whether the client may be sending what nobody reads.
#[derive(Debug, Clone, Default)]
pub(super) struct Unread(Arc<AtomicU8>);

impl Unread {
    pub(super) fn set(&self, rest: Rest) {
        self.0.store(rest as u8, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> Rest {
        match self.0.load(Ordering::Relaxed) {
            0 => Rest::Nothing,
            1 => Rest::Refused,
            _ => Rest::Late,
        }
    }
}

impl Open {
    /// Ends the answer and throws away what comes until the client closes, sends no more, or `within`
    /// is over.
    pub(super) async fn drain(mut self, within: Duration) {
        let all = async {
            if self.stream.shutdown().await.is_err() {
                return;
            }
            let mut thrown = 0;
            let mut piece = vec![0; PIECE];
            while thrown < MOST {
                match timeout(QUIET, self.stream.read(&mut piece)).await {
                    Ok(Ok(read)) if read > 0 => thrown += read,
                    _ => return,
                }
            }
        };
        let _ = timeout(within, all).await;
    }
}
