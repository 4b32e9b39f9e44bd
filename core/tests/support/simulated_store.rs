//! The journal on a simulated disk under test. It cannot be spoilt from outside: `journal_crash.rs` does worse to it.

use std::io::IoSlice;
use std::path::Path;
use std::sync::Arc;

use hubu_core::disk::{Access, Disk};
use hubu_core::journal::file::FileReader;
use hubu_core::journal::simulated::{Faults, SimulatedDisk};
use hubu_core::journal::{Journal, JournalError, JournalReader, Settings};

use super::store::{CELL, Spoil, Store};

const FOLDER: &str = "/journal";

/// A journal on a disk in memory.
pub struct SimulatedStore {
    disk: SimulatedDisk,
}

impl Store for SimulatedStore {
    fn fresh() -> Self {
        Self {
            disk: SimulatedDisk::new(11, Faults::default()),
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            cell: CELL,
            segment_bytes: 64 << 10,
            ..Settings::default()
        }
    }

    fn open_with(&self, settings: &Settings) -> Result<Box<dyn Journal>, JournalError> {
        Ok(Box::new(self.disk.open(Path::new(FOLDER), settings)?))
    }

    fn read(&self) -> Result<Box<dyn JournalReader>, JournalError> {
        let disk = Arc::new(self.disk.clone());
        Ok(Box::new(FileReader::open(
            disk,
            Path::new(FOLDER),
            &self.settings(),
        )?))
    }

    fn spoil(&self, _first: u64, _how: Spoil) {
        unreachable!("not among the tests that run on a simulated disk");
    }

    fn take_over(&self) -> Box<dyn Journal> {
        let (lock, copy) = (Path::new("/journal/lock"), Path::new("/journal/lock.copy"));
        let mut bytes = vec![0; 4096];
        let length = Disk::open(&self.disk, lock, Access::Read)
            .unwrap()
            .read_at(&mut bytes, 0)
            .unwrap();
        let file = Disk::open(&self.disk, copy, Access::Create).unwrap();
        file.write_at(&[IoSlice::new(&bytes[..length])], 0).unwrap();
        self.disk.rename(copy, lock).unwrap();
        self.open().unwrap()
    }

    fn break_down(&self) {
        self.disk.set_faults(Faults {
            fail_after: Some(0),
            ..Faults::default()
        });
    }

    fn repair(&self) {
        self.disk.set_faults(Faults::default());
    }
}
