//! From the engine's time to the dates of log lines and file names.

use jiff::civil::DateTime;

use crate::model::Timestamp;

/// Says which date the origin of the engine's time stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    origin: DateTime,
}

impl Clock {
    /// A clock that reads `origin` at [`Timestamp::ZERO`].
    pub const fn starting_at(origin: DateTime) -> Self {
        Self { origin }
    }

    /// A clock whose time of day is the time passed, for simulations: the first of January, midnight.
    pub const fn elapsed() -> Self {
        Self { origin: DateTime::constant(2026, 1, 1, 0, 0, 0, 0) }
    }

    /// The date at a moment; the origin itself once past the calendar.
    pub fn date(&self, at: Timestamp) -> DateTime {
        let span = jiff::Span::new().try_microseconds(i64::try_from(at.0).unwrap_or(i64::MAX));
        span.and_then(|s| self.origin.checked_add(s)).unwrap_or(self.origin)
    }

    /// `02-11 21:17:43`, as log lines carry it.
    pub fn stamp(&self, at: Timestamp) -> String {
        self.date(at).strftime("%m-%d %H:%M:%S").to_string()
    }

    /// `sky-2022-02-11-21-17-43-171661`, as log directories are called.
    pub fn directory(&self, at: Timestamp) -> String {
        let date = self.date(at);
        format!("{}-{:06}", date.strftime("sky-%Y-%m-%d-%H-%M-%S"), date.subsec_nanosecond() / 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_clock_reads_as_the_page_does() {
        let clock = Clock::starting_at(date(2022, 2, 11).at(21, 17, 43, 171_661_000));
        assert_eq!(clock.directory(Timestamp::ZERO), "sky-2022-02-11-21-17-43-171661");
        assert_eq!(clock.stamp(Timestamp::ZERO), "02-11 21:17:43");
        assert_eq!(clock.stamp(Timestamp(41_000_000)), "02-11 21:18:24");
        assert_eq!(clock.stamp(Timestamp::NEVER), "02-11 21:17:43");
    }
}
