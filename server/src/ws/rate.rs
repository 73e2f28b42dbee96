//! How much a client may say.

use tokio::time::Instant;

/// A bucket of tokens that fills at a steady rate: so many a second in the long run, and up to
/// `burst` at once after a rest.
#[derive(Debug)]
pub(super) struct TokenBucket {
    tokens: f64,
    rate: f64,
    burst: f64,
    filled_at: Instant,
}

impl TokenBucket {
    pub(super) fn new(rate: u32, burst: u32, now: Instant) -> Self {
        let burst = f64::from(burst);
        Self { tokens: burst, rate: f64::from(rate), burst, filled_at: now }
    }

    /// Takes `count` tokens, or none and answers false when there are fewer.
    pub(super) fn take(&mut self, count: u32, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.tokens = self.rate.mul_add(elapsed, self.tokens).min(self.burst);
        self.filled_at = now;
        let enough = self.tokens >= f64::from(count);
        if enough {
            self.tokens -= f64::from(count);
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn lim3_a_burst_is_taken_whole_and_then_the_rate_holds() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(10, 20, start);
        assert!((0..20).all(|_| bucket.take(1, start)), "the burst");
        assert!(!bucket.take(1, start), "one more");
        let later = start + Duration::from_secs(1);
        assert!((0..10).all(|_| bucket.take(1, later)), "a second's worth");
        assert!(!bucket.take(1, later));
        let rested = later + Duration::from_secs(60);
        assert!(bucket.take(20, rested) && !bucket.take(1, rested), "rest fills no more than a burst");
    }
}
