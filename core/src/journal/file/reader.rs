//! Readers of a file journal: they follow the writer through one shared number, the last durable record, and never look
//! behind it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::index::{Index, Position};
use super::lock::{Lock, Slot};
use super::recover::{Plan, damage, find_tail};
use super::scanner::{Found, MANY, ONE, Scanner};
use super::segment::{Folder, SEGMENT_HEADER};
use crate::disk::{Access, Disk};
use crate::journal::check::Links;
use crate::journal::error::JournalError;
use crate::journal::reading::{self, Visit};
use crate::journal::setting::Settings;
use crate::journal::{Each, JournalReader, Shelved, VerifyReport};

/// A reader without a writer may meet a batch that another process is just writing; it looks again so many times.
const LOOKS: u32 = 4;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// What the writer shares with its readers.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) folder: Folder,
    pub(super) durable: AtomicU64,
    pub(super) index: Index,
    /// What the lock file vouched for at opening.
    pub(super) anchor: Option<Slot>,
}

/// Reads a file journal.
#[derive(Debug, Clone)]
pub struct FileReader {
    shared: Arc<Shared>,
}

impl FileReader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Opens a folder for reading only: no lock, no new epoch, nothing mended. Sees what is whole at this moment.
    ///
    /// # Errors
    /// As opening for writing, except that a torn tail and a busy journal are fine.
    pub fn open(
        disk: Arc<dyn Disk>,
        folder: &Path,
        settings: &Settings,
    ) -> Result<Self, JournalError> {
        let Some(anchor) = Lock::peek(&*disk, folder)? else {
            return Err(JournalError::Foreign {
                place: folder.display().to_string(),
                reason: "its lock file says nothing; a start of the server writes it anew from the segments".into(),
            });
        };
        let folder = Folder {
            disk,
            path: folder.to_owned(),
            old: settings.old.clone(),
            journal: anchor.journal,
            cell: settings.cell,
        };
        let mut looks = 0;
        loop {
            let index = Index::default();
            let plan = Plan {
                check: settings.check,
                mend: false,
                anchor: Some(anchor),
            };
            match find_tail(&folder, &index, plan) {
                Err(JournalError::Damage { .. }) if looks < LOOKS => {
                    looks += 1;
                    std::thread::sleep(BETWEEN_LOOKS);
                }
                tail => {
                    let durable = AtomicU64::new(tail?.links.last);
                    let anchor = Some(anchor);
                    return Ok(Self::new(Arc::new(Shared {
                        folder,
                        durable,
                        index,
                        anchor,
                    })));
                }
            }
        }
    }

    /// Gives the batches from the one that holds `from` to the last durable one, reading so many bytes at once.
    fn walk(&self, from: u64, at_once: usize, visit: &mut Visit<'_>) -> Result<(), JournalError> {
        let until = self.last();
        let from = from.max(1);
        let start = Position {
            segment: 1,
            offset: SEGMENT_HEADER,
        };
        let (first, position) = self.shared.index.at_or_before(from).unwrap_or((1, start));
        let mut links = Links::before(first);
        if from > until {
            return Ok(());
        }
        let mut scanner =
            Scanner::at(&self.shared.folder, position, Access::Read)?.reading(at_once);
        while links.last < until {
            let offset = scanner.offset;
            let before = links;
            let bad = |scanner: &Scanner<'_>, reason: &str| {
                Err(damage(&scanner.segment, offset, &before, reason))
            };
            let header = match scanner.step()? {
                Found::Batch(header) => header,
                Found::Blank
                    if offset > SEGMENT_HEADER && self.follows(scanner.segment.number)? =>
                {
                    scanner.enter(scanner.segment.number + 1, Access::Read)?;
                    continue;
                }
                Found::Blank => return bad(&scanner, "zeros where a durable batch should be"),
                Found::Bad { reason, .. } => return bad(&scanner, &reason),
            };
            if let Err(reason) = links.follow(&header) {
                return bad(&scanner, &reason);
            }
            self.shared
                .index
                .note(header.first, scanner.position_of(&header));
            if header.last < from {
                continue;
            }
            match visit(&header, scanner.payload()) {
                Ok(true) => {}
                Ok(false) => break,
                Err(reason) => return bad(&scanner, &reason),
            }
        }
        Ok(())
    }

    /// Whether there is a segment after this one.
    fn follows(&self, number: u64) -> Result<bool, JournalError> {
        Ok(self.shared.folder.segments()?.contains(&(number + 1)))
    }
}

impl JournalReader for FileReader {
    fn scan(&self, from: u64, each: &mut Each<'_>) -> Result<u64, JournalError> {
        reading::scan(from, each, &mut |from, visit| self.walk(from, MANY, visit))
    }

    fn verify_from(&self, from: u64, each: &mut Each<'_>) -> Result<VerifyReport, JournalError> {
        let anchor = self.shared.anchor.map(|slot| (slot.last, slot.chain));
        reading::verify(from, anchor, each, &mut |from, visit| {
            self.walk(from, MANY, visit)
        })
    }

    fn record(&self, seq: u64) -> Result<Vec<u8>, JournalError> {
        reading::record(seq, self.last(), &mut |from, visit| {
            self.walk(from, ONE, visit)
        })
    }

    fn last(&self) -> u64 {
        self.shared.durable.load(Ordering::Acquire)
    }

    fn has_shelf(&self) -> bool {
        self.shared.folder.old.is_some()
    }

    fn shelve(&self, through: u64, goes_on: &dyn Fn() -> bool) -> Result<Shelved, JournalError> {
        self.shared.folder.shelve(through, goes_on)
    }

    fn settle(&self) -> Result<(), JournalError> {
        let folder = &self.shared.folder;
        // Each batch was synced before the next was written: only the last one's segment can hold what is not durable.
        let place = self.shared.index.at_or_before(self.last().max(1));
        let segment = folder.open(place.map_or(1, |(_, place)| place.segment), Access::Read)?;
        segment
            .file
            .sync()
            .map_err(JournalError::io("sync", &segment.path))
    }
}
