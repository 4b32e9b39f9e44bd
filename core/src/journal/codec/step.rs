//! Looks into a record that stop before its document: for readers that follow every record of a
//! journal and need little of most of them.

use super::cursor::Cursor;
use super::decided;
use super::error::CodecError;
use super::{DECIDED, Head, read_head};
use hubu_kernel::document::RowChange;
use hubu_kernel::effect::Phase;
use hubu_kernel::ident::{CatalogVersion, DocumentId, StateId, TransitionId, TypeId};
use hubu_kernel::posting::Posting;
use hubu_kernel::record::NewRow;

/// How a document moved, without what it is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// Which document.
    pub document: DocumentId,
    /// Its type.
    pub kind: TypeId,
    /// The catalog that it lives under.
    pub catalog: CatalogVersion,
    /// The step, or `None` for an entry that stays where it starts.
    pub transition: Option<TransitionId>,
    /// Where it stood.
    pub from: StateId,
    /// Where it stands now.
    pub state: StateId,
    /// Its version now, from 1.
    pub version: u32,
    /// What became of its effects.
    pub phase: Phase,
    /// Whether it ended here.
    pub terminal: bool,
    /// Whether it was entered here.
    pub enters: bool,
    /// Whether fields or lines were edited.
    pub edits: bool,
    /// Whether documents were made for others.
    pub spawns: bool,
    pub(super) flags: u8,
    pub(super) parts: u8,
}

/// What a step moved on rows; each list as in [`hubu_kernel::record::Decided`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Movements {
    /// Rows that come to be.
    pub rows: Vec<NewRow>,
    /// Changes of rows.
    pub changes: Vec<RowChange>,
    /// Postings.
    pub postings: Vec<Posting>,
}

/// How the document of this record moved; `None` for a record that moves none.
///
/// # Errors
/// Any [`CodecError`] that the part looked at has.
#[inline]
pub fn peek_step(bytes: &[u8]) -> Result<Option<Step>, CodecError> {
    let cursor = &mut Cursor::new(bytes);
    match read_head(cursor)? {
        (DECIDED, _) => decided::read_step(cursor).map(Some),
        _ => Ok(None),
    }
}

/// As [`peek_step`], with the record's head and the rows that it moved.
///
/// # Errors
/// Any [`CodecError`] that the part looked at has.
pub fn peek_movements(bytes: &[u8]) -> Result<Option<(Head<'_>, Step, Movements)>, CodecError> {
    let cursor = &mut Cursor::new(bytes);
    let (kind, head) = read_head(cursor)?;
    if kind != DECIDED {
        return Ok(None);
    }
    let step = decided::read_step(cursor)?;
    let moved = decided::read_movements(&step, cursor)?;
    Ok(Some((head, step, moved)))
}
