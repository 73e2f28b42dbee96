//! One client's conversation with its session.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tracing::debug;
use vws_core::Session;
use vws_core::reduce::State;
use vws_core::wire::{
    ClientMessage, CloseCode, Identity, Mode, PROTOCOL, PresenceDraft, Resume, ResyncReason, ServerMessage,
    Welcome,
};

use super::greet::{Greeted, NO_COMMAND, greet, refuse};
use super::rate::TokenBucket;
use super::write::{Said, Stirred, Wire};
use super::{Ending, deliver};
use crate::auth::{Auth, Denied, Grant};
use crate::config::Limits;
use crate::feed::{Caught, Seat, SnapshotFrames};
use crate::http::App;
use crate::store::{LiveSession, Request};
use crate::telemetry::Metrics;

/// Presence is told at most this often …
const PRESENCE_INTERVAL: Duration = Duration::from_millis(67);
/// … and in at most so many bytes a second, however many peers move.
const PRESENCE_BYTES_A_SECOND: u32 = 64 * 1024;
/// A turn that has taken so long has waited for the client to take something, and listened to nothing.
const LONG_TURN: Duration = Duration::from_secs(1);
/// What a `resume` counts against the rate: it may cost a whole snapshot.
const RESUME_TOKENS: u32 = 200;

/// Speaks with a client until one of them ends it.
pub(super) async fn run(wire: &mut Wire, live: &Arc<LiveSession>, app: &Arc<App>, address: IpAddr) -> Ending {
    match converse(wire, live, app, address).await {
        Ok(never) => match never {},
        Err(ending) => ending,
    }
}

/// What never comes: a conversation ends only by an [`Ending`].
enum Never {}

async fn converse(
    wire: &mut Wire,
    live: &Arc<LiveSession>,
    app: &Arc<App>,
    address: IpAddr,
) -> Result<Never, Ending> {
    let limits = &app.config().limits;
    let Greeted { identity, after, grant } = greet(wire, app, Some(live.id()), address).await?;
    reach(live, after).await?;
    deliver::join(live, &wire.member, app);
    let metrics = app.metrics();
    let _counted = metrics.subscriber();
    let peers_changed = live.peers().changes();
    let _inside = app.cluster().map(|cluster| cluster.enter(live));
    let seat = live.peers().join(&identity, grant.subject());
    let seat = seat.ok_or_else(|| refuse(wire, &Denied::OtherClient))?;
    let resumed = after.and_then(|after| Some(live.resume(after)?.seen()));
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
        access: app.auth().access(&grant),
    };
    wire.say(&ServerMessage::Welcome(welcome));
    match resumed {
        Some(seen) => wire.member.move_to(seen),
        None => snapshot(wire, live).await?,
    }
    let now = Instant::now();
    let mut connection = Connection {
        live,
        limits,
        metrics: &metrics,
        wire,
        seat: &seat,
        rate: TokenBucket::new(limits.command_rate, limits.command_burst, now),
        spoke: false,
        heard_at: now,
        ping_at: now + limits.ping_interval.get(),
        awaited: None,
        listened_at: now,
        peers_changed,
        peers_seen: present.through,
        presence_at: None,
        presence_allowed_at: now,
        identity,
        auth: app.auth(),
        grant,
    };
    connection.go_on().await
}

/// Has the session be known here as far as the client has seen it at another node: nobody is shown an older state than
/// before. A client that is sent away comes again, and perhaps to who knows more.
async fn reach(live: &Arc<LiveSession>, after: Option<Resume>) -> Result<(), Ending> {
    let Some(after) = after.filter(|after| after.epoch == live.read(Session::epoch)) else { return Ok(()) };
    live.reach(after.seq).await.map_err(|behind| {
        debug!(%behind, "a client has seen more than is known here");
        Ending::Close(CloseCode::GoingAway)
    })
}

/// Sends a snapshot. The connection goes on behind it.
async fn snapshot(wire: &mut Wire, live: &Arc<LiveSession>) -> Result<(), Ending> {
    wire.member.hold();
    let (SnapshotFrames { parts, seq }, _) = live.join(wire.encoding()).await;
    for part in parts.iter() {
        wire.pass_on(part).await?;
    }
    wire.member.move_to(seq);
    Ok(())
}

/// A client that has been welcomed.
pub(super) struct Connection<'a> {
    pub(super) live: &'a Arc<LiveSession>,
    limits: &'a Limits,
    metrics: &'a Metrics,
    pub(super) wire: &'a mut Wire,
    seat: &'a Seat<'a>,
    pub(super) identity: Identity,
    pub(super) auth: &'a Auth,
    pub(super) grant: Arc<Grant>,
    rate: TokenBucket,
    /// The client has changed something whose events it may not have been sent.
    pub(super) spoke: bool,
    /// When the client last sent anything.
    heard_at: Instant,
    ping_at: Instant,
    /// The message that is on its way, and by when it has to be there.
    awaited: Option<(u64, Instant)>,
    /// When it was last listened to the client.
    listened_at: Instant,
    peers_changed: watch::Receiver<u64>,
    /// The last change among the peers that the client has been shown.
    peers_seen: u64,
    /// When the next presence is due, if there is something to show.
    presence_at: Option<Instant>,
    presence_allowed_at: Instant,
}

impl Connection<'_> {
    async fn go_on(&mut self) -> Result<Never, Ending> {
        let (seat, auth, grant) = (self.seat, self.auth, Arc::clone(&self.grant));
        let mut superseded = pin!(seat.superseded());
        let mut token_over = pin!(auth.end_of(&grant, App::now));
        let mut sleep = pin!(sleep_until(self.ping_at));
        loop {
            self.wire.is_over()?;
            let heard_all = self.answer_all().await?;
            let is_full = self.push().await?;
            if !heard_all && !self.wire.is_full() {
                continue;
            }
            let dead_at = self.heard_at + self.limits.dead_after.get();
            let late_at = self.await_message();
            let timers =
                [Some(self.ping_at), Some(dead_at), self.wire.stalled_at(), late_at, self.presence_at];
            let wake_at = timers.into_iter().flatten().min().unwrap_or(dead_at);
            // A deadline that has moved on is looked at when the former one comes.
            if wake_at < sleep.deadline() {
                sleep.as_mut().reset(wake_at);
            }
            let listens = !self.wire.is_full();
            let member = Arc::clone(&self.wire.member);
            tokio::select! {
                () = &mut superseded => return Err(Ending::Close(CloseCode::Superseded)),
                fault = &mut token_over => return Err(refuse(self.wire, &Denied::Token(fault))),
                heard = self.wire.more_or_room(listens, is_full) => if let Stirred::Heard = heard? {
                    self.heard_at = Instant::now();
                },
                () = member.called().notified() => {}
                changed = self.peers_changed.changed(), if self.presence_at.is_none() => {
                    if changed.is_ok() {
                        self.presence_at = Some(self.presence_allowed_at.max(Instant::now()));
                    }
                }
                () = &mut sleep => {
                    self.on_time(is_full)?;
                    sleep.as_mut().reset(Instant::now() + self.limits.ping_interval.get());
                }
            }
            self.listened_at = Instant::now();
        }
    }

    /// Answers what has come, until so much waits for the client that it must take some first. Answers whether that
    /// was all.
    ///
    /// Commands that have come together are committed together, so that a client that has many under way waits for
    /// the log once.
    async fn answer_all(&mut self) -> Result<bool, Ending> {
        let mut commands = VecDeque::new();
        let heard_all = loop {
            if self.wire.is_full() {
                break Ok(false);
            }
            let said = match self.wire.heard() {
                Ok(Some(said)) => said,
                Ok(None) => break Ok(true),
                Err(ending) => break Err(ending),
            };
            // Whatever a client sends costs something, what cannot be read as well.
            if let Err(ending) = self.pay(1) {
                break Err(ending);
            }
            self.answer(said, &mut commands).await?;
        };
        self.commit(&mut commands).await?;
        heard_all
    }

    /// By when the message that is on its way has to be there. One of which nobody sees the end would keep what has
    /// come of it for ever.
    fn await_message(&mut self) -> Option<Instant> {
        // While nobody listens to the client, its time does not pass.
        let message = self.wire.on_its_way().filter(|_| !self.wire.is_full());
        let now = Instant::now();
        let long = now.saturating_duration_since(self.listened_at) > LONG_TURN;
        if long || self.awaited.map(|(awaited, _)| awaited) != message {
            self.awaited = message.map(|message| (message, now + self.limits.body_timeout.get()));
        }
        self.awaited.map(|(_, at)| at)
    }

    /// Writes what waits as far as the socket takes it. Answers whether it is full.
    async fn push(&mut self) -> Result<bool, Ending> {
        loop {
            match self.wire.push(self.live, std::mem::take(&mut self.spoke))? {
                Caught::Up => return Ok(false),
                Caught::Full => return Ok(true),
                Caught::Lagged(lagged) => {
                    debug!(%lagged, "resync");
                    self.resync(ResyncReason::Lagged, None).await?;
                }
            }
        }
    }

    pub(super) async fn resync(&mut self, reason: ResyncReason, after: Option<Resume>) -> Result<(), Ending> {
        if reason == ResyncReason::Lagged {
            self.metrics.resync();
        }
        self.wire.member.hold();
        self.wire.say(&ServerMessage::Resync { reason });
        match after.and_then(|after| Some(self.live.resume(after)?.seen())) {
            Some(seen) => self.wire.member.move_to(seen),
            None => snapshot(self.wire, self.live).await?,
        }
        Ok(())
    }

    /// Answers what was said; commands are gathered, and committed before anything else is answered.
    async fn answer(&mut self, said: Said, commands: &mut VecDeque<Request>) -> Result<(), Ending> {
        if !matches!(said, Said::Message(ClientMessage::Command(_))) {
            self.commit(commands).await?;
        }
        match said {
            Said::Nothing => Ok(()),
            Said::Goodbye => Err(Ending::Goodbye),
            Said::Unreadable { command: None, problem } => {
                self.wire.reject(NO_COMMAND, problem);
                Err(Ending::Close(CloseCode::ProtocolViolation))
            }
            Said::Unreadable { command: Some(id), problem } => {
                self.catch_up().await?;
                self.wire.reject(id, problem);
                Ok(())
            }
            Said::Message(ClientMessage::Hello(_)) => Err(Ending::Close(CloseCode::BadHello)),
            Said::Message(ClientMessage::Command(message)) => {
                match self.may_change() {
                    Ok(()) => commands.push_back(self.request(message)),
                    // One who may not change anything has no commands under way.
                    Err(problem) => {
                        self.catch_up().await?;
                        self.wire.reject(message.id, problem);
                    }
                }
                Ok(())
            }
            Said::Message(ClientMessage::Presence(draft)) => {
                self.presence(&draft);
                Ok(())
            }
            Said::Message(ClientMessage::Resume { after }) => {
                self.pay(RESUME_TOKENS)?;
                self.resync(ResyncReason::Requested, after).await
            }
            Said::Message(ClientMessage::Ping { t }) => {
                self.wire.say(&ServerMessage::Pong { t });
                Ok(())
            }
        }
    }

    fn pay(&mut self, tokens: u32) -> Result<(), Ending> {
        let enough = self.rate.take(tokens, Instant::now());
        if enough { Ok(()) } else { Err(Ending::Close(CloseCode::RateLimited)) }
    }

    fn presence(&mut self, draft: &PresenceDraft) {
        match draft.check() {
            Ok(presence) => self.seat.show(presence),
            Err(rejection) => self.wire.reject(NO_COMMAND, rejection.to_problem()),
        }
    }

    fn on_time(&mut self, is_full: bool) -> Result<(), Ending> {
        let now = Instant::now();
        if self.wire.stalled_at().is_some_and(|at| at <= now) || self.awaited.is_some_and(|(_, at)| at <= now)
        {
            return Err(Ending::Close(CloseCode::TooSlow));
        }
        if now.saturating_duration_since(self.heard_at) >= self.limits.dead_after.get() {
            debug!("no sign of life");
            return Err(Ending::Gone);
        }
        if self.presence_at.is_some_and(|at| at <= now) {
            if is_full {
                // The newest is shown when there is room for it.
                self.presence_at = Some(now + PRESENCE_INTERVAL);
            } else {
                self.show_peers(now);
            }
        }
        if self.ping_at <= now {
            self.ping_at = now + self.limits.ping_interval.get();
            if !is_full {
                self.wire.ping();
            }
        }
        Ok(())
    }

    fn show_peers(&mut self, now: Instant) {
        let changes = self.live.peers().since(self.peers_seen, &self.identity.client_id);
        self.peers_seen = changes.through;
        let mut bytes = 0;
        if !changes.peers.is_empty() || !changes.left.is_empty() {
            let message = ServerMessage::Presence { peers: changes.peers, left: changes.left };
            let message = self.wire.encoding().encode_server(&message);
            bytes = u32::try_from(message.len()).unwrap_or(u32::MAX);
            self.wire.say_encoded(&message);
        }
        let pause = Duration::from_secs(1) * bytes / PRESENCE_BYTES_A_SECOND;
        self.presence_allowed_at = now + pause.max(PRESENCE_INTERVAL);
        let more = *self.peers_changed.borrow_and_update() > self.peers_seen;
        self.presence_at = more.then_some(self.presence_allowed_at);
    }
}
