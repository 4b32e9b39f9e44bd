//! Amounts at the edge: decimal strings of 元, whole 分 inside.

use hubu_kernel::money::Cents;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Serialize, Serializer};

/// The longest text that an amount may have: more digits than an `i64` of 分 has.
const TEXT_MAX: usize = 24;

/// Reads an amount such as `"1234.56"`.
///
/// # Errors
/// Says what is wrong: no plain decimal, not exact to 分, or past the range. Zero and negative amounts
/// pass; whoever wants a positive one says so.
pub fn parse_amount(text: &str) -> Result<Cents, &'static str> {
    let is_plain = text.len() <= TEXT_MAX
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-')
        && text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        && text.ends_with(|c: char| c.is_ascii_digit());
    if !is_plain {
        return Err("an amount is a plain decimal such as \"1234.56\"");
    }
    let decimal = Decimal::from_str_exact(text).map_err(|_| "the amount is out of range")?;
    let cents = decimal
        .checked_mul(Decimal::ONE_HUNDRED)
        .ok_or("the amount is out of range")?;
    if !cents.is_integer() {
        return Err("the amount is not exact to 0.01");
    }
    cents
        .to_i64()
        .map(Cents)
        .ok_or("the amount is out of range")
}

/// Reads an amount of more than 0.
///
/// # Errors
/// As [`parse_amount`], or that it is not positive.
pub fn parse_positive(text: &str) -> Result<Cents, &'static str> {
    let cents = parse_amount(text)?;
    if cents.0 > 0 {
        Ok(cents)
    } else {
        Err("the amount is not more than 0")
    }
}

/// An amount as it leaves: `"1234.56"`, exact for any sum of amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(pub i128);

impl From<Cents> for Amount {
    fn from(cents: Cents) -> Self {
        Self(i128::from(cents.0))
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        // The usual amount fits 64 bits, whose division is many times cheaper than that of 128.
        match u64::try_from(cents) {
            Ok(cents) => write!(f, "{sign}{}.{:02}", cents / 100, cents % 100),
            Err(_) => write!(f, "{sign}{}.{:02}", cents / 100, cents % 100),
        }
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_or_refused() {
        assert_eq!(parse_amount("1234.56"), Ok(Cents(123_456)));
        assert_eq!(parse_amount("0.1"), Ok(Cents(10)));
        assert_eq!(parse_amount("7"), Ok(Cents(700)));
        assert_eq!(parse_amount("1.500"), Ok(Cents(150)));
        assert_eq!(parse_amount("-3.00"), Ok(Cents(-300)));
        assert_eq!(parse_amount("92233720368547758.07"), Ok(Cents(i64::MAX)));
        for wrong in [
            "92233720368547758.08",
            "1.005",
            "1e3",
            "",
            ".5",
            "5.",
            "+1",
            " 1",
            "１",
            "1,000",
            "--1",
            "1.2.3",
            "-",
        ] {
            assert!(parse_amount(wrong).is_err(), "{wrong:?}");
        }
        assert!(parse_positive("0.00").is_err() && parse_positive("-0.01").is_err());
    }

    #[test]
    fn amounts_leave_with_two_digits() {
        assert_eq!(Amount(5).to_string(), "0.05");
        assert_eq!(Amount(-123_456).to_string(), "-1234.56");
        assert_eq!(
            Amount(i128::from(i64::MAX) * 10).to_string(),
            "922337203685477580.70"
        );
    }
}
