//! Amounts: whole fen (分) inside, decimal yuan strings such as "1234.56" on the wire. Written apart from the server's
//! own code on purpose: the audit must not share a mistake with what it audits.

use std::fmt::Write;

/// Parses "1234.56", "1234.5", "1234" or "-0.01" into fen. `None` when it is not exact to the fen or overflows.
pub fn parse(text: &str) -> Option<i64> {
    i64::try_from(parse_wide(text)?).ok()
}

/// As [`parse`], for sums that may pass an i64.
pub fn parse_wide(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || part.len() > 2 || !plain(whole) || !plain(part) {
        return None;
    }
    if digits.contains('.') && part.is_empty() {
        return None;
    }
    let yuan: i128 = whole.parse().ok()?;
    let fen: i128 = match part.len() {
        0 => 0,
        1 => part.parse::<i128>().ok()? * 10,
        _ => part.parse().ok()?,
    };
    let total = yuan.checked_mul(100)?.checked_add(fen)?;
    Some(if negative { -total } else { total })
}

/// Writes fen as yuan with two decimals onto `out`.
pub fn push(out: &mut String, fen: i64) {
    let sign = if fen < 0 { "-" } else { "" };
    let size = fen.unsigned_abs();
    // Writing to a String cannot fail.
    let _ = write!(out, "{sign}{}.{:02}", size / 100, size % 100);
}

/// Fen as a yuan string.
pub fn text(fen: i64) -> String {
    let mut out = String::with_capacity(16);
    push(&mut out, fen);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_amounts_survive_the_round_trip() {
        for fen in [
            0,
            1,
            9,
            10,
            99,
            100,
            123_456,
            -1,
            -100,
            900_000_000_000_000_000,
        ] {
            assert_eq!(parse(&text(fen)), Some(fen));
        }
        assert_eq!(parse("12.5"), Some(1250));
        assert_eq!(parse("7"), Some(700));
    }

    #[test]
    fn inexact_or_odd_amounts_are_refused() {
        for bad in [
            "",
            "-",
            ".5",
            "1.",
            "1.234",
            "1e3",
            "+1",
            " 1",
            "99999999999999999999",
            "１",
        ] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }
}
