//! A file system in memory, with faults. The model: a sector of 512 bytes is written wholly or not; unsynced sectors
//! survive a crash in any combination; names survive only once their folder is synced; an operation that fails has done
//! nothing, and nobody may rely on what came before it unless that was synced.

use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use super::contents::Contents;
use crate::journal::file::{Access, Disk, DiskFile};

/// What goes wrong while it runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Every write and sync after so many fails.
    pub fail_after: Option<u64>,
    /// The write or sync with this number (from 1) fails, once; later ones work.
    pub fail_once: Option<u64>,
    /// Each sync takes a random time up to this.
    pub delay: Duration,
}

/// What survives of unsynced sectors at a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survival {
    /// None of them.
    Nothing,
    /// All of them: the process was killed, the machine lives on.
    Everything,
    /// Each as a seeded coin falls: the machine lost power.
    Torn,
}

#[derive(Debug)]
struct State {
    files: Vec<Contents>,
    names: HashMap<PathBuf, usize>,
    durable_names: HashMap<PathBuf, usize>,
    locked: Vec<usize>,
    faults: Faults,
    /// Writes and syncs so far.
    operations: u64,
    random: u64,
}

/// The disk. Clones share it.
#[derive(Debug, Clone)]
pub struct SimulatedDisk {
    state: Arc<Mutex<State>>,
}

impl SimulatedDisk {
    /// An empty disk.
    #[must_use]
    pub fn new(seed: u64, faults: Faults) -> Self {
        let state = State {
            files: Vec::new(),
            names: HashMap::new(),
            durable_names: HashMap::new(),
            locked: Vec::new(),
            faults,
            operations: 0,
            // Odd, since the generator cannot leave zero.
            random: seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Writes and syncs done so far: each is a point where a crash or a failure can be placed.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Changes what goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// The disk as it comes up after a crash at this moment. The old one goes on for whoever still holds it.
    #[must_use]
    pub fn crash(&self, survival: Survival) -> Self {
        let mut state = self.state();
        let mut random = state.random;
        let mut survives = || match survival {
            Survival::Nothing => false,
            Survival::Everything => true,
            Survival::Torn => next(&mut random) & 1 == 0,
        };
        let files = state
            .files
            .iter()
            .map(|file| file.after_crash(&mut survives))
            .collect();
        let names = match survival {
            Survival::Everything => state.names.clone(),
            Survival::Nothing | Survival::Torn => state.durable_names.clone(),
        };
        state.random = random;
        let after = State {
            files,
            durable_names: names.clone(),
            names,
            locked: Vec::new(),
            faults: Faults::default(),
            operations: 0,
            random,
        };
        Self {
            state: Arc::new(Mutex::new(after)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

/// xorshift64: small, and the same everywhere.
fn next(random: &mut u64) -> u64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    *random >> 8
}

impl State {
    /// Counts a write or sync, and fails it if its time has come.
    fn operate(&mut self) -> io::Result<()> {
        self.operations += 1;
        let past = self
            .faults
            .fail_after
            .is_some_and(|after| self.operations > after);
        if past || self.faults.fail_once == Some(self.operations) {
            return Err(io::Error::other("simulated failure"));
        }
        Ok(())
    }

    /// How long the next sync takes.
    fn delay(&mut self) -> Duration {
        let most = u64::try_from(self.faults.delay.as_nanos()).unwrap_or(u64::MAX);
        match most {
            0 => Duration::ZERO,
            most => Duration::from_nanos(next(&mut self.random) % most),
        }
    }
}

impl Disk for SimulatedDisk {
    fn make_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        let names = state
            .names
            .keys()
            .filter(|path| path.parent() == Some(folder));
        let names = names.filter_map(|path| path.file_name());
        Ok(names
            .map(|name| name.to_string_lossy().into_owned())
            .collect())
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        let known = state.names.get(path).copied();
        let file = match known {
            Some(file) => file,
            None if access == Access::Create => {
                state.files.push(Contents::default());
                let file = state.files.len() - 1;
                state.names.insert(path.to_owned(), file);
                file
            }
            None => return Err(io::ErrorKind::NotFound.into()),
        };
        let holds_lock = Mutex::new(false);
        Ok(Arc::new(SimulatedFile {
            disk: self.clone(),
            file,
            holds_lock,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        let file = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), file);
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.operate()?;
        let here = |path: &&PathBuf| path.parent() == Some(folder);
        let names: Vec<_> = state.names.keys().filter(here).cloned().collect();
        state
            .durable_names
            .retain(|path, _| path.parent() != Some(folder));
        for path in names {
            let file = state.names[&path];
            state.durable_names.insert(path, file);
        }
        Ok(())
    }
}

struct SimulatedFile {
    disk: SimulatedDisk,
    file: usize,
    holds_lock: Mutex<bool>,
}

impl DiskFile for SimulatedFile {
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.disk.state();
        let bytes = state.files[self.file].bytes();
        let from = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let length = into.len().min(bytes.len() - from);
        into[..length].copy_from_slice(&bytes[from..from + length]);
        Ok(length)
    }

    fn write_at(&self, parts: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.state();
        state.operate()?;
        let mut at = usize::try_from(offset).map_err(io::Error::other)?;
        for part in parts {
            state.files[self.file].write(at, part);
            at += part.len();
        }
        Ok(parts.iter().map(|part| part.len()).sum())
    }

    fn sync(&self) -> io::Result<()> {
        let delay = self.disk.state().delay();
        if !delay.is_zero() {
            std::thread::sleep(delay);
        }
        let mut state = self.disk.state();
        state.operate()?;
        state.files[self.file].sync();
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.disk.state().files[self.file].bytes().len() as u64)
    }

    fn allocate(&self, size: u64) -> io::Result<()> {
        let size = usize::try_from(size).map_err(io::Error::other)?;
        self.disk.state().files[self.file].extend(size);
        Ok(())
    }

    fn lock(&self) -> io::Result<bool> {
        let mut state = self.disk.state();
        if state.locked.contains(&self.file) {
            return Ok(false);
        }
        state.locked.push(self.file);
        *self.holds_lock.lock() = true;
        Ok(true)
    }

    fn is_linked(&self) -> io::Result<bool> {
        Ok(self
            .disk
            .state()
            .names
            .values()
            .any(|file| *file == self.file))
    }
}

impl Drop for SimulatedFile {
    fn drop(&mut self) {
        if *self.holds_lock.lock() {
            let file = self.file;
            self.disk.state().locked.retain(|locked| *locked != file);
        }
    }
}
