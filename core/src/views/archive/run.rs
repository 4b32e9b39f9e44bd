//! What was taken since the last commit, ready to be written in the order of the store's keys.

use super::block::{self, BLOCK_BYTES, Block};
use crate::engine::place::{self, SHARDS};
use hubu_kernel::ident::DocumentId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How a document is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Kept {
    /// As a document that lived longer than one record.
    Document(Vec<u8>),
    /// As the one record that it lived in.
    Record { seq: u64, bytes: Vec<u8> },
}

/// Documents that wait for one commit.
#[derive(Debug)]
pub(super) struct Run {
    /// By shard; full ones first, the one being filled last.
    pub(super) blocks: Vec<Vec<Block>>,
    /// Documents of several records, encoded.
    pub(super) documents: BTreeMap<DocumentId, Vec<u8>>,
    /// Bytes of both.
    pub(super) bytes: usize,
    /// All up to this record is in here or in a run before.
    pub(super) through: u64,
}

impl Default for Run {
    fn default() -> Run {
        Run {
            blocks: vec![vec![Block::default()]; SHARDS],
            documents: BTreeMap::new(),
            bytes: 0,
            through: 0,
        }
    }
}

impl Run {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    pub(super) fn push_record(&mut self, id: DocumentId, seq: u64, record: &[u8]) {
        let blocks = &mut self.blocks[usize::from(place::of_document(id))];
        let full = blocks
            .last()
            .is_none_or(|block| block.bytes.len() >= BLOCK_BYTES);
        if full {
            blocks.push(Block::default());
        }
        let at = blocks.len() - 1;
        blocks[at].push(place::count(id), seq, record);
        self.bytes += record.len();
    }

    pub(super) fn push_document(&mut self, id: DocumentId, bytes: Vec<u8>) {
        self.bytes += bytes.len();
        self.documents.insert(id, bytes);
    }

    fn find(&self, id: DocumentId) -> Option<Kept> {
        if let Some(bytes) = self.documents.get(&id) {
            return Some(Kept::Document(bytes.clone()));
        }
        let count = place::count(id);
        let blocks = &self.blocks[usize::from(place::of_document(id))];
        let block = blocks
            .iter()
            .find(|b| !b.is_empty() && b.first <= count && count <= b.last)?;
        let found = block::find(&block.bytes, count);
        assert!(found.is_ok(), "a block in memory is whole");
        let (seq, bytes) = found.ok()??;
        Some(Kept::Record {
            seq,
            bytes: bytes.to_vec(),
        })
    }

    /// Empties the run and keeps its room.
    fn clear(&mut self) {
        for blocks in &mut self.blocks {
            blocks.truncate(1);
            blocks.iter_mut().for_each(Block::clear);
        }
        self.documents.clear();
        self.bytes = 0;
    }
}

/// The run being filled, and the one being committed.
#[derive(Default, Debug)]
pub(super) struct Shelf {
    pub(super) open: Run,
    closed: Option<Arc<Run>>,
    spare: Option<Run>,
}

impl Shelf {
    pub(super) fn find(&self, id: DocumentId) -> Option<Kept> {
        let closed = self.closed.as_deref();
        self.open
            .find(id)
            .or_else(|| closed.and_then(|run| run.find(id)))
    }

    /// Closes the open run for a commit and opens another.
    pub(super) fn close(&mut self) -> Arc<Run> {
        assert!(self.closed.is_none(), "one commit at a time");
        let mut next = self.spare.take().unwrap_or_default();
        next.through = self.open.through;
        let closed = Arc::new(std::mem::replace(&mut self.open, next));
        self.closed = Some(Arc::clone(&closed));
        closed
    }

    /// The closed run is on disk.
    pub(super) fn committed(&mut self, run: Arc<Run>) {
        self.closed = None;
        if let Ok(mut run) = Arc::try_unwrap(run) {
            run.clear();
            self.spare = Some(run);
        }
    }
}
