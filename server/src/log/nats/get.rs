//! What a stream has, from the server that leads it: others may not have all of it yet.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::stream::{PurgeResponse, RawMessage};
use async_nats::{HeaderMap, Subject};
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep, timeout};
use tracing::debug;
use vws_core::Millis;

use super::Shared;
use super::layout::Written;
use super::publish::{AWAY_FOR, LONGEST_PAUSE, PAUSE, RETRY_FOR};
use crate::log::LogError;

/// Messages that are asked for at once.
const AT_ONCE: usize = 512;
/// A reader that is gone is forgotten after this.
const FORGET_AFTER: Duration = Duration::from_secs(30);

/// Which message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which<'a> {
    /// The last one of a subject.
    LastOf(&'a str),
    /// The first one of a subject at a place or after it.
    NextOf(&'a str, u64),
}

#[derive(Serialize)]
struct Ask<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_by_subj: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_by_subj: Option<&'a str>,
}

#[derive(Deserialize)]
struct Found {
    message: RawMessage,
}

#[derive(Serialize)]
struct AskInfo<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    subjects_filter: Option<&'a str>,
}

#[derive(Deserialize)]
struct Info {
    state: InfoState,
}

#[derive(Deserialize)]
struct InfoState {
    last_seq: u64,
    #[serde(default)]
    subjects: HashMap<String, u64>,
}

#[derive(Serialize)]
struct AskPurge<'a> {
    filter: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
}

/// A message of a subject without its content.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) subject: Subject,
    pub(super) stream: u64,
    /// When it came.
    pub(super) at: Millis,
    pub(super) headers: HeaderMap,
}

impl Shared {
    /// Does what changes nothing when it is done twice, again and again for a time while it has no answer: nobody
    /// answers for a stream whose leader is gone until another server leads it.
    async fn persist<T, F>(&self, mut one: impl FnMut() -> F) -> Result<T, LogError>
    where
        F: Future<Output = Result<T, LogError>>,
    {
        let (began, mut pause) = (Instant::now(), PAUSE);
        loop {
            if !self.connection.reached(AWAY_FOR).await {
                self.counts.refused();
                return Err(LogError::Unavailable("NATS is away".to_owned()));
            }
            let reason = match one().await {
                Err(LogError::Unavailable(reason)) => reason,
                answer => {
                    self.counts.took();
                    return answer;
                }
            };
            self.counts.refused();
            if began.elapsed() + pause >= RETRY_FOR {
                return Err(LogError::Unavailable(reason));
            }
            debug!(reason, "asked again");
            self.counts.retries.inc();
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Asks JetStream for something.
    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        what: &str,
        ask: &impl Serialize,
    ) -> Result<Response<T>, LogError> {
        self.persist(|| async {
            match self.connection.jetstream().request(what.to_owned(), ask).await {
                Ok(Response::Err { error }) if error.code() == 503 => {
                    Err(LogError::Unavailable(format!("NATS: {error}")))
                }
                answer => answer.map_err(|error| LogError::Unavailable(format!("NATS: {error}"))),
            }
        })
        .await
    }

    /// A message, where there is one.
    pub(super) async fn get(
        &self,
        stream: &str,
        which: Which<'_>,
    ) -> Result<Option<StreamMessage>, LogError> {
        let ask = match which {
            Which::LastOf(subject) => Ask { seq: None, last_by_subj: Some(subject), next_by_subj: None },
            Which::NextOf(subject, from) => {
                Ask { seq: Some(from), last_by_subj: None, next_by_subj: Some(subject) }
            }
        };
        match self.ask::<Found>(&format!("STREAM.MSG.GET.{stream}"), &ask).await? {
            Response::Ok(Found { message }) => {
                let message = message.try_into();
                message.map(Some).map_err(|error: async_nats::Error| LogError::Unavailable(error.to_string()))
            }
            Response::Err { error } if error.error_code() == ErrorCode::NO_MESSAGE_FOUND => Ok(None),
            Response::Err { error } => Err(LogError::Unavailable(format!("NATS: {error}"))),
        }
    }

    /// The last place of a stream that was given to a message.
    pub(super) async fn last_of(&self, stream: &str) -> Result<u64, LogError> {
        Ok(self.info(stream, None).await?.last_seq)
    }

    /// The subjects of a stream that match a filter. It takes time that grows with all that the stream has.
    pub(super) async fn subjects(&self, stream: &str, filter: &str) -> Result<Vec<String>, LogError> {
        Ok(self.info(stream, Some(filter)).await?.subjects.into_keys().collect())
    }

    async fn info(&self, stream: &str, subjects_filter: Option<&str>) -> Result<InfoState, LogError> {
        match self.ask::<Info>(&format!("STREAM.INFO.{stream}"), &AskInfo { subjects_filter }).await? {
            Response::Ok(info) => Ok(info.state),
            Response::Err { error } => Err(LogError::Unavailable(format!("NATS: {error}"))),
        }
    }

    /// Lets go of what a stream has of a subject, before a place where one is given.
    pub(super) async fn purge(
        &self,
        stream: &str,
        filter: &str,
        before: Option<u64>,
    ) -> Result<(), LogError> {
        let ask = AskPurge { filter, seq: before };
        match self.ask::<PurgeResponse>(&format!("STREAM.PURGE.{stream}"), &ask).await? {
            Response::Ok(_) => Ok(()),
            Response::Err { error } => Err(LogError::Unavailable(format!("NATS: {error}"))),
        }
    }

    /// The last message of each subject that matches a filter, without their content, and what has come to them
    /// meanwhile: of one subject the last one counts.
    pub(super) async fn heads(&self, stream: &str, filter: &str) -> Result<Vec<Head>, LogError> {
        let begin = || Reader::begin(self, stream, filter, DeliverPolicy::LastPerSubject, true);
        let reader = self.persist(begin).await?;
        let mut heads = Vec::new();
        let mut is_more = !reader.is_empty();
        while is_more {
            let page;
            (page, is_more) = reader.page(AT_ONCE).await?;
            for message in page {
                let place = message.info().map_err(|error| LogError::Unavailable(error.to_string()))?;
                let (stream, since) =
                    (place.stream_sequence, place.published.unix_timestamp_nanos() / 1_000_000);
                let at = Millis::try_from(since).unwrap_or_default();
                let async_nats::Message { subject, headers, .. } = message.message;
                heads.push(Head { subject, stream, at, headers: headers.unwrap_or_default() });
            }
        }
        reader.end();
        Ok(heads)
    }

    /// At most `most` messages of a history from a place on; what is not known is left out as the hole that it is.
    pub(super) async fn many(&self, subject: &str, from: u64, most: usize) -> Result<Vec<Written>, LogError> {
        let (stream, most) = (self.layout.stream(), most.min(AT_ONCE));
        let page = self.persist(|| async {
            let policy = DeliverPolicy::ByStartSequence { start_sequence: from };
            let reader = Reader::begin(self, &stream, subject, policy, false).await?;
            let page = if reader.is_empty() { Vec::new() } else { reader.page(most).await?.0 };
            reader.end();
            Ok(page)
        });
        let page = page.await?;
        let written = |message: async_nats::jetstream::Message| {
            let stream = message.info().ok()?.stream_sequence;
            let async_nats::Message { headers, payload, .. } = message.message;
            Written::read(stream, &headers?, payload)
        };
        Ok(page.into_iter().map_while(written).collect())
    }
}

/// Reads a stream in its order, for as long as it is held.
struct Reader<'a> {
    shared: &'a Shared,
    consumer: async_nats::jetstream::consumer::PullConsumer,
}

impl<'a> Reader<'a> {
    async fn begin(
        shared: &'a Shared,
        stream: &str,
        filter: &str,
        deliver_policy: DeliverPolicy,
        headers_only: bool,
    ) -> Result<Self, LogError> {
        let config = pull::Config {
            deliver_policy,
            ack_policy: AckPolicy::None,
            filter_subject: filter.to_owned(),
            headers_only,
            inactive_threshold: FORGET_AFTER,
            num_replicas: 1,
            memory_storage: true,
            ..pull::Config::default()
        };
        let consumer = shared.connection.jetstream().create_consumer_on_stream(config, stream).await;
        let consumer = consumer.map_err(|error| LogError::Unavailable(format!("NATS: {error}")))?;
        Ok(Self { shared, consumer })
    }

    /// What comes next, as far as it is there, and whether there is more.
    async fn page(&self, most: usize) -> Result<(Vec<async_nats::jetstream::Message>, bool), LogError> {
        let away = |error: &dyn std::fmt::Display| LogError::Unavailable(format!("NATS: {error}"));
        let page = self.consumer.fetch().max_messages(most).messages().await;
        let mut page = page.map_err(|error| away(&error))?;
        let mut messages = Vec::new();
        while messages.len() < most {
            let next = timeout(super::ANSWER_WITHIN, page.next()).await.map_err(|error| away(&error))?;
            let Some(message) = next else { return Ok((messages, false)) };
            let message = message.map_err(|error| away(&error))?;
            let pending = message.info().map_err(|error| away(&error))?.pending;
            messages.push(message);
            if pending == 0 {
                return Ok((messages, false));
            }
        }
        Ok((messages, true))
    }

    /// Whether there is nothing to read.
    fn is_empty(&self) -> bool {
        self.consumer.cached_info().num_pending == 0
    }

    /// It is not needed any more; nobody waits for that.
    fn end(self) {
        let jetstream = self.shared.connection.jetstream().clone();
        let async_nats::jetstream::consumer::Info { stream_name, name, .. } = self.consumer.cached_info();
        let (stream, name) = (stream_name.clone(), name.clone());
        tokio::spawn(async move {
            // One that is left is forgotten by the server after a time.
            let _ = jetstream.delete_consumer_from_stream(name, stream).await;
        });
    }
}
