//! Changes of rows and postings.
//!
//! ```text
//! changes  = groups count | group...
//! group    = head u8: 0-3 row nibble, 4 amount is the last one, 5 a month follows, 6-7 zero
//!          | operations u8: low the first, high the second or 15 for none
//!          | row? | amount? | month u8?
//! postings = varint: bit 0 every amount is the last one, above it the count | posting...
//! posting  = rows u8: low nibble debit, high nibble credit | debit? | credit? | amount?
//! ```
//! A group is one operation, or two neighbours on one row with one amount and month, as one-step
//! effects make them.

use super::cursor::Cursor;
use super::error::CodecError;
use super::recent::Recent;
use super::varint;
use hubu_kernel::document::RowChange;
use hubu_kernel::operation::Operation;
use hubu_kernel::posting::Posting;
use hubu_kernel::schedule::Month;

const AMOUNT_SAME: u8 = 1 << 4;
const MONTH: u8 = 1 << 5;
const NO_OPERATION: u8 = 15;

/// Head and operations.
const GROUP_SIZE_MIN: usize = 2;

const _: () = assert!(Operation::ALL.len() <= NO_OPERATION as usize);

/// How many of the first changes make one group: 1 or 2.
#[inline]
fn group_size(changes: &[RowChange]) -> usize {
    match changes {
        [a, b, ..] if a.row == b.row && a.amount == b.amount && a.month == b.month => 2,
        _ => 1,
    }
}

/// Appends changes.
#[inline]
pub(super) fn put_changes(changes: &[RowChange], recent: &mut Recent, out: &mut Vec<u8>) {
    let mut groups = 0;
    let mut rest = changes;
    while !rest.is_empty() {
        rest = &rest[group_size(rest)..];
        groups += 1;
    }
    varint::put(out, groups);
    let mut rest = changes;
    while let [first, ..] = rest {
        let size = group_size(rest);
        let second = match rest.get(1) {
            Some(second) if size == 2 => second.operation as u8,
            _ => NO_OPERATION,
        };
        let nibble = recent.nibble(first.row);
        let same = first.amount == recent.amount;
        let mut head = nibble;
        head |= if same { AMOUNT_SAME } else { 0 };
        head |= if first.month.is_some() { MONTH } else { 0 };
        out.extend_from_slice(&[head, first.operation as u8 | second << 4]);
        recent.put(nibble, first.row, out);
        recent.put_amount(same, first.amount, out);
        if let Some(month) = first.month {
            out.push(month.number());
        }
        rest = &rest[size..];
    }
}

/// Reads changes.
pub(super) fn read_changes(
    cursor: &mut Cursor<'_>,
    recent: &mut Recent,
) -> Result<Vec<RowChange>, CodecError> {
    let groups = cursor.count(GROUP_SIZE_MIN)?;
    let mut changes = Vec::with_capacity(2 * groups.min(2048));
    for _ in 0..groups {
        let [head, operations] = cursor.array()?;
        if head & !(0xf | AMOUNT_SAME | MONTH) != 0 {
            return Err(cursor.no_number("head of a group", head));
        }
        let operation = read_operation(cursor, operations & 0xf)?;
        let row = recent.row(head & 0xf, cursor)?;
        let amount = recent.read_amount(head & AMOUNT_SAME != 0, cursor)?;
        let month = read_month(cursor, head & MONTH != 0)?;
        let change = RowChange {
            row,
            operation,
            amount,
            month,
        };
        changes.push(change);
        if operations >> 4 != NO_OPERATION {
            let operation = read_operation(cursor, operations >> 4)?;
            changes.push(RowChange {
                operation,
                ..change
            });
        }
    }
    Ok(changes)
}

#[inline]
fn read_operation(cursor: &Cursor<'_>, number: u8) -> Result<Operation, CodecError> {
    match Operation::ALL.get(usize::from(number)) {
        Some(operation) => Ok(*operation),
        None => Err(cursor.no_number("operation", number)),
    }
}

/// Reads the month, where there is one.
#[inline]
pub(super) fn read_month(
    cursor: &mut Cursor<'_>,
    present: bool,
) -> Result<Option<Month>, CodecError> {
    if !present {
        return Ok(None);
    }
    let number = cursor.byte()?;
    match Month::new(number) {
        Some(month) => Ok(Some(month)),
        None => Err(cursor.no_number("month", number)),
    }
}

/// Appends postings.
#[inline]
pub(super) fn put_postings(postings: &[Posting], recent: &mut Recent, out: &mut Vec<u8>) {
    let same = postings.iter().all(|p| p.amount == recent.amount);
    varint::put(out, (postings.len() as u64) << 1 | u64::from(same));
    for posting in postings {
        let debit = recent.nibble(posting.debit);
        let credit = recent.nibble(posting.credit);
        out.push(debit | credit << 4);
        recent.put(debit, posting.debit, out);
        recent.put(credit, posting.credit, out);
        recent.put_amount(same, posting.amount, out);
    }
}

/// Reads postings.
pub(super) fn read_postings(
    cursor: &mut Cursor<'_>,
    recent: &mut Recent,
) -> Result<Vec<Posting>, CodecError> {
    let head = cursor.varint()?;
    let count = cursor.fits(head >> 1, 1)?;
    let mut postings = Vec::with_capacity(count.min(4096));
    for _ in 0..count {
        let rows = cursor.byte()?;
        let debit = recent.row(rows & 0xf, cursor)?;
        let credit = recent.row(rows >> 4, cursor)?;
        let amount = recent.read_amount(head & 1 != 0, cursor)?;
        postings.push(Posting {
            debit,
            credit,
            amount,
        });
    }
    Ok(postings)
}
