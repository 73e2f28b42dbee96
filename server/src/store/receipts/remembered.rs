//! Receipts as they lie in the log, beside a state.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use vws_core::{ClientId, Millis, Seq};

use super::{MAX_CLIENTS, MAX_RECEIPTS, Receipts, Recent};
use crate::store::Outcome;

/// How the bytes are to be read.
const VERSION: u8 = 1;

/// What a session keeps beside its state: bytes for the log, which never looks inside.
///
/// What was refused is not in it: a refusal has had no effect, and a retry after a restart is decided anew.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::store) struct Memory {
    version: u8,
    /// The time of the last commit.
    last_at: Millis,
    /// Every client with the highest command id whose outcome is no longer known, the one that was silent for
    /// longest first. At most [`MAX_CLIENTS`].
    clients: Vec<(ClientId, u64)>,
    /// What took effect or changed nothing, the oldest first. At most [`MAX_RECEIPTS`].
    outcomes: Vec<Remembered>,
}

/// Whose command (by the client's place), its id, the event before its first, how many it has, and its time.
type Remembered = (u32, u64, Seq, u32, Millis);

/// What was kept beside a state cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(in crate::store) enum MemoryError {
    /// It is no such thing.
    #[error("what was kept beside the state cannot be read: {0}")]
    Malformed(String),
    /// It was written by a later version of this program.
    #[error("what was kept beside the state has version {found}; this program reads {VERSION}")]
    Version {
        /// The version that it has.
        found: u8,
    },
}

/// The beginning of every version.
#[derive(Deserialize)]
struct Head {
    version: u8,
}

impl Memory {
    pub(in crate::store) fn of(receipts: &Receipts, last_at: Millis) -> Self {
        let mut places: HashMap<&ClientId, u32> = HashMap::new();
        let mut clients = Vec::new();
        for (client_id, at) in &receipts.silences {
            if let Some(recent) = receipts.clients.get(client_id).filter(|recent| recent.last == *at) {
                places.insert(client_id, clients.len() as u32);
                clients.push((client_id.clone(), recent.gone));
            }
        }
        let outcomes = receipts.ages.iter().filter_map(|(client_id, command_id)| {
            let verdict = receipts.clients.get(client_id)?.verdicts.get(command_id)?;
            let Outcome { seqs, seq: _, at } = verdict.as_ref().ok()?;
            let count = u32::try_from(seqs.end - seqs.start).ok()?;
            Some((*places.get(client_id)?, *command_id, seqs.start - 1, count, *at))
        });
        Self { version: VERSION, last_at, outcomes: outcomes.collect(), clients }
    }

    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        rmp_serde::to_vec_named(self).expect("numbers and texts encode")
    }

    /// Nothing at all is what is kept beside a state that a history begins with.
    pub(in crate::store) fn decode(bytes: &[u8]) -> Result<Option<Self>, MemoryError> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let malformed = |error: rmp_serde::decode::Error| MemoryError::Malformed(error.to_string());
        let Head { version: found } = rmp_serde::from_slice(bytes).map_err(malformed)?;
        if found != VERSION {
            return Err(MemoryError::Version { found });
        }
        rmp_serde::from_slice(bytes).map(Some).map_err(malformed)
    }

    /// The time of the last commit.
    pub(in crate::store) const fn last_at(&self) -> Millis {
        self.last_at
    }

    /// The receipts, within the bounds that hold now.
    pub(in crate::store) fn receipts(self) -> Receipts {
        let Self { clients, outcomes, .. } = self;
        let mut receipts = Receipts::default();
        for (client_id, gone) in &clients {
            receipts.now += 1;
            let recent = Recent { gone: *gone, last: receipts.now, ..Recent::default() };
            receipts.clients.insert(client_id.clone(), recent);
            receipts.silences.push_back((client_id.clone(), receipts.now));
        }
        for (place, command_id, after, count, at) in outcomes {
            let client = clients.get(place as usize).map(|(client_id, _)| client_id);
            let Some((client_id, recent)) = client.and_then(|id| Some((id, receipts.clients.get_mut(id)?)))
            else {
                continue;
            };
            let seq = after + Seq::from(count);
            let outcome = Outcome { seqs: after + 1..seq + 1, seq, at };
            if recent.verdicts.insert(command_id, Ok(outcome)).is_none() {
                receipts.kept += 1;
                receipts.ages.push_back((client_id.clone(), command_id));
            }
        }
        while receipts.kept > MAX_RECEIPTS {
            receipts.forget_the_oldest();
        }
        while receipts.clients.len() > MAX_CLIENTS {
            receipts.forget_a_client();
        }
        receipts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;
    use vws_core::error::SessionError;
    use vws_core::{Author, Rejection, SessionId};

    fn author(client: &str, command_id: u64) -> Author {
        Author { client_id: ClientId::new(client).expect("is valid"), command_id }
    }

    fn outcome(seq: u64, count: u64) -> Outcome {
        Outcome { seqs: seq + 1 - count..seq + 1, seq, at: 1_000 + seq }
    }

    fn again(receipts: &Receipts) -> Receipts {
        let bytes = Memory::of(receipts, 77).encode();
        let memory = Memory::decode(&bytes).expect("reads").expect("is there");
        assert_eq!(memory.last_at(), 77);
        memory.receipts()
    }

    #[test]
    fn law8_store6_receipts_come_back_with_what_is_gone() {
        let mut receipts = Receipts::default();
        for id in 1..=MAX_RECEIPTS as u64 + 10 {
            receipts.note(&author("busy", id), Ok(outcome(id, 1)));
        }
        receipts.note(&author("b", 3), Ok(outcome(70_000, 5)));
        receipts.note(&author("b", 9), Ok(outcome(70_000, 0)));
        let refusal: Rejection =
            SessionError::NotFound { id: SessionId::from_uuid(uuid::Uuid::nil()) }.into();
        receipts.note(&author("b", 10), Err(refusal));
        let back = again(&receipts);
        assert_eq!(back.find(&author("busy", 5)), Err(StoreError::CommandIdExpired { id: 5 }));
        assert_eq!(back.find(&author("busy", 500)), Ok(Some(&Ok(outcome(500, 1)))));
        assert_eq!(back.find(&author("b", 3)), Ok(Some(&Ok(outcome(70_000, 5)))));
        assert_eq!(back.find(&author("b", 9)), Ok(Some(&Ok(outcome(70_000, 0)))));
        assert_eq!(back.find(&author("b", 10)), Ok(None), "a refusal is decided anew");
        assert_eq!(back.kept, back.clients.values().map(|r| r.verdicts.len()).sum::<usize>());
        let bytes = |receipts: &Receipts| Memory::of(receipts, 1).encode();
        assert_eq!(bytes(&again(&back)), bytes(&back), "the same bytes each time");
    }

    #[test]
    fn law8_store6_who_was_silent_for_longest_is_still_forgotten_first() {
        let mut receipts = Receipts::default();
        for n in 0..MAX_CLIENTS as u64 {
            receipts.note(&author(&format!("c{n}"), 1), Ok(outcome(n + 1, 1)));
        }
        receipts.note(&author("c0", 2), Ok(outcome(99_999, 1)));
        let mut back = again(&receipts);
        back.note(&author("new", 1), Ok(outcome(100_000, 1)));
        assert_eq!(back.clients.len(), MAX_CLIENTS);
        assert!(!back.clients.contains_key(&author("c1", 1).client_id));
        assert!(back.clients.contains_key(&author("c0", 1).client_id));
    }

    #[test]
    fn store6_what_cannot_be_read_is_told() {
        assert!(Memory::decode(&[]).expect("reads").is_none());
        assert!(matches!(Memory::decode(b"no"), Err(MemoryError::Malformed(_))));
        let mut later = Memory::of(&Receipts::default(), 0);
        later.version = 9;
        assert_eq!(Memory::decode(&later.encode()).map(|_| ()), Err(MemoryError::Version { found: 9 }));
        let mut bytes = Memory::of(&Receipts::default(), 0).encode();
        bytes.pop();
        assert!(Memory::decode(&bytes).is_err());
    }
}
