//! Segments: the files that batches lie in, and the folder of them.

use std::io::{ErrorKind, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::disk::{Access, Disk, DiskFile};
use crate::journal::error::JournalError;
use crate::journal::header::{u32_at, u64_at};

const MAGIC: [u8; 4] = *b"HUBS";
const VERSION: u16 = 1;
/// Size of a segment's own header: where its first batch begins.
pub(super) const SEGMENT_HEADER: u64 = 128;
/// What is read and written as one: the page of the system's cache, and a whole number of any disk's blocks.
pub(super) const PAGE: usize = 4096;
/// Pages of zeros that are written at once.
const FILL_PAGES: usize = 256;

/// What to do about a file that is not the one that belongs here.
const PUT_BACK: &str = "put the file that belongs here back from a copy";
/// What to do about a file that an unknown program wrote.
pub(super) const NEWER: &str = "start the program that wrote it, or a newer one";

/// A page in its place, so that a disk can take it from there.
#[repr(align(4096))]
struct Page([u8; PAGE]);

static ZEROS: Page = Page([0; PAGE]);

/// How zeros are written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pace<'a> {
    /// Somebody waits for them.
    AtOnce,
    /// Commits go on meanwhile: synced piece by piece, so that none of them waits for many zeros, and given up when the
    /// flag rises.
    Aside(&'a AtomicBool),
}

/// The folder that one journal lives in.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) path: PathBuf,
    /// Where old segments stand that were moved, if they are.
    pub(super) old: Option<PathBuf>,
    pub(super) journal: u64,
    pub(super) cell: u64,
}

/// An open segment.
#[derive(Clone)]
pub(super) struct Segment {
    pub(super) number: u64,
    /// Size of the file in bytes when it is whole.
    pub(super) size: u64,
    pub(super) path: PathBuf,
    pub(super) file: Arc<dyn DiskFile>,
}

impl Folder {
    /// Numbers of the segments, ascending; they begin at 1 and have no gap.
    pub(super) fn segments(&self) -> Result<Vec<u64>, JournalError> {
        let mut numbers = self.segments_in(&self.path)?;
        if let Some(old) = &self.old {
            numbers.extend(self.segments_in(old)?);
            numbers.sort_unstable();
            // One that a crash caught on its way stands in both.
            numbers.dedup();
        }
        for (expected, number) in (1..).zip(&numbers) {
            if *number != expected {
                return Err(self.is_missing(expected));
            }
        }
        Ok(numbers)
    }

    fn is_missing(&self, number: u64) -> JournalError {
        let old = self.old.as_ref();
        let old = old.map_or(String::new(), |old| {
            format!(
                ", and is not in {} either: is that disk there?",
                old.display()
            )
        });
        JournalError::Foreign {
            place: self.path.display().to_string(),
            reason: format!("segment {number} is missing{old}; put it back from a copy"),
        }
    }

    /// Numbers of the segments in one folder, ascending; none where there is no such folder.
    pub(super) fn segments_in(&self, folder: &Path) -> Result<Vec<u64>, JournalError> {
        let names = match self.disk.list(folder) {
            Err(missing) if missing.kind() == ErrorKind::NotFound && folder != self.path => {
                Vec::new()
            }
            names => names.map_err(JournalError::io("list", folder))?,
        };
        let numbers = names
            .iter()
            .filter_map(|name| name.strip_suffix(".segment")?.parse().ok());
        let mut numbers: Vec<u64> = numbers.collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The file of a segment, wherever it stands.
    fn open_file(
        &self,
        number: u64,
        access: Access,
    ) -> Result<(PathBuf, Arc<dyn DiskFile>), JournalError> {
        let path = self.segment_path(number);
        let (path, file) = match (self.disk.open(&path, access), &self.old) {
            (Err(moved), Some(old)) if moved.kind() == ErrorKind::NotFound => {
                let path = old.join(segment_name(number));
                let file = self.disk.open(&path, access);
                (path, file)
            }
            (file, _) => (path, file),
        };
        let file = file.map_err(JournalError::io("open", &path))?;
        Ok((path, file))
    }

    /// Opens a segment and checks that it belongs here.
    pub(super) fn open(&self, number: u64, access: Access) -> Result<Segment, JournalError> {
        let (path, file) = self.open_file(number, access)?;
        self.known(number, path, file)
    }

    /// The segment in a file, which must be this journal's and have this number.
    pub(super) fn known(
        &self,
        number: u64,
        path: PathBuf,
        file: Arc<dyn DiskFile>,
    ) -> Result<Segment, JournalError> {
        let mut bytes = [0; SEGMENT_HEADER as usize];
        file.read_at(&mut bytes, 0)
            .map_err(JournalError::io("read", &path))?;
        let found = decode(&bytes).and_then(|found| {
            if (found.journal, found.cell) != (self.journal, self.cell) {
                return Err(format!(
                    "it belongs to journal {:x} of cell {}; {PUT_BACK}",
                    found.journal, found.cell
                ));
            }
            if found.number != number {
                return Err(format!(
                    "it is segment {} under another name; {PUT_BACK}",
                    found.number
                ));
            }
            Ok(found)
        });
        let found = found.map_err(|reason| JournalError::Foreign {
            place: path.display().to_string(),
            reason,
        })?;
        Ok(Segment {
            number,
            size: found.size,
            path,
            file,
        })
    }

    /// Makes a segment: full size, zeros, durable; it gets its name only when whole. One left over by an earlier process
    /// is taken as it is.
    pub(super) fn make(
        &self,
        number: u64,
        size: u64,
        pace: Pace<'_>,
    ) -> Result<Segment, JournalError> {
        let path = self.segment_path(number);
        if self.segments_in(&self.path)?.contains(&number) {
            return self.open(number, Access::Write);
        }
        let fresh = self.path.join(format!("{number:08}.new"));
        let file = self.fill(&fresh, number, size, pace).map_err(|error| {
            // What it took is of use to whoever makes room; the next attempt begins anew.
            let _gone_or_left_over = self.disk.remove(&fresh);
            no_room_or(error)
        })?;
        self.disk
            .rename(&fresh, &path)
            .map_err(JournalError::io("rename", &fresh))?;
        self.disk
            .sync_folder(&self.path)
            .map_err(JournalError::io("sync", &self.path))?;
        Ok(Segment {
            number,
            size,
            path,
            file,
        })
    }

    /// A segment's file under another name: full size, zeros behind its header, durable.
    fn fill(
        &self,
        fresh: &Path,
        number: u64,
        size: u64,
        pace: Pace<'_>,
    ) -> Result<Arc<dyn DiskFile>, JournalError> {
        let file = self
            .disk
            .open(fresh, Access::Create)
            .map_err(JournalError::io("create", fresh))?;
        file.allocate(size)
            .map_err(JournalError::io("allocate", fresh))?;
        fill_new(&*file, size, pace).map_err(JournalError::io("write", fresh))?;
        let header = encode(self.journal, self.cell, number, size);
        write_all(&*file, &header, 0).map_err(JournalError::io("write", fresh))?;
        file.sync().map_err(JournalError::io("sync", fresh))?;
        Ok(file)
    }

    pub(super) fn segment_path(&self, number: u64) -> PathBuf {
        self.path.join(segment_name(number))
    }
}

pub(super) fn segment_name(number: u64) -> String {
    format!("{number:08}.segment")
}

/// A full disk, told from what else can go wrong while a file is made that holds nothing yet.
fn no_room_or(error: JournalError) -> JournalError {
    match error {
        JournalError::Io { path, source, .. }
            if matches!(
                source.kind(),
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded
            ) =>
        {
            JournalError::NoRoom {
                place: path.display().to_string(),
                detail: source.to_string(),
            }
        }
        other => other,
    }
}

impl Segment {
    /// Where something was found, for people.
    pub(super) fn place(&self, offset: u64) -> String {
        format!("{} at byte {offset}", self.path.display())
    }
}

/// The journal and cell that a segment says it belongs to, whoever asks.
pub(super) fn owner(disk: &dyn Disk, path: &Path) -> Result<(u64, u64), JournalError> {
    let file = disk
        .open(path, Access::Read)
        .map_err(JournalError::io("open", path))?;
    let mut bytes = [0; SEGMENT_HEADER as usize];
    file.read_at(&mut bytes, 0)
        .map_err(JournalError::io("read", path))?;
    let found = decode(&bytes).map_err(|reason| JournalError::Foreign {
        place: path.display().to_string(),
        reason,
    })?;
    Ok((found.journal, found.cell))
}

/// Fills a new file with zeros, past the page cache where that can be: nobody will read them, and copying them there
/// would take a tenth of a core from commits under load. What was not synced on the way is left to the caller's sync.
fn fill_new(file: &dyn DiskFile, size: u64, pace: Pace<'_>) -> std::io::Result<()> {
    let whole = size - size % PAGE as u64;
    let mut filled = 0;
    if file.bypass_cache(true) {
        let direct = fill_zeros(file, 0, whole, pace);
        file.bypass_cache(false);
        match direct {
            Ok(()) => filled = whole,
            // Its blocks are larger than a page, or it takes none of this after all.
            Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => {}
            Err(error) => return Err(error),
        }
    }
    fill_zeros(file, filled, size, pace)
}

/// Writes zeros over `from..to`.
fn fill_zeros(file: &dyn DiskFile, from: u64, to: u64, pace: Pace<'_>) -> std::io::Result<()> {
    let mut at = from;
    while at < to {
        let bytes = (to - at).min((FILL_PAGES * PAGE) as u64) as usize;
        let pages = [IoSlice::new(&ZEROS.0); FILL_PAGES];
        let (whole, rest) = (bytes / PAGE, bytes % PAGE);
        let written = match whole {
            0 => file.write_at(&[IoSlice::new(&ZEROS.0[..rest])], at)?,
            _ => file.write_at(&pages[..whole], at)?,
        };
        if written == 0 {
            return Err(std::io::ErrorKind::WriteZero.into());
        }
        if let Pace::Aside(stop) = pace {
            file.sync()?;
            if stop.load(Ordering::Relaxed) {
                return Err(std::io::ErrorKind::Interrupted.into());
            }
        }
        at += written as u64;
    }
    Ok(())
}

/// Zeros from `offset` to the end of its page or of the file. Written along, they spare the system from reading the page
/// before a part of it changes.
pub(super) fn padding(offset: u64, size: u64) -> IoSlice<'static> {
    let page_end = offset.next_multiple_of(PAGE as u64).min(size);
    IoSlice::new(&ZEROS.0[..(page_end - offset) as usize])
}

/// Writes zeros over `from..to` and syncs them.
pub(super) fn blank(file: &dyn DiskFile, from: u64, to: u64) -> std::io::Result<()> {
    fill_zeros(file, from, to, Pace::AtOnce)?;
    file.sync()
}

pub(super) fn write_all(file: &dyn DiskFile, bytes: &[u8], offset: u64) -> std::io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        let written = file.write_at(&[IoSlice::new(&bytes[done..])], offset + done as u64)?;
        if written == 0 {
            return Err(std::io::ErrorKind::WriteZero.into());
        }
        done += written;
    }
    Ok(())
}

struct Found {
    journal: u64,
    cell: u64,
    number: u64,
    size: u64,
}

fn encode(journal: u64, cell: u64, number: u64, size: u64) -> [u8; SEGMENT_HEADER as usize] {
    let mut bytes = [0; SEGMENT_HEADER as usize];
    bytes[0..4].copy_from_slice(&MAGIC);
    bytes[4..6].copy_from_slice(&VERSION.to_le_bytes());
    bytes[6..8].copy_from_slice(&(SEGMENT_HEADER as u16).to_le_bytes());
    bytes[8..16].copy_from_slice(&journal.to_le_bytes());
    bytes[16..24].copy_from_slice(&cell.to_le_bytes());
    bytes[24..32].copy_from_slice(&number.to_le_bytes());
    bytes[32..40].copy_from_slice(&size.to_le_bytes());
    let crc = crc32fast::hash(&bytes[..40]);
    bytes[40..44].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Result<Found, String> {
    if bytes[0..4] != MAGIC {
        return Err(format!("it is no segment of a journal; {PUT_BACK}"));
    }
    if crc32fast::hash(&bytes[..40]) != u32_at(bytes, 40) {
        return Err(format!("the segment's header is damaged; {PUT_BACK}"));
    }
    if bytes[4..6] != VERSION.to_le_bytes() {
        return Err(format!(
            "its format version is unknown to this program; {NEWER}"
        ));
    }
    Ok(Found {
        journal: u64_at(bytes, 8),
        cell: u64_at(bytes, 16),
        number: u64_at(bytes, 24),
        size: u64_at(bytes, 32),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_segments_header_comes_back(journal: u64, cell: u64, number: u64, size: u64, bit in 0..44_usize * 8) {
            let mut bytes = encode(journal, cell, number, size);
            let found = decode(&bytes).map(|found| (found.journal, found.cell, found.number, found.size));
            prop_assert_eq!(found, Ok((journal, cell, number, size)));
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(decode(&bytes).is_err());
        }
    }
}
