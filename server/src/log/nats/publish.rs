//! One message into a stream, once and only where it follows what its writer has seen.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{PublishErrorKind, traits::Publisher as _};
use async_nats::jetstream::message::OutboundMessage;
use bytes::Bytes;
use tokio::time::{Instant, sleep};
use tracing::debug;

use super::Shared;
use super::get::Which;
use crate::log::LogError;

/// For so long a message that has no answer is sent again, and what has none is asked again. Where the server that leads
/// a stream is lost, the others choose another one after 4 to 9 seconds (nats-server's `raft.go`).
pub(super) const RETRY_FOR: Duration = Duration::from_secs(10);
/// Between two tries, at first; then twice as long each time.
pub(super) const PAUSE: Duration = Duration::from_millis(25);
/// And not longer than this.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// Where another message of the subject is on its way to the replicas: as long as that takes.
const CROSSED_PAUSE: Duration = Duration::from_millis(2);
/// For so long JetStream knows what was sent before: longer than anything is sent again.
pub(super) const REMEMBERED_FOR: Duration = Duration::from_secs(120);
/// NATS may be away for so long before what is to be sent is refused: as it takes to go from one server to another.
pub(super) const AWAY_FOR: Duration = Duration::from_secs(1);

/// What became of a message.
#[derive(Debug)]
pub(super) enum Put {
    /// It is there, at this place of the stream.
    Taken(u64),
    /// It is not, and will not be: it does not follow the last one.
    Refused,
    /// It is not, and will not be.
    NotTaken(String),
    /// Nobody knows.
    Unsure(String),
}

impl Put {
    /// The same where nobody else writes.
    pub(super) fn taken(self) -> Result<u64, LogError> {
        match self {
            Self::Taken(stream) => Ok(stream),
            Self::Refused => Err(LogError::Unavailable("somebody else has written it".to_owned())),
            Self::NotTaken(reason) => Err(LogError::Unavailable(reason)),
            Self::Unsure(reason) => Err(LogError::Unsure(reason)),
        }
    }
}

/// What one try came to.
enum Try {
    Taken(u64),
    Refused,
    /// This one is not there.
    Not(String),
    /// This one is not there: another message of the subject is on its way to the replicas. What the last one is then is
    /// told by the next try.
    Crossed(String),
    /// This one is not there, and no other try would be.
    Never(String),
    Unanswered(String),
}

impl Shared {
    /// Has `stream` take a message with these headers, which say what it is to follow and what it is called. Sends it
    /// again for a time when there is no answer: JetStream takes it once.
    pub(super) async fn put(
        &self,
        stream: &str,
        subject: &str,
        after: u64,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Put {
        self.put_again(stream, subject, after, headers, payload, false).await
    }

    /// The same of a message that may be there already, since it was sent before and had no answer.
    pub(super) async fn put_again(
        &self,
        stream: &str,
        subject: &str,
        after: u64,
        headers: HeaderMap,
        payload: Bytes,
        mut may_be_there: bool,
    ) -> Put {
        if !self.connection.reached(AWAY_FOR).await {
            self.counts.refused();
            let reason = "NATS is away".to_owned();
            return if may_be_there { Put::Unsure(reason) } else { Put::NotTaken(reason) };
        }
        let id = headers.get(NATS_MESSAGE_ID).map(|id| id.as_str().to_owned()).unwrap_or_default();
        let began = Instant::now();
        let mut pause = PAUSE;
        loop {
            let message = OutboundMessage::new(subject.into(), payload.clone(), Some(headers.clone()));
            let reason = match self.try_once(message).await {
                // Several servers that keep a stream agree on the order of what it has, and not always on whether it
                // follows: that it is the next one of its subject is proved by its place.
                Try::Taken(at) if !self.replicated || at == after + 1 => {
                    self.counts.took();
                    return Put::Taken(at);
                }
                Try::Refused if !may_be_there => {
                    self.counts.took();
                    return Put::Refused;
                }
                Try::Taken(_) | Try::Refused => return self.which_follows(stream, subject, after, &id).await,
                Try::Never(reason) => {
                    self.counts.refused();
                    return if may_be_there { Put::Unsure(reason) } else { Put::NotTaken(reason) };
                }
                Try::Not(reason) => reason,
                Try::Crossed(_) if began.elapsed() < RETRY_FOR => {
                    sleep(CROSSED_PAUSE).await;
                    continue;
                }
                Try::Crossed(reason) => reason,
                Try::Unanswered(reason) => {
                    may_be_there = true;
                    reason
                }
            };
            if began.elapsed() + pause >= RETRY_FOR {
                self.counts.refused();
                return if may_be_there { Put::Unsure(reason) } else { Put::NotTaken(reason) };
            }
            debug!(subject, reason, "sent again");
            self.counts.retries.inc();
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn try_once(&self, message: OutboundMessage) -> Try {
        let sent = match self.connection.jetstream().publish_message(message).await {
            Ok(sent) => sent,
            Err(error) if error.kind() == PublishErrorKind::MaxPayloadExceeded => {
                return Try::Never(error.to_string());
            }
            Err(error) => return Try::Not(error.to_string()),
        };
        let error = match sent.await {
            Ok(ack) => return Try::Taken(ack.sequence),
            Err(error) => error,
        };
        match error.kind() {
            PublishErrorKind::WrongLastSequence => Try::Refused,
            PublishErrorKind::StreamNotFound => Try::Not("no server has the stream now".to_owned()),
            PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe => Try::Unanswered(error.to_string()),
            _ => self.of_jetstream(&error),
        }
    }

    /// What became of a message that is called `id` where something follows the one at `after`: the first that does is
    /// the one that counts, for everybody.
    ///
    /// A server that has just become the leader may answer before it has all that its replicas agreed on: it is asked
    /// again until it has what follows.
    pub(super) async fn which_follows(&self, stream: &str, subject: &str, after: u64, id: &str) -> Put {
        let (began, mut pause) = (Instant::now(), PAUSE);
        loop {
            match self.get(stream, Which::NextOf(subject, after + 1)).await {
                Ok(Some(message))
                    if message.headers.get(NATS_MESSAGE_ID).is_some_and(|its| its.as_str() == id) =>
                {
                    self.counts.took();
                    return Put::Taken(message.sequence);
                }
                Ok(Some(_)) => return Put::Refused,
                Ok(None) if matches!(self.get(stream, Which::LastOf(subject)).await, Ok(None)) => {
                    // All of it has been let go of.
                    return Put::Refused;
                }
                Ok(None) if began.elapsed() + pause >= RETRY_FOR => {
                    return Put::Unsure("nothing follows, and something did".to_owned());
                }
                Ok(None) => {}
                Err(error) => return Put::Unsure(error.to_string()),
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// What JetStream itself says of a message that it did not take.
    fn of_jetstream(&self, error: &async_nats::jetstream::context::PublishError) -> Try {
        use std::error::Error as _;
        let said = error.source().and_then(|source| source.downcast_ref::<async_nats::jetstream::Error>());
        match said {
            Some(said) if said.error_code() == ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT => {
                Try::Crossed(said.to_string())
            }
            // The server has lost the lead: its replicas may agree on what it had given them all the same.
            Some(said) if said.code() == 503 && self.replicated => Try::Unanswered(said.to_string()),
            Some(said) if said.code() == 503 => Try::Not(said.to_string()),
            Some(said) => Try::Never(said.to_string()),
            None => Try::Unanswered(error.to_string()),
        }
    }
}
