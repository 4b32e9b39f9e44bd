//! A book on disk, so that a later `hubu-load audit` can settle it again, against a server that was started anew.
//!
//! ```text
//! "HUBULOADBOOK 1\n"
//! u64 LE  length of the JSON head
//! head    Kept, as JSON
//! u64 LE  entries, each: document u64, version u32, line u32, lines u16, kind u8, step u8, outcome u8  (21 bytes, LE)
//! u64 LE  lines, each: amount i64, row u64                                                            (16 bytes, LE)
//! ```

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Book, Contradiction, Entry, Kind, Line, Lines, Outcome, Step};
use crate::error::LoadError;
use crate::wire::Claims;
use crate::world::{Recipe, RowKey};

const MAGIC: &[u8] = b"HUBULOADBOOK 1\n";
const ENTRY_SIZE: usize = 21;
const LINE_SIZE: usize = 16;

/// A command that nobody answered: all that is needed to ask again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unknown {
    /// Place in the book.
    pub number: u32,
    /// Who asked.
    pub claims: Claims,
    /// Path of the POST.
    pub path: String,
    /// Its JSON body.
    pub body: String,
}

/// The head of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The world that the run played in.
    pub recipe: Recipe,
    /// The server's sequence number when the world was loaded: the audit reads the feed from there.
    pub seeded_to: u64,
    /// Number of the run.
    pub run: u32,
    /// Number of the worker.
    pub worker: u16,
    /// Commands to ask again.
    pub unknown: Vec<Unknown>,
    /// Commands without an answer that were too many to keep.
    pub dropped: u64,
    /// Keys that were asked twice.
    pub repeated: u64,
    /// How many of them were answered twice differently.
    pub contradicted: u64,
    /// The first few of those.
    pub contradictions: Vec<Contradiction>,
}

/// Writes a book; the file is whole or not there.
pub fn write_book(
    path: &Path,
    book: &Book,
    recipe: &Recipe,
    seeded_to: u64,
) -> Result<(), LoadError> {
    let head = Kept {
        recipe: recipe.clone(),
        seeded_to,
        run: book.run,
        worker: book.worker,
        unknown: book.unknown.clone(),
        dropped: book.dropped,
        repeated: book.repeated,
        contradicted: book.contradicted,
        contradictions: book.contradictions.clone(),
    };
    let head = serde_json::to_vec(&head).map_err(|e| LoadError::format("book", e))?;
    let size = head.len() + book.entries.len() * ENTRY_SIZE + book.lines.len() * LINE_SIZE + 64;
    let mut out = Vec::with_capacity(size);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&(head.len() as u64).to_le_bytes());
    out.extend_from_slice(&head);
    out.extend_from_slice(&(book.entries.len() as u64).to_le_bytes());
    for entry in &book.entries {
        out.extend_from_slice(&entry.document.to_le_bytes());
        out.extend_from_slice(&entry.version.to_le_bytes());
        out.extend_from_slice(&entry.lines.at.to_le_bytes());
        out.extend_from_slice(&entry.lines.count.to_le_bytes());
        out.extend_from_slice(&[entry.kind as u8, entry.step as u8, entry.outcome as u8]);
    }
    out.extend_from_slice(&(book.lines.len() as u64).to_le_bytes());
    for line in &book.lines {
        out.extend_from_slice(&line.amount.to_le_bytes());
        out.extend_from_slice(&line.row.to_bits().to_le_bytes());
    }
    let partial = path.with_extension("partial");
    std::fs::write(&partial, out).map_err(|e| LoadError::file(&partial, e))?;
    std::fs::rename(&partial, path).map_err(|e| LoadError::file(path, e))
}

/// Reads a book and its head.
pub fn read_book(path: &Path) -> Result<(Book, Kept), LoadError> {
    let data = std::fs::read(path).map_err(|e| LoadError::file(path, e))?;
    let bad = || {
        LoadError::format(
            "book",
            format!("{} is damaged or of another version", path.display()),
        )
    };
    read(&data).ok_or_else(bad)
}

fn read(data: &[u8]) -> Option<(Book, Kept)> {
    let mut rest = data.strip_prefix(MAGIC)?;
    let size = number(&mut rest)?;
    let kept: Kept = serde_json::from_slice(rest.split_off(..size)?).ok()?;
    let count = number(&mut rest)?;
    let entries = rest.split_off(..count.checked_mul(ENTRY_SIZE)?)?;
    let entries: Option<Vec<_>> = entries.chunks_exact(ENTRY_SIZE).map(read_entry).collect();
    let count = number(&mut rest)?;
    let lines = rest.split_off(..count.checked_mul(LINE_SIZE)?)?;
    let lines: Option<Vec<_>> = lines.chunks_exact(LINE_SIZE).map(read_line).collect();
    let (entries, lines) = (entries?, lines?);
    let inside = |e: &Entry| e.lines.at as usize + usize::from(e.lines.count) <= lines.len();
    if !rest.is_empty() || !entries.iter().all(inside) {
        return None;
    }
    let book = Book {
        run: kept.run,
        worker: kept.worker,
        entries,
        lines,
        unknown: kept.unknown.clone(),
        contradictions: kept.contradictions.clone(),
        contradicted: kept.contradicted,
        repeated: kept.repeated,
        dropped: kept.dropped,
    };
    Some((book, kept))
}

fn number(rest: &mut &[u8]) -> Option<usize> {
    let bytes = rest.split_off(..8)?;
    usize::try_from(u64::from_le_bytes(bytes.try_into().ok()?)).ok()
}

fn read_entry(bytes: &[u8]) -> Option<Entry> {
    Some(Entry {
        document: u64::from_le_bytes(bytes[0..8].try_into().ok()?),
        version: u32::from_le_bytes(bytes[8..12].try_into().ok()?),
        lines: Lines {
            at: u32::from_le_bytes(bytes[12..16].try_into().ok()?),
            count: u16::from_le_bytes(bytes[16..18].try_into().ok()?),
        },
        kind: Kind::numbered(bytes[18])?,
        step: Step::numbered(bytes[19])?,
        outcome: Outcome::numbered(bytes[20])?,
    })
}

fn read_line(bytes: &[u8]) -> Option<Line> {
    let amount = i64::from_le_bytes(bytes[0..8].try_into().ok()?);
    let row = RowKey::from_bits(u64::from_le_bytes(bytes[8..16].try_into().ok()?))?;
    Some(Line { amount, row })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Ledger;

    #[test]
    fn a_book_reads_back_as_written_and_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book-0.bin");
        let mut book = Book::new(9, 0);
        let lines = book.add_lines(&[Line {
            amount: 12,
            row: RowKey::of_indicator(Ledger::Ind, 1, 2),
        }]);
        let yes = book.begin(Kind::Payment, Step::Reserve, lines);
        let lost = book.begin(Kind::Payment, Step::Final, lines);
        book.acknowledge(yes, 77, 1);
        let claims = Claims {
            exp: 5,
            ..Claims::new("a", "agent_bank", 420_000_000)
        };
        let request = Unknown {
            number: lost.number,
            claims,
            path: "/x".into(),
            body: "{}".into(),
        };
        book.leave_unknown(lost, request);
        let recipe = Recipe {
            seed: 1,
            fiscal_year: 2026,
            agencies: 1,
            rows: 1,
            divisions: "d.csv".into(),
        };
        write_book(&path, &book, &recipe, 55).unwrap();

        let (mut back, kept) = read_book(&path).unwrap();
        assert_eq!((kept.seeded_to, kept.recipe), (55, recipe));
        assert_eq!(back.entry(yes).unwrap(), book.entry(yes).unwrap());
        assert_eq!(back.lines(lines), book.lines(lines));
        assert_eq!(back.take_unknown().len(), 1);

        let mut data = std::fs::read(&path).unwrap();
        data.truncate(data.len() - 1);
        std::fs::write(&path, &data).unwrap();
        assert!(read_book(&path).is_err());
    }
}
