//! What a line found, beside what it must be.

use serde::Serialize;

/// What a figure depends on beside the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// On who else uses the machine. It may be tried again.
    Time,
    /// On a program that is not ours. It may be tried again.
    Tool,
    /// It holds or it does not.
    Count,
}

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Check {
    /// `others' p99 ≤ 50 ms`
    pub(crate) goal: String,
    /// `2.1 ms`
    pub(crate) figure: String,
    pub(crate) held: bool,
    pub(crate) kind: Kind,
}

/// All that a line found.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Verdict {
    pub(crate) checks: Vec<Check>,
}

impl Verdict {
    /// A time in seconds that must not exceed a bound.
    pub(crate) fn seconds(&mut self, what: &str, measured: f64, bound: f64) {
        let goal = format!("{what} ≤ {bound:.0} s");
        self.add(goal, format!("{measured:.1} s"), measured <= bound, Kind::Time);
    }

    /// A time in milliseconds that must not exceed a bound.
    pub(crate) fn millis(&mut self, what: &str, measured: f64, bound: f64) {
        let goal = format!("{what} ≤ {bound:.0} ms");
        self.add(goal, format!("{measured:.1} ms"), measured <= bound, Kind::Time);
    }

    /// Bytes that must not exceed a bound; `each` says of what.
    pub(crate) fn bytes(&mut self, what: &str, measured: f64, bound: f64) {
        self.add(format!("{what} ≤ {}", size(bound)), size(measured), measured <= bound, Kind::Count);
    }

    /// A count that must be exactly this.
    pub(crate) fn exactly(&mut self, what: &str, measured: u64, wanted: u64) {
        let figure = if measured == wanted {
            count(measured)
        } else {
            format!("{} of {}", count(measured), count(wanted))
        };
        self.add(format!("{what} = {}", count(wanted)), figure, measured == wanted, Kind::Count);
    }

    /// A count that must be at least this.
    pub(crate) fn at_least(&mut self, what: &str, measured: u64, wanted: u64) {
        self.add(format!("{what} ≥ {}", count(wanted)), count(measured), measured >= wanted, Kind::Count);
    }

    /// What must be so; `told` is what was found.
    pub(crate) fn is_so(&mut self, what: &str, told: impl Into<String>, held: bool) {
        self.add(what.to_owned(), told.into(), held, Kind::Count);
    }

    /// What a program that is not ours has to come to, for what it says to be a verdict; `told` is what it came to.
    pub(crate) fn tool(&mut self, what: &str, told: impl Into<String>, held: bool) {
        self.add(what.to_owned(), told.into(), held, Kind::Tool);
    }

    fn add(&mut self, goal: String, figure: String, held: bool, kind: Kind) {
        self.checks.push(Check { goal, figure, held, kind });
    }

    pub(crate) fn held(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|check| check.held)
    }

    /// Whether nothing did not hold that is strict.
    pub(crate) fn may_be_tried_again(&self) -> bool {
        !self.checks.is_empty()
            && !self.held()
            && self.checks.iter().all(|check| check.held || check.kind != Kind::Count)
    }
}

/// `1,234`
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `12.3 KiB`
pub(crate) fn size(bytes: f64) -> String {
    const KIB: f64 = 1024.0;
    let magnitude = bytes.abs();
    let trimmed = |number: f64, unit: &str| {
        let text = format!("{number:.1}");
        format!("{} {unit}", text.strip_suffix(".0").unwrap_or(&text))
    };
    if magnitude >= KIB * KIB {
        trimmed(bytes / (KIB * KIB), "MiB")
    } else if magnitude >= KIB {
        trimmed(bytes / KIB, "KiB")
    } else {
        format!("{bytes:.0} B")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_holds_when_everything_does_and_is_late_when_times_alone_do_not() {
        let mut verdict = Verdict::default();
        assert!(!verdict.held() && !verdict.may_be_tried_again(), "nothing was proved");
        verdict.exactly("closed", 3, 3);
        assert!(verdict.held());
        verdict.millis("p99", 60.0, 50.0);
        assert!(!verdict.held() && verdict.may_be_tried_again());
        verdict.tool("the suite comes to its end", "signal: 6", false);
        assert!(!verdict.held() && verdict.may_be_tried_again());
        verdict.bytes("grown", 2_048.0, 1_024.0);
        assert!(!verdict.held() && !verdict.may_be_tried_again());
    }

    #[test]
    fn numbers_are_told_as_people_read_them() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [12.0, 1_536.0, 262_144.0, -3_145_728.0].map(size),
            ["12 B", "1.5 KiB", "256 KiB", "-3 MiB"]
        );
        let mut verdict = Verdict::default();
        verdict.exactly("closed", 2, 1_000);
        assert_eq!(
            (verdict.checks[0].goal.as_str(), verdict.checks[0].figure.as_str()),
            ("closed = 1,000", "2 of 1,000")
        );
    }
}
