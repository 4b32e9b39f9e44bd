//! A file system that forgets: what was not synced can be lost whole or in part, and writes and syncs can be made to
//! fail. Contents live in memory. The fault model: a sector of 512 bytes is written wholly or not; unsynced sectors of one
//! file may survive in any combination; names survive only once their folder is synced.

use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use hubu_core::journal::file::{Access, Disk, DiskFile};

const SECTOR: usize = 512;

/// What survives of unsynced sectors at a crash.
#[derive(Debug, Clone, Copy)]
pub enum Survival {
    /// Nothing.
    None,
    /// Everything.
    All,
    /// Each sector as a seeded coin falls.
    Some(u64),
}

#[derive(Debug, Default, Clone)]
struct Contents {
    now: Vec<u8>,
    durable: Vec<u8>,
}

#[derive(Debug, Default)]
struct State {
    files: HashMap<u64, Contents>,
    names: HashMap<PathBuf, u64>,
    durable_names: HashMap<PathBuf, u64>,
    locked: Vec<u64>,
    /// Writes and syncs so far.
    operations: u64,
    /// From this operation on, all fail.
    fail_from: Option<u64>,
    next: u64,
}

/// The file system. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct FaultyDisk {
    state: Arc<Mutex<State>>,
}

impl FaultyDisk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Writes and syncs done so far: the points at which a crash can happen.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Every write and sync from operation `from` on fails (`None`: works again).
    pub fn fail_from(&self, from: Option<u64>) {
        self.state().fail_from = from;
    }

    /// The machine as it comes up after a crash.
    pub fn crash(&self, survival: Survival) -> Self {
        let state = self.state();
        let mut files = HashMap::new();
        for (file, contents) in &state.files {
            let bytes = survivors(contents, survival, *file);
            files.insert(
                *file,
                Contents {
                    now: bytes.clone(),
                    durable: bytes,
                },
            );
        }
        let after = State {
            files,
            names: state.durable_names.clone(),
            durable_names: state.durable_names.clone(),
            next: state.next,
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(after)),
        }
    }
}

fn survivors(contents: &Contents, survival: Survival, salt: u64) -> Vec<u8> {
    let mut coin = match survival {
        Survival::None => return contents.durable.clone(),
        Survival::All => return contents.now.clone(),
        Survival::Some(seed) => (seed ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1,
    };
    let mut bytes = contents.now.clone();
    for (index, sector) in bytes.chunks_mut(SECTOR).enumerate() {
        coin ^= coin << 13;
        coin ^= coin >> 7;
        coin ^= coin << 17;
        if coin & 0x100 == 0 {
            for (offset, byte) in sector.iter_mut().enumerate() {
                *byte = contents
                    .durable
                    .get(index * SECTOR + offset)
                    .copied()
                    .unwrap_or(0);
            }
        }
    }
    bytes
}

impl State {
    /// Counts a write or sync, and fails it if its time has come.
    fn operate(&mut self) -> io::Result<()> {
        self.operations += 1;
        match self.fail_from {
            Some(from) if self.operations > from => Err(io::Error::from_raw_os_error(5)),
            _ => Ok(()),
        }
    }
}

impl Disk for FaultyDisk {
    fn make_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        let names = state
            .names
            .keys()
            .filter(|path| path.parent() == Some(folder));
        Ok(names
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect())
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        let known = state.names.get(path).copied();
        let file = match known {
            Some(file) => file,
            None if access == Access::Create => {
                state.next += 1;
                let file = state.next;
                state.files.insert(file, Contents::default());
                state.names.insert(path.to_owned(), file);
                file
            }
            None => return Err(io::ErrorKind::NotFound.into()),
        };
        Ok(Arc::new(FaultyFile {
            disk: self.clone(),
            file,
            mine: Mutex::new(false),
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
        let durable: Vec<_> = state
            .names
            .iter()
            .filter(|(path, _)| path.parent() == Some(folder))
            .collect();
        let durable = durable
            .into_iter()
            .map(|(path, file)| (path.clone(), *file))
            .collect();
        state.durable_names = durable;
        Ok(())
    }
}

struct FaultyFile {
    disk: FaultyDisk,
    file: u64,
    /// Whether this handle holds the lock.
    mine: Mutex<bool>,
}

impl FaultyFile {
    fn with<T>(&self, act: impl FnOnce(&mut Contents) -> T) -> T {
        act(self.disk.state().files.get_mut(&self.file).unwrap())
    }
}

impl DiskFile for FaultyFile {
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.with(|contents| {
            let from = (offset as usize).min(contents.now.len());
            let length = into.len().min(contents.now.len() - from);
            into[..length].copy_from_slice(&contents.now[from..from + length]);
            Ok(length)
        })
    }

    fn write_at(&self, parts: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        self.disk.state().operate()?;
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        self.with(|contents| {
            let end = offset as usize + bytes.len();
            if contents.now.len() < end {
                contents.now.resize(end, 0);
            }
            contents.now[offset as usize..end].copy_from_slice(&bytes);
        });
        Ok(bytes.len())
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.state().operate()?;
        self.with(|contents| contents.durable.clone_from(&contents.now));
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.with(|contents| contents.now.len() as u64))
    }

    fn allocate(&self, size: u64) -> io::Result<()> {
        self.with(|contents| contents.now.resize(size as usize, 0));
        Ok(())
    }

    fn lock(&self) -> io::Result<bool> {
        let mut state = self.disk.state();
        if state.locked.contains(&self.file) {
            return Ok(false);
        }
        state.locked.push(self.file);
        *self.mine.lock().unwrap() = true;
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

impl Drop for FaultyFile {
    fn drop(&mut self) {
        if *self.mine.lock().unwrap() {
            self.disk.state().locked.retain(|file| *file != self.file);
        }
    }
}
