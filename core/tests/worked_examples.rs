//! The three worked examples, over HTTP: every voucher and every checkpoint, refusals included.
//!
//! Each example runs against a server of its own with the catalog that is shipped. The vouchers and
//! the amounts are those of `tests/data/example_postings.csv` and `tests/data/example_balances.csv`.
#![cfg(feature = "server")]
#![allow(clippy::expect_used, reason = "a test that can't go on ends here")]

#[path = "worked/adjustment.rs"]
mod adjustment;
#[path = "worked/project.rs"]
mod project;
#[path = "worked/transfer.rs"]
mod transfer;
mod worked;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use worked::flow::yuan_text;
use worked::server::Answer;

fn none() -> Value {
    json!({})
}

fn assert_refused(answer: &Answer, ledger: &str, available: i64, asked: i64) {
    assert_eq!(answer.status, 409, "{answer:?}");
    assert_eq!(answer.body["code"], "insufficient", "{answer:?}");
    assert_eq!(answer.body["ledger"], ledger, "{answer:?}");
    assert_eq!(answer.body["available"], yuan_text(available), "{answer:?}");
    assert_eq!(answer.body["asked"], yuan_text(asked), "{answer:?}");
}

fn sums(pairs: &[(&str, i64)]) -> BTreeMap<String, i64> {
    pairs
        .iter()
        .map(|(ledger, sum)| ((*ledger).to_owned(), *sum))
        .collect()
}
