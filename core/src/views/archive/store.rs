//! The archive on disk: one key space of an embedded log-structured store (fjall).
//!
//! ```text
//! 0x00 | shard u16 | first count u64   a block of one-record documents: see `block`
//! 0x01 | document u64                  a document, as in snapshots
//! 0xfd                                 chain value of the batch that holds that record
//! 0xfe                                 SM3 of the journal's first record: whose archive it is
//! 0xff                                 the record up to which all is here, u64
//! ```
//! Numbers in keys are big-endian, so that keys sort as the numbers do. A commit is one *ingestion*:
//! its keys ascend, its tables are written once and synced, and become part of the store in one step
//! together with the watermark. The store's own log is never written.

use super::block;
use super::folder;
use super::run::{Kept, Run};
use crate::engine::place;
use crate::journal::Chain;
use crate::views::error::ViewError;
use fjall::config::CompressionPolicy;
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions};
use hubu_kernel::ident::DocumentId;
use std::path::Path;

const BLOCK: u8 = 0;
const DOCUMENT: u8 = 1;
const CHAIN: [u8; 1] = [0xfd];
const OWNER: [u8; 1] = [0xfe];
const WATERMARK: [u8; 1] = [0xff];

/// Values from this size on stand in files of their own, which compaction leaves alone.
const APART_BYTES: u32 = 4096;

/// Memory for the store's own index blocks, in bytes.
const INDEX_CACHE_BYTES: u64 = 16 << 20;

pub(super) struct Store {
    database: Database,
    keys: Keyspace,
}

fn block_key(shard: place::ShardId, count: u64) -> [u8; 11] {
    let mut key = [BLOCK; 11];
    key[1..3].copy_from_slice(&shard.to_be_bytes());
    key[3..].copy_from_slice(&count.to_be_bytes());
    key
}

fn document_key(id: DocumentId) -> [u8; 9] {
    let mut key = [DOCUMENT; 9];
    key[1..].copy_from_slice(&id.0.to_be_bytes());
    key
}

impl Store {
    pub(super) fn open(path: &Path) -> Result<Store, ViewError> {
        folder::check_kinds(path)?;
        folder::clear_unfinished(path)?;
        let database = Database::builder(path)
            .manual_journal_persist(true)
            .worker_threads(1)
            .cache_size(INDEX_CACHE_BYTES)
            .open()?;
        let keys = database.keyspace("documents", || {
            let apart = KvSeparationOptions::default()
                .separation_threshold(APART_BYTES)
                .compression(CompressionType::Lz4);
            KeyspaceCreateOptions::default()
                .manual_journal_persist(true)
                .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4))
                .with_kv_separation(Some(apart))
        })?;
        folder::sync(path)?;
        Ok(Store { database, keys })
    }

    pub(super) fn watermark(&self) -> Result<u64, ViewError> {
        let Some(bytes) = self.keys.get(WATERMARK)? else {
            return Ok(0);
        };
        let damaged = || ViewError::Damaged {
            place: "its watermark".into(),
        };
        Ok(u64::from_be_bytes(
            (*bytes).try_into().map_err(|_| damaged())?,
        ))
    }

    /// Whose archive it is; `None` for a new one.
    pub(super) fn owner(&self) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(self.keys.get(OWNER)?.map(|bytes| bytes.to_vec()))
    }

    /// Chain value of the batch that holds the watermark; `None` for a new one, or where an older program wrote it.
    pub(super) fn chain(&self) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(self.keys.get(CHAIN)?.map(|bytes| bytes.to_vec()))
    }

    /// Commits a run: all of it and its watermark, or nothing.
    pub(super) fn commit(&self, owner: &[u8], chain: &Chain, run: &Run) -> Result<(), ViewError> {
        let mut into = self.keys.start_ingestion()?;
        for (shard, blocks) in run.blocks.iter().enumerate() {
            for block in blocks.iter().filter(|block| !block.is_empty()) {
                let key = block_key(shard as place::ShardId, block.first);
                into.write(&key[..], &block.bytes[..])?;
            }
        }
        for (id, bytes) in &run.documents {
            into.write(&document_key(*id)[..], &bytes[..])?;
        }
        into.write(&CHAIN[..], &chain[..])?;
        into.write(&OWNER[..], owner)?;
        into.write(&WATERMARK[..], &run.through.to_be_bytes()[..])?;
        into.finish()?;
        Ok(())
    }

    pub(super) fn find(&self, id: DocumentId) -> Result<Option<Kept>, ViewError> {
        if let Some(bytes) = self.keys.get(document_key(id))? {
            return Ok(Some(Kept::Document(bytes.to_vec())));
        }
        let (shard, count) = (place::of_document(id), place::count(id));
        let before = block_key(shard, 0)..=block_key(shard, count);
        let Some(guard) = self.keys.range(before).next_back() else {
            return Ok(None);
        };
        let (key, bytes) = guard.into_inner()?;
        let damaged = |()| ViewError::Damaged {
            place: format!("block {key:?}"),
        };
        let found = block::find(&bytes, count).map_err(damaged)?;
        Ok(found.map(|(seq, bytes)| Kept::Record {
            seq,
            bytes: bytes.to_vec(),
        }))
    }

    pub(super) fn disk_bytes(&self) -> Result<u64, ViewError> {
        Ok(self.database.disk_space()?)
    }
}
