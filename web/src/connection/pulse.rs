//! Whether the other side is alive, and how far away it is.

/// How often the server is asked, in milliseconds.
pub const PING_MS: f64 = 5_000.0;
/// How long it may take to answer, or to say anything else, in milliseconds.
pub const DEAD_MS: f64 = 20_000.0;
/// How much the newest round trip counts in the mean.
const WEIGHT: f64 = 0.3;

/// What a beat asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Beat {
    /// Nothing.
    Rest,
    /// Send a ping that says `t`.
    Ping {
        /// The time of the ping.
        t: f64,
    },
    /// Nothing has come for too long: give the socket up.
    Dead,
}

/// The pulse of one socket, from its opening. Times are monotonic milliseconds.
///
/// Silence counts from a ping that nothing has followed, not from the last message: a hidden tab's
/// timers may rest for a minute, and that is no sign of the server's death.
#[derive(Debug, Default)]
pub struct Pulse {
    last_ping: Option<f64>,
    unanswered_since: Option<f64>,
    mean: Option<f64>,
}

impl Pulse {
    /// The mean round trip in milliseconds, newer ones counting more.
    #[must_use]
    pub const fn round_trip(&self) -> Option<f64> {
        self.mean
    }

    /// Called about once a second. Before the server's welcome, which `welcomed` tells of, nothing may
    /// be said, but its silence counts.
    pub fn beat(&mut self, now: f64, welcomed: bool) -> Beat {
        if self.unanswered_since.is_some_and(|since| now - since > DEAD_MS) {
            return Beat::Dead;
        }
        if self.last_ping.is_some_and(|at| now - at < PING_MS) {
            return Beat::Rest;
        }
        self.unanswered_since.get_or_insert(now);
        if !welcomed {
            return Beat::Rest;
        }
        self.last_ping = Some(now);
        Beat::Ping { t: now }
    }

    /// Any message has come.
    pub const fn heard(&mut self) {
        self.unanswered_since = None;
    }

    /// The pong to a ping that said `t` has come.
    pub fn pong(&mut self, t: f64, now: f64) {
        let round_trip = now - t;
        if (0.0..=DEAD_MS).contains(&round_trip) {
            self.mean = Some(self.mean.map_or(round_trip, |mean| mean + WEIGHT * (round_trip - mean)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn it_pings_at_once_and_then_every_few_seconds() {
        let mut pulse = Pulse::default();
        assert_eq!(pulse.beat(100.0, true), Beat::Ping { t: 100.0 });
        pulse.heard();
        assert_eq!(pulse.beat(1_100.0, true), Beat::Rest);
        assert_eq!(pulse.beat(5_100.0, true), Beat::Ping { t: 5_100.0 });
    }

    #[test]
    fn silence_after_a_ping_is_death() {
        let mut pulse = Pulse::default();
        for second in 0..=20 {
            assert_ne!(pulse.beat(f64::from(second) * 1_000.0, true), Beat::Dead, "second {second}");
        }
        assert_eq!(pulse.beat(20_001.0, true), Beat::Dead);
    }

    #[test]
    fn a_server_that_never_welcomes_is_dead_too() {
        let mut pulse = Pulse::default();
        assert_eq!(pulse.beat(0.0, false), Beat::Rest);
        assert_eq!(pulse.beat(1_000.0, true), Beat::Ping { t: 1_000.0 }, "nothing was said before");
        assert_eq!(pulse.beat(20_001.0, false), Beat::Dead);
    }

    #[test]
    fn timers_that_rested_are_not_death() {
        let mut pulse = Pulse::default();
        pulse.beat(0.0, true);
        pulse.heard();
        assert_eq!(pulse.beat(60_000.0, true), Beat::Ping { t: 60_000.0 });
    }

    #[test]
    fn the_round_trip_is_a_mean_that_follows() {
        let mut pulse = Pulse::default();
        pulse.pong(0.0, 10.0);
        assert_eq!(pulse.round_trip(), Some(10.0));
        pulse.pong(0.0, 20.0);
        assert_eq!(pulse.round_trip(), Some(13.0));
        pulse.pong(500.0, 20.0);
        assert_eq!(pulse.round_trip(), Some(13.0), "a pong from the future is none");
    }
}
