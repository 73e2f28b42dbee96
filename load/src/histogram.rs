//! How long things took, in memory that does not grow with how many there were.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Each power of two is cut into so many parts: a value is told with an error below 1.6 %.
const PARTS: u32 = 64;
const PART_BITS: u32 = PARTS.trailing_zeros();
/// Nanoseconds up to 2⁴⁰, about 18 minutes; what took longer counts as that.
const BUCKETS: usize = (PARTS * (40 - PART_BITS + 1)) as usize;

/// Counts of durations.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    longest: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, longest: 0 }
    }
}

impl Histogram {
    /// One more that took so long.
    pub fn add(&mut self, took: Duration) {
        self.add_many(took, 1);
    }

    /// `count` more that took so long each.
    pub fn add_many(&mut self, took: Duration, count: u64) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.counts[bucket(nanos)] += count;
        self.total += count;
        self.longest = self.longest.max(nanos);
    }

    /// How many there were.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The time that a share of them did not exceed, in microseconds; NaN where there was none.
    #[must_use]
    pub fn at(&self, share: f64) -> f64 {
        let rank = ((self.total as f64 * share).ceil() as u64).clamp(1, self.total.max(1));
        let mut below = 0;
        for (n, count) in self.counts.iter().enumerate() {
            below += count;
            if below >= rank {
                return (upper(n).min(self.longest)) as f64 / 1e3;
            }
        }
        f64::NAN
    }

    /// The figures that are told of it.
    #[must_use]
    pub fn summary(&self) -> Latency {
        Latency { p50: self.at(0.5), p90: self.at(0.9), p99: self.at(0.99), max: self.longest as f64 / 1e3 }
    }
}

/// How long things took, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Half of them took no longer.
    pub p50: f64,
    /// Nine in ten.
    pub p90: f64,
    /// Ninety-nine in a hundred.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

fn bucket(nanos: u64) -> usize {
    if nanos < u64::from(PARTS) {
        return nanos as usize;
    }
    let power = nanos.ilog2();
    let part = (nanos >> (power - PART_BITS)) as u32 - PARTS;
    (((power - PART_BITS + 1) * PARTS + part) as usize).min(BUCKETS - 1)
}

/// The longest time that a bucket counts.
fn upper(bucket: usize) -> u64 {
    let (step, part) = (bucket as u64 / u64::from(PARTS), bucket as u64 % u64::from(PARTS));
    match step {
        0 => part,
        _ => ((u64::from(PARTS) + part + 1) << (step - 1)) - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_two_percent_of_the_exact_ones() {
        let mut all: Vec<u64> = (0..10_000_u64).map(|n| (n * n * 37) % 90_000_000 + n).collect();
        let mut histogram = Histogram::default();
        for nanos in &all {
            histogram.add(Duration::from_nanos(*nanos));
        }
        all.sort_unstable();
        for share in [0.01, 0.5, 0.9, 0.99, 0.999] {
            let exact = all[(all.len() as f64 * share).ceil() as usize - 1] as f64 / 1e3;
            let told = histogram.at(share);
            assert!((told - exact).abs() <= exact * 0.02, "{share}: {told} for {exact}");
        }
        assert_eq!(histogram.total(), 10_000);
    }

    #[test]
    fn every_duration_has_its_place() {
        for nanos in [0, 1, 63, 64, 65, 127, 128, 1_000, 999_999_999, u64::MAX] {
            let place = bucket(nanos);
            assert!(place < BUCKETS, "{nanos}");
            if nanos < 1 << 40 {
                assert!(upper(place) >= nanos && (place == 0 || upper(place - 1) < nanos), "{nanos}");
            }
        }
    }

    #[test]
    fn of_none_there_is_no_percentile() {
        assert!(Histogram::default().at(0.5).is_nan());
    }

    #[test]
    fn one_alone_is_every_percentile() {
        let mut histogram = Histogram::default();
        histogram.add_many(Duration::from_micros(150), 3);
        let Latency { p50, p90, p99, max } = histogram.summary();
        assert!([p50, p90, p99, max].iter().all(|&told| (told - 150.0).abs() < 1e-9));
    }
}
