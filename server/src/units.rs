//! Sizes and spans of time as people write them on a command line: `1MiB`, `10s`; times as they read them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use time::OffsetDateTime;
use vws_core::Millis;

/// A number of bytes, written as `65536`, `64KiB`, `1MiB` or `2GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// A span of time, written as `500ms`, `10s`, `5m` or `2h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

/// A time as RFC 3339 writes it, in UTC; `-` for one that no calendar has.
#[must_use]
pub fn rfc3339(at: Millis) -> String {
    let Ok(time) = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000) else {
        return "-".to_owned();
    };
    let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
    let (hour, minute, second, milli) = (time.hour(), time.minute(), time.second(), time.millisecond());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// Units from large to small, with their factor.
type Units = &'static [(&'static str, u64)];

const BYTE_UNITS: Units = &[("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];
const TIME_UNITS: Units = &[("h", 3_600_000), ("ms", 1), ("m", 60_000), ("s", 1_000)];

impl ByteSize {
    /// So many times 1,024 bytes.
    #[must_use]
    pub const fn kib(n: u64) -> Self {
        Self(n << 10)
    }

    /// So many times 1,048,576 bytes.
    #[must_use]
    pub const fn mib(n: u64) -> Self {
        Self(n << 20)
    }

    /// As a size in memory. A size larger than the address space is the whole of it.
    #[must_use]
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Span {
    /// So many seconds.
    #[must_use]
    pub const fn seconds(n: u64) -> Self {
        Self(Duration::from_secs(n))
    }

    /// So many milliseconds.
    #[must_use]
    pub const fn millis(n: u64) -> Self {
        Self(Duration::from_millis(n))
    }

    /// As std's own type.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, factor) =
            BYTE_UNITS.iter().find(|(_, n)| self.0 >= *n && self.0.is_multiple_of(*n)).unwrap_or(&("B", 1));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        if millis != 0 && millis.is_multiple_of(1_000) {
            write!(f, "{}s", millis / 1_000)
        } else {
            write!(f, "{millis}ms")
        }
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        parse(s, BYTE_UNITS, Some(1), "a size such as 512KiB or 1MiB").map(Self)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        parse(s, TIME_UNITS, None, "a time such as 500ms or 10s").map(|n| Self(Duration::from_millis(n)))
    }
}

/// A time after which something happens, or 0 for never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After(Option<Span>);

impl After {
    /// After this time.
    #[must_use]
    pub const fn some(span: Span) -> Self {
        Self(Some(span))
    }

    /// Never.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// The time; `None` for never.
    #[must_use]
    pub fn get(self) -> Option<Duration> {
        self.0.map(Span::get)
    }
}

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(span) => span.fmt(f),
            None => f.write_str("0"),
        }
    }
}

impl FromStr for After {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        if s == "0" {
            return Ok(Self(None));
        }
        let span =
            s.parse().map_err(|_| "expected a time such as 500ms or 10s, or 0 for never".to_owned())?;
        Ok(Self(Some(span)))
    }
}

/// A whole number above 0 with one of `units`; without a unit it counts in `bare`, where there is
/// one.
fn parse(s: &str, units: Units, bare: Option<u64>, wanted: &str) -> Result<u64, String> {
    let refused = || format!("expected {wanted}, more than 0");
    let end = s.find(|c: char| !c.is_ascii_digit()).unwrap_or(s.len());
    let (number, unit) = s.split_at(end);
    let number: u64 = number.parse().map_err(|_| refused())?;
    let factor = if unit.is_empty() {
        bare
    } else {
        units.iter().find(|(name, _)| *name == unit.trim_start()).map(|(_, factor)| *factor)
    };
    match factor.and_then(|factor| number.checked_mul(factor)) {
        Some(n) if n > 0 => Ok(n),
        _ => Err(refused()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_written() {
        for (text, bytes) in
            [("1", 1), ("64KiB", 65_536), ("1MiB", 1 << 20), ("2GiB", 2 << 30), ("1500B", 1_500)]
        {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
        for size in [ByteSize(1), ByteSize(1_500), ByteSize::kib(16), ByteSize::mib(64)] {
            assert_eq!(size.to_string().parse(), Ok(size));
        }
    }

    #[test]
    fn spans_are_read_as_they_are_written() {
        for (text, millis) in [("500ms", 500), ("10s", 10_000), ("2m", 120_000), ("1h", 3_600_000)] {
            assert_eq!(text.parse(), Ok(Span::millis(millis)), "{text}");
        }
        for span in [Span::millis(1), Span::seconds(10), Span::millis(1_500)] {
            assert_eq!(span.to_string().parse(), Ok(span));
        }
    }

    #[test]
    fn a_time_or_never_is_read_as_it_is_written() {
        assert_eq!("0".parse(), Ok(After(None)));
        assert_eq!("5m".parse(), Ok(After::some(Span::seconds(300))));
        for after in [After(None), After::some(Span::seconds(300))] {
            assert_eq!(after.to_string().parse(), Ok(after));
        }
        for text in ["", "0s", "never", "10"] {
            assert!(text.parse::<After>().is_err(), "{text}");
        }
    }

    #[test]
    fn cli7_times_are_written_in_utc() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_700_000_000_123), "2023-11-14T22:13:20.123Z");
        assert_eq!(rfc3339(u64::MAX), "-");
    }

    #[test]
    fn what_is_no_size_or_span_is_refused() {
        for text in ["", "0", "-1", "1.5MiB", "MiB", "1 XB", "99999999999999GiB", "1e3"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
        for text in ["", "10", "0s", "s", "1 day", "-5s"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
