//! Tokens that are over before their time.
//!
//! A token is kept here until its own end; after that it does not hold anyway. In a data directory the file `revoked`
//! has one line each, `id end`; it is written anew, beside the old one, with every change, so that there is always a
//! whole one. Where there are several nodes, `cluster::revocations` keeps them for all in place of a file, and has this
//! learn of them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use parking_lot::{Mutex, RwLock};
use thiserror::Error;
use tokio::sync::watch;
use vws_core::Millis;

use super::token::TokenId;
use crate::cluster::BusError;

/// Revoked tokens whose own end has not come.
pub const MAX_REVOKED: usize = 100_000;
/// The file in the data directory.
const FILE: &str = "revoked";

/// A token that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Which.
    pub id: TokenId,
    /// When it would have ended.
    pub until: Millis,
}

/// A token could not be revoked.
#[derive(Debug, Error)]
pub enum RevokeError {
    /// There are as many as there may be.
    #[error("{MAX_REVOKED} tokens are revoked whose own end has not come, the most there may be")]
    TooMany,
    /// The disk does not take it.
    #[error("the revocation cannot be kept: {0}")]
    Io(#[from] io::Error),
    /// The other nodes are out of reach.
    #[error("the revocation cannot be told to the other nodes: {0}")]
    Unreachable(#[from] BusError),
}

/// The tokens that are over before their time.
#[derive(Debug)]
pub struct Revoked {
    /// Guards the map alone: it is asked at every request.
    known: RwLock<BTreeMap<TokenId, Millis>>,
    /// One change at a time, so that the file is that of the last one.
    turn: Mutex<()>,
    file: Option<PathBuf>,
    /// How often it changed.
    news: watch::Sender<u64>,
}

impl Default for Revoked {
    fn default() -> Self {
        Self { known: RwLock::default(), turn: Mutex::default(), file: None, news: watch::Sender::new(0) }
    }
}

impl Revoked {
    /// Those of a data directory.
    ///
    /// # Errors
    /// When the file cannot be read, or a line of it is none: a token that was revoked must not come back unseen.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let read = Self::read(&text).map_err(|number| {
            let told = format!("{}: line {number} is not an id and an end", path.display());
            io::Error::new(io::ErrorKind::InvalidData, told)
        })?;
        let known = read.into_iter().map(|Revocation { id, until }| (id, until)).collect();
        Ok(Self { known: RwLock::new(known), file: Some(path), ..Self::default() })
    }

    /// The lines of a file.
    #[must_use]
    pub(crate) fn text(revoked: &[Revocation]) -> String {
        revoked.iter().map(|Revocation { id, until }| format!("{id} {until}\n")).collect()
    }

    /// What the lines of a file say, or the number of the first that says nothing.
    pub(crate) fn read(text: &str) -> Result<Vec<Revocation>, usize> {
        let read = |(line, number): (&str, usize)| {
            let read = || {
                let (id, until) = line.split_once(' ')?;
                Some(Revocation { id: id.parse().ok()?, until: until.parse().ok()? })
            };
            read().ok_or(number)
        };
        text.lines().zip(1..).map(read).collect()
    }

    /// Makes the file of a data directory that nobody uses yet.
    pub(crate) fn restore(folder: &Path, revoked: &[Revocation]) -> io::Result<()> {
        if revoked.is_empty() {
            return Ok(());
        }
        fs::write(folder.join(FILE), Self::text(revoked))
    }

    /// Whether a token is among them.
    #[must_use]
    pub fn has(&self, id: &TokenId) -> bool {
        self.known.read().contains_key(id)
    }

    /// Tells that something has changed.
    #[must_use]
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Those whose own end has not come at `now`, by their ids.
    #[must_use]
    pub fn list(&self, now: Millis) -> Vec<Revocation> {
        let known = self.known.read();
        let left = known.iter().filter(|(_, until)| **until > now);
        left.map(|(id, until)| Revocation { id: id.clone(), until: *until }).collect()
    }

    /// Adds one. When this returns it is on the disk, and everybody who waits for news has them. Blocks for as long as
    /// the disk takes.
    ///
    /// # Errors
    /// [`RevokeError`]; the token goes on to hold then.
    pub fn add(&self, revocation: Revocation, now: Millis) -> Result<(), RevokeError> {
        let _turn = self.turn.lock();
        let mut next = self.known.read().clone();
        next.retain(|_, until| *until > now);
        if next.len() >= MAX_REVOKED && !next.contains_key(&revocation.id) {
            return Err(RevokeError::TooMany);
        }
        let until = next.get(&revocation.id).map_or(revocation.until, |known| (*known).max(revocation.until));
        next.insert(revocation.id, until);
        if let Some(path) = &self.file {
            write(path, &next)?;
        }
        *self.known.write() = next;
        self.news.send_modify(|count| *count += 1);
        Ok(())
    }

    /// Whether this one is there already, for as long at least.
    ///
    /// # Errors
    /// [`RevokeError::TooMany`] where there is no room for another.
    pub(crate) fn check_room(&self, revocation: &Revocation, now: Millis) -> Result<bool, RevokeError> {
        let known = self.known.read();
        match known.get(&revocation.id) {
            Some(until) => Ok(*until >= revocation.until),
            None if known.len() < MAX_REVOKED => Ok(false),
            None if known.values().filter(|until| **until > now).count() < MAX_REVOKED => Ok(false),
            None => Err(RevokeError::TooMany),
        }
    }

    /// Adds one that is kept elsewhere; everybody who waits for news has them.
    pub(crate) fn learn(&self, revocation: Revocation) {
        let mut known = self.known.write();
        let until = known.entry(revocation.id).or_default();
        if *until >= revocation.until {
            return;
        }
        *until = revocation.until;
        drop(known);
        self.news.send_modify(|count| *count += 1);
    }

    /// At most so many whose own end has come.
    pub(crate) fn over(&self, now: Millis, limit: usize) -> Vec<TokenId> {
        let known = self.known.read();
        let over = known.iter().filter(|(_, until)| **until <= now);
        over.map(|(id, _)| id.clone()).take(limit).collect()
    }

    /// Forgets those whose own end has come.
    pub(crate) fn forget_over(&self, now: Millis) {
        self.known.write().retain(|_, until| *until > now);
    }
}

/// Puts a whole file in the place of the old one.
fn write(path: &Path, known: &BTreeMap<TokenId, Millis>) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    let lines: String = known.iter().map(|(id, until)| format!("{id} {until}\n")).collect();
    file.write_all(lines.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    // The name too survives the loss of power.
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}
