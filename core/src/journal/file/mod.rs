//! The file journal, the embedded default: preallocated segments in a folder, plain writes and `fdatasync`.
//!
//! `writer` appends, `reader` reads, `recover` finds the end at opening with `scanner` (walks batches) and `tail` (judges
//! what is no batch); `segment` and `lock` own the two kinds of files, `spare` makes segments ahead, `index` remembers
//! places; [`crate::disk`] is the file system, replaceable in tests. `docs/journal.md` draws the bytes.

mod index;
mod lock;
mod reader;
mod recover;
mod scanner;
mod segment;
mod shelf;
mod spare;
mod tail;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

pub use reader::FileReader;
pub use writer::FileJournal;

use self::index::Index;
use self::lock::{Lock, Slot};
use self::reader::Shared;
use self::recover::{Plan, Tail, find_tail};
use self::segment::{Folder, Pace, SEGMENT_HEADER};
use self::spare::Spare;
use super::chain::GENESIS;
use super::error::JournalError;
use super::header::HEADER_BYTES;
use super::latch::Latch;
use super::setting::Settings;
use crate::disk::{Disk, OsDisk};

/// Smallest segment in bytes that makes sense.
const MIN_SEGMENT: u64 = 4096;
/// Largest payload in bytes, whatever the segment: what a header can say, and more than any commit gathers.
const MAX_PAYLOAD: u64 = 1 << 30;

impl FileJournal {
    /// Opens a folder for writing; a missing or empty one becomes a new journal.
    ///
    /// # Errors
    /// [`JournalError::Busy`] when another process has it, [`JournalError::Damage`] with file and offset, or
    /// [`JournalError::Foreign`] when the folder holds another cell's journal.
    pub fn open(folder: &Path, settings: &Settings) -> Result<Self, JournalError> {
        Self::open_on(Arc::new(OsDisk), folder, settings)
    }

    /// As [`FileJournal::open`], on a file system of the caller's.
    ///
    /// # Errors
    /// The same.
    pub fn open_on(
        disk: Arc<dyn Disk>,
        folder: &Path,
        settings: &Settings,
    ) -> Result<Self, JournalError> {
        Self::open_numbered(disk, folder, settings, None)
    }

    /// As [`FileJournal::open_on`], for the copy of a journal with this number.
    pub(super) fn open_numbered(
        disk: Arc<dyn Disk>,
        folder: &Path,
        settings: &Settings,
        number: Option<u64>,
    ) -> Result<Self, JournalError> {
        disk.make_folder(folder)
            .map_err(JournalError::io("make", folder))?;
        let (lock, slot) = Lock::take(&*disk, folder)?;
        let folder = identify(disk, folder, slot, settings, number)?;
        let size = settings.segment_bytes.max(MIN_SEGMENT);
        if folder.segments()?.is_empty() {
            folder.make(1, size, Pace::AtOnce)?;
        }
        let index = Index::default();
        let plan = Plan {
            check: settings.check,
            mend: true,
            anchor: slot,
        };
        let tail = find_tail(&folder, &index, plan)?;
        let slot = claim(&lock, slot, &folder, &tail)?;
        let spare = Spare::start(folder.clone(), size)?;
        let durable = AtomicU64::new(tail.links.last);
        Ok(Self {
            shared: Arc::new(Shared {
                folder,
                durable,
                index,
                anchor: Some(slot),
            }),
            lock,
            slot,
            segment: tail.segment,
            offset: tail.offset,
            links: tail.links,
            limit: (size - SEGMENT_HEADER - HEADER_BYTES as u64).min(MAX_PAYLOAD),
            spare,
            latch: Latch::default(),
        })
    }
}

/// Whose journal the folder holds; a new one gets the number given, or draws one.
fn identify(
    disk: Arc<dyn Disk>,
    path: &Path,
    slot: Option<Slot>,
    settings: &Settings,
    number: Option<u64>,
) -> Result<Folder, JournalError> {
    let mut folder = Folder {
        disk,
        path: path.to_owned(),
        old: settings.old.clone(),
        journal: 0,
        cell: settings.cell,
    };
    let segments = folder.segments()?;
    // The newest never moves.
    let here = folder.segments_in(path)?;
    let owner = match (slot, here.first()) {
        (Some(slot), _) => Some((slot.journal, slot.cell)),
        (None, Some(number)) => Some(segment::owner(
            &*folder.disk,
            &folder.segment_path(*number),
        )?),
        (None, None) => None,
    };
    let foreign = |reason: String| JournalError::Foreign {
        place: path.display().to_string(),
        reason,
    };
    if slot.is_some_and(|slot| slot.last > 0) && segments.is_empty() {
        return Err(foreign(
            "its segments are missing; put them back from a copy".into(),
        ));
    }
    if here.is_empty() && !segments.is_empty() {
        return Err(foreign(
            "its newest segments are missing, and only old ones are there: put them back from a copy, or, for a new journal, set another journal.old_segments_folder".into(),
        ));
    }
    if slot.is_none() && !segments.is_empty() {
        tracing::warn!(
            folder = %path.display(),
            "the lock file is missing or damaged: nothing but the segments themselves says where the journal ends"
        );
    }
    match owner {
        Some((_, cell)) if cell != settings.cell => {
            return Err(foreign(format!(
                "it belongs to cell {cell}, not {}; set journal.place or journal.cell right",
                settings.cell
            )));
        }
        Some((journal, _)) if number.is_some_and(|number| number != journal) => {
            return Err(foreign(
                "it holds another journal; choose another folder".into(),
            ));
        }
        Some((journal, _)) => folder.journal = journal,
        None if let Some(number) = number => folder.journal = number,
        None => {
            let mut number = [0; 8];
            let drawn = folder.disk.draw(&mut number);
            drawn.map_err(JournalError::io("draw a number for", path))?;
            folder.journal = u64::from_le_bytes(number);
        }
    }
    Ok(folder)
}

/// Raises the epoch above every earlier writer's and writes it down.
fn claim(
    lock: &Lock,
    before: Option<Slot>,
    folder: &Folder,
    tail: &Tail,
) -> Result<Slot, JournalError> {
    let noted = before.map_or(0, |slot| slot.epoch);
    let slot = Slot {
        closed: false,
        journal: folder.journal,
        cell: folder.cell,
        turn: before.map_or(0, |slot| slot.turn) + 1,
        epoch: noted.max(tail.links.epoch) + 1,
        last: tail.links.last,
        chain: tail.links.chain.unwrap_or(GENESIS),
        pid: std::process::id(),
    };
    lock.write(&slot)?;
    folder
        .disk
        .sync_folder(&folder.path)
        .map_err(JournalError::io("sync", &folder.path))?;
    Ok(slot)
}
