//! Days and months as they are sealed: Beijing's, by the time that the journal's records carry.

use std::fmt;
use std::str::FromStr;

use super::error::SealError;
use crate::clock::Day;

/// How long after midnight a period counts as over: the clocks of server and sealer may differ by less.
pub(super) const GRACE_MS: u64 = 60_000;

/// A seal that is made more days than these behind the end of its period is late.
const LATE_DAYS: i64 = 2;

/// What a row of seals goes by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// A seal for every day with records (日封).
    Day,
    /// A seal for every month with records (月封).
    Month,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Day, Self::Month];

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A day or a month in Beijing; written `2026-03-01` or `2026-03`, ordered by time among its kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Period {
    year: u16,
    month: u8,
    /// 0 = the whole month.
    day: u8,
}

impl Period {
    /// The period of that kind at a moment (milliseconds since 1970-01-01 UTC).
    pub fn of(kind: Kind, time_ms: u64) -> Self {
        let Day { year, month, day } = Day::in_beijing(time_ms);
        let day = match kind {
            Kind::Day => day,
            Kind::Month => 0,
        };
        Self { year, month, day }
    }

    /// The earliest period of that kind that is not over at `now_ms`.
    pub(super) fn under_way(kind: Kind, now_ms: u64) -> Self {
        Self::of(kind, now_ms.saturating_sub(GRACE_MS))
    }

    /// Whether it ended more than two days before `now_ms`: a seal that is made then is late.
    pub fn is_long_over(self, now_ms: u64) -> bool {
        // The first day behind it is a day's next, or a month's next first.
        let (year, month, day, behind) = match (self.month, self.day) {
            (12, 0) => (self.year.saturating_add(1), 1, 1, 0),
            (month, 0) => (self.year, month.saturating_add(1), 1, 0),
            (month, day) => (self.year, month, day, 1),
        };
        let end = i64::from(Day { year, month, day }.since_1970()) + behind + LATE_DAYS;
        // Days of Beijing begin eight hours before those of UTC.
        let late_ms = end * 86_400_000 - 8 * 3_600_000;
        i64::try_from(now_ms).is_ok_and(|now_ms| now_ms > late_ms)
    }

    /// Whether it is a day or a month.
    pub fn kind(self) -> Kind {
        if self.day == 0 {
            Kind::Month
        } else {
            Kind::Day
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)?;
        match self.day {
            0 => Ok(()),
            day => write!(f, "-{day:02}"),
        }
    }
}

impl FromStr for Period {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, SealError> {
        let mut parts = text.split('-').map(str::parse::<u16>);
        let (year, month, day) = (parts.next(), parts.next(), parts.next());
        let day = day.unwrap_or(Ok(0));
        if let (Some(Ok(year)), Some(Ok(month @ 1..=12)), Ok(day @ 0..=31)) = (year, month, day) {
            let period = Self {
                year,
                month: month as u8,
                day: day as u8,
            };
            // One way to write it: also refuses a fourth part, signs and missing zeros.
            if period.to_string() == text {
                return Ok(period);
            }
        }
        Err(SealError::Period(text.chars().take(40).collect()))
    }
}

/// A moment as seals carry it: RFC 3339, Beijing's time, to the second.
pub(super) fn moment(time_ms: u64) -> String {
    let day = Period::of(Kind::Day, time_ms);
    let second = (time_ms / 1000 + 8 * 3600) % 86_400;
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{day}T{hour:02}:{minute:02}:{:02}+08:00", second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-01 00:00 in Beijing.
    const MARCH: u64 = 1_772_294_400_000;

    #[test]
    fn a_period_begins_at_midnight_in_beijing() {
        let shown = |kind, at| Period::of(kind, at).to_string();
        assert_eq!(shown(Kind::Day, MARCH), "2026-03-01");
        assert_eq!(shown(Kind::Month, MARCH), "2026-03");
        assert_eq!(shown(Kind::Day, MARCH - 1), "2026-02-28");
        assert_eq!(shown(Kind::Month, MARCH - 1), "2026-02");
        assert_eq!(moment(MARCH - 1000), "2026-02-28T23:59:59+08:00");
        assert_eq!(moment(MARCH + 3_661_000), "2026-03-01T01:01:01+08:00");
    }

    #[test]
    fn a_day_is_over_a_minute_after_it_ended() {
        let under_way = |at| Period::under_way(Kind::Day, at).to_string();
        assert_eq!(under_way(MARCH + GRACE_MS - 1), "2026-02-28");
        assert_eq!(under_way(MARCH + GRACE_MS), "2026-03-01");
    }

    #[test]
    fn a_seal_is_late_two_days_after_its_period_ended() {
        const DAYS: u64 = 2 * 86_400_000;
        let is_late = |period: &str, at| period.parse::<Period>().unwrap().is_long_over(at);
        for period in ["2026-02-28", "2026-02"] {
            assert!(!is_late(period, MARCH + DAYS), "{period}");
            assert!(is_late(period, MARCH + DAYS + 1), "{period}");
        }
        assert!(!is_late("2026-03-01", MARCH + DAYS + 86_400_000));
        // 2027-01-01 00:00 in Beijing.
        let year = MARCH + 306 * 86_400_000;
        assert!(!is_late("2026-12", year + DAYS));
        assert!(is_late("2026-12", year + DAYS + 1));
    }

    #[test]
    fn only_one_way_of_writing_a_period_is_taken() {
        for text in ["2026-03-01", "2026-03"] {
            assert_eq!(text.parse::<Period>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "2026",
            "2026-3",
            "2026-13",
            "2026-03-00",
            "2026-03-32",
            "+2026-03",
            "2026-03-01-01",
            "2026-03-1",
            "yesterday",
        ] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }
}
