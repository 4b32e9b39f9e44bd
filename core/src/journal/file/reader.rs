//! Readers of a file journal: they follow the writer through one shared number, the last durable record, and never look
//! behind it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::disk::{Access, Disk};
use super::index::{Index, Position};
use super::lock::{Lock, Slot};
use super::recover::{Plan, damage, find_tail};
use super::scanner::{Found, Scanner};
use super::segment::{Folder, SEGMENT_HEADER};
use crate::journal::check::Links;
use crate::journal::error::JournalError;
use crate::journal::framing::record_at;
use crate::journal::header::Header;
use crate::journal::setting::Settings;
use crate::journal::{Each, JournalReader, StoredBatch, VerifyReport};

/// A reader without a writer may meet a batch that another process is just writing; it looks again so many times.
const LOOKS: u32 = 4;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Takes a batch; says whether to go on, or what is wrong with it.
type Visit<'a> = dyn FnMut(&Header, &[u8]) -> Result<bool, String> + 'a;

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
                reason: "it holds no journal".into(),
            });
        };
        let folder = Folder {
            disk,
            path: folder.to_owned(),
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

    /// Gives the batches from the one that holds `from` to the last durable one.
    fn walk(&self, from: u64, each: &mut Visit<'_>) -> Result<Links, JournalError> {
        let until = self.last();
        let from = from.max(1);
        let start = Position {
            segment: 1,
            offset: SEGMENT_HEADER,
        };
        let (first, position) = self.shared.index.at_or_before(from).unwrap_or((1, start));
        let mut links = Links::before(first);
        if from > until {
            return Ok(links);
        }
        let mut scanner = Scanner::at(&self.shared.folder, position, Access::Read)?;
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
            match each(&header, scanner.payload()) {
                Ok(true) => {}
                Ok(false) => break,
                Err(reason) => return bad(&scanner, &reason),
            }
        }
        Ok(links)
    }

    /// Whether there is a segment after this one.
    fn follows(&self, number: u64) -> Result<bool, JournalError> {
        Ok(self.shared.folder.segments()?.contains(&(number + 1)))
    }

    /// What the lock file says about a batch, if it remembers that one.
    fn check_anchor(&self, header: &Header) -> Result<(), String> {
        match self.shared.anchor {
            Some(anchor) if anchor.last == header.last && anchor.chain != header.chain => {
                Err("it is not the batch that the lock file remembers".into())
            }
            _ => Ok(()),
        }
    }
}

impl JournalReader for FileReader {
    fn scan(&self, from: u64, each: &mut Each<'_>) -> Result<u64, JournalError> {
        let mut seen = 0;
        self.walk(from, &mut |header, payload| {
            seen = header.last;
            Ok(each(stored(header, payload)))
        })?;
        Ok(seen)
    }

    fn verify(&self, each: &mut Each<'_>) -> Result<VerifyReport, JournalError> {
        let mut report = VerifyReport::EMPTY;
        self.walk(1, &mut |header, payload| {
            if header.chain_over(payload) != header.chain {
                return Err("its contents are not those that its chain value was made from".into());
            }
            self.check_anchor(header)?;
            report.add(header);
            Ok(each(stored(header, payload)))
        })?;
        Ok(report)
    }

    fn record(&self, seq: u64) -> Result<Vec<u8>, JournalError> {
        let last = self.last();
        let missing = JournalError::NotFound { seq, last };
        if seq == 0 || seq > last {
            return Err(missing);
        }
        let mut found = None;
        self.walk(seq, &mut |header, payload| {
            found = record_at(payload, seq - header.first).map(<[u8]>::to_vec);
            match found {
                Some(_) => Ok(false),
                None => Err(format!(
                    "it holds no record {seq}, though its header says so"
                )),
            }
        })?;
        found.ok_or(missing)
    }

    fn last(&self) -> u64 {
        self.shared.durable.load(Ordering::Acquire)
    }
}

fn stored<'a>(header: &'a Header, payload: &'a [u8]) -> StoredBatch<'a> {
    StoredBatch {
        first: header.first,
        last: header.last,
        epoch: header.epoch,
        chain: &header.chain,
        payload,
    }
}
