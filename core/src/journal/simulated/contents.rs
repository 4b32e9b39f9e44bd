//! The bytes of a simulated file, and which of them a crash may take away.

use std::collections::BTreeMap;

/// The unit that a disk writes wholly or not at all, in bytes.
pub(super) const SECTOR: usize = 512;

/// A file: what a reader sees, and what stood in the sectors written since the last sync.
#[derive(Debug, Default, Clone)]
pub(super) struct Contents {
    bytes: Vec<u8>,
    /// Sector number to its durable bytes (shorter at the file's durable end).
    unsynced: BTreeMap<usize, Vec<u8>>,
    /// The same of sectors whose sync failed: the system shows them and has forgotten that they are not on the disk, so
    /// that no later sync helps, only writing them again.
    dropped: BTreeMap<usize, Vec<u8>>,
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
                let before = self.dropped.remove(&sector);
                let before = before.unwrap_or_else(|| self.bytes[from..to].to_vec());
                self.unsynced.entry(sector).or_insert(before);
            }
        }
        self.extend(end);
        self.bytes[offset..end].copy_from_slice(bytes);
    }

    pub(super) fn sync(&mut self) {
        self.unsynced.clear();
        self.durable_length = self.bytes.len();
    }

    /// A sync that failed: what was to reach the disk may not, now or ever.
    pub(super) fn fail_sync(&mut self) {
        self.dropped.append(&mut self.unsynced);
    }

    /// Sectors that no crash is obliged to keep.
    pub(super) fn unsynced(&self) -> usize {
        self.unsynced.len() + self.dropped.len()
    }

    /// Turns one bit over, on the disk and in memory: it has rotted.
    pub(super) fn rot(&mut self, bit: u64) {
        let at = usize::try_from(bit / 8).unwrap_or(usize::MAX);
        if let Some(byte) = self.bytes.get_mut(at) {
            *byte ^= 1 << (bit % 8);
        }
    }

    /// What is left after a crash, when `survives` says for each unsynced sector whether it reached the disk. The length
    /// is kept: file systems journal it, and zeros stand where nothing arrived.
    pub(super) fn after_crash(&self, mut survives: impl FnMut() -> bool) -> Self {
        let mut left = self.clone();
        for (sector, before) in self.unsynced.iter().chain(&self.dropped) {
            if survives() {
                continue;
            }
            let from = sector * SECTOR;
            let to = (from + SECTOR).min(left.bytes.len());
            left.bytes[from..to].fill(0);
            left.bytes[from..from + before.len()].copy_from_slice(before);
        }
        left.dropped.clear();
        left.sync();
        left
    }
}
