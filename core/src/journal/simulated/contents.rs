//! The bytes of a simulated file, and which of them a crash may take away.

use std::collections::BTreeMap;

/// The unit that a disk writes wholly or not at all, in bytes.
const SECTOR: usize = 512;

/// A file: what a reader sees, and what stood in the sectors written since the last sync.
#[derive(Debug, Default, Clone)]
pub(super) struct Contents {
    bytes: Vec<u8>,
    /// Sector number to its durable bytes (shorter at the file's durable end).
    unsynced: BTreeMap<usize, Vec<u8>>,
    durable_length: usize,
}

impl Contents {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reserves space: zeros where there was nothing.
    pub(super) fn extend(&mut self, length: usize) {
        if self.bytes.len() < length {
            self.bytes.resize(length, 0);
        }
    }

    pub(super) fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        if !bytes.is_empty() {
            for sector in offset / SECTOR..=(end - 1) / SECTOR {
                let from = (sector * SECTOR).min(self.durable_length);
                let to = (from + SECTOR).min(self.durable_length);
                let before = &self.bytes[from..to];
                self.unsynced
                    .entry(sector)
                    .or_insert_with(|| before.to_vec());
            }
        }
        self.extend(end);
        self.bytes[offset..end].copy_from_slice(bytes);
    }

    pub(super) fn sync(&mut self) {
        self.unsynced.clear();
        self.durable_length = self.bytes.len();
    }

    /// What is left after a crash, when `survives` says for each unsynced sector whether it reached the disk. The length
    /// is kept: file systems journal it, and zeros stand where nothing arrived.
    pub(super) fn after_crash(&self, mut survives: impl FnMut() -> bool) -> Self {
        let mut left = self.clone();
        for (sector, before) in &self.unsynced {
            if survives() {
                continue;
            }
            let from = sector * SECTOR;
            let to = (from + SECTOR).min(left.bytes.len());
            left.bytes[from..to].fill(0);
            left.bytes[from..from + before.len()].copy_from_slice(before);
        }
        left.sync();
        left
    }
}
