//! Times as people say them.

use gloo_timers::callback::Interval;
use vws_core::Millis;
use yew::prelude::*;

use crate::browser;

/// How often what tells a time is looked at again, in milliseconds: "just now" lasts 45 s.
const LOOK_MS: u32 = 15_000;

/// The time now. Who uses it is drawn anew while time passes, whatever else happens.
#[hook]
pub(crate) fn use_now() -> Millis {
    let tick = use_force_update();
    use_effect_with((), move |()| {
        let clock = Interval::new(LOOK_MS, move || tick.force_update());
        move || drop(clock)
    });
    browser::unix_ms()
}

/// How long ago something was, in words. A time to come, which another machine's clock may tell, is
/// now.
#[must_use]
pub(crate) fn ago(then: Millis, now: Millis) -> String {
    let seconds = now.saturating_sub(then) / 1_000;
    let (count, unit) = match seconds {
        0..45 => return "just now".to_owned(),
        45..3_600 => (seconds.div_ceil(60).min(59), "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        86_400..2_592_000 => (seconds / 86_400, "day"),
        2_592_000..31_536_000 => (seconds / 2_592_000, "month"),
        _ => (seconds / 31_536_000, "year"),
    };
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{s} ago")
}

#[cfg(test)]
mod tests {
    use super::ago;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn times_are_said_in_the_largest_unit() {
        let said = |seconds: u64| ago(0, seconds * 1_000);
        assert_eq!(said(0), "just now");
        assert_eq!(said(50), "1 minute ago");
        assert_eq!(said(3_599), "59 minutes ago");
        assert_eq!(said(3_600), "1 hour ago");
        assert_eq!(said(86_400 * 3), "3 days ago");
        assert_eq!(said(31_536_000 * 2), "2 years ago");
    }

    #[test]
    fn a_time_to_come_is_now() {
        assert_eq!(ago(5_000, 0), "just now");
    }
}
