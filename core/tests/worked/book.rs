//! The books as HTTP tells them, held against the worked examples' vouchers and checkpoints.

use super::flow::Office;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A voucher: debit and credit account to amount, in yuan.
type Voucher = BTreeMap<(String, String), i64>;

/// Vouchers by division and year, in the order in which they were made.
#[derive(Default)]
pub struct Book {
    vouchers: BTreeMap<(String, u64), Vec<Voucher>>,
    /// Rows by id to the label that an example gives them, such as `A`.
    labels: BTreeMap<String, String>,
    /// Records that are in the book: a receipt's trace begins with the record of the issue that made it.
    records: BTreeSet<String>,
}

fn data(name: &str) -> Vec<csv::StringRecord> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name);
    let mut reader = csv::Reader::from_path(path).expect("readable");
    reader
        .records()
        .map(|record| record.expect("a row"))
        .collect()
}

/// A decimal string as whole yuan; the examples know no 分.
fn yuan(value: &Value) -> i64 {
    let text = value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no amount"));
    let (yuan, fen) = text.split_once('.').expect("two decimals");
    assert_eq!(fen, "00", "{text}");
    yuan.parse().expect("a number")
}

impl Book {
    /// Adds the vouchers of a trace.
    pub fn add(&mut self, trace: &Value) {
        for record in trace["records"].as_array().expect("records") {
            let seq = record["seq"].as_str().expect("a number").to_owned();
            if !self.records.insert(seq) {
                continue;
            }
            for voucher in record["vouchers"].as_array().expect("vouchers") {
                let division = voucher["division"].as_str().expect("a division").to_owned();
                let year = voucher["fiscal_year"].as_u64().expect("a year");
                let mut sums = Voucher::new();
                for posting in voucher["postings"].as_array().expect("postings") {
                    let pair = (
                        self.account(posting, "debit"),
                        self.account(posting, "credit"),
                    );
                    *sums.entry(pair).or_default() += yuan(&posting["amount"]);
                }
                self.vouchers
                    .entry((division, year))
                    .or_default()
                    .push(sums);
            }
        }
    }

    fn account(&self, posting: &Value, side: &str) -> String {
        let ledger = posting[side].as_str().expect("a ledger");
        let row = posting[&format!("{side}_row")].as_str().expect("a row");
        match self.labels.get(row) {
            Some(label) => format!("{ledger}/{label}"),
            None => ledger.to_owned(),
        }
    }

    /// Gives rows the label that their project has in the example; counter accounts and what is paid
    /// have none there.
    pub fn label(&mut self, office: &Office<'_>, labels: &[(&str, &str)]) {
        for row in office.rows(None) {
            let ledger = row["ledger"].as_str().expect("a ledger");
            let project = row["dims"]["pro_code"].as_str().unwrap_or("");
            let label = labels.iter().find(|(_, code)| *code == project);
            let plain = matches!(ledger, "CPL" | "CPG" | "PAY" | "CLR" | "OFF");
            if let Some((label, _)) = label.filter(|_| !plain) {
                let id = row["row"].as_str().expect("a row id").to_owned();
                self.labels.insert(id, (*label).to_owned());
            }
        }
    }

    /// Forgets what was made before an example begins.
    pub fn begin(&mut self) {
        self.vouchers.clear();
    }

    /// Every voucher of the example is in the book of this division and year, in order, and no other.
    pub fn assert_vouchers(&self, example: &str, division: &str, year: u64) {
        let mut wanted: Vec<(String, Voucher)> = Vec::new();
        for row in data("example_postings.csv")
            .iter()
            .filter(|row| &row[0] == example)
        {
            if wanted.last().is_none_or(|(name, _)| *name != row[1]) {
                wanted.push((row[1].to_owned(), Voucher::new()));
            }
            let sums = &mut wanted.last_mut().expect("just pushed").1;
            let pair = (row[3].to_owned(), row[4].to_owned());
            *sums.entry(pair).or_default() += row[5].parse::<i64>().expect("an amount");
        }
        assert!(!wanted.is_empty(), "{example}");
        let made = self.vouchers.get(&(division.to_owned(), year));
        let made = made.map_or(&[][..], |list| list);
        for (at, (name, voucher)) in wanted.iter().enumerate() {
            assert_eq!(made.get(at), Some(voucher), "{example} {name}");
        }
        assert_eq!(made.len(), wanted.len(), "{example}");
    }
}

/// Every row that the example names at this checkpoint is as written, and every row keeps the tie
/// between quota and ledger.
pub fn assert_checkpoint(
    office: &Office<'_>,
    labels: &[(&str, &str)],
    example: &str,
    checkpoint: &str,
) {
    let mut sums: BTreeMap<String, [i64; 5]> = BTreeMap::new();
    for row in office.rows(None) {
        assert_tie(&row);
        let ledger = row["ledger"].as_str().expect("a ledger");
        let project = row["dims"]["pro_code"].as_str().unwrap_or("");
        let label = labels.iter().find(|(_, code)| *code == project);
        let name = match label.filter(|_| ledger != "OFF") {
            Some((label, _)) => format!("{ledger}/{label}"),
            None => ledger.to_owned(),
        };
        let sum = sums.entry(name).or_default();
        for (at, field) in ["approved", "used", "decreasing", "increasing", "available"]
            .iter()
            .enumerate()
        {
            sum[at] += yuan(&row[field]);
        }
    }
    let wanted: Vec<_> = data("example_balances.csv")
        .into_iter()
        .filter(|row| &row[0] == example && &row[1] == checkpoint)
        .collect();
    assert!(!wanted.is_empty(), "{example} {checkpoint}");
    for row in wanted {
        let amounts = [3, 4, 5, 6, 7].map(|at| row[at].parse::<i64>().expect("an amount"));
        let found = sums.get(&row[2]).copied().unwrap_or_default();
        assert_eq!(found, amounts, "{example} {checkpoint} {}", &row[2]);
    }
}

/// As [`assert_tie`] says, on every row.
pub fn assert_ties(office: &Office<'_>) {
    office.rows(None).iter().for_each(assert_tie);
}

/// Σ debit − Σ credit = approved − used on every row that holds a resource (domain rule 7).
fn assert_tie(row: &Value) {
    let ledger = row["ledger"].as_str().expect("a ledger");
    if !matches!(ledger, "SRC" | "CPL" | "CPG" | "PRJ") {
        let posted = yuan(&row["debit"]) - yuan(&row["credit"]);
        assert_eq!(posted, yuan(&row["approved"]) - yuan(&row["used"]), "{row}");
    }
}

/// Σ debit − Σ credit by ledger; ledgers that stand at 0 are left out.
pub fn balances(office: &Office<'_>) -> BTreeMap<String, i64> {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for row in office.rows(None) {
        let ledger = row["ledger"].as_str().expect("a ledger").to_owned();
        *sums.entry(ledger).or_default() += yuan(&row["debit"]) - yuan(&row["credit"]);
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}
