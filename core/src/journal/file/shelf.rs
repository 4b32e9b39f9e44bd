//! Old segments moved to another folder (旧段迁出), perhaps on a slower and larger disk. Nothing of the journal is ever thrown
//! away: from there it is read like the others, and `hubu verify` goes through all of it. What moves is past the newest
//! snapshot and the archive, so that no start needs it.
//!
//! A segment is copied, synced, read back batch by batch, and only then named; and only when that name is durable does the
//! first one go. After a crash in between there are two of the same, and the next time one of them goes.

use std::io::IoSlice;
use std::path::Path;

use super::index::Position;
use super::scanner::{Found, Scanner};
use super::segment::{Folder, SEGMENT_HEADER, Segment, segment_name};
use crate::disk::{Access, DiskFile};
use crate::journal::Shelved;
use crate::journal::check::Links;
use crate::journal::error::JournalError;

/// Bytes copied at once.
const AT_ONCE: usize = 1 << 20;

impl Folder {
    /// Moves the segments whose records are all up to `through`; never the newest.
    pub(super) fn shelve(&self, through: u64) -> Result<Shelved, JournalError> {
        let mut shelved = Shelved::default();
        let Some(old) = &self.old else {
            return Ok(shelved);
        };
        let here = self.segments_in(&self.path)?;
        for pair in here.windows(2) {
            let [number, next] = *pair else { break };
            match self.first_of(next)? {
                Some(first) if first - 1 <= through => {
                    self.move_to(old, number, first - 1)?;
                    shelved.segments += 1;
                    shelved.through = first - 1;
                }
                _ => break,
            }
        }
        Ok(shelved)
    }

    /// The first record of a segment; `None` while it is empty.
    fn first_of(&self, number: u64) -> Result<Option<u64>, JournalError> {
        let position = Position {
            segment: number,
            offset: SEGMENT_HEADER,
        };
        match Scanner::at(self, position, Access::Read)?.step()? {
            Found::Batch(header) => Ok(Some(header.first)),
            Found::Blank | Found::Bad { .. } => Ok(None),
        }
    }

    fn move_to(&self, old: &Path, number: u64, last: u64) -> Result<(), JournalError> {
        let from = self.open(number, Access::Read)?;
        self.disk
            .make_folder(old)
            .map_err(JournalError::io("make", old))?;
        let fresh = old.join(format!("{number:08}.new"));
        let named = old.join(segment_name(number));
        let file = self
            .disk
            .open(&fresh, Access::Create)
            .map_err(JournalError::io("create", &fresh))?;
        copy(&*from.file, &*file, from.size).map_err(JournalError::io("copy to", &fresh))?;
        file.sync().map_err(JournalError::io("sync", &fresh))?;
        let copied = Segment {
            path: fresh.clone(),
            file,
            ..from.clone()
        };
        self.check_copy(copied, last)?;
        self.disk
            .rename(&fresh, &named)
            .map_err(JournalError::io("rename", &fresh))?;
        self.disk
            .sync_folder(old)
            .map_err(JournalError::io("sync", old))?;
        self.disk
            .remove(&from.path)
            .map_err(JournalError::io("remove", &from.path))?;
        self.disk
            .sync_folder(&self.path)
            .map_err(JournalError::io("sync", &self.path))
    }

    /// Every batch of the copy is whole and follows the one before, and the last of them is the one that it should be.
    fn check_copy(&self, copied: Segment, last: u64) -> Result<(), JournalError> {
        let mut scanner = Scanner::of(self, copied);
        let mut links: Option<Links> = None;
        let damage = |scanner: &Scanner<'_>, reason: &str| JournalError::Damage {
            place: scanner.segment.place(scanner.offset),
            seq: last,
            reason: reason.into(),
            advice: "the segment stays where it is; look after both disks",
        };
        loop {
            match scanner.step()? {
                Found::Batch(header) => {
                    let links = links.get_or_insert(Links::before(header.first));
                    let followed = links.follow(&header);
                    followed.map_err(|reason| damage(&scanner, &reason))?;
                }
                Found::Bad { reason, .. } => return Err(damage(&scanner, &reason)),
                Found::Blank if links.is_some_and(|links| links.last == last) => return Ok(()),
                Found::Blank => return Err(damage(&scanner, "it ends too early")),
            }
        }
    }
}

fn copy(from: &dyn DiskFile, to: &dyn DiskFile, size: u64) -> std::io::Result<()> {
    let mut buffer = vec![0; AT_ONCE];
    let mut at = 0;
    while at < size {
        let read = from.read_at(&mut buffer, at)?;
        let mut rest = &buffer[..read];
        if rest.is_empty() {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        while !rest.is_empty() {
            let written = to.write_at(&[IoSlice::new(rest)], at)?;
            if written == 0 {
                return Err(std::io::ErrorKind::WriteZero.into());
            }
            rest = &rest[written..];
            at += written as u64;
        }
    }
    Ok(())
}
