//! The promises as checks over rows and postings.

use crate::ident::{Division, RowId, Year};
use crate::money::Total;
use crate::operation::Fault;
use crate::posting::Posting;
use crate::row::{Control, Row};
use alloc::collections::BTreeMap;

/// What is wrong with a row, or `None`: no field negative, no strict row overdrawn.
pub fn broken(row: &Row) -> Option<Fault> {
    if !row.is_sound() {
        return Some(Fault::Negative);
    }
    if row.hold.control() == Control::Strict && row.available() < 0 {
        return Some(Fault::Insufficient);
    }
    match &row.schedule {
        Some(schedule) if schedule.months().iter().any(|month| month.0 < 0) => {
            Some(Fault::Negative)
        }
        _ => None,
    }
}

/// Asserts that nothing is wrong with a row.
#[inline]
pub fn assert_row(row: &Row) {
    let broken = broken(row);
    assert!(broken.is_none(), "{broken:?}: {row:?}");
}

/// Whether Σ debit = Σ credit in every book (division and year) that the postings touch.
pub fn balances(postings: &[Posting], book: impl Fn(RowId) -> (Division, Year)) -> bool {
    let mut books: BTreeMap<(Division, Year), Total> = BTreeMap::new();
    for posting in postings {
        let amount = Total::from(posting.amount.0);
        *books.entry(book(posting.debit)).or_default() += amount;
        *books.entry(book(posting.credit)).or_default() -= amount;
    }
    books.values().all(|difference| *difference == 0)
}
