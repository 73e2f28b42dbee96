//! The outcomes of recent commands.

use std::collections::BTreeMap;

use hashlink::LinkedHashMap;
use hashlink::linked_hash_map::RawEntryMut;
use vws_core::{Author, ClientId, EventRecord, Rejection, Seq};

use super::{Outcome, StoreError};

mod remembered;

pub(super) use remembered::Memory;

/// Outcomes that a session remembers, over all clients.
const MAX_RECEIPTS: usize = 16_384;
/// Clients that a session remembers.
const MAX_CLIENTS: usize = 16_384;

/// What a command came to.
pub(super) type Verdict = Result<Outcome, Rejection>;

/// The outcomes of a session's recent commands by client and command id, so that a retry has no second
/// effect and gets the first outcome.
///
/// Bounded: past [`MAX_RECEIPTS`] a client that has more than an equal share loses its own oldest
/// outcome, so that a busy one pushes out nobody else's; otherwise the client that was silent for longest does. A
/// command id that is not above the highest one that its client has lost so, and has no outcome here, is refused.
/// Past [`MAX_CLIENTS`] the client that was silent for longest is forgotten.
///
/// No command pays for others: each takes about the same time, however many outcomes there are.
///
/// They survive a restart: the log keeps what took effect (`remembered` has the older part), so that an id without an
/// outcome here has had no effect, or is one of those that are refused.
#[derive(Debug, Default)]
pub(super) struct Receipts {
    /// Who has outcomes here. Who was silent for longest comes first.
    clients: LinkedHashMap<ClientId, Recent>,
    /// Who has lost all of them, and was silent for longer than those: the highest command id that was lost.
    spent: LinkedHashMap<ClientId, u64>,
    /// How many outcomes there are.
    kept: usize,
}

#[derive(Debug, Default)]
struct Recent {
    /// By command id; at least one.
    verdicts: BTreeMap<u64, Verdict>,
    /// The highest command id whose outcome is no longer here; 0 when all are.
    gone: u64,
}

impl Recent {
    fn forget_its_oldest(&mut self) {
        if let Some((command_id, _)) = self.verdicts.pop_first() {
            self.gone = self.gone.max(command_id);
        }
    }
}

impl Receipts {
    /// The outcome of this very command, if it was tried before.
    pub(super) fn find(&self, author: &Author) -> Result<Option<&Verdict>, StoreError> {
        let Author { client_id, command_id } = author;
        let recent = self.clients.get(client_id);
        if let Some(verdict) = recent.and_then(|recent| recent.verdicts.get(command_id)) {
            return Ok(Some(verdict));
        }
        let gone = recent.map(|recent| recent.gone).or_else(|| self.spent.get(client_id).copied());
        match gone {
            Some(gone) if *command_id <= gone => Err(StoreError::CommandIdExpired { id: *command_id }),
            _ => Ok(None),
        }
    }

    pub(super) fn note(&mut self, author: &Author, verdict: Verdict) {
        let Author { client_id, command_id } = author;
        let share = (MAX_RECEIPTS / self.clients.len().max(1)).max(1);
        let recent = match self.clients.raw_entry_mut().from_key(client_id) {
            RawEntryMut::Occupied(mut entry) => {
                entry.to_back();
                entry.into_mut()
            }
            RawEntryMut::Vacant(entry) => {
                let gone = self.spent.remove(client_id).unwrap_or(0);
                entry.insert(client_id.clone(), Recent { gone, ..Recent::default() }).1
            }
        };
        if recent.verdicts.insert(*command_id, verdict).is_none() {
            self.kept += 1;
        }
        if self.kept > MAX_RECEIPTS {
            self.kept -= 1;
            if recent.verdicts.len() > share {
                recent.forget_its_oldest();
            } else {
                self.forget_an_outcome();
            }
        }
        if self.clients.len() + self.spent.len() > MAX_CLIENTS {
            self.forget_a_client();
        }
    }

    /// Takes in an event of the log, the next one: the command that it is the last event of has taken effect.
    pub(super) fn note_event(&mut self, batch: &mut Option<Seq>, record: &EventRecord) {
        let first = *batch.get_or_insert(record.seq);
        if record.more > 0 {
            return;
        }
        *batch = None;
        if let Some(author) = &record.by {
            let outcome = Outcome { seqs: first..record.seq + 1, seq: record.seq, at: record.at };
            self.note(author, Ok(outcome));
        }
    }

    /// Who was silent for longest loses its oldest.
    fn forget_an_outcome(&mut self) {
        let Some((_, recent)) = self.clients.iter_mut().next() else { return };
        recent.forget_its_oldest();
        if recent.verdicts.is_empty()
            && let Some((client_id, recent)) = self.clients.pop_front()
        {
            self.spent.insert(client_id, recent.gone);
        }
    }

    fn forget_a_client(&mut self) {
        if self.spent.pop_front().is_none()
            && let Some((_, recent)) = self.clients.pop_front()
        {
            self.kept -= recent.verdicts.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn author(client: &str, command_id: u64) -> Author {
        Author { client_id: ClientId::new(client).expect("is valid"), command_id }
    }

    fn outcome(seq: u64) -> Verdict {
        Ok(Outcome { seqs: seq..seq + 1, seq, at: 0 })
    }

    fn expired(id: u64) -> Result<Option<&'static Verdict>, StoreError> {
        Err(StoreError::CommandIdExpired { id })
    }

    #[test]
    fn law8_a_receipt_is_found_until_it_is_forgotten_and_then_refused() {
        let mut receipts = Receipts::default();
        assert_eq!(receipts.find(&author("a", 1)), Ok(None));
        for id in 1..=MAX_RECEIPTS as u64 {
            receipts.note(&author("a", id), outcome(id));
        }
        assert_eq!(receipts.find(&author("a", 1)), Ok(Some(&outcome(1))), "at the bound all are kept");
        receipts.note(&author("a", MAX_RECEIPTS as u64 + 1), outcome(9));
        assert_eq!(receipts.find(&author("a", 1)), expired(1));
        assert_eq!(receipts.find(&author("a", 2)), Ok(Some(&outcome(2))));
        assert_eq!(receipts.find(&author("a", MAX_RECEIPTS as u64 + 2)), Ok(None));
    }

    #[test]
    fn law8_an_id_that_was_never_seen_is_new_whatever_came_after_it() {
        let mut receipts = Receipts::default();
        receipts.note(&author("a", 5), outcome(1));
        assert_eq!(receipts.find(&author("a", 4)), Ok(None), "it has had no effect");
        receipts.note(&author("a", 4), outcome(2));
        assert_eq!(receipts.find(&author("a", 4)), Ok(Some(&outcome(2))));
    }

    #[test]
    fn law8_lim4_a_busy_client_pushes_out_its_own_receipts_only() {
        let mut receipts = Receipts::default();
        for id in 1..=100 {
            receipts.note(&author("calm", id), outcome(id));
        }
        for id in 1..=4 * MAX_RECEIPTS as u64 {
            receipts.note(&author("busy", id), outcome(id));
        }
        for id in 1..=100 {
            assert_eq!(receipts.find(&author("calm", id)), Ok(Some(&outcome(id))));
        }
        assert_eq!(receipts.kept, MAX_RECEIPTS);
    }

    #[test]
    fn law8_lim4_who_was_silent_for_longest_is_forgotten_first() {
        let mut receipts = Receipts::default();
        receipts.note(&author("regular", 1), outcome(1));
        receipts.note(&author("silent", 1), outcome(1));
        for n in 0..2 * MAX_CLIENTS as u64 {
            receipts.note(&author(&format!("c{n}"), 1), outcome(1));
            receipts.note(&author("regular", n + 2), outcome(n));
        }
        assert_eq!(receipts.clients.len() + receipts.spent.len(), MAX_CLIENTS);
        assert_eq!(receipts.kept, receipts.clients.values().map(|r| r.verdicts.len()).sum::<usize>());
        assert!(receipts.kept <= MAX_RECEIPTS);
        assert_eq!(receipts.find(&author("silent", 1)), Ok(None), "forgotten");
        assert_eq!(receipts.find(&author("regular", 1)), expired(1), "still known");
    }

    #[test]
    fn law8_lim4_who_has_lost_every_outcome_is_refused_what_is_gone_and_goes_on_with_what_is_new() {
        let mut receipts = Receipts::default();
        receipts.note(&author("quiet", 7), outcome(1));
        for id in 1..MAX_RECEIPTS as u64 {
            receipts.note(&author("busy", id), outcome(id));
        }
        receipts.note(&author("new", 1), outcome(9));
        assert_eq!(receipts.find(&author("quiet", 7)), expired(7));
        receipts.note(&author("quiet", 8), outcome(9));
        assert_eq!(receipts.find(&author("quiet", 7)), expired(7), "it still is");
        assert_eq!(receipts.find(&author("quiet", 8)), Ok(Some(&outcome(9))));
        assert_eq!((receipts.kept, receipts.spent.len()), (MAX_RECEIPTS, 0));
    }
}
