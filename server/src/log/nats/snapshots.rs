//! Checkpoints, and what is let go of because of them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vws_core::{Seq, SessionId};

use super::Shared;
use super::append::BATCH;
use super::get::Which;
use super::head::{Head, Newest, unknown};
use super::layout::{Body, Kind, Written, arbitrated};
use super::publish::Put;
use crate::log::disk::{decode_checkpoint, encode_checkpoint};
use crate::log::memory::MAX_CHECKPOINTS;
use crate::log::{Checkpoint, LogError};

/// The key of what tells which checkpoints there are.
const INDEX: &str = "index";
/// How often what several write at once is tried again.
const TRIES: usize = 8;
/// How often a checkpoint is looked for where somebody lets go of it meanwhile.
const LOOKS: usize = 3;

/// Which checkpoints there are of a session beside the one that its history begins with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Index {
    /// The last event that was let go of; 0 where none was.
    #[serde(default)]
    pub(super) trimmed: Seq,
    /// In the order of their events.
    pub(super) checkpoints: Vec<Kept>,
}

/// A checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) seq: Seq,
    /// An event at `seq` or before it that is the last one of its message, and where that is in the stream.
    pub(super) place: (Seq, u64),
    /// What its content is kept under.
    key: String,
    body: Body,
}

impl Index {
    /// Takes one in, in place of one of the same event, and answers those that go for it.
    fn insert(&mut self, kept: Kept) -> Vec<Kept> {
        let at = self.checkpoints.partition_point(|other| other.seq < kept.seq);
        let mut gone = Vec::new();
        if self.checkpoints.get(at).is_some_and(|other| other.seq == kept.seq) {
            gone.push(std::mem::replace(&mut self.checkpoints[at], kept));
        } else {
            self.checkpoints.insert(at, kept);
        }
        if self.checkpoints.len() > MAX_CHECKPOINTS {
            let newest = self.checkpoints.len() - 1;
            let mut n = 0;
            gone.extend(self.checkpoints.extract_if(.., |_| {
                n += 1;
                n % 2 == 0 && n - 1 != newest
            }));
        }
        gone
    }

    fn at(&self, at: Seq) -> Option<&Kept> {
        self.checkpoints.iter().rfind(|kept| kept.seq <= at)
    }
}

impl Shared {
    /// Which checkpoints there are, and the place of what tells it; 0 where nothing does.
    pub(super) async fn index(&self, session: SessionId) -> Result<(Index, u64), LogError> {
        let subject = self.layout.kept(session, INDEX);
        let Some(message) = self.get(&self.layout.snapshots(), Which::LastOf(&subject)).await? else {
            return Ok((Index::default(), 0));
        };
        let index = serde_json::from_slice(&message.payload);
        index.map(|index| (index, message.sequence)).map_err(|_| LogError::Damaged {
            session,
            reason: "what tells of its checkpoints is not known to this version".to_owned(),
        })
    }

    /// Changes what tells of the checkpoints, whoever else does at the same time. `change` answers `None` where there is
    /// nothing to change.
    async fn change_index<T>(
        &self,
        session: SessionId,
        mut change: impl FnMut(&mut Index) -> Option<T>,
    ) -> Result<Option<T>, LogError> {
        let subject = self.layout.kept(session, INDEX);
        for _ in 0..TRIES {
            let (mut index, revision) = self.index(session).await?;
            let Some(answer) = change(&mut index) else { return Ok(None) };
            let json = serde_json::to_vec(&index).expect("an index has a form in JSON");
            let headers = arbitrated(revision, &self.next_id());
            match self.put(&self.layout.snapshots(), &subject, revision, headers, json.into()).await {
                Put::Refused => {}
                put => return put.taken().map(|_| Some(answer)),
            }
        }
        Err(LogError::Unavailable("too many write the session's checkpoints at once".to_owned()))
    }

    /// Keeps a checkpoint.
    pub(super) async fn save(self: &Arc<Self>, checkpoint: Checkpoint) -> Result<(), LogError> {
        let info = &checkpoint.snapshot.session;
        let (session, seq) = (info.session_id, info.seq);
        let head = self.head(session);
        self.live_tip(&head).await?;
        let place = head.place_before(seq).unwrap_or((0, 0));
        let plain = encode_checkpoint(&checkpoint);
        drop(checkpoint);
        let key = format!("checkpoint-{seq}-{}", self.next_id());
        let body = self.keep(session, key.clone(), plain).await?;
        let kept = Kept { seq, place, key: key.clone(), body };
        let gone = self.change_index(session, |index| Some(index.insert(kept.clone()))).await;
        let gone = match gone {
            Ok(gone) => gone.unwrap_or_default(),
            Err(failed) => {
                self.drop_parts(session, &key).await;
                return Err(failed);
            }
        };
        for gone in gone {
            self.drop_parts(session, &gone.key).await;
        }
        self.unless_gone(&head).await
    }

    /// Lets go of what was kept for a session that was deleted meanwhile.
    async fn unless_gone(self: &Arc<Self>, head: &Arc<Head>) -> Result<(), LogError> {
        let gone = match self.newest(head).await? {
            Newest::Live(_) => return Ok(()),
            Newest::Nothing => {
                let all = self.layout.kept(head.session, ">");
                self.purge(&self.layout.snapshots(), &all, None).await
            }
            Newest::Deleted(stream) => self.finish_deletion(head.session, stream).await,
        };
        gone.and(Err(LogError::NoSession(head.session)))
    }

    /// The newest checkpoint that is not after `at`.
    pub(super) async fn checkpoint_at(
        self: &Arc<Self>,
        session: SessionId,
        at: Seq,
    ) -> Result<Checkpoint, LogError> {
        let head = self.head(session);
        let mut looks = 0;
        loop {
            looks += 1;
            let (index, _) = self.index(session).await?;
            let first = self.first(&head).await?;
            for kept in &index.checkpoints {
                head.note_place(kept.place.0, kept.place.1);
            }
            let trimmed = index.trimmed.max(first.note.after);
            let (body, payload) = match index.at(at) {
                Some(kept) => (kept.body.clone(), bytes::Bytes::new()),
                None if first.note.kind == Kind::Base && first.note.after <= at => {
                    head.note_place(first.note.after, first.stream);
                    (first.note.body, first.payload)
                }
                None => return Err(LogError::Trimmed { trimmed }),
            };
            let plain = match self.unpack(session, &body, payload).await {
                // Somebody lets go of it just now, for a newer one or with the session.
                Err(LogError::Trimmed { .. }) if looks < LOOKS => continue,
                Err(LogError::Trimmed { .. }) => return Err(LogError::Trimmed { trimmed }),
                unpacked => unpacked?,
            };
            return decode_checkpoint(&plain)
                .ok_or_else(|| LogError::Newer { session, reason: "a checkpoint of it".to_owned() });
        }
    }

    /// The first message that is there of a history.
    async fn first(self: &Arc<Self>, head: &Arc<Head>) -> Result<Written, LogError> {
        let subject = self.layout.history(head.session);
        let Some(message) = self.get(&self.layout.stream(), Which::NextOf(&subject, 1)).await? else {
            head.forget();
            return Err(LogError::NoSession(head.session));
        };
        let at = message.sequence;
        let first =
            Written::read(at, &message.headers, message.payload).ok_or_else(|| unknown(head.session, at))?;
        if first.note.kind == Kind::Deleted {
            head.forget();
            self.finish_deletion_later(head.session, at);
            return Err(LogError::NoSession(head.session));
        }
        Ok(first)
    }

    /// Lets go of the events up to `through` that a checkpoint stands for, unless somebody in this process holds them.
    /// The last message stays, whatever it is: it tells what the session is, and what the next one has to follow.
    pub(super) async fn trim(self: &Arc<Self>, session: SessionId, through: Seq) -> Result<(), LogError> {
        let head = self.head(session);
        let _alone = head.trimming.lock().await;
        let tip = self.live_tip(&head).await?;
        if head.is_held() {
            return Ok(());
        }
        let trimmed = self.change_index(session, |index| {
            let covered = index.at(through.min(tip.info.seq))?.clone();
            index.trimmed = index.trimmed.max(covered.seq);
            let gone: Vec<Kept> = index.checkpoints.extract_if(.., |kept| kept.seq < covered.seq).collect();
            Some((covered, gone))
        });
        let Some((covered, gone)) = trimmed.await? else { return Ok(()) };
        let first = self.first_after(&head, &covered).await?.unwrap_or(tip.stream).min(tip.stream);
        self.purge(&self.layout.stream(), &self.layout.history(session), Some(first)).await?;
        for gone in gone {
            self.drop_parts(session, &gone.key).await;
        }
        self.drop_batches(session, covered.seq, first).await
    }

    /// The place of the first message that ends after a checkpoint.
    async fn first_after(&self, head: &Head, covered: &Kept) -> Result<Option<u64>, LogError> {
        head.note_place(covered.place.0, covered.place.1);
        let mut walk = self.walk(head, covered.seq);
        while let Some(written) = walk.next().await? {
            if written.note.info.seq > covered.seq {
                return Ok(Some(written.stream));
            }
        }
        Ok(None)
    }

    /// Lets go of the parts of batches up to an event, but not of those of the first message that is there.
    async fn drop_batches(&self, session: SessionId, through: Seq, first: u64) -> Result<(), LogError> {
        let all = self.layout.kept(session, "*.0");
        let first =
            self.get(&self.layout.stream(), Which::NextOf(&self.layout.history(session), first)).await?;
        let first = first.and_then(|first| Written::read(first.sequence, &first.headers, first.payload));
        let first = first.and_then(|first| first.note.body.parts).map(|parts| parts.key);
        for subject in self.subjects(&self.layout.snapshots(), &all).await? {
            let Some(key) = subject.split('.').rev().nth(1) else { continue };
            let last = key.strip_prefix(BATCH).and_then(|rest| rest.split('-').next()?.parse::<Seq>().ok());
            let goes = key.starts_with("base-") || last.is_some_and(|last| last <= through);
            if goes && first.as_deref() != Some(key) {
                self.drop_parts(session, key).await;
            }
        }
        Ok(())
    }

    /// Waits until nothing is let go of.
    pub(super) async fn hold(self: &Arc<Self>, session: SessionId) -> Result<super::head::Held, LogError> {
        let head = self.head(session);
        let _alone = head.trimming.lock().await;
        self.live_tip(&head).await?;
        Ok(super::head::Held::of(&head))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clu4_of_many_checkpoints_the_first_and_the_newest_stay() {
        let mut index = Index::default();
        let kept = |seq| Kept { seq, place: (seq, seq), key: format!("{seq}"), body: Body::default() };
        let mut gone = Vec::new();
        for seq in 1..=1_000 {
            gone.extend(index.insert(kept(seq)));
            assert!(index.checkpoints.len() <= MAX_CHECKPOINTS);
            assert_eq!(index.checkpoints.last().map(|kept| kept.seq), Some(seq));
            assert_eq!(index.checkpoints[0].seq, 1);
        }
        assert_eq!(gone.len() + index.checkpoints.len(), 1_000, "each that goes is told of");
        assert_eq!(index.insert(Kept { key: "again".to_owned(), ..kept(1_000) }), [kept(1_000)]);
        assert_eq!(index.at(0), None);
        assert_eq!(index.at(Seq::MAX).map(|kept| kept.key.as_str()), Some("again"));
    }
}
