//! One client's conversation with its session.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures_util::SinkExt;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{debug, warn};
use vws_core::reduce::State;
use vws_core::wire::{
    ClientMessage, CloseCode, CommandMessage, Encoding, Heartbeat, Identity, Mode, PROTOCOL, PresenceDraft,
    Resume, ResyncReason, ServerMessage, Welcome,
};
use vws_core::{Author, Problem, Session};

use super::Ending;
use super::rate::TokenBucket;
use crate::config::Limits;
use crate::feed::{Seat, SnapshotFrames, Subscription};
use crate::http::App;
use crate::store::{LiveSession, Origin, Request, StoreError};
use crate::telemetry::Metrics;

/// Events that are written before the client is listened to again.
const EVENTS_A_TURN: usize = 256;
/// A heartbeat follows the last event after this time, and then at the ping interval.
const SETTLED_AFTER: Duration = Duration::from_secs(1);
/// Presence is told at most this often …
const PRESENCE_INTERVAL: Duration = Duration::from_millis(67);
/// … and in at most so many bytes a second, however many peers move.
const PRESENCE_BYTES_A_SECOND: u32 = 64 * 1024;
/// What a `resume` counts against the rate: it may cost a whole snapshot.
const RESUME_TOKENS: u32 = 200;
/// The id of a `rejected` that is about no command but about what the client said.
const NO_COMMAND: u64 = 0;

/// Speaks with a client until one of them ends it.
pub(super) async fn run(
    socket: &mut WebSocket,
    live: &Arc<LiveSession>,
    encoding: Encoding,
    app: &App,
) -> Ending {
    let mut wire = Wire { socket, encoding };
    match converse(&mut wire, live, app).await {
        Ok(never) => match never {},
        Err(ending) => ending,
    }
}

/// What never comes: a conversation ends only by an [`Ending`].
enum Never {}

async fn converse(wire: &mut Wire<'_>, live: &Arc<LiveSession>, app: &App) -> Result<Never, Ending> {
    let limits = &app.config().limits;
    let (identity, after) = tokio::select! {
        () = app.stop().stopping() => return Err(Ending::Close(CloseCode::GoingAway)),
        said = timeout(limits.hello_timeout.get(), hello(wire)) => {
            said.unwrap_or(Err(Ending::Close(CloseCode::BadHello)))?
        }
    };
    let metrics = app.metrics();
    let _counted = metrics.subscriber();
    let peers_changed = live.peers().changes();
    let seat = live.peers().join(&identity);
    let resumed = after.and_then(|after| live.resume(after));
    let mode = if resumed.is_some() { Mode::Tail } else { Mode::Snapshot };
    let present = live.peers().since(0, &identity.client_id);
    let (epoch, head_seq) = live.read(|session| (session.epoch(), session.seq()));
    let welcome = Welcome {
        protocol: PROTOCOL,
        session: live.id(),
        epoch,
        head_seq,
        mode,
        peers: present.peers,
        limits: *live.limits(),
    };
    wire.say(&ServerMessage::Welcome(welcome)).await?;
    let subscription = match resumed {
        Some(subscription) => subscription,
        None => snapshot(wire, live).await?,
    };
    wire.flush().await?;
    let now = Instant::now();
    let connection = Connection {
        live,
        limits,
        metrics: &metrics,
        subscription,
        seat,
        rate: TokenBucket::new(limits.command_rate, limits.command_burst, now),
        heard_at: now,
        ping_at: now + limits.ping_interval.get(),
        beat_at: now + SETTLED_AFTER,
        peers_changed,
        peers_seen: present.through,
        presence_at: None,
        presence_allowed_at: now,
        identity,
    };
    connection.go_on(wire, app).await
}

/// The first message, which must be a hello.
async fn hello(wire: &mut Wire<'_>) -> Result<(Identity, Option<Resume>), Ending> {
    loop {
        let message = wire.hear().await?;
        let problem = match wire.read(message).map_err(|_| Ending::Close(CloseCode::BadHello))? {
            Said::Nothing => continue,
            Said::Message(ClientMessage::Hello(hello)) => match hello.check() {
                Ok(identity) => return Ok((identity, hello.after)),
                Err(rejection) => rejection.to_problem(),
            },
            Said::Message(_) => return Err(Ending::Close(CloseCode::BadHello)),
            Said::Unreadable { problem, .. } => problem,
        };
        wire.reject(NO_COMMAND, problem).await?;
        return Err(Ending::Close(CloseCode::BadHello));
    }
}

/// Sends a snapshot and answers the place that follows it.
async fn snapshot<'a>(wire: &mut Wire<'_>, live: &'a Arc<LiveSession>) -> Result<Subscription<'a>, Ending> {
    let (SnapshotFrames { parts, .. }, subscription) = live.join(wire.encoding).await;
    for part in parts.iter() {
        wire.feed(part.clone()).await?;
    }
    Ok(subscription)
}

/// A client that has been welcomed.
struct Connection<'a> {
    live: &'a Arc<LiveSession>,
    limits: &'a Limits,
    metrics: &'a Metrics,
    subscription: Subscription<'a>,
    seat: Seat<'a>,
    identity: Identity,
    rate: TokenBucket,
    /// When the client last sent anything.
    heard_at: Instant,
    ping_at: Instant,
    beat_at: Instant,
    peers_changed: watch::Receiver<u64>,
    /// The last change among the peers that the client has been shown.
    peers_seen: u64,
    /// When the next presence is due, if there is something to show.
    presence_at: Option<Instant>,
    presence_allowed_at: Instant,
}

impl Connection<'_> {
    async fn go_on(mut self, wire: &mut Wire<'_>, app: &App) -> Result<Never, Ending> {
        loop {
            self.deliver(wire).await?;
            let dead_at = self.heard_at + self.limits.dead_after.get();
            let timers = [Some(self.ping_at), Some(self.beat_at), Some(dead_at), self.presence_at];
            let wake_at = timers.into_iter().flatten().min().unwrap_or(dead_at);
            tokio::select! {
                () = app.stop().stopping() => return Err(Ending::Close(CloseCode::GoingAway)),
                () = self.live.ended() => return Err(Ending::Close(CloseCode::NoSuchSession)),
                () = self.seat.superseded() => return Err(Ending::Close(CloseCode::Superseded)),
                message = wire.hear() => {
                    let message = message?;
                    self.heard_at = Instant::now();
                    self.answer(wire, message).await?;
                }
                () = self.subscription.ready() => {}
                changed = self.peers_changed.changed(), if self.presence_at.is_none() => {
                    if changed.is_ok() {
                        self.presence_at = Some(self.presence_allowed_at.max(Instant::now()));
                    }
                }
                () = sleep_until(wake_at) => self.on_time(wire).await?,
            }
        }
    }

    /// Writes what the session has for the client, as far as one turn goes.
    async fn deliver(&mut self, wire: &mut Wire<'_>) -> Result<(), Ending> {
        self.metrics.feed_lag(self.subscription.lag());
        let events = match self.subscription.take(EVENTS_A_TURN) {
            Ok(events) => events,
            Err(lagged) => {
                debug!(%lagged, "resync");
                self.metrics.resync();
                return self.resync(wire, ResyncReason::Lagged, None).await;
            }
        };
        if events.is_empty() {
            return Ok(());
        }
        for event in &events {
            wire.feed(event.encoded(wire.encoding)).await?;
        }
        self.beat_at = self.beat_at.min(Instant::now() + SETTLED_AFTER);
        wire.flush().await
    }

    async fn resync(
        &mut self,
        wire: &mut Wire<'_>,
        reason: ResyncReason,
        after: Option<Resume>,
    ) -> Result<(), Ending> {
        wire.say(&ServerMessage::Resync { reason }).await?;
        self.subscription = match after.and_then(|after| self.live.resume(after)) {
            Some(subscription) => subscription,
            None => snapshot(wire, self.live).await?,
        };
        wire.flush().await
    }

    async fn answer(&mut self, wire: &mut Wire<'_>, message: Message) -> Result<(), Ending> {
        // Whatever a client sends costs something, what cannot be read as well.
        self.pay(1)?;
        match wire.read(message)? {
            Said::Nothing => Ok(()),
            Said::Unreadable { command: None, problem } => {
                wire.reject(NO_COMMAND, problem).await?;
                Err(Ending::Close(CloseCode::ProtocolViolation))
            }
            Said::Unreadable { command: Some(id), problem } => {
                self.catch_up(wire).await?;
                wire.reject(id, problem).await?;
                wire.flush().await
            }
            Said::Message(ClientMessage::Hello(_)) => Err(Ending::Close(CloseCode::BadHello)),
            Said::Message(ClientMessage::Command(message)) => self.command(wire, message).await,
            Said::Message(ClientMessage::Presence(draft)) => self.presence(wire, &draft).await,
            Said::Message(ClientMessage::Resume { after }) => {
                self.pay(RESUME_TOKENS)?;
                self.resync(wire, ResyncReason::Requested, after).await
            }
            Said::Message(ClientMessage::Ping { t }) => {
                wire.say(&ServerMessage::Pong { t }).await?;
                wire.flush().await
            }
        }
    }

    fn pay(&mut self, tokens: u32) -> Result<(), Ending> {
        let enough = self.rate.take(tokens, Instant::now());
        if enough { Ok(()) } else { Err(Ending::Close(CloseCode::RateLimited)) }
    }

    /// Tells the client all that has happened so far: what it is answered next comes after the echoes
    /// of its earlier commands, and after what a refusal was judged by.
    async fn catch_up(&mut self, wire: &mut Wire<'_>) -> Result<(), Ending> {
        let head = self.live.read(State::seq);
        while self.subscription.seen() < head {
            self.deliver(wire).await?;
        }
        Ok(())
    }

    async fn command(&mut self, wire: &mut Wire<'_>, message: CommandMessage) -> Result<(), Ending> {
        let CommandMessage { id, expect_version, command } = message;
        let author = Author { client_id: self.identity.client_id.clone(), command_id: id };
        let request = Request { command, expect_version, author: Some(author), origin: Origin::Client };
        let done = self.live.execute(request, |_| ()).await;
        if done.is_err() && self.live.is_ended() {
            return Err(Ending::Close(CloseCode::NoSuchSession));
        }
        if let Ok((outcome, ())) = &done
            && outcome.seqs.end > (self.subscription.seen() + 1).max(outcome.seqs.start)
        {
            // Events that are still to come are the acknowledgement.
            return Ok(());
        }
        self.catch_up(wire).await?;
        match done {
            Ok((outcome, ())) => {
                let events = outcome.seqs.clone().count();
                let seq = if events > 0 { outcome.seqs.end - 1 } else { outcome.seq };
                let events = u32::try_from(events).unwrap_or(u32::MAX);
                wire.say(&ServerMessage::Accepted { id, seq, events }).await?;
            }
            Err(error) => wire.reject(id, problem(&error)).await?,
        }
        wire.flush().await
    }

    async fn presence(&mut self, wire: &mut Wire<'_>, draft: &PresenceDraft) -> Result<(), Ending> {
        match draft.check() {
            Ok(presence) => {
                self.seat.show(presence);
                Ok(())
            }
            Err(rejection) => {
                wire.reject(NO_COMMAND, rejection.to_problem()).await?;
                wire.flush().await
            }
        }
    }

    async fn on_time(&mut self, wire: &mut Wire<'_>) -> Result<(), Ending> {
        let now = Instant::now();
        if now.saturating_duration_since(self.heard_at) >= self.limits.dead_after.get() {
            debug!("no sign of life");
            return Err(Ending::Gone);
        }
        if self.presence_at.is_some_and(|at| at <= now) {
            self.show_peers(wire, now).await?;
        }
        if self.beat_at <= now {
            self.beat(wire, now).await?;
        }
        if self.ping_at <= now {
            self.ping_at = now + self.limits.ping_interval.get();
            wire.send(Message::Ping(Bytes::new())).await?;
        }
        wire.flush().await
    }

    /// Only where the client has been told everything: the digest must be of the state that it has.
    async fn beat(&mut self, wire: &mut Wire<'_>, now: Instant) -> Result<(), Ending> {
        let (head_seq, digest) = self.live.read(|session| (session.seq(), Session::digest(session)));
        if head_seq != self.subscription.seen() {
            self.beat_at = now + SETTLED_AFTER;
            return Ok(());
        }
        self.beat_at = now + self.limits.ping_interval.get();
        wire.say(&ServerMessage::Heartbeat(Heartbeat { head_seq, digest })).await
    }

    async fn show_peers(&mut self, wire: &mut Wire<'_>, now: Instant) -> Result<(), Ending> {
        let changes = self.live.peers().since(self.peers_seen, &self.identity.client_id);
        self.peers_seen = changes.through;
        let mut bytes = 0;
        if !changes.peers.is_empty() || !changes.left.is_empty() {
            let message = ServerMessage::Presence { peers: changes.peers, left: changes.left };
            let message = wire.encoding.encode_server(&message);
            bytes = u32::try_from(message.len()).unwrap_or(u32::MAX);
            wire.feed(message.into()).await?;
        }
        let pause = Duration::from_secs(1) * bytes / PRESENCE_BYTES_A_SECOND;
        self.presence_allowed_at = now + pause.max(PRESENCE_INTERVAL);
        let more = *self.peers_changed.borrow_and_update() > self.peers_seen;
        self.presence_at = more.then_some(self.presence_allowed_at);
        Ok(())
    }
}

fn problem(error: &StoreError) -> Problem {
    if let StoreError::LogUnavailable(detail) = error {
        warn!(%detail, "a command was refused");
    }
    error.to_problem()
}

/// What a message says.
#[expect(clippy::large_enum_variant, reason = "moved once; a box would cost each command an allocation")]
enum Said {
    Message(ClientMessage),
    /// It is a control frame.
    Nothing,
    /// It cannot be read; a command can be refused by its id.
    Unreadable {
        command: Option<u64>,
        problem: Problem,
    },
}

/// The socket, in messages of the protocol.
struct Wire<'a> {
    socket: &'a mut WebSocket,
    encoding: Encoding,
}

impl Wire<'_> {
    /// The next message of the client.
    async fn hear(&mut self) -> Result<Message, Ending> {
        match self.socket.recv().await {
            Some(Ok(Message::Close(_))) | None => Err(Ending::Gone),
            Some(Ok(message)) => Ok(message),
            Some(Err(error)) => Err(ending_of(&error)),
        }
    }

    /// What a message says.
    fn read(&self, message: Message) -> Result<Said, Ending> {
        let bytes = match (message, self.encoding) {
            (Message::Text(text), Encoding::Json) => Bytes::from(text),
            (Message::Binary(bytes), Encoding::MessagePack) => bytes,
            (Message::Text(_) | Message::Binary(_), _) => {
                return Err(Ending::Close(CloseCode::ProtocolViolation));
            }
            (Message::Ping(_) | Message::Pong(_), _) => return Ok(Said::Nothing),
            (Message::Close(_), _) => return Err(Ending::Gone),
        };
        Ok(match self.encoding.decode_client(&bytes) {
            Ok(said) => Said::Message(said),
            Err(rejection) => {
                let command = self.encoding.command_id(&bytes);
                Said::Unreadable { command, problem: rejection.relative_to("/command").to_problem() }
            }
        })
    }

    async fn say(&mut self, message: &ServerMessage) -> Result<(), Ending> {
        self.feed(self.encoding.encode_server(message).into()).await
    }

    async fn reject(&mut self, id: u64, problem: Problem) -> Result<(), Ending> {
        self.say(&ServerMessage::Rejected { id, problem }).await
    }

    /// Puts an encoded message behind those that wait to be written.
    async fn feed(&mut self, bytes: Bytes) -> Result<(), Ending> {
        let message = match self.encoding {
            Encoding::Json => {
                Message::Text(Utf8Bytes::try_from(bytes).expect("JSON that this server wrote is UTF-8"))
            }
            Encoding::MessagePack => Message::Binary(bytes),
        };
        self.send(message).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Ending> {
        self.socket.feed(message).await.map_err(|error| ending_of(&error))
    }

    async fn flush(&mut self) -> Result<(), Ending> {
        self.socket.flush().await.map_err(|error| ending_of(&error))
    }
}

/// What an error of the socket means for the connection.
fn ending_of(error: &axum::Error) -> Ending {
    use std::error::Error as _;
    use tungstenite::Error as Fault;
    match error.source().and_then(|source| source.downcast_ref::<Fault>()) {
        Some(Fault::Capacity(_)) => Ending::Close(CloseCode::TooBig),
        Some(Fault::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)) => {
            Ending::Gone
        }
        Some(Fault::Protocol(_) | Fault::Utf8(_)) => Ending::Close(CloseCode::ProtocolViolation),
        Some(Fault::Io(io)) if io.kind() == std::io::ErrorKind::TimedOut => Ending::Close(CloseCode::TooSlow),
        _ => Ending::Gone,
    }
}
