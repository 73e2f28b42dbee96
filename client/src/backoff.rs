//! How long to wait before the next try.

use std::time::Duration;

/// Full jitter: each wait is drawn evenly from nothing up to a bound that doubles with each try, so
/// that clients that lost a server at one moment do not come back at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The bound of the first wait.
    pub first: Duration,
    /// The bound that no wait exceeds.
    pub longest: Duration,
}

impl Default for Backoff {
    /// 250 ms, up to 10 s.
    fn default() -> Self {
        Self { first: Duration::from_millis(250), longest: Duration::from_secs(10) }
    }
}

impl Backoff {
    /// The bound of the wait before the try `attempt`: 0, 1, 2 ….
    #[must_use]
    pub fn bound(&self, attempt: u32) -> Duration {
        let factor = 2_u32.checked_pow(attempt).unwrap_or(u32::MAX);
        self.first.checked_mul(factor).map_or(self.longest, |bound| bound.min(self.longest))
    }

    pub(crate) fn draw(&self, attempt: u32) -> Duration {
        self.bound(attempt).mul_f64(fastrand::f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client1_waits_double_up_to_their_bound_and_are_drawn_below_it() {
        let backoff = Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(1) };
        let bounds: Vec<u128> = [0, 1, 2, 3, 4, 40, u32::MAX].map(|n| backoff.bound(n).as_millis()).to_vec();
        assert_eq!(bounds, [100, 200, 400, 800, 1_000, 1_000, 1_000]);
        assert!((0..1_000).all(|n| backoff.draw(n % 8) <= backoff.bound(n % 8)));
    }
}
