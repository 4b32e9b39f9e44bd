//! The digest of a state (状态摘要): equal journals give equal digests, on any machine, whichever way
//! the state was recovered.
//!
//! SM3 over shards in order, and in each: documents named; rows by slot with their keys; documents
//! under way by name; series by division, year and type. What depends on where a process stands (an
//! archive's progress) or on the cell's secret (idempotency keys) is left out.

use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::recover::Recovered;
use crate::engine::shard::{Shard, Shards};
use crate::journal::JournalReader;
use crate::journal::codec::state::{encode_acted, encode_document, encode_row};
use crate::journal::codec::varint;
use hubu_kernel::ident::{Division, Year};
use hubu_kernel::invariant::broken;
use hubu_kernel::money::Total;
use sm3::{Digest, Sm3};
use std::collections::BTreeMap;

/// How often a digest is begun anew because the engine went on meanwhile.
const ATTEMPTS: u32 = 3;

/// What a state comes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StateDigest {
    /// SM3 of the canonical content: see the module.
    pub sm3: [u8; 32],
    /// The last record in it.
    pub last: u64,
    /// Rows.
    pub rows: u64,
    /// Documents under way.
    pub open_documents: u64,
    /// Books whose Σ debit is not their Σ credit: none, or money was lost.
    pub unbalanced: Vec<(Division, Year)>,
    /// Rows that break an invariant: none, or something is wrong.
    pub broken_rows: u64,
}

impl Engine {
    /// The digest of the state as it is; `None` when commands kept coming.
    pub fn digest(&self) -> Option<StateDigest> {
        for _ in 0..ATTEMPTS {
            let before = self.newest().0;
            let mut sum = Sum::default();
            self.walk(|_, shard, _| sum.add(shard));
            if self.newest().0 == before {
                return Some(sum.finish(before));
            }
        }
        None
    }
}

/// The digest of the state that a journal makes, read from its first record to its last; the journal
/// may be in use. It needs as much memory as an engine.
///
/// # Errors
/// When the journal can't be read or applied.
pub fn of_journal(reader: &dyn JournalReader) -> Result<StateDigest, EngineError> {
    of_journal_until(reader, u64::MAX)
}

/// As [`of_journal`], of the records up to `until` alone.
///
/// # Errors
/// The same.
pub fn of_journal_until(
    reader: &dyn JournalReader,
    until: u64,
) -> Result<StateDigest, EngineError> {
    let mut state = Recovered::empty(None);
    state.replay_until(reader, 1, until)?;
    let mut sum = Sum::default();
    for id in Shards::ids() {
        sum.add(state.shards.get_mut(id));
    }
    Ok(sum.finish(state.last))
}

#[derive(Default)]
struct Sum {
    sm3: Sm3,
    rows: u64,
    open_documents: u64,
    books: BTreeMap<(Division, Year), Total>,
    broken_rows: u64,
}

impl Sum {
    fn add(&mut self, shard: &Shard) {
        let mut bytes = Vec::new();
        varint::put(&mut bytes, shard.documents_named);
        varint::put(&mut bytes, shard.rows.len() as u64);
        for (_, key, row) in shard.rows.iter() {
            varint::put_bytes(&mut bytes, key);
            encode_row(row, &mut bytes);
            *self.books.entry((row.division, row.year)).or_default() += row.balance();
            self.broken_rows += u64::from(broken(row).is_some());
        }
        let mut open: Vec<_> = shard.documents.values().collect();
        open.sort_unstable_by_key(|document| document.id);
        varint::put(&mut bytes, open.len() as u64);
        for document in open.iter() {
            encode_document(document, &mut bytes);
            encode_acted(document, &mut bytes);
        }
        let mut numbers: Vec<_> = shard.numbers.iter().collect();
        numbers.sort_unstable();
        varint::put(&mut bytes, numbers.len() as u64);
        for ((division, year, kind), last) in numbers {
            let parts = [
                u64::from(division.0),
                u64::from(year.0),
                u64::from(kind.0),
                *last,
            ];
            parts.iter().for_each(|part| varint::put(&mut bytes, *part));
        }
        self.rows += shard.rows.len() as u64;
        self.open_documents += open.len() as u64;
        self.sm3.update(&bytes);
    }

    fn finish(self, last: u64) -> StateDigest {
        let unbalanced = self.books.into_iter().filter(|(_, sum)| *sum != 0);
        StateDigest {
            sm3: self.sm3.finalize().into(),
            last,
            rows: self.rows,
            open_documents: self.open_documents,
            unbalanced: unbalanced.map(|(book, _)| book).collect(),
            broken_rows: self.broken_rows,
        }
    }
}
