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
use super::run::{Kept, Run};
use crate::engine::place;
use crate::journal::Chain;
use crate::views::error::ViewError;
use fjall::config::CompressionPolicy;
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions};
use hubu_kernel::ident::DocumentId;
use std::io::ErrorKind;
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
    pub(super) fn open(folder: &Path) -> Result<Store, ViewError> {
        check_kinds(folder)?;
        let database = Database::builder(folder)
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
        sync_folders(folder)?;
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

/// Makes the names of the store's folders durable, which the store leaves to chance: without them all that it synced below
/// could be gone after a crash.
fn sync_folders(folder: &Path) -> Result<(), ViewError> {
    let system = |source| ViewError::System {
        doing: "sync the archive's folders",
        source,
    };
    let above = folder
        .parent()
        .filter(|above| !above.as_os_str().is_empty());
    let spaces = folder.join(FOLDERS[0]);
    let mut folders: Vec<_> = above
        .into_iter()
        .chain([folder, &spaces])
        .map(Path::to_owned)
        .collect();
    for space in std::fs::read_dir(&spaces).map_err(system)? {
        folders.push(space.map_err(system)?.path());
    }
    folders
        .iter()
        .try_for_each(|folder| std::fs::File::open(folder)?.sync_all())
        .map_err(system)
}

/// The folders of the store, beside one for each key space in the first of them.
const FOLDERS: [&str; 3] = ["keyspaces", "tables", "blobs"];

/// Whether each thing in the folder is of the kind that its name says. The store takes that for granted, and ends the
/// process where it is not so.
fn check_kinds(folder: &Path) -> Result<(), ViewError> {
    let system = |source| ViewError::System {
        doing: "look at the archive's folder",
        source,
    };
    let mut folders = vec![(folder.to_owned(), false)];
    while let Some((folder, of_spaces)) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Err(missing) if missing.kind() == ErrorKind::NotFound => continue,
            Err(file) if file.kind() == ErrorKind::NotADirectory => {
                let place = folder.display().to_string();
                return Err(ViewError::Damaged { place });
            }
            entries => entries.map_err(system)?,
        };
        for entry in entries {
            let entry = entry.map_err(system)?;
            let kind = entry.file_type().map_err(system)?;
            let name = entry.file_name();
            let is_folder = of_spaces || FOLDERS.iter().any(|known| name == *known);
            if !(if is_folder {
                kind.is_dir()
            } else {
                kind.is_file()
            }) {
                let place = entry.path().display().to_string();
                return Err(ViewError::Damaged { place });
            }
            if is_folder {
                folders.push((entry.path(), name == FOLDERS[0]));
            }
        }
    }
    Ok(())
}
