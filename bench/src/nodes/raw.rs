//! JetStream alone: what a node's log writes, written by nobody but its client library: the same headers and bytes, the same
//! stream beside that of the nodes, one message of a subject at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use async_nats::header::{NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_ID};
use async_nats::jetstream::context::traits::Publisher as _;
use async_nats::jetstream::message::OutboundMessage;
use async_nats::jetstream::stream::{Config, DiscardPolicy, Republish};
use async_nats::jetstream::{self, Context};
use async_nats::{Client, HeaderMap};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::runtime::Runtime;
use tokio::time::sleep_until;
use vws_load::{Edge, Histogram, Outcome, Taken, Terms};

/// Bytes of a message that tell when it was sent.
const STAMP: usize = 8;
/// What the error says of a message that comes before the last one of its subject has reached the replicas.
const ON_ITS_WAY: &str = "error code 10164";
/// A run has fewer messages than two to the power of this.
const RUN_BITS: u32 = 40;

/// A publisher.
pub(super) struct Raw {
    runtime: Runtime,
    client: Client,
    jetstream: Context,
    headers: HeaderMap,
    payload: Vec<u8>,
    /// The place of each subject's last message.
    last: Vec<u64>,
    /// Runs so far, so that no two messages are called the same.
    runs: u64,
}

fn said(error: impl std::fmt::Display) -> String {
    format!("JetStream: {error}")
}

impl Raw {
    /// Connects, takes the newest message of `session` as the pattern of all, and makes a stream of so many subjects.
    pub(super) fn new(urls: &[String], session: &str, subjects: usize) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(said)?;
        let (client, jetstream, headers, payload) = runtime.block_on(async {
            let client = async_nats::connect(urls).await.map_err(said)?;
            let jetstream = jetstream::new(client.clone());
            let nodes = jetstream.get_stream("vws").await.map_err(said)?;
            let pattern = nodes.get_last_raw_message_by_subject(&format!("vws.log.{session}")).await;
            let pattern = pattern.map_err(said)?;
            let config = Config {
                name: "raw".to_owned(),
                subjects: vec!["raw.log.*".to_owned()],
                republish: Some(Republish {
                    source: "raw.log.>".to_owned(),
                    destination: "raw.told.>".to_owned(),
                    headers_only: false,
                }),
                discard: DiscardPolicy::New,
                num_replicas: nodes.cached_info().config.num_replicas,
                duplicate_window: nodes.cached_info().config.duplicate_window,
                ..Config::default()
            };
            jetstream.create_stream(config).await.map_err(said)?;
            Ok::<_, String>((client, jetstream, pattern.headers, pattern.payload.to_vec()))
        })?;
        Ok(Self { runtime, client, jetstream, headers, payload, last: vec![0; subjects], runs: 0 })
    }

    /// Bytes of what is written: of the payload, and of the headers around it.
    pub(super) fn bytes(&self) -> [usize; 2] {
        let headers = self.headers.iter().flat_map(|(name, values)| {
            values.iter().map(move |value| name.to_string().len() + value.as_str().len() + 4)
        });
        [self.payload.len(), headers.sum()]
    }

    /// One message at a time on each of the first `subjects`, as fast as it goes.
    pub(super) fn publish(&mut self, subjects: usize, terms: &Terms) -> Result<Outcome, String> {
        let (counts, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let tasks: Vec<_> = (0..subjects)
            .map(|subject| {
                let mut writer = self.writer(subject);
                let (counts, stop) = (Arc::clone(&counts), Arc::clone(&stop));
                self.runtime.spawn(async move {
                    let mut took = Histogram::default();
                    while !stop.load(Ordering::Relaxed) {
                        let sent = Instant::now();
                        writer.write(None).await?;
                        if counts.load(Ordering::Relaxed) {
                            took.add(sent.elapsed());
                        }
                    }
                    Ok::<_, String>((writer.last, took))
                })
            })
            .collect();
        let (seconds, load_seconds) = window(terms, &counts);
        stop.store(true, Ordering::Relaxed);
        let (mut count, mut latency) = (0, None);
        for (subject, task) in tasks.into_iter().enumerate() {
            let (last, took) = self.runtime.block_on(task).map_err(said)??;
            self.last[subject] = last;
            count += took.total();
            latency = Some(took.summary()).filter(|_| subjects == 1);
        }
        self.runs += 1;
        Ok(Outcome { seconds, count, bytes: 0, latency, server_seconds: None, load_seconds })
    }

    /// `rate` messages a second, one after the other, over some subjects; how long each was under way until another
    /// connection was told of it.
    pub(super) fn tell(&mut self, subjects: usize, rate: f64, terms: &Terms) -> Result<Outcome, String> {
        let (counts, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let base = Instant::now();
        let urls = self.client.server_info();
        let url = format!("nats://{}:{}", urls.host, urls.port);
        let (ready, is_ready) = std::sync::mpsc::channel();
        let (hear, ends) = (Arc::clone(&counts), Arc::clone(&stop));
        let listener = self.runtime.spawn(async move {
            let client = async_nats::connect(url).await.map_err(said)?;
            let mut told = client.subscribe("raw.told.*").await.map_err(said)?;
            client.flush().await.map_err(said)?;
            let _ = ready.send(());
            let mut took = Histogram::default();
            while !ends.load(Ordering::Relaxed) {
                let next = tokio::time::timeout(Duration::from_millis(100), told.next()).await;
                let Ok(Some(message)) = next else { continue };
                if let (true, Some(stamp)) =
                    (hear.load(Ordering::Relaxed), message.payload.first_chunk::<STAMP>())
                {
                    took.add(base.elapsed().saturating_sub(Duration::from_nanos(u64::from_le_bytes(*stamp))));
                }
            }
            Ok::<_, String>(took)
        });
        is_ready.recv().map_err(|_| "JetStream: who listens did not come up".to_owned())?;
        let mut writers: Vec<_> = (0..subjects).map(|subject| self.writer(subject)).collect();
        let ends = Arc::clone(&stop);
        let speaker = self.runtime.spawn(async move {
            let began = tokio::time::Instant::now();
            for n in 0_u32.. {
                sleep_until(began + Duration::from_secs_f64(f64::from(n) / rate)).await;
                if ends.load(Ordering::Relaxed) {
                    break;
                }
                writers[n as usize % subjects].write(Some(base)).await?;
            }
            Ok::<_, String>(writers.into_iter().map(|writer| writer.last).collect::<Vec<_>>())
        });
        let (seconds, load_seconds) = window(terms, &counts);
        stop.store(true, Ordering::Relaxed);
        let last = self.runtime.block_on(speaker).map_err(said)??;
        self.last[..subjects].copy_from_slice(&last);
        let took = self.runtime.block_on(listener).map_err(said)??;
        self.runs += 1;
        let latency = (took.total() > 0).then(|| took.summary());
        Ok(Outcome { seconds, count: took.total(), bytes: 0, latency, server_seconds: None, load_seconds })
    }

    fn writer(&self, subject: usize) -> Writer {
        Writer {
            jetstream: self.jetstream.clone(),
            subject: format!("raw.log.s{subject}"),
            headers: self.headers.clone(),
            payload: self.payload.clone(),
            last: self.last[subject],
            named: self.runs << RUN_BITS,
        }
    }
}

/// Who writes to one subject.
struct Writer {
    jetstream: Context,
    subject: String,
    headers: HeaderMap,
    payload: Vec<u8>,
    last: u64,
    named: u64,
}

impl Writer {
    /// One message, and its answer. With a beginning it tells how long after that it was sent.
    async fn write(&mut self, stamped: Option<Instant>) -> Result<(), String> {
        self.named += 1;
        let mut headers = self.headers.clone();
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, self.last.to_string());
        headers.insert(NATS_MESSAGE_ID, format!("{}-{}", self.subject, self.named));
        if let (Some(base), Some(stamp)) = (stamped, self.payload.first_chunk_mut::<STAMP>()) {
            *stamp = (base.elapsed().as_nanos() as u64).to_le_bytes();
        }
        let payload = Bytes::from(self.payload.clone());
        loop {
            let message =
                OutboundMessage::new(self.subject.clone().into(), payload.clone(), Some(headers.clone()));
            let taken = self.jetstream.publish_message(message).await.map_err(said)?;
            match taken.await {
                Ok(ack) => {
                    self.last = ack.sequence;
                    return Ok(());
                }
                // The one before is on its way to the replicas still: a node sends again, too.
                Err(error) if error.to_string().contains(ON_ITS_WAY) => {}
                Err(error) => return Err(said(error)),
            }
        }
    }
}

/// Lets what runs warm up, counts for the span, and tells the ends of it; seconds, and those of this process.
fn window(terms: &Terms, counts: &AtomicBool) -> (f64, Option<f64>) {
    let told = |edges: &Option<Sender<Edge>>, edge| {
        if let Some(edges) = edges {
            // Who listens no longer does not want to know.
            let _ = edges.send(edge);
        }
    };
    std::thread::sleep(terms.warm_up);
    let (began, then) = (Instant::now(), Taken::by(std::process::id()));
    told(&terms.edges, Edge::Begins);
    counts.store(true, Ordering::Relaxed);
    std::thread::sleep(terms.span);
    counts.store(false, Ordering::Relaxed);
    told(&terms.edges, Edge::Over);
    let taken = Taken::by(std::process::id()).zip(then).map(|(now, then)| now.since(then));
    (began.elapsed().as_secs_f64(), taken)
}
