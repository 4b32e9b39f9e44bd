//! Amounts and days.

use super::{Setup, bytes_of, kind, kind_of_text};
use crate::Outcome;
use hubu_core::catalog::calendar::{format_day, parse_day};
use hubu_core::http::money::{Amount, parse_amount};

/// Amounts: what is read is written and read again as the same, and the harness, whose code is its own, agrees.
pub(super) fn amount() -> Outcome<Setup> {
    Ok(Setup {
        seeds: bytes_of(&[
            "0",
            "1234.56",
            "-0.01",
            "92233720368547758.07",
            "1.500",
            "00012.3",
            "",
        ]),
        words: bytes_of(&[
            "9223372036854775807",
            ".",
            "-",
            "0.0000000000000000000001",
            "e9",
            "１",
        ]),
        memory: Some(64),
        run: Box::new(|input| {
            let Ok(text) = std::str::from_utf8(input) else {
                return 0;
            };
            let theirs = hubu_load::money::parse(text);
            match parse_amount(text) {
                Ok(cents) => {
                    let written = Amount::from(cents).to_string();
                    assert_eq!(parse_amount(&written), Ok(cents), "{written}");
                    assert_eq!(
                        hubu_load::money::parse(&written),
                        Some(cents.0),
                        "{written}"
                    );
                    assert!(
                        theirs.is_none_or(|theirs| theirs == cents.0),
                        "{text}: {theirs:?}"
                    );
                    kind((cents.0.signum(), text.len()))
                }
                Err(why) => {
                    assert!(
                        theirs.is_none() || text.len() > 24,
                        "{text}: {why}, but {theirs:?}"
                    );
                    kind_of_text(why)
                }
            }
        }),
    })
}

/// Days: one spelling each.
pub(super) fn day() -> Outcome<Setup> {
    Ok(Setup {
        seeds: bytes_of(&["2026-03-31", "2024-02-29", "0001-01-01", "9999-12-31"]),
        words: bytes_of(&["-", "02-29", "2100", "+026"]),
        memory: Some(64),
        run: Box::new(|input| {
            let Ok(text) = std::str::from_utf8(input) else {
                return 0;
            };
            let Some(day) = parse_day(text) else { return 1 };
            assert_eq!(format_day(day), text);
            kind(day / 31)
        }),
    })
}
