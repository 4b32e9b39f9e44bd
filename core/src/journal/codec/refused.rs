//! The body of a refusal.
//!
//! ```text
//! refused   = flags u8: 0 document, 1 transition, 2 row key, 3 capacity, 4-7 rejection
//!           | document varint? | kind varint | catalog varint | transition u8?
//!           | rejection | row key bytes? | capacity?
//! rejection = 0 state u8 | 1 expected varint, actual varint | 2 | 3 | 4 | 5 field varint
//!           | 6 guard varint | 7 row varint, fault u8, available zigzag, asked zigzag
//!           | 8 debit varint, credit varint | 9
//! ```

use super::ReadCapacity;
use super::cursor::Cursor;
use super::entry::flag;
use super::error::CodecError;
use super::signature::{put_capacity, read_capacity};
use super::varint;
use hubu_kernel::ident::{
    CatalogVersion, DocumentId, FieldId, RowId, StateId, TransitionId, TypeId,
};
use hubu_kernel::money::Cents;
use hubu_kernel::operation::Fault;
use hubu_kernel::record::Refused;
use hubu_kernel::rejection::Rejection;
use hubu_kernel::signature::Capacity;
use std::sync::Arc;

const DOCUMENT: u8 = 1;
const TRANSITION: u8 = 1 << 1;
const ROW_KEY: u8 = 1 << 2;
const CAPACITY: u8 = 1 << 3;

const fn number(rejection: &Rejection) -> u8 {
    match rejection {
        Rejection::WrongState { .. } => 0,
        Rejection::StaleVersion { .. } => 1,
        Rejection::CreatorActs => 2,
        Rejection::PreviousActs => 3,
        Rejection::NotCreator => 4,
        Rejection::FieldMissing { .. } => 5,
        Rejection::GuardFailed { .. } => 6,
        Rejection::Row { .. } => 7,
        Rejection::Unbalanced { .. } => 8,
        Rejection::Overflow => 9,
    }
}

/// Appends the body.
pub(super) fn put(refused: &Refused, capacity: Option<&Capacity>, out: &mut Vec<u8>) {
    let flags = flag(refused.document.is_some(), DOCUMENT)
        | flag(refused.transition.is_some(), TRANSITION)
        | flag(refused.row_key.is_some(), ROW_KEY)
        | flag(capacity.is_some(), CAPACITY);
    out.push(flags | number(&refused.rejection) << 4);
    if let Some(document) = refused.document {
        varint::put(out, document.0);
    }
    varint::put(out, u64::from(refused.kind.0));
    varint::put(out, u64::from(refused.catalog.0));
    if let Some(transition) = refused.transition {
        out.push(transition.0);
    }
    put_rejection(&refused.rejection, out);
    if let Some(key) = &refused.row_key {
        varint::put_bytes(out, key);
    }
    if let Some(capacity) = capacity {
        put_capacity(capacity, out);
    }
}

/// Reads the body.
pub(super) fn read(
    cursor: &mut Cursor<'_>,
    capacity: &mut ReadCapacity,
) -> Result<Refused, CodecError> {
    let flags = cursor.byte()?;
    let refused = Refused {
        document: if flags & DOCUMENT != 0 {
            Some(DocumentId(cursor.varint()?))
        } else {
            None
        },
        kind: TypeId(cursor.narrow("document type")?),
        catalog: CatalogVersion(cursor.narrow("catalog version")?),
        transition: if flags & TRANSITION != 0 {
            Some(TransitionId(cursor.byte()?))
        } else {
            None
        },
        rejection: read_rejection(cursor, flags >> 4)?,
        row_key: if flags & ROW_KEY != 0 {
            Some(cursor.bytes()?.into())
        } else {
            None
        },
    };
    if flags & CAPACITY != 0 {
        *capacity = Some(Arc::new(read_capacity(cursor)?));
    }
    Ok(refused)
}

fn put_rejection(rejection: &Rejection, out: &mut Vec<u8>) {
    match *rejection {
        Rejection::WrongState { state } => out.push(state.0),
        Rejection::StaleVersion { expected, actual } => {
            varint::put(out, u64::from(expected));
            varint::put(out, u64::from(actual));
        }
        Rejection::FieldMissing { field } => varint::put(out, u64::from(field.0)),
        Rejection::GuardFailed { guard } => varint::put(out, u64::from(guard)),
        Rejection::Row {
            row,
            fault,
            available,
            asked,
        } => {
            varint::put(out, u64::from(row.0));
            out.push(fault as u8);
            varint::put_zigzag(out, available.0);
            varint::put_zigzag(out, asked.0);
        }
        Rejection::Unbalanced { debit, credit } => {
            varint::put(out, u64::from(debit.0));
            varint::put(out, u64::from(credit.0));
        }
        Rejection::CreatorActs
        | Rejection::PreviousActs
        | Rejection::NotCreator
        | Rejection::Overflow => {}
    }
}

fn read_rejection(cursor: &mut Cursor<'_>, number: u8) -> Result<Rejection, CodecError> {
    Ok(match number {
        0 => Rejection::WrongState {
            state: StateId(cursor.byte()?),
        },
        1 => Rejection::StaleVersion {
            expected: cursor.narrow("version")?,
            actual: cursor.narrow("version")?,
        },
        2 => Rejection::CreatorActs,
        3 => Rejection::PreviousActs,
        4 => Rejection::NotCreator,
        5 => Rejection::FieldMissing {
            field: FieldId(cursor.narrow("field")?),
        },
        6 => Rejection::GuardFailed {
            guard: cursor.narrow("guard")?,
        },
        7 => Rejection::Row {
            row: RowId(cursor.narrow("row")?),
            fault: read_fault(cursor)?,
            available: Cents(cursor.zigzag()?),
            asked: Cents(cursor.zigzag()?),
        },
        8 => Rejection::Unbalanced {
            debit: RowId(cursor.narrow("row")?),
            credit: RowId(cursor.narrow("row")?),
        },
        9 => Rejection::Overflow,
        other => return Err(cursor.no_number("rejection", other)),
    })
}

fn read_fault(cursor: &mut Cursor<'_>) -> Result<Fault, CodecError> {
    let number = cursor.byte()?;
    match Fault::ALL.get(usize::from(number)) {
        Some(fault) => Ok(*fault),
        None => Err(cursor.no_number("fault", number)),
    }
}
