//! The outcomes of recent commands.

use std::collections::{HashMap, VecDeque};

use vws_core::{Author, ClientId, Rejection};

use super::{Outcome, StoreError};

/// Outcomes that a session remembers, over all clients.
const MAX_RECEIPTS: usize = 4_096;
/// Clients of which a session remembers the highest command id.
const MAX_CLIENTS: usize = 16_384;

/// What a command came to.
pub(super) type Verdict = Result<Outcome, Rejection>;

/// The outcomes of a session's recent commands by client and command id, so that a retry has no second
/// effect and gets the first outcome. Bounded: the oldest are forgotten, and a command id that is not
/// above its client's highest one and no longer known is refused.
#[derive(Debug, Default)]
pub(super) struct Receipts {
    verdicts: HashMap<Author, Verdict>,
    order: VecDeque<Author>,
    highest: HashMap<ClientId, u64>,
    clients: VecDeque<ClientId>,
}

impl Receipts {
    /// The outcome of this very command, if it was tried before.
    pub(super) fn find(&self, author: &Author) -> Result<Option<&Verdict>, StoreError> {
        match self.verdicts.get(author) {
            Some(verdict) => Ok(Some(verdict)),
            None if self
                .highest
                .get(&author.client_id)
                .is_some_and(|highest| author.command_id <= *highest) =>
            {
                Err(StoreError::CommandIdExpired { id: author.command_id })
            }
            None => Ok(None),
        }
    }

    pub(super) fn note(&mut self, author: &Author, verdict: Verdict) {
        if self.verdicts.insert(author.clone(), verdict).is_none() {
            self.order.push_back(author.clone());
        }
        if self.order.len() > MAX_RECEIPTS
            && let Some(oldest) = self.order.pop_front()
        {
            self.verdicts.remove(&oldest);
        }
        let highest = self.highest.insert(author.client_id.clone(), author.command_id);
        match highest {
            // Ids may come out of order over two connections.
            Some(highest) if highest > author.command_id => {
                self.highest.insert(author.client_id.clone(), highest);
            }
            Some(_) => {}
            None => self.clients.push_back(author.client_id.clone()),
        }
        if self.clients.len() > MAX_CLIENTS
            && let Some(oldest) = self.clients.pop_front()
        {
            self.highest.remove(&oldest);
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

    #[test]
    fn law8_a_receipt_is_found_until_it_is_forgotten_and_then_refused() {
        let mut receipts = Receipts::default();
        assert_eq!(receipts.find(&author("a", 1)), Ok(None));
        for id in 1..=MAX_RECEIPTS as u64 {
            receipts.note(&author("a", id), outcome(id));
        }
        assert_eq!(receipts.find(&author("a", 1)), Ok(Some(&outcome(1))), "at the bound all are kept");
        receipts.note(&author("b", 1), outcome(9));
        assert_eq!(receipts.find(&author("a", 1)), Err(StoreError::CommandIdExpired { id: 1 }));
        assert_eq!(receipts.find(&author("a", MAX_RECEIPTS as u64 + 1)), Ok(None));
    }

    #[test]
    fn law8_receipts_are_bounded_by_clients_too() {
        let mut receipts = Receipts::default();
        for n in 0..2 * MAX_CLIENTS {
            receipts.note(&author(&format!("c{n}"), 1), outcome(1));
        }
        assert_eq!((receipts.verdicts.len(), receipts.highest.len()), (MAX_RECEIPTS, MAX_CLIENTS));
    }
}
