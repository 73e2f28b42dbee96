//! The outcomes of recent commands.

use std::collections::{BTreeMap, HashMap, VecDeque};

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
/// outcome, so that a busy one pushes out nobody else's; otherwise the oldest of all goes. A command id
/// that is not above the highest one that its client has lost so, and has no outcome here, is refused. Past
/// [`MAX_CLIENTS`] the client that was silent for longest is forgotten.
///
/// They survive a restart: the log keeps what took effect (`remembered` has the older part), so that an id without an
/// outcome here has had no effect, or is one of those that are refused.
#[derive(Debug, Default, Clone)]
pub(super) struct Receipts {
    clients: HashMap<ClientId, Recent>,
    /// How many outcomes there are.
    kept: usize,
    /// Every outcome, the oldest first; some are gone since.
    ages: VecDeque<(ClientId, u64)>,
    /// Every client at each of its commands, the oldest first; only its last one counts.
    silences: VecDeque<(ClientId, u64)>,
    /// How many commands there have been.
    now: u64,
}

#[derive(Debug, Default, Clone)]
struct Recent {
    verdicts: BTreeMap<u64, Verdict>,
    /// The highest command id whose outcome is no longer here; 0 when all are.
    gone: u64,
    last: u64,
}

impl Recent {
    fn forget(&mut self, command_id: u64) -> bool {
        let there = self.verdicts.remove(&command_id).is_some();
        if there {
            self.gone = self.gone.max(command_id);
        }
        there
    }
}

impl Receipts {
    /// The outcome of this very command, if it was tried before.
    pub(super) fn find(&self, author: &Author) -> Result<Option<&Verdict>, StoreError> {
        let Some(recent) = self.clients.get(&author.client_id) else { return Ok(None) };
        match recent.verdicts.get(&author.command_id) {
            Some(verdict) => Ok(Some(verdict)),
            None if author.command_id <= recent.gone => {
                Err(StoreError::CommandIdExpired { id: author.command_id })
            }
            None => Ok(None),
        }
    }

    pub(super) fn note(&mut self, author: &Author, verdict: Verdict) {
        let Author { client_id, command_id } = author;
        self.now += 1;
        let recent = self.clients.entry(client_id.clone()).or_default();
        recent.last = self.now;
        if recent.verdicts.insert(*command_id, verdict).is_none() {
            self.kept += 1;
        }
        self.ages.push_back((client_id.clone(), *command_id));
        self.silences.push_back((client_id.clone(), self.now));
        if self.kept > MAX_RECEIPTS {
            self.forget_an_outcome(client_id);
        }
        if self.clients.len() > MAX_CLIENTS {
            self.forget_a_client();
        }
        self.tidy();
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

    fn forget_an_outcome(&mut self, newest: &ClientId) {
        let share = MAX_RECEIPTS / self.clients.len().max(1);
        if let Some(recent) = self.clients.get_mut(newest)
            && recent.verdicts.len() > share.max(1)
            && let Some((&oldest, _)) = recent.verdicts.first_key_value()
        {
            recent.forget(oldest);
            self.kept -= 1;
            return;
        }
        self.forget_the_oldest();
    }

    fn forget_the_oldest(&mut self) {
        while let Some((client_id, command_id)) = self.ages.pop_front() {
            let recent = self.clients.get_mut(&client_id);
            if recent.is_some_and(|recent| recent.forget(command_id)) {
                self.kept -= 1;
                return;
            }
        }
    }

    fn forget_a_client(&mut self) {
        while let Some((client_id, at)) = self.silences.pop_front() {
            if self.clients.get(&client_id).is_some_and(|recent| recent.last == at) {
                self.kept -= self.clients.remove(&client_id).map_or(0, |recent| recent.verdicts.len());
                return;
            }
        }
    }

    /// Drops what counts no more once it is as much as what does.
    fn tidy(&mut self) {
        let Self { clients, ages, silences, .. } = self;
        if ages.len() > 2 * MAX_RECEIPTS {
            ages.retain(|(client_id, command_id)| {
                clients.get(client_id).is_some_and(|recent| recent.verdicts.contains_key(command_id))
            });
        }
        if silences.len() > 2 * MAX_CLIENTS {
            silences.retain(|(client_id, at)| clients.get(client_id).is_some_and(|r| r.last == *at));
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
        assert!(receipts.ages.len() <= 2 * MAX_RECEIPTS && receipts.silences.len() <= 2 * MAX_CLIENTS);
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
        assert_eq!(receipts.clients.len(), MAX_CLIENTS);
        assert_eq!(receipts.kept, receipts.clients.values().map(|r| r.verdicts.len()).sum::<usize>());
        assert!(receipts.kept <= MAX_RECEIPTS);
        assert_eq!(receipts.find(&author("silent", 1)), Ok(None), "forgotten");
        assert_eq!(receipts.find(&author("regular", 1)), expired(1), "still known");
    }
}
