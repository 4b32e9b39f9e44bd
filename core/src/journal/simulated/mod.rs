//! A journal in memory whose disk forgets, tears, fails and delays, all from one seed. It is the file journal itself on a
//! simulated file system ([`SimulatedDisk`]), so that what is tested is the code that runs in earnest.
//!
//! ```
//! use std::path::Path;
//! use hubu_core::journal::simulated::{Faults, SimulatedDisk, Survival};
//! use hubu_core::journal::{Batch, Journal, Settings};
//!
//! let settings = Settings { segment_bytes: 4096, ..Settings::default() };
//! let disk = SimulatedDisk::new(7, Faults::default());
//! let mut journal = disk.open(Path::new("/journal"), &settings)?;
//! journal.append(&Batch { first: 1, last: 1, payload: &[1, 42] })?;
//! let after = disk.crash(Survival::Nothing).open(Path::new("/journal"), &settings)?;
//! assert_eq!(after.last(), 1);
//! # Ok::<(), hubu_core::journal::JournalError>(())
//! ```

mod contents;
mod database;
mod disk;
mod names;
mod operations;

use std::path::Path;
use std::sync::Arc;

pub use database::{DatabaseFault, DatabaseJournal, SimulatedDatabase};
pub use disk::{Fault, Faults, SimulatedDisk, Survival};

use super::error::JournalError;
use super::file::FileJournal;
use super::setting::Settings;

impl SimulatedDisk {
    /// Opens a journal on this disk.
    ///
    /// # Errors
    /// As [`FileJournal::open`].
    pub fn open(&self, folder: &Path, settings: &Settings) -> Result<FileJournal, JournalError> {
        FileJournal::open_on(Arc::new(self.clone()), folder, settings)
    }
}
