//! Moments as they leave: RFC 3339, UTC, to the millisecond.

use serde::{Serialize, Serializer};

use crate::catalog::calendar::civil;

/// Milliseconds of a day.
const DAY_MS: u64 = 86_400_000;

/// A moment: milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(pub u64);

impl Moment {
    /// The year that it falls in.
    pub fn year(self) -> u16 {
        u16::try_from(civil(self.days()).0).unwrap_or(u16::MAX)
    }

    fn days(self) -> i32 {
        i32::try_from(self.0 / DAY_MS).unwrap_or(i32::MAX)
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = civil(self.days());
        let of_day = self.0 % DAY_MS;
        let (second, ms) = (of_day / 1000, of_day % 1000);
        let (hour, minute) = (second / 3600, second / 60 % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}.{ms:03}Z",
            second % 60
        )
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_rfc_3339_says() {
        assert_eq!(Moment(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            Moment(1_795_471_199_007).to_string(),
            "2026-11-23T21:59:59.007Z"
        );
        assert_eq!(Moment(1_795_471_199_007).year(), 2026);
    }
}
