//! Time, durations and money as integers, so that sums do not depend on their order.

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Sub};
use std::str::FromStr;

/// A moment, in microseconds since an origin that the world chooses (the start of
/// the command when live, the start of the trial when simulated).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub u64);

/// A length of time, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(pub u64);

/// US dollars, in millionths. Hourly prices, totals and budgets alike; the name of a field says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(pub i64);

/// A value with a unit that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{found}' is not {expected}")]
pub struct ParseUnitError {
    /// What was read.
    pub found: String,
    /// What would have been right, with an example.
    pub expected: &'static str,
}

impl Timestamp {
    /// The origin.
    pub const ZERO: Self = Self(0);
    /// Later than every event.
    pub const NEVER: Self = Self(u64::MAX);

    /// Time passed since `earlier`; zero if that lies ahead.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// One hour.
    pub const HOUR: Self = Self(3_600_000_000);

    /// Whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Seconds with a fraction, rounded to the microsecond; negative or not finite gives zero.
    pub fn from_secs_f64(seconds: f64) -> Self {
        if seconds > 0.0 { Self((seconds * 1e6 + 0.5) as u64) } else { Self(0) }
    }

    /// As seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Mul<u64> for Span {
    type Output = Self;
    fn mul(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

/// Reads `90`, `45s`, `3m`, `1.5h`, `2d`, `250ms`, and several in a row (`4m38s`); a bare number is seconds.
impl FromStr for Span {
    type Err = ParseUnitError;
    fn from_str(text: &str) -> Result<Self, ParseUnitError> {
        let error = || ParseUnitError { found: text.to_owned(), expected: "a duration such as 30s, 5m, 1.5h or 2d" };
        let mut rest = text.trim();
        let mut total = 0.0;
        loop {
            let digits = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let (number, tail) = rest.split_at(digits);
            let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(letters);
            let number: f64 = number.trim().parse().map_err(|_| error())?;
            total += number * unit_seconds(unit).ok_or_else(error)?;
            rest = tail.trim_start();
            if !(number.is_finite() && number >= 0.0) {
                return Err(error());
            }
            if rest.is_empty() {
                return Ok(Self::from_secs_f64(total));
            }
        }
    }
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "" | "s" | "sec" | "second" | "seconds" => 1.0,
        "us" => 1e-6,
        "ms" => 1e-3,
        "m" | "min" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86_400.0,
        "w" | "week" | "weeks" => 604_800.0,
        _ => return None,
    })
}

/// The shortest exact-enough reading: `850ms`, `13s`, `4m38s`, `2h05m`, `3d04h`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 999_500 {
            return f.pad(&format!("{}ms", (self.0 + 500) / 1000));
        }
        let s = (self.0 + 500_000) / 1_000_000;
        let text = match s {
            0..60 => format!("{s}s"),
            60..3600 => format!("{}m{:02}s", s / 60, s % 60),
            3600..86_400 => format!("{}h{:02}m", s / 3600, s % 3600 / 60),
            _ => format!("{}d{:02}h", s / 86_400, s % 86_400 / 3600),
        };
        f.pad(&text)
    }
}

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From dollars, rounded to the millionth.
    pub fn from_dollars(dollars: f64) -> Self {
        Self((dollars * 1e6).round() as i64)
    }

    /// As dollars.
    pub fn as_dollars(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// What this hourly price comes to over `span`, rounded down to the millionth of a dollar.
    #[must_use]
    pub fn over(self, span: Span) -> Self {
        Self((self.0 as i128 * span.0 as i128 / Span::HOUR.0 as i128) as i64)
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Mul<i64> for Money {
    type Output = Self;
    fn mul(self, factor: i64) -> Self {
        Self(self.0 * factor)
    }
}

/// Reads `2.5`, `$2.5`, `$2.5/h`.
impl FromStr for Money {
    type Err = ParseUnitError;
    fn from_str(text: &str) -> Result<Self, ParseUnitError> {
        let trimmed = text.trim();
        let trimmed = trimmed.strip_prefix('$').unwrap_or(trimmed);
        let trimmed = ["/hour", "/hr", "/h"].iter().find_map(|s| trimmed.strip_suffix(s)).unwrap_or(trimmed);
        match trimmed.trim().parse::<f64>() {
            Ok(dollars) if dollars.is_finite() && dollars.abs() < 1e12 => Ok(Self::from_dollars(dollars)),
            _ => Err(ParseUnitError { found: text.to_owned(), expected: "an amount of dollars such as 2.5 or $2.5/h" }),
        }
    }
}

/// Two decimals, without the sign of the currency (`2.95`), as the tables print it.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = (self.0.unsigned_abs() + 5_000) / 10_000;
        let sign = if self.0 < 0 && cents > 0 { "-" } else { "" };
        f.pad(&format!("{sign}{}.{:02}", cents / 100, cents % 100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_with_every_unit_and_in_a_row() {
        for (text, micros) in [
            ("90", 90_000_000),
            ("45s", 45_000_000),
            ("1.5h", 5_400_000_000),
            ("250ms", 250_000),
            ("2 d", 172_800_000_000),
            ("4m38s", 278_000_000),
            ("0", 0),
        ] {
            assert_eq!(text.parse::<Span>(), Ok(Span(micros)), "{text}");
        }
        for text in ["", "s", "-3s", "3 parsecs", "nan", "1h-2m", "inf"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn durations_print_short_and_read_back_to_the_second() {
        for (micros, text) in [
            (850_000, "850ms"),
            (13_000_000, "13s"),
            (278_000_000, "4m38s"),
            (7_500_000_000, "2h05m"),
            (273_600_000_000, "3d04h"),
        ] {
            assert_eq!(Span(micros).to_string(), text);
            assert_eq!(text.parse::<Span>(), Ok(Span(micros)));
        }
    }

    #[test]
    fn money_keeps_the_millionth_and_prints_cents() {
        assert_eq!("$2.953212/h".parse::<Money>(), Ok(Money(2_953_212)));
        assert_eq!(Money(2_953_212).to_string(), "2.95");
        assert_eq!(Money(-15_000).to_string(), "-0.02");
        assert_eq!(Money(454_000).to_string(), "0.45");
        assert!("two".parse::<Money>().is_err());
        assert_eq!(Money(3_600_000_000).over(Span(1)), Money(1));
    }
}
