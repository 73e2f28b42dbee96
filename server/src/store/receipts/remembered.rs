//! Receipts as they lie in the log, beside a state.

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
    /// What took effect or changed nothing. At most [`MAX_RECEIPTS`].
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
    /// Made while writers wait: about 10 ns an outcome. Encode it where nobody does.
    pub(in crate::store) fn of(receipts: &Receipts, last_at: Millis) -> Self {
        let mut clients: Vec<_> = receipts.spent.iter().map(|(id, gone)| (id.clone(), *gone)).collect();
        let mut outcomes = Vec::with_capacity(receipts.kept);
        for (client_id, recent) in &receipts.clients {
            let place = clients.len() as u32;
            clients.push((client_id.clone(), recent.gone));
            outcomes.extend(recent.verdicts.iter().filter_map(|(command_id, verdict)| {
                let Outcome { seqs, seq: _, at } = verdict.as_ref().ok()?;
                let count = u32::try_from(seqs.end - seqs.start).ok()?;
                Some((place, *command_id, seqs.start - 1, count, *at))
            }));
        }
        Self { version: VERSION, last_at, clients, outcomes }
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
        let mut recents: Vec<Recent> =
            clients.iter().map(|(_, gone)| Recent { gone: *gone, ..Recent::default() }).collect();
        let mut receipts = Receipts::default();
        for (place, command_id, after, count, at) in outcomes {
            let Some(recent) = recents.get_mut(place as usize) else { continue };
            let seq = after + Seq::from(count);
            let outcome = Outcome { seqs: after + 1..seq + 1, seq, at };
            if recent.verdicts.insert(command_id, Ok(outcome)).is_none() {
                receipts.kept += 1;
            }
        }
        for ((client_id, gone), recent) in clients.into_iter().zip(recents) {
            // Of who had refusals alone there is nothing to know.
            match (recent.verdicts.is_empty(), gone) {
                (false, _) => drop(receipts.clients.insert(client_id, recent)),
                (true, 0) => {}
                (true, gone) => drop(receipts.spent.insert(client_id, gone)),
            }
        }
        while receipts.kept > MAX_RECEIPTS {
            receipts.kept -= 1;
            receipts.forget_an_outcome();
        }
        while receipts.clients.len() + receipts.spent.len() > MAX_CLIENTS {
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
