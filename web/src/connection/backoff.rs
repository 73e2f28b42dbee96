//! How long to wait before connecting again.

/// The longest wait before the first retry, in milliseconds.
pub const BASE_MS: f64 = 500.0;
/// The longest wait before any retry, in milliseconds.
pub const CAP_MS: f64 = 30_000.0;

/// The wait before retry `attempt` (0 is the first), in milliseconds: full jitter, `random` in
/// [0, 1) of a bound that doubles up to [`CAP_MS`]. Spread over the whole of it, so that the
/// clients that a restarted server has lost never come back all at once.
#[must_use]
pub fn delay_ms(attempt: u32, random: f64) -> f64 {
    let bound = (BASE_MS * 2f64.powi(attempt.min(30).cast_signed())).min(CAP_MS);
    bound * random.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_bound_doubles_and_stops_at_the_cap() {
        let bounds: Vec<f64> = (0..9).map(|attempt| delay_ms(attempt, 1.0)).collect();
        assert_eq!(
            bounds,
            [500.0, 1_000.0, 2_000.0, 4_000.0, 8_000.0, 16_000.0, 30_000.0, 30_000.0, 30_000.0]
        );
    }

    #[test]
    fn the_wait_is_spread_over_the_whole_bound() {
        assert_eq!(delay_ms(3, 0.0), 0.0);
        assert_eq!(delay_ms(3, 0.25), 1_000.0);
    }

    #[test]
    fn no_number_of_attempts_overflows() {
        assert_eq!(delay_ms(u32::MAX, 0.5), CAP_MS / 2.0);
    }
}
