//! What is on record: who came, who was refused, and what is gone.
//!
//! The newest entries are in memory; in a data directory the file `audit.jsonl` has them too, one JSON object a line,
//! and `audit.old.jsonl` what came before it was full. An entry is written right after it is made, off the way of
//! whoever caused it; what the disk does not take stays in memory alone. No token is in an entry.

use std::borrow::Borrow;
use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tracing::warn;
use utoipa::ToSchema;
use vws_core::{Millis, SessionId};

use super::grant::{Denied, Grant};

/// Entries in memory.
pub const MAX_ENTRIES: usize = 10_000;
/// Bytes in the file before another one is begun.
const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;
/// Refusals of those who show no token that holds are put on record at this rate in the long run …
const REFUSALS_A_SECOND: u64 = 5;
/// … and so many at once: whoever wants to drive others' entries out must not be able to.
const REFUSALS_AT_ONCE: u64 = 500;
const FILE: &str = "audit.jsonl";
const OLD: &str = "audit.old.jsonl";

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// Somebody with a token has come to a session.
    Login,
    /// Somebody was refused for who they are.
    Refused,
    /// A session was deleted.
    SessionDeleted,
    /// A token was made.
    TokenMade,
    /// A token was taken back.
    TokenRevoked,
    /// All that the server keeps was read, for a backup.
    BackupTaken,
}

/// One thing that is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// Its place: 1, 2, 3 …
    pub seq: u64,
    /// When it happened.
    pub at: Millis,
    /// What happened.
    pub what: Happened,
    /// Who did it, by their token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The token that they showed or, of a token that was made or taken back, that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<String>,
    /// The session that it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What was asked for: a method and a route, or `hello`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The address that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub address: Option<IpAddr>,
    /// How many refusals before this one are not on record, since there were too many at once.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
const fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl Entry {
    /// Something of a kind, by nobody yet.
    #[must_use]
    pub const fn of(what: Happened) -> Self {
        Self {
            seq: 0,
            at: 0,
            what,
            subject: None,
            token_id: None,
            session_id: None,
            code: None,
            route: None,
            address: None,
            left_out: 0,
        }
    }

    /// The same, done by the holder of `grant`.
    #[must_use]
    pub fn by(self, grant: &Grant) -> Self {
        let subject = grant.subject().map(|subject| subject.as_str().to_owned());
        let token_id = self.token_id.or_else(|| grant.token().map(|id| id.as_str().to_owned()));
        Self { subject, token_id, ..self }
    }

    /// The same, about a session.
    #[must_use]
    pub fn about(self, session_id: Option<SessionId>) -> Self {
        Self { session_id, ..self }
    }

    /// The same, by a client at an address.
    #[must_use]
    pub fn sent_from(self, address: IpAddr) -> Self {
        Self { address: Some(address), ..self }
    }

    /// The same, about a token.
    #[must_use]
    pub fn of_token(self, token_id: &str) -> Self {
        Self { token_id: Some(token_id.to_owned()), ..self }
    }

    /// A refusal of what `route` asks for.
    #[must_use]
    pub fn refused(denied: &Denied, route: String) -> Self {
        Self { code: Some(denied.code().to_owned()), route: Some(route), ..Self::of(Happened::Refused) }
    }
}

/// What is on record.
#[derive(Debug, Default)]
pub struct Audit {
    /// Guards the newest entries; held to add one or to copy some.
    recent: Mutex<Recent>,
    /// There is something to write.
    more: Notify,
    folder: Option<PathBuf>,
    /// The last entry that the file has. Held while one writes.
    written: Mutex<u64>,
    /// The last entry that the file had at the start.
    found: u64,
}

#[derive(Debug)]
struct Recent {
    entries: VecDeque<Arc<Entry>>,
    /// The number of the last entry.
    last: u64,
    /// What may be put on record of strangers now, in thousandths of an entry.
    left: u64,
    left_at: Millis,
    left_out: u64,
}

impl Default for Recent {
    fn default() -> Self {
        Self { entries: VecDeque::new(), last: 0, left: REFUSALS_AT_ONCE * 1_000, left_at: 0, left_out: 0 }
    }
}

impl Audit {
    /// The record of a data directory, with its newest entries. A line that cannot be read is passed over: a record
    /// that was cut short by a crash must not keep the server from starting.
    ///
    /// # Errors
    /// When a file is there and cannot be read.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let mut recent = Recent::default();
        for name in [OLD, FILE] {
            let file = match File::open(folder.join(name)) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            for line in BufReader::new(file).split(b'\n') {
                let line = line?;
                if let Ok(entry) = serde_json::from_slice::<Entry>(&line) {
                    recent.last = recent.last.max(entry.seq);
                    recent.keep(entry);
                }
            }
        }
        let (written, found) = (Mutex::new(recent.last), recent.last);
        Ok(Self {
            recent: Mutex::new(recent),
            folder: Some(folder.to_owned()),
            written,
            found,
            ..Self::default()
        })
    }

    /// Makes the file of a data directory that nobody uses yet, of entries with the oldest first.
    pub(crate) fn restore(folder: &Path, entries: &[Entry]) -> io::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        fs::write(folder.join(FILE), Self::lines(entries)?)
    }

    /// The lines of a file.
    pub(crate) fn lines<E: Borrow<Entry>>(entries: &[E]) -> io::Result<Vec<u8>> {
        let mut lines = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut lines, entry.borrow())?;
            lines.push(b'\n');
        }
        Ok(lines)
    }

    /// Puts something on record. Never waits.
    pub fn note(&self, entry: Entry, now: Millis) {
        let mut recent = self.recent.lock();
        if entry.what == Happened::Refused && entry.subject.is_none() && !recent.may_note(now) {
            recent.left_out += 1;
            return;
        }
        recent.last += 1;
        let left_out = if entry.what == Happened::Refused { std::mem::take(&mut recent.left_out) } else { 0 };
        let seq = recent.last;
        recent.keep(Entry { seq, at: now, left_out, ..entry });
        drop(recent);
        self.more.notify_one();
    }

    /// At most `limit` entries before the one named, the newest first.
    #[must_use]
    pub fn list(&self, before: Option<u64>, limit: usize) -> Vec<Arc<Entry>> {
        let recent = self.recent.lock();
        let entries = recent.entries.iter().rev().filter(|entry| before.is_none_or(|seq| entry.seq < seq));
        entries.take(limit).cloned().collect()
    }

    /// Writes what there is to write, for ever. Ends at once where nothing is kept on disk.
    pub async fn keep(self: Arc<Self>) {
        while self.folder.is_some() {
            self.more.notified().await;
            let audit = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || audit.flush()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => warn!(%error, "the record of who came was not written"),
                Err(_) => return,
            }
        }
    }

    /// Writes what is not in the file yet. Blocks for as long as the disk takes.
    ///
    /// # Errors
    /// Where the disk does not take it; it is tried again with the next entry.
    pub fn flush(&self) -> io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let mut written = self.written.lock();
        let (entries, last) = {
            let recent = self.recent.lock();
            let new = recent.entries.iter().filter(|entry| entry.seq > *written).cloned();
            (new.collect::<Vec<_>>(), recent.last)
        };
        if entries.is_empty() {
            return Ok(());
        }
        // A line that a crash of an earlier run has cut short ends here.
        let mut bytes = if *written == self.found { vec![b'\n'] } else { Vec::new() };
        bytes.append(&mut Self::lines(&entries)?);
        let path = folder.join(FILE);
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        if file.metadata()?.len() + bytes.len() as u64 > MAX_FILE_BYTES {
            fs::rename(&path, folder.join(OLD))?;
            file = OpenOptions::new().create(true).append(true).open(&path)?;
        }
        file.write_all(&bytes)?;
        file.sync_data()?;
        *written = last;
        Ok(())
    }
}

impl Recent {
    /// Adds the newest; the oldest goes where there are too many.
    fn keep(&mut self, entry: Entry) {
        self.entries.push_back(Arc::new(entry));
        if self.entries.len() > MAX_ENTRIES {
            self.entries.pop_front();
        }
    }

    fn may_note(&mut self, now: Millis) -> bool {
        let passed = now.saturating_sub(self.left_at);
        self.left_at = now;
        self.left = (self.left + passed.saturating_mul(REFUSALS_A_SECOND)).min(REFUSALS_AT_ONCE * 1_000);
        let enough = self.left >= 1_000;
        if enough {
            self.left -= 1_000;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(subject: &str) -> Entry {
        Entry { subject: Some(subject.to_owned()), ..Entry::of(Happened::Login) }
    }

    fn seqs(audit: &Audit) -> Vec<u64> {
        audit.list(None, usize::MAX).iter().map(|entry| entry.seq).collect()
    }

    #[test]
    fn auth19_strangers_cannot_drive_entries_out() {
        let audit = Audit::default();
        audit.note(login("ada"), 0);
        for n in 0..100_000 {
            audit.note(Entry::of(Happened::Refused), n / 100);
        }
        // What there is at once, and five a second.
        let noted = seqs(&audit).len() as u64;
        assert!((500..=506).contains(&noted), "{noted}");
        assert_eq!(audit.list(None, usize::MAX).last().map(|entry| entry.what), Some(Happened::Login));
        audit.note(Entry::of(Happened::Refused), 10_000);
        let newest = audit.list(None, 1);
        assert!(newest[0].left_out > 10_000, "{newest:?}");
    }

    #[test]
    fn auth19_as_many_are_in_memory_as_may_be_and_are_listed_from_the_newest() {
        let audit = Audit::default();
        for n in 0..=MAX_ENTRIES as u64 {
            audit.note(login("ada"), n);
        }
        assert_eq!((seqs(&audit).len(), seqs(&audit).last()), (MAX_ENTRIES, Some(&2)));
        let page: Vec<u64> = audit.list(Some(5), 2).iter().map(|entry| entry.seq).collect();
        assert_eq!(page, [4, 3]);
    }

    #[test]
    fn auth19_what_was_written_is_there_after_a_restart_and_a_cut_line_is_passed_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let audit = Audit::open(folder.path()).expect("is read");
        audit.note(login("ada"), 5);
        audit.note(login("bo"), 6);
        audit.flush().expect("is written");
        audit.flush().expect("is written");
        let path = folder.path().join(FILE);
        let mut text = fs::read_to_string(&path).expect("is there");
        text.push_str("{\"seq\":3,\"at\"");
        fs::write(&path, text).expect("is written");
        let next = Audit::open(folder.path()).expect("is read");
        assert_eq!(seqs(&next), [2, 1], "and nothing was written twice");
        next.note(login("cy"), 7);
        next.flush().expect("is written");
        assert_eq!(seqs(&Audit::open(folder.path()).expect("is read")), [3, 2, 1]);
    }

    #[test]
    fn auth19_a_full_file_makes_room_for_another_one() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(FILE), vec![b'\n'; MAX_FILE_BYTES as usize]).expect("is written");
        let audit = Audit::open(folder.path()).expect("is read");
        audit.note(login("ada"), 5);
        audit.flush().expect("is written");
        let [old, new] =
            [OLD, FILE].map(|name| fs::metadata(folder.path().join(name)).expect("is there").len());
        assert!(old == MAX_FILE_BYTES && new < 200, "{old} {new}");
        assert_eq!(seqs(&Audit::open(folder.path()).expect("is read")), [1]);
    }
}
