//! What lies between two samples.

use std::collections::HashMap;

use serde::Serialize;
use vws_core::{Epoch, Seq, SessionId};

use super::sample::{Held, Metrics, Sample};

/// What a server does, as two samples tell it. Rates are of a second.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Picture {
    pub(super) uptime_ms: u64,
    pub(super) durability: String,
    pub(super) sessions: u64,
    pub(super) sessions_loaded: u64,
    pub(super) connections: u64,
    pub(super) followers: u64,
    pub(super) resident_bytes: Option<u64>,
    pub(super) commands: f64,
    pub(super) commands_refused: f64,
    pub(super) events: f64,
    /// Events times those who follow their session: what is sent, unless somebody falls behind.
    pub(super) deliveries: f64,
    pub(super) requests: f64,
    pub(super) resyncs: f64,
    /// Events that waited at a turn of who writes them: nine of ten, and 99 of 100, were at most so many.
    pub(super) lag_p90_events: Option<f64>,
    pub(super) lag_p99_events: Option<f64>,
    pub(super) log: LogPicture,
    /// The sessions in memory, in no order.
    pub(super) busy: Vec<Row>,
    /// There are more of them than are told.
    pub(super) more: bool,
}

/// What the log does.
#[derive(Debug, Clone, Serialize)]
pub(super) struct LogPicture {
    pub(super) commits: f64,
    pub(super) written_bytes: f64,
    /// 99 of 100 flushes took at most so long.
    pub(super) flush_p99_seconds: Option<f64>,
    pub(super) journal_bytes: f64,
    pub(super) failures: f64,
    pub(super) damaged_sessions: f64,
}

/// One session.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    pub(super) session_id: SessionId,
    pub(super) name: Option<String>,
    pub(super) events: f64,
    pub(super) deliveries: f64,
    pub(super) followers: u64,
    pub(super) peers: u64,
    pub(super) objects: u64,
    pub(super) seq: Seq,
    /// Bytes that it holds for those who follow it.
    pub(super) feed_bytes: u64,
    pub(super) snapshot_bytes: u64,
    pub(super) asset_bytes: u64,
}

impl Picture {
    pub(super) fn of(before: &Sample, after: &Sample) -> Self {
        let seconds = after.at.duration_since(before.at).as_secs_f64().max(1e-3);
        // A process that was started since has counted from nothing, whatever the one before it had come to.
        let nothing = Metrics::default();
        let then = if started_since(before, after) { &nothing } else { &before.metrics };
        let now = &after.metrics;
        let counted = |name: &str| (now.sum(name) - then.sum(name)) / seconds;
        let seqs: HashMap<_, _> = before.stats.sessions.iter().map(place).collect();
        let busy: Vec<Row> = after.stats.sessions.iter().map(|held| Row::of(held, &seqs, seconds)).collect();
        let stats = &after.stats;
        Self {
            uptime_ms: stats.uptime_ms,
            durability: stats.durability.clone(),
            sessions: stats.session_count,
            sessions_loaded: now.sum("vws_sessions_loaded") as u64,
            connections: stats.connections,
            followers: now.sum("vws_subscribers") as u64,
            resident_bytes: stats.resident_bytes,
            commands: counted("vws_commands_total"),
            commands_refused: (now.refused() - then.refused()) / seconds,
            events: counted("vws_events_total"),
            deliveries: busy.iter().map(|row| row.deliveries).sum(),
            requests: counted("vws_http_requests_total"),
            resyncs: counted("vws_resyncs_total"),
            lag_p90_events: now.quantile(then, "vws_feed_lag_events", 0.9),
            lag_p99_events: now.quantile(then, "vws_feed_lag_events", 0.99),
            log: LogPicture {
                commits: counted("vws_log_commits_total"),
                written_bytes: counted("vws_log_written_bytes_total"),
                flush_p99_seconds: now.quantile(then, "vws_log_flush_seconds", 0.99),
                journal_bytes: now.sum("vws_log_journal_bytes"),
                failures: now.sum("vws_log_failures_total"),
                damaged_sessions: now.sum("vws_log_damaged_sessions"),
            },
            busy,
            more: stats.next.is_some(),
        }
    }
}

/// Whether the server that the second sample is of is another process than that of the first: one that is younger than
/// the time between them, or than the other was.
fn started_since(before: &Sample, after: &Sample) -> bool {
    let between = after.at.duration_since(before.at).as_millis();
    let age = after.stats.uptime_ms;
    age < before.stats.uptime_ms || u128::from(age) < between
}

fn place(held: &Held) -> ((SessionId, Epoch), Seq) {
    ((held.session.session_id, held.session.epoch), held.session.seq)
}

impl Row {
    /// A session that was not there, or not in memory, before has begun with what it has: nothing is known of its rate.
    fn of(held: &Held, seqs: &HashMap<(SessionId, Epoch), Seq>, seconds: f64) -> Self {
        let (key, seq) = place(held);
        let events = seqs.get(&key).map_or(0.0, |was| (seq.saturating_sub(*was)) as f64 / seconds);
        let session = &held.session;
        Self {
            session_id: session.session_id,
            name: session.name.as_ref().map(ToString::to_string),
            events,
            deliveries: events * held.subscribers as f64,
            followers: held.subscribers,
            peers: held.peers,
            objects: session.object_count,
            seq,
            feed_bytes: held.feed_bytes,
            snapshot_bytes: held.snapshot_bytes,
            asset_bytes: held.asset_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::json;

    use super::*;

    /// A server of so many milliseconds that has counted so many of each thing.
    fn sample(at: Instant, uptime_ms: u64, commands: u32, refused: u32, lag: [u32; 2]) -> Sample {
        let stats = json!({
            "uptime_ms": uptime_ms, "connections": 0, "durability": "buffered", "session_count": 0,
            "resident_bytes": null, "sessions": [],
        });
        let [near, far] = lag;
        let metrics = format!(
            "vws_commands_total{{outcome=\"accepted\"}} {commands}\nvws_commands_total{{outcome=\"limit\"}} {refused}\n\
             vws_feed_lag_events_bucket{{le=\"1.0\"}} {near}\nvws_feed_lag_events_bucket{{le=\"64.0\"}} {}\n",
            near + far
        );
        Sample {
            at,
            stats: serde_json::from_value(stats).expect("as a server says it"),
            metrics: Metrics::read(&metrics),
        }
    }

    #[test]
    fn cli25_a_server_that_was_started_anew_has_counted_from_nothing() {
        let then = Instant::now();
        let now = then + Duration::from_secs(2);
        let before = sample(then, 60_000, 100, 4, [100, 0]);
        let later = Picture::of(&before, &sample(now, 62_000, 106, 6, [102, 8]));
        assert_eq!((later.commands, later.commands_refused), (4.0, 1.0));
        assert_eq!(later.lag_p90_events, Some(64.0), "8 of the 10 of these 2 s");
        // One that has counted less, and one that has counted more already.
        for lag in [[9, 1], [905, 95]] {
            let anew = Picture::of(&before, &sample(now, 1_500, 6, 2, lag));
            assert_eq!((anew.commands, anew.commands_refused), (4.0, 1.0), "all that it has counted, in 2 s");
            assert_eq!(anew.lag_p90_events, Some(1.0), "{lag:?}");
        }
        // One that has come to be older than the first one was, and is still younger than the time between.
        let young = sample(then, 1_000, 100, 4, [100, 0]);
        let anew = Picture::of(&young, &sample(now, 1_500, 6, 2, [9, 1]));
        assert_eq!((anew.commands, anew.lag_p90_events), (4.0, Some(1.0)));
    }
}
