//! Old segments of the journal make way, behind a snapshot that was read back and an archive that has all that ended.

use super::{SnapshotReport, read};
use crate::disk::{Access, Stream};
use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::journal::Shelved;
use std::io::{BufReader, Error};
use std::time::Duration;

impl Engine {
    /// Moves the segments that no start replays any more to the journal's folder of old ones, where one is set: those that
    /// are past `snapshot`, which is read back first, and past the archive. It blocks on both disks, and ends early when
    /// the engine closes.
    ///
    /// # Errors
    /// The snapshot is not whole, or a segment can't be moved; then it stays.
    pub fn shelve_journal(&self, snapshot: &SnapshotReport) -> Result<Shelved, EngineError> {
        if !self.journal().has_shelf() {
            return Ok(Shelved::default());
        }
        let damaged = |source| EngineError::Snapshot {
            path: snapshot.path.clone(),
            source,
        };
        let file = self.disk().open(&snapshot.path, Access::Read);
        let file = file.map_err(damaged)?;
        let size = file.size().map_err(damaged)?;
        let file = BufReader::with_capacity(1 << 20, Stream::new(file));
        let oldest = read::check(file, size).map_err(|reason| damaged(Error::other(reason)))?;
        // The archive goes on behind its watermark.
        let archived = match self.archives() {
            true => self.archived(),
            false => u64::MAX,
        };
        let through = oldest.min(archived);
        let goes_on = || !self.group.is_closing_within(Duration::ZERO);
        Ok(self.journal().shelve(through, &goes_on)?)
    }
}
