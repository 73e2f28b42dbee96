//! What lies where in JetStream, and what is written on it.
//!
//! | what | name | of what |
//! | --- | --- | --- |
//! | stream | `P` | `P.log.<session>`: what a history begins with, then its batches, at the end the mark of its deletion |
//! | told on | `P.told.<session>` | the same, to whoever listens, once the stream has it |
//! | bucket | `P-sessions` | `<session>`: what lists tell; told on as `P.listed.<session>` |
//! | bucket | `P-snapshots` | `<session>.index`: which checkpoints there are; `<session>.<key>.<part>`: the parts of what is large |
//!
//! `P` is the prefix. Buckets are JetStream's key-value buckets: `nats kv` shows them.

use async_nats::HeaderMap;
use async_nats::header::{NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_ID};
use async_nats::jetstream::stream::{Config, DiscardPolicy, Republish, RetentionPolicy, StorageType};
use serde::{Deserialize, Serialize};
use vws_core::{Millis, Seq, SessionId, SessionInfo};

/// What a message of a history says of itself. It is JSON in one header, so that `nats stream view` shows it.
pub(super) const NOTE: &str = "Vws-Note";
/// When a session was deleted, in the mark of it in the bucket of sessions.
pub(super) const AT: &str = "Vws-At";
/// What a key-value bucket calls a mark of deletion.
pub(super) const OPERATION: &str = "KV-Operation";
pub(super) const DELETED: &str = "DEL";

/// The names under one prefix.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    prefix: String,
}

impl Layout {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// The stream of all histories.
    pub(super) fn stream(&self) -> String {
        self.prefix.clone()
    }

    /// The stream beneath the bucket of sessions.
    pub(super) fn sessions(&self) -> String {
        format!("KV_{}-sessions", self.prefix)
    }

    /// The stream beneath the bucket of snapshots.
    pub(super) fn snapshots(&self) -> String {
        format!("KV_{}-snapshots", self.prefix)
    }

    /// A session's history; of `*`, all of them.
    pub(super) fn history(&self, session: impl std::fmt::Display) -> String {
        format!("{}.log.{session}", self.prefix)
    }

    /// Where a session's history is told on.
    pub(super) fn told(&self, session: SessionId) -> String {
        format!("{}.told.{session}", self.prefix)
    }

    /// A session in the bucket of sessions; of `*`, all of them.
    pub(super) fn session(&self, session: impl std::fmt::Display) -> String {
        format!("$KV.{}-sessions.{session}", self.prefix)
    }

    /// Where what becomes of the bucket of sessions is told on.
    pub(super) fn listed(&self) -> String {
        format!("{}.listed.*", self.prefix)
    }

    /// What there is of a session in the bucket of snapshots, under a key or, of `>`, all of it.
    pub(super) fn kept(&self, session: SessionId, key: impl std::fmt::Display) -> String {
        format!("$KV.{}-snapshots.{session}.{key}", self.prefix)
    }

    pub(super) fn streams(&self, replicas: usize) -> [Config; 3] {
        let tell = |source: String, destination: String| {
            Some(Republish { source, destination, headers_only: false })
        };
        let of = |name: String, subject: String, description: &str| Config {
            name,
            subjects: vec![subject],
            description: Some(description.to_owned()),
            retention: RetentionPolicy::Limits,
            // Nothing goes because something came.
            discard: DiscardPolicy::New,
            storage: StorageType::File,
            num_replicas: replicas,
            max_bytes: -1,
            max_messages: -1,
            max_messages_per_subject: -1,
            max_message_size: -1,
            max_consumers: -1,
            duplicate_window: super::publish::REMEMBERED_FOR,
            ..Config::default()
        };
        let bucket = |name: String, subject: String, description: &str| Config {
            max_messages_per_subject: 1,
            allow_rollup: true,
            deny_delete: true,
            ..of(name, subject, description)
        };
        let prefix = &self.prefix;
        [
            Config {
                republish: tell(format!("{prefix}.log.>"), format!("{prefix}.told.>")),
                ..of(self.stream(), format!("{prefix}.log.*"), "VWS: the histories of the sessions")
            },
            Config {
                republish: tell(format!("$KV.{prefix}-sessions.>"), format!("{prefix}.listed.>")),
                ..bucket(
                    self.sessions(),
                    format!("$KV.{prefix}-sessions.>"),
                    "VWS: what lists tell of the sessions",
                )
            },
            bucket(
                self.snapshots(),
                format!("$KV.{prefix}-snapshots.>"),
                "VWS: the sessions' checkpoints, and what is too large for a message",
            ),
        ]
    }
}

/// The session that a subject's last token names.
pub(super) fn session_of(subject: &str) -> Option<SessionId> {
    subject.rsplit_once('.')?.1.parse().ok()
}

/// What a message of a history is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// What the history begins with; the first one.
    Base,
    /// A batch of events.
    Batch,
    /// The mark of the deletion; the last one.
    Deleted,
}

/// What a message of a history says of itself: enough to know what its session is without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) kind: Kind,
    /// The place in the stream of the message that it follows; 0 of the first.
    pub(super) before: u64,
    /// The event that it follows.
    pub(super) after: Seq,
    /// The session after it.
    pub(super) info: SessionInfo,
    pub(super) body: Body,
    /// When, of a deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<Millis>,
}

/// Where the bytes of a message are, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Body {
    /// So many, before they were packed.
    pub(super) bytes: u64,
    /// XXH3 of them, before they were packed.
    pub(super) sum: u64,
    /// They are packed, with zstd.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) packed: bool,
    /// They are under this key in the bucket of snapshots, in so many parts, and not in the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) parts: Option<Parts>,
}

/// The parts of what is too large for a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Parts {
    pub(super) key: String,
    pub(super) count: u32,
}

/// What JetStream has of a message of a history.
#[derive(Debug, Clone)]
pub(super) struct Written {
    /// Its place in the stream.
    pub(super) stream: u64,
    pub(super) note: Note,
    pub(super) payload: bytes::Bytes,
}

impl Note {
    /// The mark that a session is deleted, which is `info` after the message at `before`.
    pub(super) fn of_deletion(before: u64, info: SessionInfo, at: Millis) -> Self {
        Self { kind: Kind::Deleted, before, after: info.seq, info, body: Body::default(), at: Some(at) }
    }

    /// The headers of a message that says this, and is called `id`.
    pub(super) fn headers(&self, id: &str) -> HeaderMap {
        let mut headers = arbitrated(self.before, id);
        let json = serde_json::to_string(self).expect("what a message says of itself has a form in JSON");
        headers.insert(NOTE, json);
        headers
    }
}

/// The headers by which JetStream takes a message only where it follows the one at `before`, and once.
pub(super) fn arbitrated(before: u64, id: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, before.to_string());
    headers.insert(NATS_MESSAGE_ID, id);
    headers
}

impl Written {
    /// A message as it lies in the stream; `None` where this version does not know what it is.
    pub(super) fn read(stream: u64, headers: &HeaderMap, payload: bytes::Bytes) -> Option<Self> {
        let note = serde_json::from_str(headers.get(NOTE)?.as_str()).ok()?;
        Some(Self { stream, note, payload })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clu2_a_message_says_what_it_is_and_what_it_follows() {
        let id = SessionId::from_uuid(uuid::Uuid::from_bytes([1; 16]));
        let info = vws_core::Session::new(id, None, 1_000, 7).info();
        let body = Body { bytes: 3, sum: u64::MAX, packed: true, parts: None };
        let note = Note { kind: Kind::Batch, before: 8, after: 4, info, body, at: None };
        let mut other = note.headers("a-1");
        let follows = other.get(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE).map(|before| before.as_str());
        assert_eq!((follows, other.get(NATS_MESSAGE_ID).map(|id| id.as_str())), (Some("8"), Some("a-1")));
        let read = Written::read(9, &other, bytes::Bytes::from_static(b"abc")).expect("it was written so");
        assert_eq!((read.stream, &read.note, &read.payload[..]), (9, &note, &b"abc"[..]));
        other.insert(NOTE, r#"{"kind":"fork"}"#);
        assert!(Written::read(9, &other, bytes::Bytes::new()).is_none(), "of a kind that is not known");
    }

    #[test]
    fn clu2_what_is_kept_is_kept_until_it_is_let_go_of() {
        let [log, sessions, snapshots] = Layout::new("world").streams(3);
        for config in [&log, &sessions, &snapshots] {
            assert_eq!(config.discard, DiscardPolicy::New);
            assert_eq!(
                (config.max_age, config.max_bytes, config.max_messages),
                (std::time::Duration::ZERO, -1, -1)
            );
            assert_eq!(
                (config.num_replicas, config.storage, config.allow_direct),
                (3, StorageType::File, false)
            );
        }
        assert_eq!(log.subjects, ["world.log.*"]);
        assert_eq!(log.republish.map(|told| told.destination).as_deref(), Some("world.told.>"));
        assert_eq!(sessions.republish.map(|told| told.destination).as_deref(), Some("world.listed.>"));
        assert_eq!(snapshots.republish, None);
    }
}
