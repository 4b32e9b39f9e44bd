//! Days of the Gregorian calendar as numbers since 1970-01-01, and back.
//!
//! The arithmetic is Howard Hinnant's `days_from_civil`: exact, and free of any clock or time zone.

/// A day such as `2026-03-31`, or `None` where there is no such day between years 1 and 9999.
pub fn parse_day(text: &str) -> Option<i32> {
    let bytes = text.as_bytes();
    let shape = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shape {
        return None;
    }
    let (year, month, day) = (
        text[..4].parse().ok()?,
        text[5..7].parse().ok()?,
        text[8..].parse().ok()?,
    );
    let days = days_of(year, month, day);
    // A day that does not exist, such as 30 February, comes back as another.
    (year > 0 && civil(days) == (year, month, day)).then_some(days)
}

/// The day in words: `2026-03-31`.
pub fn format_day(days: i32) -> String {
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Days since 1970-01-01.
pub fn days_of(year: i32, month: u32, day: u32) -> i32 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    let days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    (era * 146_097 + days - 719_468) as i32
}

/// Year, month (1 to 12) and day (1 to 31).
pub fn civil(days: i32) -> (i32, u32, u32) {
    let shifted = i64::from(days) + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year as i32, month as u32, day as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_come_back() {
        assert_eq!(parse_day("1970-01-01"), Some(0));
        assert_eq!(parse_day("2024-02-29"), Some(19_782));
        for days in -200_000..200_000 {
            let (year, month, day) = civil(days);
            assert_eq!(days_of(year, month, day), days);
        }
        assert_eq!(format_day(19_782), "2024-02-29");
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for wrong in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-01",
            "0000-01-01",
            "２０２６-01-01",
        ] {
            assert_eq!(parse_day(wrong), None, "{wrong}");
        }
    }
}
