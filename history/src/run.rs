//! A run: a server, clients of every kind, and what happens to them.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use vws_client::{Backoff, Client, ConnectError, Options};
use vws_core::reduce::State;
use vws_core::wire::{Encoding, canonical_json};
use vws_core::{ClientId, EventRecord, Seq, SessionId, Snapshot};

use crate::http::{Http, Lost};
use crate::place::Place;
use crate::record::{Clock, History, Mirror, Outcome, Tick, Write};
use crate::wire::Wire;
use crate::{readers, writers};

/// How long all clients have to be told the last event.
const CATCH_UP: Duration = Duration::from_secs(60);
/// How many times something is asked for that has to be answered.
const PATIENCE: u32 = 500;

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server's program.
    pub program: PathBuf,
    /// How many things the clients do in all.
    pub ops: u64,
    /// What all that is drawn is drawn from. What the machine does in between differs.
    pub seed: u64,
    /// How often the server is killed meanwhile, or something happens to nodes and what is under them.
    pub kills: u32,
    /// Clients over WebSocket that write, each second one in JSON.
    pub websockets: usize,
    /// Clients over REST that write.
    pub rest: usize,
    /// Clients that read.
    pub readers: usize,
    /// Clients that follow event streams.
    pub streams: usize,
    /// Servers: one with a data directory, or so many nodes over NATS.
    pub nodes: usize,
    /// NATS servers, where there are nodes.
    pub servers: usize,
    /// The program of a NATS server; the path's where none is named.
    pub nats: Option<PathBuf>,
    /// Whether each has a network namespace of its own, so that the network between them can be cut.
    pub is_cut: bool,
}

impl Plan {
    /// The usual clients.
    #[must_use]
    pub const fn new(program: PathBuf, ops: u64, seed: u64, kills: u32) -> Self {
        Self {
            program,
            ops,
            seed,
            kills,
            websockets: 6,
            rest: 3,
            readers: 3,
            streams: 2,
            nodes: 1,
            servers: 3,
            nats: None,
            is_cut: false,
        }
    }
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Connections that were cut.
    pub cuts: u64,
    /// What happened to the server, in order.
    pub faults: Vec<&'static str>,
}

/// Why there is no record.
#[derive(Debug, Error)]
pub enum Failure {
    /// The server does not do what it has to for a run.
    #[error("the server: {0}")]
    Server(String),
    /// A client cannot connect.
    #[error(transparent)]
    Client(#[from] ConnectError),
    /// The system refuses.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A client has ended in a panic.
    #[error("a client has failed: {0}")]
    Task(#[from] JoinError),
    /// There are no nodes.
    #[error(transparent)]
    Cluster(#[from] vws_cluster::Failure),
}

impl Failure {
    pub(crate) fn server(doing: &str, error: &io::Error) -> Self {
        Self::Server(format!("cannot {doing}: {error}"))
    }
}

/// What all clients of a run share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    left: AtomicU64,
    /// Ends of the server so far.
    ends: AtomicU64,
    /// When those were.
    ended: Mutex<Vec<Tick>>,
    /// The last event, once there will be no other.
    end: watch::Sender<Option<Seq>>,
    /// The newest that anybody was told, epoch and seq, where clients have to say it.
    seen: Option<Mutex<(u64, Seq)>>,
}

impl Shared {
    /// Takes one of the things that are to be done; `false` when all are.
    pub(crate) fn take_one(&self) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    /// One that was taken is still to be done.
    pub(crate) fn give_back(&self) {
        self.left.fetch_add(1, Ordering::Relaxed);
    }

    /// A server has ended, or clients have left it for another one.
    pub(crate) fn server_ended(&self) {
        self.ends.fetch_add(1, Ordering::SeqCst);
        self.ended.lock().expect("nobody panics with it").push(self.clock.tick());
    }

    /// What a client says that it has seen: all that anybody was told so far, as if they talked to each other.
    pub(crate) fn seen(&self) -> Option<String> {
        let (epoch, seq) = *self.seen.as_ref()?.lock().expect("nobody panics with it");
        (epoch > 0).then(|| format!("{epoch}.{seq}"))
    }

    /// Somebody was told of that place of the session, as `Vws-Seq` has it.
    pub(crate) fn note_seen(&self, place: &str) {
        let place =
            place.split_once('.').and_then(|(epoch, seq)| Some((epoch.parse().ok()?, seq.parse().ok()?)));
        if let (Some(seen), Some((epoch, seq))) = (&self.seen, place) {
            let mut seen = seen.lock().expect("nobody panics with it");
            *seen = (*seen).max((epoch, seq));
        }
    }

    /// Somebody was told of an event.
    pub(crate) fn note_seq(&self, seq: Seq) {
        if let Some(seen) = &self.seen {
            let mut seen = seen.lock().expect("nobody panics with it");
            seen.1 = seen.1.max(seq);
        }
    }

    pub(crate) fn ends(&self) -> u64 {
        self.ends.load(Ordering::SeqCst)
    }

    pub(crate) fn end(&self) -> watch::Receiver<Option<Seq>> {
        self.end.subscribe()
    }

    /// Whether who has the event `seq` has all.
    pub(crate) fn is_over(&self, seq: Seq) -> bool {
        self.end.borrow().is_some_and(|end| seq >= end)
    }
}

/// Runs `plan` and tells what was recorded.
///
/// # Errors
/// [`Failure`] where a run is not possible.
pub async fn run(plan: &Plan) -> Result<(History, Summary), Failure> {
    let folder = tempfile::tempdir()?;
    let mut place = Place::start(plan, folder.path()).await?;
    let end = watch::Sender::new(None);
    let (left, ends) = (AtomicU64::new(plan.ops), AtomicU64::new(0));
    let seen = place.is_many().then(Mutex::default);
    let shared = Arc::new(Shared { clock: Clock::default(), left, ends, ended: Mutex::default(), end, seen });
    let steady = Wire::to(place.address(0)).await?;
    let mut asking = Http::new(steady.address(), &shared);
    let session = begin(&mut asking).await?;
    let mut writes = beginning(&shared, &mut asking, session).await?;
    let clients = Clients::start(plan, &shared, &mut place, session).await?;
    let mut summary = Summary::default();
    let mut draws = fastrand::Rng::with_seed(plan.seed ^ 0xc4a0);
    while !clients.are_done() {
        sleep(Duration::from_millis(draws.u64(5..120))).await;
        draws.choice(&clients.wires).expect("there are clients").cut();
        summary.cuts += 1;
        let (done, so_far) = (plan.ops - shared.left.load(Ordering::Relaxed), summary.faults.len() as u64);
        if so_far < u64::from(plan.kills) && done * (u64::from(plan.kills) + 1) > plan.ops * (so_far + 1) {
            summary.faults.push(place.suffer(&shared, &mut draws).await?);
        }
    }
    summary.faults.push(place.suffer(&shared, &mut draws).await?);
    let head = asked(&mut asking, &format!("/api/sessions/{session}")).await?;
    let head: serde_json::Value = read(&head)?;
    let head = head["seq"].as_u64().ok_or_else(|| Failure::Server("a session tells no seq".to_owned()))?;
    shared.end.send_replace(Some(head));
    let late = connect(&steady, session, "late", Encoding::Json).await?;
    let mut history = clients.end(head, vec![("late".to_owned(), late)]).await?;
    history.ends.clone_from(&shared.ended.lock().expect("nobody panics with it"));
    writes.append(&mut history.writes);
    history.writes = writes;
    log(&mut asking, session, &mut history).await?;
    place.end().await?;
    Ok((history, summary))
}

/// A session, made.
async fn begin(asking: &mut Http) -> Result<SessionId, Failure> {
    let answer = asking.send("POST", "/api/sessions", &[], None).await;
    let answer = answer.map_err(|Lost| Failure::Server("no session was made".to_owned()))?;
    let id = answer.json()["session_id"].as_str().and_then(|id| id.parse().ok());
    id.ok_or_else(|| Failure::Server(format!("no session was made: {}", answer.status)))
}

/// The objects that are there from the start, as wishes like all others.
async fn beginning(shared: &Shared, asking: &mut Http, session: SessionId) -> Result<Vec<Write>, Failure> {
    let commands = writers::beginning();
    let marks: Vec<String> = (0..commands.len()).map(|n| format!("begin.{n}")).collect();
    let body = json!({"type": "batch", "commands": commands}).to_string();
    let invoked = shared.clock.tick();
    let answer = asking.send("POST", &format!("/api/sessions/{session}/commands"), &[], Some(body)).await;
    let answer = answer.map_err(|Lost| Failure::Server("it does not answer".to_owned()))?;
    let seq = answer.json()["seq"].as_u64();
    let seq = seq.ok_or_else(|| Failure::Server(format!("no objects were made: {}", answer.status)))?;
    let returned = shared.clock.tick();
    let outcome = Outcome::Done { returned, seq, events: marks.len() as u32, id: None };
    let write =
        |mark| Write { client: "begin".to_owned(), mark, invoked, outcome: outcome.clone(), tries: 1 };
    Ok(marks.into_iter().map(write).collect())
}

async fn connect(wire: &Wire, session: SessionId, id: &str, encoding: Encoding) -> Result<Client, Failure> {
    let backoff = Backoff { first: Duration::from_millis(5), longest: Duration::from_millis(50) };
    let client_id = ClientId::new(id).map_err(|error| Failure::Server(error.to_string()))?;
    Ok(Client::connect(&wire.url(), session, Options { client_id, encoding, backoff, ..Options::default() })
        .await?)
}

type Written = (Client, String, Vec<Write>);

/// All clients of a run.
struct Clients {
    websockets: Vec<JoinHandle<Written>>,
    rest: Vec<JoinHandle<(Vec<Write>, Vec<crate::record::Read>)>>,
    readers: Vec<JoinHandle<Vec<crate::record::Read>>>,
    streams: JoinSet<crate::record::Stream>,
    /// Who only looks, from the beginning on.
    quiet: Client,
    wires: Vec<Wire>,
}

impl Clients {
    async fn start(
        plan: &Plan,
        shared: &Arc<Shared>,
        place: &mut Place,
        session: SessionId,
    ) -> Result<Self, Failure> {
        let mut wires = Vec::new();
        let mut wire = async || {
            let wire = Wire::to(place.address(wires.len())).await?;
            wires.push(wire.clone());
            Ok::<_, Failure>(wire)
        };
        let mut draws = fastrand::Rng::with_seed(plan.seed);
        let (mut websockets, mut rest, mut readers) = (Vec::new(), Vec::new(), Vec::new());
        let mut streams = JoinSet::new();
        let quiet = connect(&wire().await?, session, "quiet", Encoding::MessagePack).await?;
        for n in 0..plan.streams {
            let http = Http::new(wire().await?.address(), shared);
            streams.spawn(readers::stream(Arc::clone(shared), http, session, format!("stream {n}")));
        }
        for n in 0..plan.websockets {
            let id = format!("ws{n}");
            let client = connect(&wire().await?, session, &id, Encoding::ALL[n % 2]).await?;
            let (shared, seed) = (Arc::clone(shared), draws.u64(..));
            websockets.push(tokio::spawn(async move {
                let (client, writes) = writers::websocket(shared, client, id.clone(), seed).await;
                (client, id, writes)
            }));
        }
        for n in 0..plan.rest {
            let http = Http::new(wire().await?.address(), shared);
            let (shared, seed) = (Arc::clone(shared), draws.u64(..));
            rest.push(tokio::spawn(writers::rest(shared, http, session, format!("rest{n}"), seed)));
        }
        for _ in 0..plan.readers {
            let http = Http::new(wire().await?.address(), shared);
            readers.push(tokio::spawn(readers::read(Arc::clone(shared), http, session, draws.u64(..))));
        }
        Ok(Self { websockets, rest, readers, streams, quiet, wires })
    }

    fn are_done(&self) -> bool {
        self.websockets.iter().all(JoinHandle::is_finished)
            && self.rest.iter().all(JoinHandle::is_finished)
            && self.readers.iter().all(JoinHandle::is_finished)
    }

    /// What all of them have seen, once they have had time to be told of the event `head`.
    async fn end(mut self, head: Seq, others: Vec<(String, Client)>) -> Result<History, Failure> {
        let (mut writes, mut reads, mut streams) = (Vec::new(), Vec::new(), Vec::new());
        let mut mirrored = others;
        mirrored.push(("quiet".to_owned(), self.quiet));
        for task in self.websockets {
            let (client, name, written) = task.await?;
            writes.extend(written);
            mirrored.push((name, client));
        }
        for task in self.rest {
            let (written, read) = task.await?;
            writes.extend(written);
            reads.extend(read);
        }
        for task in self.readers {
            reads.extend(task.await?);
        }
        let mut mirrors = Vec::new();
        for (name, client) in mirrored {
            // One that is not told it in time is judged by what it has.
            let _ = timeout(CATCH_UP, client.seq().wait_for(|seq| *seq >= head)).await;
            let snapshot = client.snapshot();
            mirrors.push(mirror(
                name,
                &snapshot.ok_or_else(|| Failure::Server("a mirror is empty".to_owned()))?,
            ));
            client.close().await;
        }
        while let Ok(Some(stream)) = timeout(CATCH_UP, self.streams.join_next()).await {
            streams.push(stream?);
        }
        let missing = self.streams.len();
        if missing > 0 {
            return Err(Failure::Server(format!("{missing} streams were not told the last event")));
        }
        let base = vws_core::Session::new(SessionId::from_uuid(uuid::Uuid::nil()), None, 0, 0);
        Ok(History { base, log: Vec::new(), writes, reads, streams, mirrors, ends: Vec::new() })
    }
}

fn mirror(name: String, snapshot: &Snapshot) -> Mirror {
    Mirror { name, seq: snapshot.session.seq, digest: snapshot.digest, json: canonical_json(snapshot) }
}

/// The log, and the server's own state.
async fn log(asking: &mut Http, session: SessionId, history: &mut History) -> Result<(), Failure> {
    let base: Snapshot = read(&asked(asking, &format!("/api/sessions/{session}/snapshot?at=0")).await?)?;
    let damaged = |error: vws_core::snapshot::SnapshotError| Failure::Server(error.to_string());
    history.base = base.restore().map_err(damaged)?;
    let mut after = history.base.seq();
    loop {
        let path = format!("/api/sessions/{session}/events?after={after}&limit=10000");
        let mut page: serde_json::Value = read(&asked(asking, &path).await?)?;
        let events: Vec<EventRecord> = serde_json::from_value(page["events"].take())
            .map_err(|error| Failure::Server(format!("events cannot be read: {error}")))?;
        let Some(last) = events.last() else { break };
        after = last.seq;
        history.log.extend(events);
    }
    let state: Snapshot = read(&asked(asking, &format!("/api/sessions/{session}/snapshot")).await?)?;
    history.mirrors.push(mirror("the server".to_owned(), &state));
    Ok(())
}

/// An answer that has to come.
async fn asked(asking: &mut Http, path: &str) -> Result<bytes::Bytes, Failure> {
    for _ in 0..PATIENCE {
        match asking.send("GET", path, &[], None).await {
            Ok(answer) if answer.status == 200 => return Ok(answer.body),
            Ok(answer) if answer.status != 503 => {
                return Err(Failure::Server(format!("{path} is answered with {}", answer.status)));
            }
            Ok(_) | Err(Lost) => sleep(writers::PAUSE).await,
        }
    }
    Err(Failure::Server(format!("{path} is not answered")))
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body)
        .map_err(|error| Failure::Server(format!("an answer cannot be read: {error}")))
}
