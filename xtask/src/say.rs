//! What a person sees: one line when a step starts, one when it has ended, and a sign of life between.

use std::time::{Duration, Instant};

use crate::failure::Result;

/// Runs one step between a line that says what it does and how long that usually takes (`about`, on two
/// cores), and a line that says how long it took. A failed step prints nothing more: its error is shown
/// by whoever ends with it.
pub(crate) fn step<T>(name: &str, about: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("▸ {name} ({about})");
    let start = Instant::now();
    let result = work();
    if result.is_ok() {
        println!("✓ {name}: {}", elapsed(start.elapsed()));
    }
    result
}

/// A line that belongs to the step before it.
pub(crate) fn note(text: &str) {
    println!("  {text}");
}

/// `850 ms`, `12 s`, `3 min 05 s`.
pub(crate) fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}
