//! What is in a frame's payload.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use vws_core::{EventRecord, Seq, SessionInfo, Snapshot};

use super::super::Checkpoint;
use super::frame::MOST;

/// Events as they lie in a file.
pub(crate) fn encode_events(events: &[Arc<EventRecord>]) -> Vec<u8> {
    encode(events)
}

pub(crate) fn decode_events(payload: &[u8]) -> Option<Vec<Arc<EventRecord>>> {
    decode(payload).filter(|events: &Vec<Arc<EventRecord>>| events.iter().all(|event| event.seq <= MOST))
}

/// A state as it lies in a file: its length, the state, and what the store keeps beside it.
pub(crate) fn encode_checkpoint(checkpoint: &Checkpoint) -> Vec<u8> {
    let state = encode(&checkpoint.snapshot);
    let len = u32::try_from(state.len()).expect("a state within its bounds has less than 4 GiB");
    let mut payload = Vec::with_capacity(4 + state.len() + checkpoint.memory.len());
    payload.extend(len.to_le_bytes());
    payload.extend(state);
    payload.extend_from_slice(&checkpoint.memory);
    payload
}

pub(crate) fn decode_checkpoint(payload: &[u8]) -> Option<Checkpoint> {
    let (len, rest) = payload.split_first_chunk::<4>()?;
    let (state, memory) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
    let snapshot: Snapshot = decode(state)?;
    is_possible(&snapshot.session).then(|| Checkpoint { snapshot, memory: memory.into() })
}

/// What holds for the whole data directory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Common {
    /// The life that the next new session gets.
    pub(super) next_life: u64,
    /// How many sessions the catalogue lists.
    pub(super) sessions: u64,
}

/// What the catalogue says of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) life: u64,
    /// As of its last event then.
    pub(super) info: SessionInfo,
    /// The last event that is in no file on its own.
    pub(super) trimmed: Seq,
    /// The last event that is in the session's own file.
    pub(super) settled: Seq,
    /// It was begun and not finished.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) unfinished: bool,
    /// Why it is not served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fenced: Option<String>,
}

impl Entry {
    /// One that a log has written.
    pub(super) fn decode(payload: &[u8]) -> Option<Self> {
        let entry: Self = decode(payload)?;
        let possible = entry.life <= MOST && entry.trimmed <= MOST && entry.settled <= MOST;
        (possible && is_possible(&entry.info)).then_some(entry)
    }
}

impl Common {
    /// One that a log has written.
    pub(super) fn decode(payload: &[u8]) -> Option<Self> {
        decode(payload).filter(|common: &Self| common.next_life <= MOST)
    }
}

/// Whether a session can have come so far.
fn is_possible(info: &SessionInfo) -> bool {
    info.seq <= MOST && info.epoch <= MOST
}

pub(super) fn encode(value: &(impl Serialize + ?Sized)) -> Vec<u8> {
    rmp_serde::to_vec_named(value).expect("values of the model have a form in MessagePack")
}

fn decode<T: DeserializeOwned>(payload: &[u8]) -> Option<T> {
    rmp_serde::from_slice(payload).ok()
}
