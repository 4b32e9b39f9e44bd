//! The only way to time: milliseconds that never run backwards within a process.

#[cfg(feature = "server")]
mod moment;

#[cfg(feature = "server")]
pub use moment::Moment;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where `now` comes from.
#[derive(Debug)]
pub enum Clock {
    /// The machine's clock, held back from running backwards.
    System(AtomicU64),
    /// A clock that tests and simulations set.
    Manual(AtomicU64),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Clock {
        Clock::System(AtomicU64::new(0))
    }

    /// A clock that stands still at `now_ms` until it is set.
    pub fn manual(now_ms: u64) -> Clock {
        Clock::Manual(AtomicU64::new(now_ms))
    }

    /// Milliseconds since 1970-01-01 UTC; never less than an earlier answer.
    pub fn now_ms(&self) -> u64 {
        match self {
            Clock::Manual(now) => now.load(Ordering::Acquire),
            Clock::System(latest) => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH);
                let now = since.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX));
                // Written once a millisecond, not once a command: every thread looks here.
                match latest.load(Ordering::Acquire) {
                    seen if seen >= now => seen,
                    _ => latest.fetch_max(now, Ordering::AcqRel).max(now),
                }
            }
        }
    }

    /// Moves a manual clock forward; the machine's clock is left alone.
    pub fn advance(&self, by_ms: u64) {
        if let Clock::Manual(now) = self {
            now.fetch_add(by_ms, Ordering::AcqRel);
        }
    }
}

/// A day of the civil calendar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Day {
    /// Such as 2026.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// China's one time zone, UTC+8, in milliseconds: fiscal days end at midnight in Beijing.
const BEIJING_MS: u64 = 8 * 3_600_000;

impl Day {
    /// The day in Beijing at `now_ms` (milliseconds since 1970-01-01 UTC).
    pub fn in_beijing(now_ms: u64) -> Day {
        // Howard Hinnant's civil_from_days, for days since 0000-03-01.
        let days = now_ms.saturating_add(BEIJING_MS) / 86_400_000 + 719_468;
        let era = days / 146_097;
        let of_era = days % 146_097;
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        Day {
            year: u16::try_from(year).unwrap_or(u16::MAX),
            month: month as u8,
            day: day as u8,
        }
    }

    /// Days since 1970-01-01, as the catalog counts them.
    pub fn since_1970(self) -> i32 {
        crate::catalog::calendar::days_of(self.year.into(), self.month.into(), self.day.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_end_at_midnight_in_beijing() {
        let day = |ms| {
            let Day { year, month, day } = Day::in_beijing(ms);
            (year, month, day)
        };
        assert_eq!(day(0), (1970, 1, 1));
        assert_eq!(day(1_767_196_799_999), (2025, 12, 31));
        assert_eq!(day(1_767_196_800_000), (2026, 1, 1));
        assert_eq!(day(1_709_136_000_000), (2024, 2, 29));
    }
}
