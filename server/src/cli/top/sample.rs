//! What a server says of itself at one moment.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use hyper::Method;
use serde::Deserialize;
use vws_core::SessionInfo;

use super::super::failure::{Done, Failure};
use super::super::remote::Remote;

/// Sessions that are asked for: a page of the largest size.
pub(super) const MOST_SESSIONS: usize = 10_000;

/// `/api/stats`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Stats {
    pub(super) uptime_ms: u64,
    pub(super) connections: u64,
    pub(super) durability: String,
    pub(super) session_count: u64,
    pub(super) resident_bytes: Option<u64>,
    pub(super) sessions: Vec<Held>,
    #[serde(default)]
    pub(super) next: Option<String>,
}

/// What one session holds.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Held {
    pub(super) session: SessionInfo,
    pub(super) subscribers: u64,
    pub(super) peers: u64,
    pub(super) feed_bytes: u64,
    pub(super) snapshot_bytes: u64,
    pub(super) asset_bytes: u64,
}

/// `/metrics`.
#[derive(Debug, Clone, Default)]
pub(super) struct Metrics {
    /// The sum over all labels of each name.
    sums: HashMap<String, f64>,
    /// The counts of a histogram up to each bound, over all labels, in the order of the bounds.
    buckets: HashMap<String, BTreeMap<u64, f64>>,
    /// Commands that were refused.
    refused: f64,
}

#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) at: Instant,
    pub(super) stats: Stats,
    pub(super) metrics: Metrics,
}

impl Sample {
    pub(super) async fn take(remote: &mut Remote) -> Done<Self> {
        let stats: Stats = remote.get(&format!("/api/stats?loaded=true&limit={MOST_SESSIONS}")).await?;
        let response = remote.send(Method::GET, "/metrics", None, &[]).await?;
        let text = remote.whole(response).await?;
        let text = std::str::from_utf8(&text);
        let text = text.map_err(|_| Failure::Failed("the metrics are no text".to_owned()))?;
        Ok(Self { at: Instant::now(), stats, metrics: Metrics::read(text) })
    }
}

impl Metrics {
    /// Reads the text format of OpenMetrics, as far as the server writes it.
    pub(super) fn read(text: &str) -> Self {
        let mut metrics = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            let Ok(value) = value.parse::<f64>() else { continue };
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            if let Some(histogram) = name.strip_suffix("_bucket") {
                let bound = label(labels, "le").and_then(|bound| bound.parse::<f64>().ok());
                let Some(bound) = bound else { continue };
                let of = metrics.buckets.entry(histogram.to_owned()).or_default();
                // The bits of numbers above zero are in the order of the numbers.
                *of.entry(bound.to_bits()).or_default() += value;
                continue;
            }
            if name == "vws_commands_total"
                && label(labels, "outcome")
                    .is_some_and(|outcome| !["accepted", "unchanged"].contains(&outcome))
            {
                metrics.refused += value;
            }
            *metrics.sums.entry(name.to_owned()).or_default() += value;
        }
        metrics
    }

    /// The sum over all labels of a name; 0 where the server does not tell it.
    pub(super) fn sum(&self, name: &str) -> f64 {
        self.sums.get(name).copied().unwrap_or_default()
    }

    pub(super) const fn refused(&self) -> f64 {
        self.refused
    }

    /// The least bound that so large a part of what was observed since `before` is within; `None` where nothing was.
    pub(super) fn quantile(&self, before: &Self, name: &str, part: f64) -> Option<f64> {
        let (now, then) = (self.buckets.get(name)?, before.buckets.get(name));
        let since = |bound: &u64, count: f64| {
            count - then.and_then(|then| then.get(bound)).copied().unwrap_or_default()
        };
        let all = now.iter().next_back().map(|(bound, count)| since(bound, *count))?;
        let found = now.iter().find(|(bound, count)| since(bound, **count) >= all * part);
        found.filter(|_| all > 0.0).map(|(bound, _)| f64::from_bits(*bound))
    }
}

fn label<'a>(labels: &'a str, name: &str) -> Option<&'a str> {
    labels.trim_end_matches('}').split(',').find_map(|label| {
        let (key, value) = label.split_once('=')?;
        (key == name).then(|| value.trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "# HELP vws_commands Commands.\nvws_commands_total{type=\"a\",outcome=\"accepted\"} 5\n\
        vws_lag_bucket{le=\"1.0\"} 3\nvws_lag_bucket{le=\"4.0\"} 3\nvws_lag_bucket{le=\"+Inf\"} 3\n# EOF\n";
    const AFTER: &str = "vws_commands_total{type=\"a\",outcome=\"accepted\"} 7\n\
        vws_commands_total{type=\"b\",outcome=\"unchanged\"} 1\n\
        vws_commands_total{type=\"b\",outcome=\"object_exists\"} 2\nvws_connections 4\n\
        vws_lag_bucket{le=\"1.0\"} 5\nvws_lag_bucket{le=\"4.0\"} 12\nvws_lag_bucket{le=\"+Inf\"} 13\n";

    #[test]
    fn cli25_metrics_are_read_as_the_server_writes_them() {
        let (before, after) = (Metrics::read(BEFORE), Metrics::read(AFTER));
        assert_eq!((before.sum("vws_commands_total"), after.sum("vws_commands_total")), (5.0, 10.0));
        assert_eq!((after.refused(), after.sum("vws_connections"), after.sum("vws_none")), (2.0, 4.0, 0.0));
        assert_eq!(after.quantile(&before, "vws_lag", 0.2), Some(1.0));
        assert_eq!(after.quantile(&before, "vws_lag", 0.9), Some(4.0));
        assert_eq!(after.quantile(&before, "vws_lag", 0.99), Some(f64::INFINITY));
        assert_eq!(after.quantile(&after, "vws_lag", 0.5), None, "nothing has happened");
        assert_eq!(after.quantile(&before, "vws_none", 0.5), None);
    }
}
