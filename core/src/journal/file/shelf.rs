//! Old segments moved to another folder (旧段迁出), perhaps on a slower and larger disk. Nothing of the journal is ever thrown
//! away: from there it is read like the others, and `hubu verify` goes through all of it. What moves is past the newest
//! snapshot and the archive, so that no start replays it.
//!
//! A segment is copied, synced, read back batch by batch, and only then named; and only when that name is durable does the
//! first one go. After a crash in between there are two of the same, and the next time one of them goes.

use std::io::IoSlice;
use std::path::Path;
use std::sync::Arc;

use super::scanner::{Found, Scanner};
use super::segment::{Folder, Segment, owner, segment_name};
use crate::disk::{Access, DiskFile};
use crate::journal::Shelved;
use crate::journal::check::Links;
use crate::journal::error::JournalError;

/// Bytes copied at once.
const AT_ONCE: usize = 1 << 20;

impl Folder {
    /// Moves the segments whose records are all up to `through`, one after another while `goes_on` says so; never the newest.
    pub(super) fn shelve(
        &self,
        through: u64,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Shelved, JournalError> {
        let mut shelved = Shelved::default();
        let Some(old) = &self.old else {
            return Ok(shelved);
        };
        let here = self.segments_in(&self.path)?;
        for (number, next) in here.iter().zip(here.iter().skip(1)) {
            let last = match Scanner::first(self, *next)? {
                Some(header) if header.first - 1 <= through => header.first - 1,
                _ => break,
            };
            if !goes_on() {
                break;
            }
            self.move_to(old, *number, last)?;
            shelved.segments += 1;
            shelved.through = last;
        }
        Ok(shelved)
    }

    fn move_to(&self, old: &Path, number: u64, last: u64) -> Result<(), JournalError> {
        let from = self.open(number, Access::Read)?;
        self.disk
            .make_folder(old)
            .map_err(JournalError::io("make", old))?;
        self.is_ours(old, number)?;
        let fresh = old.join(format!("{number:08}.new"));
        let named = old.join(segment_name(number));
        let file = self
            .disk
            .open(&fresh, Access::Create)
            .map_err(JournalError::io("create", &fresh))?;
        self.is_elsewhere(old, &fresh)?;
        copy(&*from.file, &*file, from.size).map_err(JournalError::io("copy to", &fresh))?;
        file.sync().map_err(JournalError::io("sync", &fresh))?;
        self.check_copy(self.known(number, fresh.clone(), Arc::clone(&file))?, last)?;
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

    /// A segment of this number that is there already must be this journal's: what a crash left is written over, and
    /// nothing else.
    fn is_ours(&self, old: &Path, number: u64) -> Result<(), JournalError> {
        if !self.segments_in(old)?.contains(&number) {
            return Ok(());
        }
        let (journal, cell) = owner(&*self.disk, &old.join(segment_name(number)))?;
        match (journal, cell) == (self.journal, self.cell) {
            true => Ok(()),
            false => Err(JournalError::Foreign {
                place: old.display().to_string(),
                reason: format!(
                    "it holds segments of journal {journal:x} of cell {cell}; each journal wants a folder of old segments for itself"
                ),
            }),
        }
    }

    /// Refuses a folder that is the journal's own by another way, such as a link: what was begun there shows here.
    fn is_elsewhere(&self, old: &Path, fresh: &Path) -> Result<(), JournalError> {
        let here = self.disk.list(&self.path);
        let here = here.map_err(JournalError::io("list", &self.path))?;
        if !here.iter().any(|name| fresh.ends_with(name)) {
            return Ok(());
        }
        let _gone_or_left_over = self.disk.remove(fresh);
        Err(JournalError::Foreign {
            place: old.display().to_string(),
            reason: "it is the journal's own folder; set another journal.old_segments_folder"
                .into(),
        })
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
