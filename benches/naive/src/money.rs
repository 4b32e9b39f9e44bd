//! Amounts: decimal strings of 元 outside, whole 分 inside.

/// Reads `12`, `12.3` or `12.34`; `None` for everything else, negative amounts and overflow included.
pub fn parse(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "00"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(part) || part.len() > 2 {
        return None;
    }
    let scale = if part.len() == 1 { 10 } else { 1 };
    let cents: i64 = part.parse::<i64>().ok()? * scale;
    whole
        .parse::<i64>()
        .ok()?
        .checked_mul(100)?
        .checked_add(cents)
}

/// Writes 分 as 元 with two places.
pub fn format(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let size = cents.unsigned_abs();
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_go_there_and_back() {
        assert_eq!(
            [parse("12.34"), parse("12.3"), parse("12")],
            [Some(1234), Some(1230), Some(1200)]
        );
        assert_eq!(
            [parse("-1"), parse("1.234"), parse("1."), parse("")],
            [None; 4]
        );
        assert_eq!(parse("92233720368547758.08"), None);
        assert_eq!(
            [format(1234), format(-5), format(0)],
            ["12.34", "-0.05", "0.00"]
        );
    }
}
