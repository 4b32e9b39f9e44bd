//! The few things that journal and snapshots ask of a file system, behind a trait: so that tests can lose what was not
//! synced, tear a write, or fail a sync, at every point where that can happen.

use std::fmt::Debug;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, IoSlice, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It must exist; nothing is changed.
    Read,
    /// It must exist.
    Write,
    /// It is made when missing, and kept as it is otherwise.
    Create,
}

/// A file system.
pub trait Disk: Send + Sync + Debug {
    /// Makes a folder and its parents; an existing one is fine.
    ///
    /// # Errors
    /// The system's.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;
    /// Names in a folder, in no order.
    ///
    /// # Errors
    /// The system's.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// Opens a file.
    ///
    /// # Errors
    /// The system's.
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>>;
    /// Gives a file another name.
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// The system's.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Takes a file's name away.
    ///
    /// # Errors
    /// The system's; [`io::ErrorKind::NotFound`] when there is none.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Fills `into` with numbers that nobody can guess: secrets, and names that no other journal has. They come from
    /// here so that a simulation repeats itself.
    ///
    /// # Errors
    /// The system's.
    fn draw(&self, into: &mut [u8]) -> io::Result<()>;
}

/// An open file.
pub trait DiskFile: Send + Sync {
    /// Reads until `into` is full or the file ends; returns the number of bytes.
    ///
    /// # Errors
    /// The system's.
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes the parts one after another in one call; returns the number of bytes, which may be short.
    ///
    /// # Errors
    /// The system's.
    fn write_at(&self, parts: &[IoSlice<'_>], offset: u64) -> io::Result<usize>;
    /// Lets writes pass by the system's page cache from now on, or no more; returns whether they do. Then parts, lengths and
    /// offsets must be whole blocks. A system that can't goes on as before.
    fn bypass_cache(&self, _on: bool) -> bool {
        false
    }
    /// Makes the contents durable.
    ///
    /// # Errors
    /// The system's. Afterwards nobody knows what is on the disk.
    fn sync(&self) -> io::Result<()>;
    /// Size in bytes.
    ///
    /// # Errors
    /// The system's.
    fn size(&self) -> io::Result<u64>;
    /// Reserves space, and sets the size.
    ///
    /// # Errors
    /// The system's, as "no space left".
    fn allocate(&self, size: u64) -> io::Result<()>;
    /// Takes the exclusive lock, until the file is closed; `false` when somebody else has it.
    ///
    /// # Errors
    /// The system's.
    fn lock(&self) -> io::Result<bool>;
    /// Whether the file still has a name.
    ///
    /// # Errors
    /// The system's.
    fn is_linked(&self) -> io::Result<bool>;
}

/// The operating system's file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsDisk;

impl Disk for OsDisk {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        std::fs::read_dir(folder)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new()
            .read(true)
            .write(access != Access::Read)
            .create(access == Access::Create)
            .truncate(false)
            .open(path)?;
        Ok(Arc::new(OsFile(file)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn draw(&self, into: &mut [u8]) -> io::Result<()> {
        File::open("/dev/urandom")?.read_exact(into)
    }
}

/// A file from its beginning on, read or written as a stream.
pub struct Stream {
    file: Arc<dyn DiskFile>,
    at: u64,
}

impl Stream {
    /// Begins at the first byte.
    pub fn new(file: Arc<dyn DiskFile>) -> Stream {
        Stream { file, at: 0 }
    }

    /// Bytes read or written so far.
    pub fn position(&self) -> u64 {
        self.at
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(into, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write_at(&[IoSlice::new(bytes)], self.at)?;
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct OsFile(File);

impl DiskFile for OsFile {
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        while done < into.len() {
            match self.0.read_at(&mut into[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn write_at(&self, parts: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        loop {
            match rustix::io::pwritev(&self.0, parts, offset) {
                // Nothing was written when a signal came first.
                Err(rustix::io::Errno::INTR) => {}
                answer => return Ok(answer?),
            }
        }
    }

    fn bypass_cache(&self, on: bool) -> bool {
        let Ok(flags) = rustix::fs::fcntl_getfl(&self.0) else {
            return false;
        };
        let mut wanted = flags;
        wanted.set(rustix::fs::OFlags::DIRECT, on);
        rustix::fs::fcntl_setfl(&self.0, wanted).is_ok() && on
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn allocate(&self, size: u64) -> io::Result<()> {
        let flags = rustix::fs::FallocateFlags::empty();
        match rustix::fs::fallocate(&self.0, flags, 0, size) {
            // Some file systems cannot; the zeros written next do the same, more slowly.
            Err(rustix::io::Errno::OPNOTSUPP) => Ok(()),
            answer => Ok(answer?),
        }
    }

    fn lock(&self) -> io::Result<bool> {
        match self.0.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn is_linked(&self) -> io::Result<bool> {
        Ok(self.0.metadata()?.nlink() > 0)
    }
}
