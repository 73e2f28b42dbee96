//! The set of sessions: who is in it, and what lists tell of each.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_nats::{HeaderMap, Message, Subscriber};
use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tracing::debug;
use vws_core::{Millis, SessionId, SessionInfo};

use super::Shared;
use super::follow::{Misses, Place, next_look};
use super::get::{Head, Which};
use super::layout::{AT, Kind, NOTE, Note, OPERATION, arbitrated, session_of};
use super::publish::Put;
use crate::log::{Directory, Listed, LogError, Sessions};

/// Lists tell of new events after this, at most.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// Sessions that are told of at once.
const AT_ONCE: usize = 32;
/// How often what several write at once is tried again.
const TRIES: usize = 4;

/// A history that is in no list and does not grow for so long is what is left of an import whose server has died.
const ABANDONED_AFTER: Duration = Duration::from_secs(3_600);

/// What is in the streams.
#[derive(Debug, Default)]
pub(super) struct Found {
    listed: Vec<Listed>,
    pub(super) left: Vec<Left>,
}

/// A history that no list tells of.
#[derive(Debug)]
pub(super) struct Left {
    session: SessionId,
    /// The place of its last message.
    stream: u64,
    /// When that came.
    at: Millis,
    /// It is the mark of a deletion.
    is_marked: bool,
}

/// What the bucket has of a session.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its place in the stream beneath the bucket.
    pub(super) revision: u64,
    /// `None` where it was deleted.
    pub(super) info: Option<SessionInfo>,
}

/// The value of a session in the bucket.
#[derive(Debug, Serialize, Deserialize)]
struct Value {
    info: SessionInfo,
}

fn is_deleted(headers: Option<&HeaderMap>) -> bool {
    headers.is_some_and(|headers| headers.get(OPERATION).is_some())
}

impl Shared {
    /// What the bucket has of a session; `None` where it never had any.
    pub(super) async fn entry(&self, session: SessionId) -> Result<Option<Entry>, LogError> {
        let subject = self.layout.session(session);
        let message = self.get(&self.layout.sessions(), Which::LastOf(&subject)).await?;
        Ok(message.map(|message| {
            let value = serde_json::from_slice::<Value>(&message.payload).ok();
            let info = value.filter(|_| !is_deleted(Some(&message.headers))).map(|value| value.info);
            Entry { revision: message.sequence, info }
        }))
    }

    /// Has lists tell of a session that they did not.
    pub(super) async fn list_new(self: &Arc<Self>, session: SessionId) -> Result<(), LogError> {
        let head = self.head(session);
        let info = self.live_tip(&head).await?.info;
        for _ in 0..TRIES {
            let revision = self.entry(session).await?.map_or(0, |entry| entry.revision);
            match self.put_entry(&info, revision).await {
                Put::Refused => {}
                put => {
                    head.set_listed(Some(put.taken()?));
                    return Ok(());
                }
            }
        }
        Err(LogError::Unavailable("too many write the session's entry at once".to_owned()))
    }

    async fn put_entry(&self, info: &SessionInfo, revision: u64) -> Put {
        let json = serde_json::to_vec(&Value { info: info.clone() }).expect("it has a form in JSON");
        let headers = arbitrated(revision, &self.next_id());
        let subject = self.layout.session(info.session_id);
        self.put(&self.layout.sessions(), &subject, revision, headers, json.into()).await
    }

    /// Has lists tell what has become of a session, unless somebody has told of something newer, or that it is deleted.
    async fn tell_of(&self, info: SessionInfo) {
        let head = self.head(info.session_id);
        for _ in 0..TRIES {
            let revision = match head.listed() {
                Some(revision) => revision,
                None => match self.entry(info.session_id).await {
                    Ok(Some(Entry { revision, info: Some(told) })) if told.seq < info.seq => revision,
                    Ok(_) => return,
                    Err(_) => break,
                },
            };
            match self.put_entry(&info, revision).await {
                Put::Taken(revision) => {
                    head.set_listed(Some(revision));
                    return;
                }
                Put::Refused => head.set_listed(None),
                Put::NotTaken(_) | Put::Unsure(_) => {
                    head.set_listed(None);
                    break;
                }
            }
        }
        // The next time, unless there is something newer by then.
        self.changed.lock().entry(info.session_id).or_insert(info);
    }

    /// Has lists tell of all that has changed.
    pub(super) async fn tell_of_changes(&self) {
        let changed: HashMap<SessionId, SessionInfo> = std::mem::take(&mut *self.changed.lock());
        stream::iter(changed.into_values()).for_each_concurrent(AT_ONCE, |info| self.tell_of(info)).await;
    }

    /// Every session that lists tell of, as of its last event, in the order of the ids. What is found on the way that
    /// somebody has left behind is let go of.
    ///
    /// Where several servers keep the streams, one of them is asked that may not have the last moment yet: who follows
    /// the set is told of that.
    pub(super) async fn list(self: &Arc<Self>) -> Result<Vec<Listed>, LogError> {
        let Found { mut listed, left } = self.all().await?;
        if !left.is_empty() {
            let shared = Arc::clone(self);
            tokio::spawn(async move { shared.let_go(left, ABANDONED_AFTER).await });
        }
        listed.sort_unstable_by_key(|listed| listed.info.session_id);
        Ok(listed)
    }

    /// All that is there.
    pub(super) async fn all(&self) -> Result<Found, LogError> {
        let mut there = HashMap::new();
        for head in self.heads(&self.layout.sessions(), &self.layout.session("*")).await? {
            if let Some(session) = session_of(&head.subject) {
                there.insert(session, !is_deleted(Some(&head.headers)));
            }
        }
        let mut last: HashMap<SessionId, Head> = HashMap::new();
        for head in self.heads(&self.layout.stream(), &self.layout.history("*")).await? {
            let Some(session) = session_of(&head.subject) else { continue };
            if last.get(&session).is_none_or(|before| before.stream <= head.stream) {
                last.insert(session, head);
            }
        }
        let mut found = Found::default();
        for (session, head) in last {
            let note =
                head.headers.get(NOTE).and_then(|note| serde_json::from_str::<Note>(note.as_str()).ok());
            match (note, there.get(&session) == Some(&true)) {
                (None, _) => {
                    debug!(session.id = %session, "the last message of a session is not known to this version");
                }
                (Some(note), _) if note.kind == Kind::Deleted => {
                    found.left.push(Left { session, stream: head.stream, at: head.at, is_marked: true });
                }
                (Some(note), true) => found.listed.push(Listed { info: note.info, damaged: None }),
                (Some(_), false) => {
                    found.left.push(Left { session, stream: head.stream, at: head.at, is_marked: false });
                }
            }
        }
        Ok(found)
    }

    /// Ends what somebody has begun to delete, and what nobody has gone on to make for some time.
    pub(super) async fn let_go(self: &Arc<Self>, left: Vec<Left>, after: Duration) {
        let before = super::now().saturating_sub(u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
        for Left { session, stream, at, is_marked } in left {
            let done = match is_marked {
                true => self.finish_deletion(session, stream).await,
                false if at > before => continue,
                false => self.abandon(session, stream).await,
            };
            if let Err(error) = done {
                debug!(session.id = %session, %error, "what is left of a session is left for later");
            }
        }
    }

    /// What becomes of the set.
    pub(super) async fn directory(self: &Arc<Self>) -> Result<Directory, LogError> {
        let away = |error: &dyn std::fmt::Display| LogError::Unavailable(format!("NATS: {error}"));
        let misses = Misses::from_now_on(self);
        let told = self.connection.client().subscribe(self.layout.listed()).await;
        let told = told.map_err(|error| away(&error))?;
        // Asked for on the same connection: what comes after the answer is told of.
        let seen = self.last_of(&self.layout.sessions()).await?;
        let state = Watching { shared: Arc::clone(self), told, misses, seen, look: next_look() };
        Ok(Box::pin(stream::unfold(state, |mut state| async move { Some((state.next().await, state)) })))
    }
}

struct Watching {
    shared: Arc<Shared>,
    told: Subscriber,
    misses: Misses,
    /// The place of the last change that was seen.
    seen: u64,
    /// When to look whether there are others.
    look: Instant,
}

impl Watching {
    async fn next(&mut self) -> Sessions {
        loop {
            tokio::select! {
                biased;
                message = self.told.next() => match message {
                    Some(message) => {
                        if let Some(told) = self.take(message) {
                            return told;
                        }
                    }
                    // The client was closed, which nobody does while the log is there.
                    None => std::future::pending().await,
                },
                missed = self.misses.next() => match missed {
                    Some(look) => self.look = self.look.min(look),
                    None => return Sessions::Gap,
                },
                () = sleep_until(self.look) => {
                    self.look = next_look();
                    if let Ok(last) = self.shared.last_of(&self.shared.layout.sessions()).await
                        && last > self.seen
                    {
                        self.seen = last;
                        return Sessions::Gap;
                    }
                }
            }
        }
    }

    fn take(&mut self, message: Message) -> Option<Sessions> {
        let headers = message.headers.as_ref();
        let place = Place::of(headers?)?;
        if place.stream <= self.seen {
            return None;
        }
        let is_next = place.stream == self.seen + 1;
        self.seen = place.stream;
        self.look = next_look();
        if !is_next {
            return Some(Sessions::Gap);
        }
        let session = session_of(&message.subject)?;
        if is_deleted(headers) {
            self.shared.forget(session);
            let at = headers?.get(AT).and_then(|at| at.as_str().parse().ok());
            return Some(Sessions::Deleted { session, at: at.unwrap_or_else(super::now) });
        }
        match serde_json::from_slice::<Value>(&message.payload) {
            Ok(Value { info }) => Some(Sessions::Listed(Listed { info, damaged: None })),
            Err(error) => {
                debug!(session.id = %session, %error, "an entry is not known to this version");
                None
            }
        }
    }
}

/// Tells of changes from time to time, and looks whether NATS answers again where it did not. Ends with the log.
pub(super) async fn keep(shared: Weak<Shared>) {
    let mut times = interval(TELL_EVERY);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let Some(hurry) = shared.upgrade().map(|shared| Arc::clone(&shared.hurry)) else { return };
        tokio::select! {
            _ = times.tick() => {}
            () = hurry.notified() => {}
        }
        let Some(shared) = shared.upgrade() else { return };
        if shared.is_closed() {
            return;
        }
        if shared.counts.is_refusing() && shared.connection.is_connected() {
            // Notes whether there is an answer.
            let _ = shared.last_of(&shared.layout.stream()).await;
        }
        shared.tell_of_changes().await;
    }
}
