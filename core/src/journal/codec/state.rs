//! What a snapshot holds: rows, and documents under way.
//!
//! ```text
//! row      = flags u8: 0-1 control, 2 frozen, 3 schedule | ledger u8 | division u32 | year u16
//!          | approved | used | decreasing | increasing | debit | credit | twelve months?
//! document = id varint | entry, bit 7 of its flags: signed | state u8 | version varint
//!          | creator text | previous text | created varint | moved varint | holds (as changes)
//!          | history | downstream | signatures (count, signed...)?
//! history  = count | first varint | distance to the one before...
//! acted    = count | text...
//! ```
//! `acted` stands behind a document that is under way only: it says nothing of one that has ended.
//! Amounts are varints: a row holds nothing negative.

use super::changes::{put_changes, read_changes};
use super::cursor::Cursor;
use super::entry::{
    SIGNED, flag, put_entry, put_value, read_entry, read_flags, read_marked_entry, read_value,
};
use super::error::CodecError;
use super::recent::{Recent, put_amount};
use super::signature::{SIGNED_SIZE_MIN, put_signed, read_signed};
use super::varint;
use hubu_kernel::document::{Document, Entry, Value};
use hubu_kernel::ident::{
    CatalogVersion, Division, DocumentId, LedgerId, Seq, StateId, TypeId, Year,
};
use hubu_kernel::money::Cents;
use hubu_kernel::row::{Control, Hold, Row};
use hubu_kernel::schedule::Schedule;

const FROZEN: u8 = 1 << 2;
const SCHEDULE: u8 = 1 << 3;

/// An entry on its own always says its type and catalog unless they are 0.
const NOTHING_USUAL: (TypeId, CatalogVersion) = (TypeId(0), CatalogVersion(0));

/// Appends a row.
pub fn encode_row(row: &Row, out: &mut Vec<u8>) {
    let flags = row.hold.control() as u8
        | flag(row.hold.is_frozen(), FROZEN)
        | flag(row.schedule.is_some(), SCHEDULE);
    out.extend_from_slice(&[flags, row.ledger.0]);
    out.extend_from_slice(&row.division.0.to_le_bytes());
    out.extend_from_slice(&row.year.0.to_le_bytes());
    let amounts = [
        row.approved,
        row.used,
        row.decreasing,
        row.increasing,
        row.debit,
        row.credit,
    ];
    let months = row.schedule.as_deref().map(|s| s.months().as_slice());
    for amount in amounts.iter().chain(months.unwrap_or_default()) {
        assert!(amount.0 >= 0, "a row holds nothing negative: {row:?}");
        put_amount(out, *amount);
    }
}

/// Reads a row.
///
/// # Errors
/// Any [`CodecError`] but [`CodecError::Trailing`] and [`CodecError::Version`]; negative amounts are refused.
pub fn decode_row(cursor: &mut Cursor<'_>) -> Result<Row, CodecError> {
    let flags = read_flags(cursor, 0xf, "flags of a row")?;
    let Some(control) = Control::from_number(flags & 3) else {
        return Err(cursor.no_number("control level", flags & 3));
    };
    let ledger = LedgerId(cursor.byte()?);
    let division = Division(u32::from_le_bytes(cursor.array()?));
    let year = Year(u16::from_le_bytes(cursor.array()?));
    let mut amount = || -> Result<Cents, CodecError> { Ok(Cents(cursor.narrow("amount")?)) };
    Ok(Row {
        approved: amount()?,
        used: amount()?,
        decreasing: amount()?,
        increasing: amount()?,
        debit: amount()?,
        credit: amount()?,
        schedule: if flags & SCHEDULE != 0 {
            let mut months = [Cents::ZERO; 12];
            for month in &mut months {
                *month = amount()?;
            }
            Schedule::from_months(months).map(Box::new)
        } else {
            None
        },
        division,
        year,
        ledger,
        hold: Hold::new(control).with_frozen(flags & FROZEN != 0),
    })
}

/// Appends an entry that stands on its own.
pub fn encode_entry(entry: &Entry, out: &mut Vec<u8>) {
    put_entry(entry, NOTHING_USUAL, &mut Recent::new(), out);
}

/// Reads an entry that stands on its own.
///
/// # Errors
/// Any [`CodecError`] but [`CodecError::Trailing`] and [`CodecError::Version`].
pub fn decode_entry(cursor: &mut Cursor<'_>) -> Result<Entry, CodecError> {
    read_entry(cursor, NOTHING_USUAL, &mut Recent::new())
}

/// Appends a value that stands on its own.
pub fn encode_value(value: &Value, out: &mut Vec<u8>) {
    put_value(value, out);
}

/// Reads a value that stands on its own.
///
/// # Errors
/// Any [`CodecError`] but [`CodecError::Trailing`] and [`CodecError::Version`].
pub fn decode_value(cursor: &mut Cursor<'_>) -> Result<Value, CodecError> {
    read_value(cursor)
}

/// Appends a document.
pub fn encode_document(document: &Document, out: &mut Vec<u8>) {
    let recent = &mut Recent::new();
    varint::put(out, document.id.0);
    let flags_at = out.len();
    put_entry(&document.entry, NOTHING_USUAL, recent, out);
    out[flags_at] |= flag(!document.signatures.is_empty(), SIGNED);
    out.push(document.state.0);
    varint::put(out, u64::from(document.version));
    varint::put_bytes(out, document.creator.as_bytes());
    varint::put_bytes(out, document.previous.as_bytes());
    varint::put(out, document.created_ms);
    varint::put(out, document.moved_ms);
    put_changes(&document.holds, recent, out);
    varint::put(out, document.history.len() as u64);
    let mut before = 0;
    for seq in &document.history {
        varint::put(out, seq.0.wrapping_sub(before));
        before = seq.0;
    }
    varint::put(out, document.downstream.len() as u64);
    for made in &document.downstream {
        varint::put(out, made.0);
    }
    if !document.signatures.is_empty() {
        varint::put(out, document.signatures.len() as u64);
        for signed in &document.signatures {
            put_signed(signed, out);
        }
    }
}

/// Reads a document.
///
/// # Errors
/// Any [`CodecError`] but [`CodecError::Trailing`] and [`CodecError::Version`].
pub fn decode_document(cursor: &mut Cursor<'_>) -> Result<Document, CodecError> {
    let recent = &mut Recent::new();
    let mut before = 0u64;
    let id = DocumentId(cursor.varint()?);
    let (entry, is_signed) = read_marked_entry(cursor, NOTHING_USUAL, recent)?;
    Ok(Document {
        id,
        entry,
        state: StateId(cursor.byte()?),
        version: cursor.narrow("version")?,
        creator: cursor.text()?.into(),
        previous: cursor.text()?.into(),
        acted: Vec::new(),
        created_ms: cursor.varint()?,
        moved_ms: cursor.varint()?,
        holds: read_changes(cursor, recent)?,
        history: cursor.list(1, |c| {
            before = before.wrapping_add(c.varint()?);
            Ok(Seq(before))
        })?,
        downstream: cursor.list(1, |c| Ok(DocumentId(c.varint()?)))?,
        signatures: match is_signed {
            true => cursor.list(SIGNED_SIZE_MIN, read_signed)?,
            false => Vec::new(),
        },
    })
}

/// Appends who acted on a document in its round.
pub fn encode_acted(document: &Document, out: &mut Vec<u8>) {
    varint::put(out, document.acted.len() as u64);
    for name in &document.acted {
        varint::put_bytes(out, name.as_bytes());
    }
}

/// Reads who acted on the document that stands before it.
///
/// # Errors
/// Any [`CodecError`] but [`CodecError::Trailing`] and [`CodecError::Version`].
pub fn decode_acted(cursor: &mut Cursor<'_>, document: &mut Document) -> Result<(), CodecError> {
    document.acted = cursor.list(1, |c| Ok(c.text()?.into()))?;
    Ok(())
}
