//! What documents are made of: entries, lines, fields.
//!
//! ```text
//! entry  = flags u8 | kind varint? | catalog varint? | division u32 | year u16
//!        | agency text? | number varint? | fields? | lines? | links (count, varint...)?
//! line   = flags u8 | rows u8? | base row? | to_base row? | amount?
//!        | dims? | to? | month u8? | fields?
//! rows   = low nibble base, high nibble to_base; there when either row is
//! dims   = count | (code u8, text)...
//! fields = count | (id varint, tag u8, value)...; tag 6 is a sensitive value, sealed: docs/fields.md draws its bytes
//! text   = length varint | UTF-8
//! ```
//! Fixed-width numbers are little-endian. A part whose flag is clear takes no bytes.

use super::changes::read_month;
use super::cursor::Cursor;
use super::error::CodecError;
use super::recent::Recent;
use super::varint;
use hubu_kernel::document::{Dimension, Entry, Field, LINES_MAX, Line, Value};
use hubu_kernel::ident::{CatalogVersion, Division, DocumentId, FieldId, TypeId, Year};
use hubu_kernel::money::Cents;

/// Bits of an entry's flags.
mod entry_flag {
    pub(super) const KIND: u8 = 1;
    pub(super) const CATALOG: u8 = 1 << 1;
    pub(super) const AGENCY: u8 = 1 << 2;
    pub(super) const NUMBER: u8 = 1 << 3;
    pub(super) const FIELDS: u8 = 1 << 4;
    pub(super) const LINES: u8 = 1 << 5;
    pub(super) const LINKS: u8 = 1 << 6;
    pub(super) const ALL: u8 = 0x7f;
}

/// The bit of an entry's flags that is the document's, in a snapshot: signatures follow it.
pub(super) const SIGNED: u8 = 1 << 7;

/// Bits of a line's flags.
mod line_flag {
    pub(super) const BASE: u8 = 1;
    pub(super) const TO_BASE: u8 = 1 << 1;
    pub(super) const DIMS: u8 = 1 << 2;
    pub(super) const TO: u8 = 1 << 3;
    pub(super) const MONTH: u8 = 1 << 4;
    pub(super) const FIELDS: u8 = 1 << 5;
    pub(super) const AMOUNT_SAME: u8 = 1 << 6;
    pub(super) const ALL: u8 = 0x7f;
}

/// Tags of a field's value.
mod tag {
    pub(super) const TEXT: u8 = 0;
    pub(super) const INT: u8 = 1;
    pub(super) const AMOUNT: u8 = 2;
    pub(super) const NO: u8 = 3;
    pub(super) const YES: u8 = 4;
    pub(super) const DATE: u8 = 5;
    pub(super) const SEALED: u8 = 6;
}

/// Type and catalog that an entry has unless it says otherwise.
pub(super) type Usual = (TypeId, CatalogVersion);

/// `bit` when `set`, else nothing.
#[inline]
pub(super) const fn flag(set: bool, bit: u8) -> u8 {
    if set { bit } else { 0 }
}

/// Appends an entry.
pub(super) fn put_entry(entry: &Entry, usual: Usual, recent: &mut Recent, out: &mut Vec<u8>) {
    use entry_flag::*;
    let flags = flag(entry.kind != usual.0, KIND)
        | flag(entry.catalog != usual.1, CATALOG)
        | flag(!entry.agency.is_empty(), AGENCY)
        | flag(entry.number != 0, NUMBER)
        | flag(!entry.fields.is_empty(), FIELDS)
        | flag(!entry.lines.is_empty(), LINES)
        | flag(!entry.links.is_empty(), LINKS);
    out.push(flags);
    if flags & KIND != 0 {
        varint::put(out, u64::from(entry.kind.0));
    }
    if flags & CATALOG != 0 {
        varint::put(out, u64::from(entry.catalog.0));
    }
    out.extend_from_slice(&entry.division.0.to_le_bytes());
    out.extend_from_slice(&entry.year.0.to_le_bytes());
    if flags & AGENCY != 0 {
        varint::put_bytes(out, entry.agency.as_bytes());
    }
    if flags & NUMBER != 0 {
        varint::put(out, entry.number);
    }
    if flags & FIELDS != 0 {
        put_fields(&entry.fields, out);
    }
    if flags & LINES != 0 {
        put_lines(&entry.lines, recent, out);
    }
    if flags & LINKS != 0 {
        varint::put(out, entry.links.len() as u64);
        for link in &entry.links {
            varint::put(out, link.0);
        }
    }
}

/// Reads an entry.
#[inline]
pub(super) fn read_entry(
    cursor: &mut Cursor<'_>,
    usual: Usual,
    recent: &mut Recent,
) -> Result<Entry, CodecError> {
    let mut entry = blank(usual);
    fill_entry(cursor, recent, &mut entry)?;
    Ok(entry)
}

/// Reads the entry of a document in a snapshot, and whether signatures follow the document.
pub(super) fn read_marked_entry(
    cursor: &mut Cursor<'_>,
    usual: Usual,
    recent: &mut Recent,
) -> Result<(Entry, bool), CodecError> {
    let flags = read_flags(cursor, entry_flag::ALL | SIGNED, "flags of an entry")?;
    let mut entry = blank(usual);
    fill_parts(cursor, recent, flags, &mut entry)?;
    Ok((entry, flags & SIGNED != 0))
}

/// An entry of which nothing was read yet.
#[inline]
pub(super) fn blank((kind, catalog): Usual) -> Entry {
    Entry {
        kind,
        catalog,
        division: Division(0),
        year: Year(0),
        agency: Box::default(),
        number: 0,
        fields: Vec::new(),
        lines: Vec::new(),
        links: Vec::new(),
    }
}

/// Reads a blank entry where it will live: it is too large to be handed around.
pub(super) fn fill_entry(
    cursor: &mut Cursor<'_>,
    recent: &mut Recent,
    entry: &mut Entry,
) -> Result<(), CodecError> {
    let flags = read_flags(cursor, entry_flag::ALL, "flags of an entry")?;
    fill_parts(cursor, recent, flags, entry)
}

#[inline]
fn fill_parts(
    cursor: &mut Cursor<'_>,
    recent: &mut Recent,
    flags: u8,
    entry: &mut Entry,
) -> Result<(), CodecError> {
    use entry_flag::*;
    let has = |bit: u8| flags & bit != 0;
    if has(KIND) {
        entry.kind = TypeId(cursor.narrow("document type")?);
    }
    if has(CATALOG) {
        entry.catalog = CatalogVersion(cursor.narrow("catalog version")?);
    }
    entry.division = Division(u32::from_le_bytes(cursor.array()?));
    entry.year = Year(u16::from_le_bytes(cursor.array()?));
    if has(AGENCY) {
        entry.agency = cursor.text()?.into();
    }
    if has(NUMBER) {
        entry.number = cursor.varint()?;
    }
    if has(FIELDS) {
        entry.fields = read_fields(cursor)?;
    }
    if has(LINES) {
        entry.lines = read_lines(cursor, recent)?;
    }
    if has(LINKS) {
        entry.links = cursor.list(1, |c| Ok(DocumentId(c.varint()?)))?;
    }
    Ok(())
}

/// As [`fill_entry`], only what counts the entry: type, catalog, division, year and number.
pub(super) fn fill_count(cursor: &mut Cursor<'_>, entry: &mut Entry) -> Result<(), CodecError> {
    use entry_flag::*;
    let flags = read_flags(cursor, ALL, "flags of an entry")?;
    let has = |bit: u8| flags & bit != 0;
    if has(KIND) {
        entry.kind = TypeId(cursor.narrow("document type")?);
    }
    if has(CATALOG) {
        entry.catalog = CatalogVersion(cursor.narrow("catalog version")?);
    }
    entry.division = Division(u32::from_le_bytes(cursor.array()?));
    entry.year = Year(u16::from_le_bytes(cursor.array()?));
    if has(AGENCY) {
        cursor.bytes()?;
    }
    if has(NUMBER) {
        entry.number = cursor.varint()?;
    }
    Ok(())
}

/// Reads flags of which only the bits of `all` may be set.
#[inline]
pub(super) fn read_flags(
    cursor: &mut Cursor<'_>,
    all: u8,
    what: &'static str,
) -> Result<u8, CodecError> {
    let flags = cursor.byte()?;
    if flags & !all == 0 {
        Ok(flags)
    } else {
        Err(cursor.no_number(what, flags))
    }
}

/// Appends a count and lines.
pub(super) fn put_lines(lines: &[Line], recent: &mut Recent, out: &mut Vec<u8>) {
    varint::put(out, lines.len() as u64);
    for line in lines {
        put_line(line, recent, out);
    }
}

/// Reads a count and lines.
pub(super) fn read_lines(
    cursor: &mut Cursor<'_>,
    recent: &mut Recent,
) -> Result<Vec<Line>, CodecError> {
    // At least flags; the amount may be the last one.
    let count = cursor.count(1)?;
    let mut lines = Vec::with_capacity(count.min(LINES_MAX));
    for _ in 0..count {
        fill_line(cursor, recent, lines.push_mut(Line::default()))?;
    }
    Ok(lines)
}

#[inline]
fn put_line(line: &Line, recent: &mut Recent, out: &mut Vec<u8>) {
    use line_flag::*;
    let same = line.amount == recent.amount;
    let flags = flag(line.base.is_some(), BASE)
        | flag(line.to_base.is_some(), TO_BASE)
        | flag(!line.dims.is_empty(), DIMS)
        | flag(!line.to.is_empty(), TO)
        | flag(line.month.is_some(), MONTH)
        | flag(!line.fields.is_empty(), FIELDS)
        | flag(same, AMOUNT_SAME);
    out.push(flags);
    if flags & (BASE | TO_BASE) != 0 {
        let base = line.base.map_or(0, |row| recent.nibble(row));
        let to_base = line.to_base.map_or(0, |row| recent.nibble(row));
        out.push(base | to_base << 4);
        if let Some(row) = line.base {
            recent.put(base, row, out);
        }
        if let Some(row) = line.to_base {
            recent.put(to_base, row, out);
        }
    }
    recent.put_amount(same, line.amount, out);
    if flags & DIMS != 0 {
        put_dimensions(&line.dims, out);
    }
    if flags & TO != 0 {
        put_dimensions(&line.to, out);
    }
    if let Some(month) = line.month {
        out.push(month.number());
    }
    if flags & FIELDS != 0 {
        put_fields(&line.fields, out);
    }
}

#[inline]
fn fill_line(
    cursor: &mut Cursor<'_>,
    recent: &mut Recent,
    line: &mut Line,
) -> Result<(), CodecError> {
    use line_flag::*;
    let flags = read_flags(cursor, ALL, "flags of a line")?;
    let has = |bit: u8| flags & bit != 0;
    if has(BASE | TO_BASE) {
        let rows = cursor.byte()?;
        if (!has(BASE) && rows & 0xf != 0) || (!has(TO_BASE) && rows >> 4 != 0) {
            return Err(cursor.no_number("pair of rows", rows));
        }
        if has(BASE) {
            line.base = Some(recent.row(rows & 0xf, cursor)?);
        }
        if has(TO_BASE) {
            line.to_base = Some(recent.row(rows >> 4, cursor)?);
        }
    }
    line.amount = recent.read_amount(has(AMOUNT_SAME), cursor)?;
    if has(DIMS) {
        line.dims = read_dimensions(cursor)?;
    }
    if has(TO) {
        line.to = read_dimensions(cursor)?;
    }
    line.month = read_month(cursor, has(MONTH))?;
    if has(FIELDS) {
        line.fields = read_fields(cursor)?;
    }
    Ok(())
}

fn put_dimensions(dims: &[Dimension], out: &mut Vec<u8>) {
    varint::put(out, dims.len() as u64);
    for dim in dims {
        out.push(dim.code);
        varint::put_bytes(out, dim.value.as_bytes());
    }
}

fn read_dimensions(cursor: &mut Cursor<'_>) -> Result<Vec<Dimension>, CodecError> {
    cursor.list(2, |c| {
        Ok(Dimension {
            code: c.byte()?,
            value: c.text()?.into(),
        })
    })
}

/// Appends a count and fields.
pub(super) fn put_fields(fields: &[Field], out: &mut Vec<u8>) {
    varint::put(out, fields.len() as u64);
    for field in fields {
        varint::put(out, u64::from(field.id.0));
        put_value(&field.value, out);
    }
}

/// Appends a value.
#[inline]
pub(super) fn put_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Text(text) => {
            out.push(tag::TEXT);
            varint::put_bytes(out, text.as_bytes());
        }
        Value::Int(number) => {
            out.push(tag::INT);
            varint::put_zigzag(out, *number);
        }
        Value::Amount(amount) => {
            out.push(tag::AMOUNT);
            varint::put_zigzag(out, amount.0);
        }
        Value::Flag(yes) => out.push(if *yes { tag::YES } else { tag::NO }),
        Value::Date(days) => {
            out.push(tag::DATE);
            varint::put_zigzag(out, i64::from(*days));
        }
        Value::Sealed(bytes) => {
            out.push(tag::SEALED);
            varint::put_bytes(out, bytes);
        }
    }
}

/// Reads a count and fields.
pub(super) fn read_fields(cursor: &mut Cursor<'_>) -> Result<Vec<Field>, CodecError> {
    cursor.list(2, |c| {
        let id = FieldId(c.narrow("field")?);
        let value = read_value(c)?;
        Ok(Field { id, value })
    })
}

/// Reads a value.
#[inline]
pub(super) fn read_value(c: &mut Cursor<'_>) -> Result<Value, CodecError> {
    Ok(match c.byte()? {
        tag::TEXT => Value::Text(c.text()?.into()),
        tag::INT => Value::Int(c.zigzag()?),
        tag::AMOUNT => Value::Amount(Cents(c.zigzag()?)),
        tag::NO => Value::Flag(false),
        tag::YES => Value::Flag(true),
        tag::DATE => {
            let days = c.zigzag()?;
            let date = i32::try_from(days);
            Value::Date(date.map_err(|_| c.no_number("date", days.unsigned_abs()))?)
        }
        tag::SEALED => Value::Sealed(c.bytes()?.into()),
        other => return Err(c.no_number("tag of a value", other)),
    })
}
