//! Moments in files that people write: RFC 3339 with its offset, such as `2026-12-01T00:00:00+08:00`.

use toml::value::{Datetime, Offset};

use crate::catalog::calendar::days_of;

/// Seconds since 1970-01-01 UTC.
///
/// # Errors
/// Date, time or offset is missing, or it lies before 1970.
pub(super) fn seconds(moment: &Datetime) -> Result<u64, String> {
    let wrong = || {
        format!("{moment}: a moment has date, time and offset, such as 2026-12-01T00:00:00+08:00")
    };
    let (Some(date), Some(time), Some(offset)) = (moment.date, moment.time, moment.offset) else {
        return Err(wrong());
    };
    let minutes = match offset {
        Offset::Z => 0,
        Offset::Custom { minutes } => i64::from(minutes),
    };
    let days = days_of(
        i32::from(date.year),
        u32::from(date.month),
        u32::from(date.day),
    );
    let second = time.second.unwrap_or_default();
    let of_day = i64::from(time.hour) * 3600 + i64::from(time.minute) * 60 + i64::from(second);
    let seconds = i64::from(days) * 86_400 + of_day - minutes * 60;
    u64::try_from(seconds).map_err(|_| wrong())
}

/// The same from a text.
pub(super) fn seconds_of(text: &str) -> Result<u64, String> {
    let moment: Datetime = text
        .parse()
        .map_err(|_| format!("{text:?} is no moment such as 2026-12-01T00:00:00+08:00"))?;
    seconds(&moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_counts_its_offset() {
        assert_eq!(seconds_of("1970-01-01T00:00:00Z"), Ok(0));
        assert_eq!(seconds_of("1970-01-01T08:00:01+08:00"), Ok(1));
        assert_eq!(seconds_of("2026-11-23T21:59:59.5Z"), Ok(1_795_471_199));
        for text in [
            "2026-12-01",
            "2026-12-01T00:00:00",
            "1969-12-31T23:59:59Z",
            "soon",
            "",
        ] {
            assert!(seconds_of(text).is_err(), "{text}");
        }
    }
}
