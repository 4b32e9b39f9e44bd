//! The `lock` file: who writes, under which epoch, and how far the journal had come when it was last opened or closed.
//! `docs/journal.md` draws its two slots.

use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::segment::NEWER;
use crate::disk::{Access, Disk, DiskFile};
use crate::journal::chain::Chain;
use crate::journal::error::JournalError;
use crate::journal::header::{chain_at, u32_at, u64_at};

const MAGIC: [u8; 4] = *b"HUBL";
const VERSION: u16 = 1;
/// A slot lies in a sector of its own, so that a torn write spoils only itself.
const SLOT_BYTES: usize = 512;
const USED_BYTES: usize = 88;

/// What a slot says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) closed: bool,
    pub(super) journal: u64,
    pub(super) cell: u64,
    pub(super) turn: u64,
    pub(super) epoch: u64,
    pub(super) last: u64,
    pub(super) chain: Chain,
    pub(super) pid: u32,
}

/// The lock of a journal folder.
pub(super) struct Lock {
    path: PathBuf,
    file: Arc<dyn DiskFile>,
}

impl Lock {
    /// Takes the lock for a writer, and tells what the newest slot says, if there is any.
    pub(super) fn take(
        disk: &dyn Disk,
        folder: &Path,
    ) -> Result<(Self, Option<Slot>), JournalError> {
        let path = folder.join("lock");
        let file = disk
            .open(&path, Access::Create)
            .map_err(JournalError::io("open", &path))?;
        let lock = Self { path, file };
        let held = lock
            .file
            .lock()
            .map_err(JournalError::io("lock", &lock.path))?;
        let slot = lock.newest()?;
        if !held {
            let holder = slot.map_or_else(
                || "another process".into(),
                |slot| format!("process {}", slot.pid),
            );
            return Err(JournalError::Busy {
                place: folder.display().to_string(),
                holder,
            });
        }
        Ok((lock, slot))
    }

    /// What the newest slot says, without taking the lock.
    pub(super) fn peek(disk: &dyn Disk, folder: &Path) -> Result<Option<Slot>, JournalError> {
        let path = folder.join("lock");
        let file = disk
            .open(&path, Access::Read)
            .map_err(JournalError::io("open", &path))?;
        Self { path, file }.newest()
    }

    /// Writes the next slot and makes it durable.
    pub(super) fn write(&self, slot: &Slot) -> Result<(), JournalError> {
        let bytes = slot.encode();
        let offset = slot.turn % 2 * SLOT_BYTES as u64;
        let written = self
            .file
            .write_at(&[IoSlice::new(&bytes)], offset)
            .map_err(JournalError::io("write", &self.path))?;
        if written != SLOT_BYTES {
            let short = std::io::Error::from(std::io::ErrorKind::WriteZero);
            return Err(JournalError::io("write", &self.path)(short));
        }
        self.file
            .sync()
            .map_err(JournalError::io("sync", &self.path))
    }

    /// Refuses a writer that is no longer the newest.
    pub(super) fn check(&self, epoch: u64) -> Result<(), JournalError> {
        let linked = self
            .file
            .is_linked()
            .map_err(JournalError::io("look at", &self.path))?;
        let found = match self.newest()? {
            _ if !linked => "the lock file was replaced".into(),
            Some(slot) if slot.epoch == epoch => return Ok(()),
            Some(slot) => format!("epoch {}", slot.epoch),
            None => "the lock file is damaged".into(),
        };
        Err(JournalError::Fenced {
            place: self.path.display().to_string(),
            epoch,
            found,
        })
    }

    fn newest(&self) -> Result<Option<Slot>, JournalError> {
        let mut bytes = [0; 2 * SLOT_BYTES];
        self.file
            .read_at(&mut bytes, 0)
            .map_err(JournalError::io("read", &self.path))?;
        let (first, second) = bytes.split_at(SLOT_BYTES);
        let unknown = |version: u16| JournalError::Foreign {
            place: self.path.display().to_string(),
            reason: format!("format version {version} is unknown to this program; {NEWER}"),
        };
        let slots = [
            Slot::decode(first).map_err(unknown)?,
            Slot::decode(second).map_err(unknown)?,
        ];
        Ok(slots.into_iter().flatten().max_by_key(|slot| slot.turn))
    }
}

impl Slot {
    fn encode(&self) -> [u8; SLOT_BYTES] {
        let mut bytes = [0; SLOT_BYTES];
        bytes[0..4].copy_from_slice(&MAGIC);
        bytes[4..6].copy_from_slice(&VERSION.to_le_bytes());
        bytes[6..8].copy_from_slice(&u16::from(self.closed).to_le_bytes());
        bytes[8..16].copy_from_slice(&self.journal.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.cell.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.turn.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.epoch.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.last.to_le_bytes());
        bytes[48..80].copy_from_slice(&self.chain);
        bytes[80..84].copy_from_slice(&self.pid.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..USED_BYTES - 4]);
        bytes[84..88].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// The slot, if it is whole; of another format, that format's version.
    fn decode(bytes: &[u8]) -> Result<Option<Self>, u16> {
        let whole =
            bytes[0..4] == MAGIC && crc32fast::hash(&bytes[..USED_BYTES - 4]) == u32_at(bytes, 84);
        let version = u16::from_le_bytes([bytes[4], bytes[5]]);
        if whole && version != VERSION {
            return Err(version);
        }
        Ok(whole.then(|| Self {
            closed: bytes[6] == 1,
            journal: u64_at(bytes, 8),
            cell: u64_at(bytes, 16),
            turn: u64_at(bytes, 24),
            epoch: u64_at(bytes, 32),
            last: u64_at(bytes, 40),
            chain: chain_at(bytes, 48),
            pid: u32_at(bytes, 80),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    prop_compose! {
        fn slot()(
            closed: bool, journal: u64, cell: u64, turn: u64, epoch: u64, last: u64,
            chain in proptest::array::uniform32(any::<u8>()), pid: u32,
        ) -> Slot {
            Slot { closed, journal, cell, turn, epoch, last, chain, pid }
        }
    }

    proptest! {
        #[test]
        fn a_slot_comes_back(slot in slot()) {
            prop_assert_eq!(Slot::decode(&slot.encode()), Ok(Some(slot)));
        }

        #[test]
        fn a_flipped_bit_leaves_no_slot(slot in slot(), bit in 0..USED_BYTES * 8) {
            let mut bytes = slot.encode();
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(Slot::decode(&bytes), Ok(None));
        }
    }
}
