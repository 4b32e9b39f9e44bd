//! Times as options have them: `200ms`, `10s`, `5m`, `2h`. A unit must stand there, so that nobody guesses.

use std::time::Duration;

/// Units, the longest name first, and their seconds.
const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3_600.0)];
/// Longer than anything here lasts: ten years.
const LONGEST: f64 = 315_360_000.0;

/// Reads a time.
///
/// # Errors
/// What is wanted instead.
pub fn parse(text: &str) -> Result<Duration, String> {
    let bad = || format!("{text:?}: want a time with its unit, such as 200ms, 10s, 5m or 2h");
    let (number, unit) = UNITS
        .iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))
        .ok_or_else(bad)?;
    let number: f64 = number.trim().parse().map_err(|_| bad())?;
    let seconds = number * unit;
    if !(0.0..=LONGEST).contains(&seconds) {
        return Err(format!("{text:?}: want 0 to ten years"));
    }
    Ok(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_and_must_be_there() {
        for (text, ms) in [
            ("200ms", 200),
            ("10s", 10_000),
            ("0.25s", 250),
            ("5m", 300_000),
            ("1 h", 3_600_000),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in [
            "", "10", "s", "ten s", "-1s", "NaNs", "infs", "1e300h", "5 days", "1.2.3s",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
