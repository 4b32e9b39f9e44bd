//! The body of a document's step.
//!
//! ```text
//! decided = step u8: 0 transition, 1 terminal, 2-4 phase, 5 entry, 6 changes, 7 postings
//!         | parts u8: 0 fields, 1 lines, 2 rows, 3 spawned, 4 warnings, 5 version is 1, 6 signature,
//!           7 zero
//!         | document varint | kind varint | catalog varint | transition u8? | from u8 | state u8
//!         | version varint? | rows? | changes? | postings? | warnings? | entry? | fields? | lines?
//!         | spawned? | signature?
//! row     = id varint | kind u8: 0-1 control, 2 scheduled | ledger u8 | division u32 | year u16
//!         | key bytes
//! spawned = count | (document varint, state u8, entry)...
//! ```
//! Rows, changes and postings come first: rows are named in full there, and by reference in the
//! lines behind, so that a reader of movements alone never needs the document. The signature came later:
//! its bit was zero before, and records without it have the bytes that they always had.

use super::changes::{put_changes, put_postings, read_changes, read_postings};
use super::cursor::Cursor;
use super::entry::{
    blank, fill_count, fill_entry, flag, put_entry, put_fields, put_lines, read_entry, read_fields,
    read_flags, read_lines,
};
use super::error::CodecError;
use super::recent::Recent;
use super::signature::{put_signature, read_signature};
use super::step::{Movements, Step};
use super::varint;
use hubu_kernel::effect::Phase;
use hubu_kernel::ident::{
    CatalogVersion, Division, DocumentId, LedgerId, RowId, StateId, TransitionId, TypeId, Year,
};
use hubu_kernel::record::{Decided, NewRow, Spawned};
use hubu_kernel::row::{Control, RowKind};

/// Bits of the first flags: how the document moved.
mod step_flag {
    pub(super) const TRANSITION: u8 = 1;
    pub(super) const TERMINAL: u8 = 1 << 1;
    pub(super) const PHASE_SHIFT: u8 = 2;
    pub(super) const ENTRY: u8 = 1 << 5;
    pub(super) const CHANGES: u8 = 1 << 6;
    pub(super) const POSTINGS: u8 = 1 << 7;
}

/// Bits of the second flags: what else there is.
mod part_flag {
    pub(super) const FIELDS: u8 = 1;
    pub(super) const LINES: u8 = 1 << 1;
    pub(super) const ROWS: u8 = 1 << 2;
    pub(super) const SPAWNED: u8 = 1 << 3;
    pub(super) const WARNINGS: u8 = 1 << 4;
    pub(super) const VERSION_ONE: u8 = 1 << 5;
    pub(super) const SIGNATURE: u8 = 1 << 6;
    pub(super) const ALL: u8 = 0x7f;
}

/// Phases by their number in the journal.
const PHASES: [Phase; 5] = [
    Phase::None,
    Phase::Reserve,
    Phase::Final,
    Phase::Release,
    Phase::Now,
];

/// Identifier, kind, ledger, division, year, and a key of no bytes.
const NEW_ROW_SIZE_MIN: usize = 10;
/// Identifier, state, and an entry of flags, division and year.
const SPAWNED_SIZE_MIN: usize = 9;

const fn phase_number(phase: Phase) -> u8 {
    match phase {
        Phase::None => 0,
        Phase::Reserve => 1,
        Phase::Final => 2,
        Phase::Release => 3,
        Phase::Now => 4,
    }
}

/// Appends the body.
#[inline]
pub(super) fn put(decided: &Decided, out: &mut Vec<u8>) {
    use part_flag::*;
    use step_flag::*;
    let step = flag(decided.transition.is_some(), TRANSITION)
        | flag(decided.terminal, TERMINAL)
        | phase_number(decided.phase) << PHASE_SHIFT
        | flag(decided.entry.is_some(), ENTRY)
        | flag(!decided.changes.is_empty(), CHANGES)
        | flag(!decided.postings.is_empty(), POSTINGS);
    let parts = flag(!decided.fields.is_empty(), FIELDS)
        | flag(decided.lines.is_some(), LINES)
        | flag(!decided.rows.is_empty(), ROWS)
        | flag(!decided.spawned.is_empty(), SPAWNED)
        | flag(!decided.warnings.is_empty(), WARNINGS)
        | flag(decided.version == 1, VERSION_ONE)
        | flag(decided.signature.is_some(), SIGNATURE);
    out.extend_from_slice(&[step, parts]);
    varint::put(out, decided.document.0);
    varint::put(out, u64::from(decided.kind.0));
    varint::put(out, u64::from(decided.catalog.0));
    if let Some(transition) = decided.transition {
        out.push(transition.0);
    }
    out.extend_from_slice(&[decided.from.0, decided.state.0]);
    if parts & VERSION_ONE == 0 {
        varint::put(out, u64::from(decided.version));
    }
    let recent = &mut Recent::new();
    if parts & ROWS != 0 {
        put_new_rows(&decided.rows, recent, out);
    }
    if step & CHANGES != 0 {
        put_changes(&decided.changes, recent, out);
    }
    if step & POSTINGS != 0 {
        put_postings(&decided.postings, recent, out);
    }
    if parts & WARNINGS != 0 {
        put_warnings(&decided.warnings, out);
    }
    put_document_parts(decided, recent, out);
    if let Some(signature) = &decided.signature {
        put_signature(signature, out);
    }
}

#[inline]
fn put_document_parts(decided: &Decided, recent: &mut Recent, out: &mut Vec<u8>) {
    let usual = (decided.kind, decided.catalog);
    if let Some(entry) = &decided.entry {
        put_entry(entry, usual, recent, out);
    }
    if !decided.fields.is_empty() {
        put_fields(&decided.fields, out);
    }
    if let Some(lines) = &decided.lines {
        put_lines(lines, recent, out);
    }
    if !decided.spawned.is_empty() {
        varint::put(out, decided.spawned.len() as u64);
        for spawned in &decided.spawned {
            varint::put(out, spawned.document.0);
            out.push(spawned.state.0);
            put_entry(&spawned.entry, usual, recent, out);
        }
    }
}

/// Reads the body, into the box in which it will live: it is too large to be handed around. Of a
/// document that begins and ends here only what counts it is read, unless `whole`.
#[inline]
pub(super) fn read(cursor: &mut Cursor<'_>, whole: bool) -> Result<Box<Decided>, CodecError> {
    use part_flag::*;
    let step = read_step(cursor)?;
    let mut decided = step_alone(&step);
    let has = |bit: u8| step.parts & bit != 0;
    let recent = &mut Recent::new();
    if has(ROWS) {
        decided.rows = read_new_rows(cursor, recent)?;
    }
    if step.flags & step_flag::CHANGES != 0 {
        decided.changes = read_changes(cursor, recent)?;
    }
    if step.flags & step_flag::POSTINGS != 0 {
        decided.postings = read_postings(cursor, recent)?;
    }
    if has(WARNINGS) {
        decided.warnings = cursor.list(1, |c| Ok(RowId(c.narrow("row")?)))?;
    }
    let usual = (decided.kind, decided.catalog);
    if step.enters && step.terminal && !step.spawns && !whole {
        fill_count(cursor, decided.entry.insert(blank(usual)))?;
        cursor.skip_rest();
        return Ok(decided);
    }
    if step.enters {
        fill_entry(cursor, recent, decided.entry.insert(blank(usual)))?;
    }
    if has(FIELDS) {
        decided.fields = read_fields(cursor)?;
    }
    if has(LINES) {
        decided.lines = Some(read_lines(cursor, recent)?);
    }
    if has(SPAWNED) {
        decided.spawned = cursor.list(SPAWNED_SIZE_MIN, |c| {
            Ok(Spawned {
                document: DocumentId(c.varint()?),
                state: StateId(c.byte()?),
                entry: read_entry(c, usual, recent)?,
            })
        })?;
    }
    if has(SIGNATURE) {
        decided.signature = Some(Box::new(read_signature(cursor)?));
    }
    Ok(decided)
}

/// Reads which document moved and how.
#[inline]
pub(super) fn read_step(cursor: &mut Cursor<'_>) -> Result<Step, CodecError> {
    use part_flag::*;
    use step_flag::*;
    let flags = cursor.byte()?;
    let parts = read_flags(cursor, ALL, "flags of a step")?;
    let phase = flags >> PHASE_SHIFT & 7;
    let Some(&phase) = PHASES.get(usize::from(phase)) else {
        return Err(cursor.no_number("phase", phase));
    };
    let document = DocumentId(cursor.varint()?);
    let kind = TypeId(cursor.narrow("document type")?);
    let catalog = CatalogVersion(cursor.narrow("catalog version")?);
    let transition = if flags & TRANSITION != 0 {
        Some(TransitionId(cursor.byte()?))
    } else {
        None
    };
    let [from, state] = cursor.array()?.map(StateId);
    let version = if parts & VERSION_ONE != 0 {
        1
    } else {
        cursor.narrow("version")?
    };
    Ok(Step {
        document,
        kind,
        catalog,
        transition,
        from,
        state,
        version,
        phase,
        terminal: flags & TERMINAL != 0,
        enters: flags & ENTRY != 0,
        edits: parts & (FIELDS | LINES) != 0,
        spawns: parts & SPAWNED != 0,
        flags,
        parts,
    })
}

/// Reads the rows that moved, which stand right behind the step.
pub(super) fn read_movements(
    step: &Step,
    cursor: &mut Cursor<'_>,
) -> Result<Movements, CodecError> {
    let recent = &mut Recent::new();
    let mut moved = Movements::default();
    if step.parts & part_flag::ROWS != 0 {
        moved.rows = read_new_rows(cursor, recent)?;
    }
    if step.flags & step_flag::CHANGES != 0 {
        moved.changes = read_changes(cursor, recent)?;
    }
    if step.flags & step_flag::POSTINGS != 0 {
        moved.postings = read_postings(cursor, recent)?;
    }
    Ok(moved)
}

/// The step with all that may be absent empty.
#[inline]
fn step_alone(step: &Step) -> Box<Decided> {
    Box::new(Decided {
        document: step.document,
        kind: step.kind,
        catalog: step.catalog,
        transition: step.transition,
        from: step.from,
        state: step.state,
        version: step.version,
        phase: step.phase,
        terminal: step.terminal,
        entry: None,
        fields: Vec::new(),
        lines: None,
        rows: Vec::new(),
        changes: Vec::new(),
        postings: Vec::new(),
        spawned: Vec::new(),
        warnings: Vec::new(),
        signature: None,
    })
}

fn put_new_rows(rows: &[NewRow], recent: &mut Recent, out: &mut Vec<u8>) {
    varint::put(out, rows.len() as u64);
    for row in rows {
        let RowKind {
            division,
            year,
            ledger,
            control,
            scheduled,
        } = row.kind;
        varint::put(out, u64::from(row.id.0));
        recent.learn(row.id);
        out.extend_from_slice(&[control as u8 | flag(scheduled, 1 << 2), ledger.0]);
        out.extend_from_slice(&division.0.to_le_bytes());
        out.extend_from_slice(&year.0.to_le_bytes());
        varint::put_bytes(out, &row.key);
    }
}

fn read_new_rows(cursor: &mut Cursor<'_>, recent: &mut Recent) -> Result<Vec<NewRow>, CodecError> {
    cursor.list(NEW_ROW_SIZE_MIN, |c| {
        let id = RowId(c.narrow("row")?);
        recent.learn(id);
        let kind = read_flags(c, 7, "kind of a row")?;
        let Some(control) = Control::from_number(kind & 3) else {
            return Err(c.no_number("control level", kind & 3));
        };
        let kind = RowKind {
            ledger: LedgerId(c.byte()?),
            division: Division(u32::from_le_bytes(c.array()?)),
            year: Year(u16::from_le_bytes(c.array()?)),
            control,
            scheduled: kind & 1 << 2 != 0,
        };
        Ok(NewRow {
            id,
            kind,
            key: c.bytes()?.into(),
        })
    })
}

fn put_warnings(warnings: &[RowId], out: &mut Vec<u8>) {
    varint::put(out, warnings.len() as u64);
    for row in warnings {
        varint::put(out, u64::from(row.0));
    }
}
