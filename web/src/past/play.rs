//! How fast the past is played: in its own time, with long pauses made short.

use vws_core::model::{Millis, Seq};

/// The longest pause between two events, in milliseconds: nobody waits for a night to pass.
const LONGEST_PAUSE: f64 = 1_500.0;
/// The most events that one picture goes on by.
const MOST: usize = 1_000;
/// The speeds that there are.
pub const SPEEDS: [u32; 5] = [1, 2, 4, 8, 16];

/// The time that has passed and is not yet used up by events.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pace {
    saved: f64,
}

impl Pace {
    /// Lets `elapsed` milliseconds pass at `speed`; answers the last seq that is reached from `seq`, whose time
    /// was `at`. `next` tells when an event was; where it does not know, time stands still.
    pub fn go(
        &mut self,
        elapsed: f64,
        speed: u32,
        (mut seq, mut at): (Seq, Millis),
        next: impl Fn(Seq) -> Option<Millis>,
    ) -> Seq {
        self.saved += elapsed.clamp(0.0, 1_000.0) * f64::from(speed);
        for _ in 0..MOST {
            let Some(time) = next(seq + 1) else {
                self.saved = 0.0;
                return seq;
            };
            let pause = (time.saturating_sub(at) as f64).min(LONGEST_PAUSE);
            if pause > self.saved {
                return seq;
            }
            self.saved -= pause;
            seq += 1;
            at = time;
        }
        seq
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// Events a tenth of a second apart, a night after the tenth.
    fn time(seq: Seq) -> Option<Millis> {
        let night = if seq > 10 { 36_000_000 } else { 0 };
        (seq <= 20).then_some(seq * 100 + night)
    }

    #[test]
    fn web52_the_past_is_played_in_its_own_time_and_long_pauses_are_short() {
        let mut pace = Pace::default();
        assert_eq!(pace.go(250.0, 1, (0, 0), time), 2);
        assert_eq!(pace.go(50.0, 1, (2, 200), time), 3, "what was left over counts");
        assert_eq!(pace.go(350.0, 2, (3, 300), time), 10);
        assert_eq!(pace.go(1_000.0, 1, (10, 1_000), time), 10);
        assert_eq!(pace.go(500.0, 1, (10, 1_000), time), 11, "no night is waited for");
    }

    #[test]
    fn web52_time_stands_still_where_nothing_is_known() {
        let mut pace = Pace::default();
        assert_eq!(pace.go(900.0, 16, (0, 0), |_| None), 0);
        assert_eq!(pace.go(99.0, 1, (0, 0), time), 0, "and is not made up for");
    }

    #[test]
    fn web52_one_picture_goes_on_by_a_bounded_number_of_events() {
        assert_eq!(Pace::default().go(1_000.0, 16, (0, 0), |_| Some(0)), MOST as Seq);
    }
}
