//! Finds the end of the journal at opening: reads the segments, checks every batch, cuts a torn tail, and stops at
//! damage.

use super::index::{Index, Position};
use super::lock::Slot;
use super::scanner::{Found, Scanner};
use super::segment::{Folder, SEGMENT_HEADER, Segment, blank, write_all};
use super::tail::{Rest, judge};
use crate::disk::Access;
use crate::journal::check::Links;
use crate::journal::error::{JournalError, RESTORE};
use crate::journal::header::{HEADER_BYTES, Header};
use crate::journal::reading::check_anchor;
use crate::journal::setting::Check;

/// How much to look at, and whether to mend what may be mended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) check: Check,
    /// A writer cuts a torn tail; a reader only stops before it.
    pub(super) mend: bool,
    /// What the lock file vouches for.
    pub(super) anchor: Option<Slot>,
}

/// Where the next batch goes.
pub(super) struct Tail {
    pub(super) segment: Segment,
    pub(super) offset: u64,
    pub(super) links: Links,
    /// Bytes of a torn batch that were (or would be) cut.
    pub(super) cut: u64,
    /// Where the last whole batch is, and its bytes, header and payload; `None` where there is none.
    last_batch: Option<(Position, usize)>,
}

/// Reads the journal to its end. There is at least one segment.
pub(super) fn find_tail(folder: &Folder, index: &Index, plan: Plan) -> Result<Tail, JournalError> {
    let access = if plan.mend {
        Access::Write
    } else {
        Access::Read
    };
    let numbers = folder.segments()?;
    assert!(!numbers.is_empty(), "the caller has made the first segment");
    let start = match plan.check {
        // What was moved was checked then, and `verify` checks it again; here it is enough to know where it is.
        Check::Whole => {
            let here = folder.segments_in(&folder.path)?;
            let first = here.first().copied().unwrap_or(1);
            let moved = numbers.partition_point(|number| *number < first);
            last_used(folder, index, &numbers[..moved])?;
            first
        }
        Check::Tail => last_used(folder, index, &numbers)?,
    };
    let first = Position {
        segment: start,
        offset: SEGMENT_HEADER,
    };
    let mut walk = Walk {
        scanner: Scanner::at(folder, first, access)?,
        index,
        anchor: plan.anchor,
        last_batch: None,
        // From the first segment on, the first batch must be the journal's first.
        links: (start == 1).then_some(Links::START),
    };
    let mut tail: Option<Tail> = None;
    for number in numbers.into_iter().filter(|number| *number >= start) {
        if number > start {
            walk.scanner.enter(number, access)?;
        }
        if let Some(before) = &tail
            && (before.cut > 0 || before.segment.number + 1 != number)
            && !matches!(walk.scanner.step()?, Found::Blank)
        {
            let reason = format!("nothing whole is here, yet segment {number} is in use");
            return Err(damage(
                &before.segment,
                before.offset,
                &before.links,
                &reason,
            ));
        }
        let (batches, rest) = walk.segment()?;
        if tail.is_none() || batches > 0 || rest > 0 {
            tail = Some(walk.end(rest));
        }
    }
    let tail = tail.ok_or_else(|| JournalError::Foreign {
        place: folder.path.display().to_string(),
        reason: "it has no segments".into(),
    })?;
    check_end(&tail, plan.anchor)?;
    if plan.mend {
        mend(&tail)?;
        settle(folder, &tail)?;
    }
    Ok(tail)
}

/// The reading of one journal, segment after segment.
struct Walk<'f> {
    scanner: Scanner<'f>,
    index: &'f Index,
    anchor: Option<Slot>,
    /// None until the first batch was seen, where reading began behind the first segment.
    links: Option<Links>,
    last_batch: Option<(Position, usize)>,
}

impl Walk<'_> {
    /// Reads the batches of the scanner's segment; answers their number and the bytes of a torn one behind them.
    fn segment(&mut self) -> Result<(u64, u64), JournalError> {
        let mut batches = 0;
        loop {
            let (reason, header) = match self.scanner.step()? {
                Found::Batch(header) => {
                    self.accept(&header)?;
                    batches += 1;
                    continue;
                }
                Found::Blank => (String::from("no batch begins here"), None),
                Found::Bad { reason, header } => (reason, header),
            };
            let last = self.links.map_or(0, |links| links.last);
            let offset = self.scanner.offset;
            self.check_size()?;
            return match judge(&mut self.scanner, header.as_ref(), last)? {
                Rest::Clean => Ok((batches, 0)),
                Rest::Torn { end } => Ok((batches, end - offset)),
                Rest::Damage { reason: why } => {
                    let links = self.links.unwrap_or(Links::START);
                    Err(damage(
                        &self.scanner.segment,
                        offset,
                        &links,
                        &format!("{reason}, {why}"),
                    ))
                }
            };
        }
    }

    /// A segment gets its name at its full size, which is durable by then: one that is shorter was cut later, and nobody
    /// knows what stood there.
    fn check_size(&self) -> Result<(), JournalError> {
        let segment = &self.scanner.segment;
        let size = segment
            .file
            .size()
            .map_err(JournalError::io("look at", &segment.path))?;
        if size >= segment.size {
            return Ok(());
        }
        let reason = format!(
            "the file has {size} of its {} bytes: its end was cut off",
            segment.size
        );
        let links = self.links.unwrap_or(Links::START);
        Err(damage(segment, self.scanner.offset, &links, &reason))
    }

    fn accept(&mut self, header: &Header) -> Result<(), JournalError> {
        let position = self.scanner.position_of(header);
        let links = self.links.get_or_insert(Links::before(header.first));
        let before = *links;
        let anchor = self.anchor.map(|slot| (slot.last, slot.chain));
        let followed = links
            .follow(header)
            .and_then(|()| check_anchor(anchor, header));
        followed
            .map_err(|reason| damage(&self.scanner.segment, position.offset, &before, &reason))?;
        self.index.note(header.first, position);
        self.last_batch = Some((position, HEADER_BYTES + header.length as usize));
        Ok(())
    }

    fn end(&self, cut: u64) -> Tail {
        Tail {
            segment: self.scanner.segment.clone(),
            offset: self.scanner.offset,
            links: self.links.unwrap_or(Links::START),
            cut,
            last_batch: self.last_batch,
        }
    }
}

/// The last of these segments that begins with a batch; notes where each begins.
fn last_used(folder: &Folder, index: &Index, numbers: &[u64]) -> Result<u64, JournalError> {
    let mut used = 1;
    for number in numbers {
        if let Some(header) = Scanner::first(folder, *number)? {
            let position = Position {
                segment: *number,
                offset: SEGMENT_HEADER,
            };
            index.note(header.first, position);
            used = *number;
        }
    }
    Ok(used)
}

/// A journal may not end before the place that the lock file remembers.
fn check_end(tail: &Tail, anchor: Option<Slot>) -> Result<(), JournalError> {
    match anchor {
        Some(anchor) if anchor.last > tail.links.last => {
            let reason = format!(
                "the journal ends with record {}, but it once held {}: its end was cut",
                tail.links.last, anchor.last
            );
            Err(damage(&tail.segment, tail.offset, &tail.links, &reason))
        }
        _ => Ok(()),
    }
}

/// Overwrites a torn batch with zeros.
fn mend(tail: &Tail) -> Result<(), JournalError> {
    if tail.cut == 0 {
        return Ok(());
    }
    let segment = &tail.segment;
    blank(&*segment.file, tail.offset, tail.offset + tail.cut)
        .map_err(JournalError::io("mend", &segment.path))?;
    tracing::warn!(
        place = segment.place(tail.offset),
        bytes = tail.cut,
        last = tail.links.last,
        "cut a torn batch that was never acknowledged"
    );
    Ok(())
}

/// Writes the last whole batch again and syncs it. What was read may stand in the system's memory alone: its writer's sync
/// failed, or it died before. Earlier batches are durable, since each was synced before the next was written; this one is
/// made so before anybody builds on it. A sync alone would not do: after one that failed the system takes its pages for
/// clean.
fn settle(folder: &Folder, tail: &Tail) -> Result<(), JournalError> {
    let Some((position, length)) = tail.last_batch else {
        return Ok(());
    };
    let segment = match position.segment == tail.segment.number {
        true => tail.segment.clone(),
        false => folder.open(position.segment, Access::Write)?,
    };
    let mut bytes = vec![0; length];
    let file = &*segment.file;
    let read = file.read_at(&mut bytes, position.offset);
    if read.map_err(JournalError::io("read", &segment.path))? != length {
        let short = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        return Err(JournalError::io("read", &segment.path)(short));
    }
    write_all(file, &bytes, position.offset).map_err(JournalError::io("write", &segment.path))?;
    file.sync().map_err(JournalError::io("sync", &segment.path))
}

/// Damage at a place where the record after `links` should begin.
pub(super) fn damage(segment: &Segment, offset: u64, links: &Links, reason: &str) -> JournalError {
    JournalError::Damage {
        place: segment.place(offset),
        seq: links.last + 1,
        reason: reason.to_owned(),
        advice: RESTORE,
    }
}
