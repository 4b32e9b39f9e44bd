//! What was just named: rows and the last amount, so that naming them again costs four bits or none.
//!
//! Writer and reader keep the same memory: a row is learnt where it is first written in full, until
//! [`ROWS_MAX`] are known. A reference is a nibble: 0 = a row in full follows, n = the n-th row learnt.

use super::cursor::Cursor;
use super::error::CodecError;
use super::varint;
use hubu_kernel::ident::RowId;
use hubu_kernel::money::Cents;

/// The most rows remembered: what a nibble can name, less 0.
const ROWS_MAX: usize = 15;

/// Rows named so far in a record, and the last amount written in full.
#[derive(Clone, Debug)]
pub(super) struct Recent {
    rows: [RowId; ROWS_MAX],
    known: usize,
    /// The last amount written in full; 0 at first.
    pub(super) amount: Cents,
}

impl Recent {
    /// Nothing was named yet.
    #[inline]
    pub(super) const fn new() -> Recent {
        Recent {
            rows: [RowId(0); ROWS_MAX],
            known: 0,
            amount: Cents::ZERO,
        }
    }

    /// The nibble for a row: 0 when it must be written in full, by [`Recent::put`].
    #[inline]
    pub(super) fn nibble(&self, row: RowId) -> u8 {
        self.rows[..self.known]
            .iter()
            .position(|known| *known == row)
            .map_or(0, |at| at as u8 + 1)
    }

    /// Keeps a row that was written in full.
    #[inline]
    pub(super) fn learn(&mut self, row: RowId) {
        if let Some(slot) = self.rows.get_mut(self.known) {
            *slot = row;
            self.known += 1;
        }
    }

    /// Writes the row in full when its nibble says so.
    #[inline]
    pub(super) fn put(&mut self, nibble: u8, row: RowId, out: &mut Vec<u8>) {
        if nibble == 0 {
            varint::put(out, u64::from(row.0));
            self.learn(row);
        }
    }

    /// Reads the row that a nibble stands for.
    #[inline]
    pub(super) fn row(&mut self, nibble: u8, cursor: &mut Cursor<'_>) -> Result<RowId, CodecError> {
        if nibble == 0 {
            let row = RowId(cursor.narrow("row")?);
            self.learn(row);
            return Ok(row);
        }
        match self.rows[..self.known].get(usize::from(nibble) - 1) {
            Some(row) => Ok(*row),
            None => Err(cursor.no_number("row named before", nibble)),
        }
    }

    /// Writes an amount in full unless it is `same` as the last one.
    #[inline]
    pub(super) fn put_amount(&mut self, same: bool, amount: Cents, out: &mut Vec<u8>) {
        assert!(
            !same || amount == self.amount,
            "only the last amount is left out"
        );
        if !same {
            put_amount(out, amount);
            self.amount = amount;
        }
    }

    /// Reads an amount, or repeats the last one.
    #[inline]
    pub(super) fn read_amount(
        &mut self,
        same: bool,
        cursor: &mut Cursor<'_>,
    ) -> Result<Cents, CodecError> {
        if !same {
            self.amount = read_amount(cursor)?;
        }
        Ok(self.amount)
    }
}

/// Writes an amount that is hardly ever negative: its 64 bits as an unsigned number.
#[inline]
pub(super) fn put_amount(out: &mut Vec<u8>, amount: Cents) {
    varint::put(out, amount.0 as u64);
}

/// The reverse of [`put_amount`].
#[inline]
pub(super) fn read_amount(cursor: &mut Cursor<'_>) -> Result<Cents, CodecError> {
    Ok(Cents(cursor.varint()? as i64))
}
