//! What the simulated file system does when it is asked, as the journal asks the real one.

use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::contents::{Contents, SECTOR};
use super::disk::{Fault, SimulatedDisk, next};
use crate::disk::{Access, Disk, DiskFile};

impl Disk for SimulatedDisk {
    fn make_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        state.read()?;
        let here = state.names.all().map(|(path, _)| path);
        let names = here.filter(|path| path.parent() == Some(folder));
        let names = names.filter_map(|path| path.file_name());
        Ok(names
            .map(|name| name.to_string_lossy().into_owned())
            .collect())
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        let file = match state.names.get(path) {
            Some(file) => file,
            None if access == Access::Create => {
                state.operate_wholly()?;
                state.files.push(Contents::default());
                let file = state.files.len() - 1;
                state.names.put(path, file);
                file
            }
            None => return Err(io::ErrorKind::NotFound.into()),
        };
        Ok(Arc::new(SimulatedFile {
            disk: self.clone(),
            file,
            locker: Mutex::new(None),
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.operate_wholly()?;
        match state.names.rename(from, to) {
            true => Ok(()),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.operate_wholly()?;
        state.names.sync(folder);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        if state.names.get(path).is_none() {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.operate_wholly()?;
        state.names.take(path);
        Ok(())
    }

    fn draw(&self, into: &mut [u8]) -> io::Result<()> {
        let mut state = self.state();
        into.iter_mut()
            .for_each(|byte| *byte = next(&mut state.random) as u8);
        Ok(())
    }
}

struct SimulatedFile {
    disk: SimulatedDisk,
    file: usize,
    /// Its number among those who took a lock.
    locker: Mutex<Option<u64>>,
}

impl DiskFile for SimulatedFile {
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.disk.state();
        state.read()?;
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
        let whole: usize = parts.iter().map(|part| part.len()).sum();
        let middle = (offset as usize + whole / 2) / SECTOR * SECTOR;
        let mut left = match state.operate()? {
            None => whole,
            Some(Fault::Short) => middle.saturating_sub(offset as usize),
            Some(_) => return Err(io::Error::other("simulated failure")),
        };
        let (mut at, written) = (usize::try_from(offset).map_err(io::Error::other)?, left);
        for part in parts {
            let part = &part[..part.len().min(left)];
            state.files[self.file].write(at, part);
            at += part.len();
            left -= part.len();
        }
        Ok(written)
    }

    fn sync(&self) -> io::Result<()> {
        let delay = self.disk.state().delay();
        if !delay.is_zero() {
            std::thread::sleep(delay);
        }
        let mut state = self.disk.state();
        let file = self.file;
        let synced = state.operate();
        match &synced {
            Ok(None | Some(Fault::SyncedAndFailed)) => state.files[file].sync(),
            Ok(Some(_)) | Err(_) => state.files[file].fail_sync(),
        }
        match synced? {
            None => Ok(()),
            Some(_) => Err(io::Error::other("simulated failure of a sync")),
        }
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.disk.state().files[self.file].bytes().len() as u64)
    }

    fn allocate(&self, size: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.operate_wholly()?;
        let size = usize::try_from(size).map_err(io::Error::other)?;
        state.files[self.file].extend(size);
        Ok(())
    }

    fn lock(&self) -> io::Result<bool> {
        let mut state = self.disk.state();
        if state.locked.iter().any(|(file, _)| *file == self.file) {
            return Ok(false);
        }
        state.lockers += 1;
        let locker = state.lockers;
        state.locked.push((self.file, locker));
        *self.locker.lock() = Some(locker);
        Ok(true)
    }

    fn is_linked(&self) -> io::Result<bool> {
        let state = self.disk.state();
        let is_linked = state.names.all().any(|(_, file)| file == self.file);
        Ok(is_linked)
    }
}

impl Drop for SimulatedFile {
    fn drop(&mut self) {
        if let Some(own) = *self.locker.lock() {
            // Where the locks were lost, another may hold it by now.
            self.disk
                .state()
                .locked
                .retain(|(_, locker)| *locker != own);
        }
    }
}
