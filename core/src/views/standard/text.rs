//! Text for COPY: columns parted by tabs, rows by line ends, `\N` for nothing.

use hubu_kernel::money::Total;
use std::fmt::Write;

/// Lines of one table under construction.
#[derive(Default, Debug)]
pub(super) struct Lines {
    text: String,
    starts: bool,
}

impl Lines {
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    fn part(&mut self) {
        if std::mem::replace(&mut self.starts, true) {
            self.text.push('\t');
        }
    }

    /// A value that holds nothing to escape: a number, a flag, a code of ours.
    pub(super) fn plain(&mut self, value: impl std::fmt::Display) -> &mut Lines {
        self.part();
        // A String takes whatever is written.
        let _infallible = write!(self.text, "{value}");
        self
    }

    pub(super) fn text(&mut self, value: &str) -> &mut Lines {
        self.part();
        for letter in value.chars() {
            match letter {
                '\\' => self.text.push_str("\\\\"),
                '\t' => self.text.push_str("\\t"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                // The database knows no such letter in a text.
                '\0' => self.text.push('\u{fffd}'),
                other => self.text.push(other),
            }
        }
        self
    }

    pub(super) fn maybe(&mut self, value: Option<&str>) -> &mut Lines {
        match value {
            Some(value) => self.text(value),
            None => self.plain("\\N"),
        }
    }

    /// An amount in 分, written in yuan.
    pub(super) fn amount(&mut self, fen: Total) -> &mut Lines {
        self.plain(yuan(fen))
    }

    /// A moment, given in milliseconds since 1970-01-01 UTC.
    pub(super) fn time(&mut self, ms: u64) -> &mut Lines {
        let (day, of_day) = ((ms / 86_400_000) as i64, ms % 86_400_000);
        let (year, month, day) = civil(day);
        let (seconds, ms) = (of_day / 1000, of_day % 1000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        self.plain(format_args!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z"
        ))
    }

    pub(super) fn end(&mut self) {
        self.text.push('\n');
        self.starts = false;
    }
}

/// Yuan with two decimals.
fn yuan(fen: Total) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    format!("{sign}{}.{:02}", fen / 100, fen % 100)
}

/// Year, month and day of a day since 1970-01-01: Howard Hinnant's `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

/// A name as SQL takes it whatever it is.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_column_is_escaped() {
        let mut lines = Lines::default();
        lines
            .plain(7)
            .text("a\tb\\n\nc")
            .maybe(None)
            .amount(-1205)
            .time(1_772_413_200_123)
            .end();
        assert_eq!(
            lines.as_str(),
            "7\ta\\tb\\\\n\\nc\t\\N\t-12.05\t2026-03-02T01:00:00.123Z\n"
        );
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
        assert_eq!([yuan(0), yuan(5), yuan(100)], ["0.00", "0.05", "1.00"]);
    }
}
