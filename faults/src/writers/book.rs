//! What a journal holds, as a reader of its own sees it: which batches were written under which epoch.

use crate::Outcome;
use hubu_core::journal::{Settings, open_reader};

/// The batches of a journal.
pub(super) struct Book {
    /// First record and epoch, in order.
    batches: Vec<(u64, u64)>,
    pub(super) last: u64,
}

impl Book {
    /// Reads all of it; fails when a batch does not follow the one before.
    pub(super) fn read(place: &str, cell: u64) -> Outcome<Book> {
        let settings = Settings {
            cell,
            ..Settings::default()
        };
        let reader = open_reader(place, &settings)?;
        let mut batches = Vec::new();
        let last = reader.scan(1, &mut |batch| {
            batches.push((batch.first, batch.epoch));
            true
        })?;
        Ok(Book { batches, last })
    }

    /// The newest epoch that something was written under.
    pub(super) fn epoch(&self) -> u64 {
        self.batches.last().map_or(0, |(_, epoch)| *epoch)
    }

    /// Batches behind record `after` that were written under an epoch before `epoch`.
    pub(super) fn stale(&self, after: u64, epoch: u64) -> u64 {
        let stale = self
            .batches
            .iter()
            .filter(|(first, of)| *first > after && *of < epoch);
        stale.count() as u64
    }
}
