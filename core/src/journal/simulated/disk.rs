//! A file system in memory, with faults. The model: a sector of 512 bytes is written wholly or not; unsynced sectors
//! survive a crash in any combination, and those whose sync failed are forgotten by later ones; names survive only once their folder is synced, or the first few of their changes;
//! an operation that fails has done nothing (but for [`Fault::SyncedAndFailed`] and [`Fault::Short`]), and nobody may rely
//! on what came before it unless that was synced.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use super::contents::Contents;
use super::names::Names;

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// EIO: nothing was done.
    Io,
    /// ENOSPC: nothing was done.
    NoSpace,
    /// A write takes the sectors of its first half and says so (a system copies whole pages); anything else is EIO.
    Short,
    /// A sync says EIO, yet all has reached the disk; anything else is EIO.
    SyncedAndFailed,
}

/// What goes wrong while it runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Every operation after so many fails.
    pub fail_after: Option<u64>,
    /// The operation with this number (from 1) fails so, once; later ones work.
    pub once: Option<(u64, Fault)>,
    /// Every read fails.
    pub no_reads: bool,
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

#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) files: Vec<Contents>,
    pub(super) names: Names,
    /// Files, and which holder of a lock each has.
    pub(super) locked: Vec<(usize, u64)>,
    pub(super) lockers: u64,
    pub(super) faults: Faults,
    /// Writes, syncs and changes of names so far.
    operations: u64,
    pub(super) random: u64,
    /// The disk before each operation, where that is kept.
    history: Option<Vec<State>>,
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
        Self::of(State {
            files: Vec::new(),
            names: Names::default(),
            locked: Vec::new(),
            lockers: 0,
            faults,
            operations: 0,
            // Odd, since the generator cannot leave zero.
            random: seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            history: None,
        })
    }

    fn of(state: State) -> Self {
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Writes, syncs and changes of names so far: each is a point where a crash or a failure can be placed.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Changes what goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// From now on keeps what the disk was before each operation.
    pub fn keep_history(&self) {
        self.state().history = Some(Vec::new());
    }

    /// What the disk was before each operation since [`SimulatedDisk::keep_history`], and after the last.
    #[must_use]
    pub fn history(&self) -> Vec<SimulatedDisk> {
        let mut state = self.state();
        let mut all = state.history.take().unwrap_or_default();
        all.push(state.clone());
        all.into_iter().map(Self::of).collect()
    }

    /// Sectors and changes of names that no crash at this moment is obliged to keep.
    #[must_use]
    pub fn unsettled(&self) -> (usize, usize) {
        let state = self.state();
        let sectors = state.files.iter().map(Contents::unsynced).sum();
        (sectors, state.names.pending())
    }

    /// A copy of all that is on it, as a backup takes one.
    #[must_use]
    pub fn copied(&self) -> Self {
        let state = self.state().clone();
        let locked = Vec::new();
        Self::of(State { locked, ..state })
    }

    /// Every lock is lost, as when whoever keeps them restarts: their holders do not know.
    pub fn break_locks(&self) {
        self.state().locked.clear();
    }

    /// The files that have a name, and their sizes in bytes.
    #[must_use]
    pub fn files(&self) -> Vec<(PathBuf, u64)> {
        let state = self.state();
        let size = |file: usize| state.files[file].bytes().len() as u64;
        let all = state.names.all();
        all.map(|(path, file)| (path.to_owned(), size(file)))
            .collect()
    }

    /// One bit of a file has rotted.
    pub fn rot(&self, path: &Path, bit: u64) {
        let mut state = self.state();
        if let Some(file) = state.names.get(path) {
            state.files[file].rot(bit);
        }
    }

    /// The disk as it comes up after a crash at this moment. The old one goes on for whoever still holds it.
    #[must_use]
    pub fn crash(&self, survival: Survival) -> Self {
        let mut random = self.state().random;
        let torn = random;
        let after = match survival {
            Survival::Nothing => self.crash_choosing(|| false, |_| 0),
            Survival::Everything => self.crash_choosing(|| true, |changes| changes),
            Survival::Torn => {
                let mut names = torn.rotate_left(32) | 1;
                let kept = |changes: usize| next(&mut names) as usize % (changes + 1);
                self.crash_choosing(|| next(&mut random) & 1 == 0, kept)
            }
        };
        next(&mut random);
        self.state().random = random;
        after.state().random = random;
        after
    }

    /// As [`SimulatedDisk::crash`], asking for each unsynced sector whether it reached the disk, and for each folder how many of
    /// the changes of its names did.
    #[must_use]
    pub fn crash_choosing(
        &self,
        mut survives: impl FnMut() -> bool,
        kept: impl FnMut(usize) -> usize,
    ) -> Self {
        let state = self.state();
        let files = state.files.iter();
        Self::of(State {
            files: files.map(|file| file.after_crash(&mut survives)).collect(),
            names: state.names.after_crash(kept),
            locked: Vec::new(),
            lockers: 0,
            faults: Faults::default(),
            operations: 0,
            random: state.random,
            history: None,
        })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

/// xorshift64: small, and the same everywhere.
pub(super) fn next(random: &mut u64) -> u64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    *random >> 8
}

impl State {
    /// Counts an operation; says how it fails if its time has come, but for what it does all the same.
    pub(super) fn operate(&mut self) -> io::Result<Option<Fault>> {
        if let Some(mut history) = self.history.take() {
            history.push(self.clone());
            self.history = Some(history);
        }
        self.operations += 1;
        let past = self
            .faults
            .fail_after
            .is_some_and(|after| self.operations > after);
        let due = |&(at, _): &(u64, Fault)| at == self.operations;
        match self.faults.once.filter(due) {
            _ if past => Err(io::Error::other("simulated failure")),
            Some((_, Fault::Io)) => Err(io::Error::other("simulated failure")),
            Some((_, Fault::NoSpace)) => Err(io::ErrorKind::StorageFull.into()),
            Some((_, fault)) => Ok(Some(fault)),
            None => Ok(None),
        }
    }

    /// As [`State::operate`], for an operation that fails wholly or not at all.
    pub(super) fn operate_wholly(&mut self) -> io::Result<()> {
        match self.operate()? {
            Some(_) => Err(io::Error::other("simulated failure")),
            None => Ok(()),
        }
    }

    pub(super) fn read(&self) -> io::Result<()> {
        match self.faults.no_reads {
            true => Err(io::Error::other("simulated failure of a read")),
            false => Ok(()),
        }
    }

    /// How long the next sync takes.
    pub(super) fn delay(&mut self) -> Duration {
        let most = u64::try_from(self.faults.delay.as_nanos()).unwrap_or(u64::MAX);
        match most {
            0 => Duration::ZERO,
            most => Duration::from_nanos(next(&mut self.random) % most),
        }
    }
}
