//! Reads batches from the table, page by page.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::schema::{FIND, READ, READ_HEADERS};
use super::session::{Failure, Session};
use super::{cell_number, lease, row, schema};
use crate::database::client::Param;
use crate::journal::check::Links;
use crate::journal::error::{JournalError, RESTORE};
use crate::journal::reading::{self, Anchor, Visit};
use crate::journal::setting::Settings;
use crate::journal::{Each, JournalReader, VerifyReport};

/// Bytes of payload that one page should hold, and the bounds of its batches.
const PAGE_BYTES: u64 = 4 << 20;
const PAGE_MIN: i64 = 4;
const PAGE_MAX: i64 = 4096;
/// Readers of one journal share so many connections.
const CONNECTIONS: usize = 4;

/// Where to read, and how far.
pub(super) struct Shared {
    pub(super) session: Session,
    pub(super) cell: u64,
    pub(super) durable: AtomicU64,
    pub(super) anchor: Option<Anchor>,
}

/// Reads a PostgreSQL journal.
#[derive(Clone)]
pub struct PostgresReader {
    shared: Arc<Shared>,
}

impl PostgresReader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Opens for reading only: no lease, no new epoch. Sees what is durable at this moment.
    ///
    /// # Errors
    /// When the database or its tables cannot be read, or the end that was remembered is gone.
    pub fn open(url: &str, settings: &Settings) -> Result<Self, JournalError> {
        let cell = cell_number(settings)?;
        let session = session(url, settings)?;
        schema::prepare(&session)?;
        let anchor = lease::remembered(&session, cell)?;
        let last = find(&session, cell, u64::MAX)?.map_or(0, |(_, last)| last);
        check_end(last, anchor)?;
        let shared = Shared {
            session,
            cell: settings.cell,
            durable: AtomicU64::new(last),
            anchor,
        };
        Ok(Self::new(Arc::new(shared)))
    }

    /// What readers of one journal share.
    pub(super) fn into_shared(self) -> Arc<Shared> {
        self.shared
    }

    /// Gives the batches from the one that holds `from`, up to the record `until`.
    pub(super) fn walk(
        &self,
        from: u64,
        until: u64,
        with_payload: bool,
        visit: &mut Visit<'_>,
    ) -> Result<(), JournalError> {
        let from = from.max(1);
        let cell = self.shared.cell.cast_signed();
        if from > until {
            return Ok(());
        }
        let start = find(&self.shared.session, cell, from)?.map_or(1, |(first, _)| first);
        let mut links = if from == 1 {
            Links::START
        } else {
            Links::before(start)
        };
        let mut room = Vec::new();
        let mut page = PAGE_MIN;
        loop {
            let rows = self.page(links.last + 1, until, page, with_payload)?;
            let mut bytes = 0;
            for row in &rows {
                let bad = |reason: String| damage(self.shared.cell, links.last + 1, reason);
                let header = row::header(row, self.shared.cell)
                    .ok_or_else(|| bad("the header's columns do not fit their checksum".into()))?;
                let mut after = links;
                after.follow(&header).map_err(bad)?;
                let payload = match with_payload {
                    true => row::payload(row, &header, &mut room).ok_or_else(|| {
                        bad("the payload cannot be unpacked to its length".into())
                    })?,
                    false => &[],
                };
                if with_payload {
                    Links::fits(&header, payload).map_err(bad)?;
                }
                if header.last >= from && !visit(&header, payload).map_err(bad)? {
                    return Ok(());
                }
                links = after;
                bytes += u64::from(header.length);
            }
            if (rows.len() as i64) < page {
                return self.complete(&links, until);
            }
            let mean = (bytes / rows.len() as u64).max(1);
            page = ((PAGE_BYTES / mean).cast_signed()).clamp(PAGE_MIN, PAGE_MAX);
        }
    }

    /// A walk that ended before its durable end has found a gap.
    fn complete(&self, links: &Links, until: u64) -> Result<(), JournalError> {
        if until != u64::MAX && links.last < until {
            let reason = format!("the table ends here, though record {until} was durable");
            return Err(damage(self.shared.cell, links.last + 1, reason));
        }
        Ok(())
    }

    fn page(
        &self,
        first: u64,
        until: u64,
        most: i64,
        with_payload: bool,
    ) -> Result<Vec<Row>, JournalError> {
        let cell = self.shared.cell.cast_signed();
        let until = until.min(i64::MAX as u64).cast_signed();
        let rows = self.shared.session.ask(|client| async move {
            let statement = if with_payload { READ } else { READ_HEADERS };
            let of: [Param<'_>; 4] = [
                (&cell, Type::INT8),
                (&first.cast_signed(), Type::INT8),
                (&until, Type::INT8),
                (&most, Type::INT8),
            ];
            Ok(client.rows(statement, &of).await?)
        });
        rows.map_err(|failure: Failure| failure.during("read the journal"))
    }
}

impl JournalReader for PostgresReader {
    fn scan(&self, from: u64, each: &mut Each<'_>) -> Result<u64, JournalError> {
        let until = self.last();
        reading::scan(from, each, &mut |from, visit| {
            self.walk(from, until, true, visit)
        })
    }

    fn verify_from(&self, from: u64, each: &mut Each<'_>) -> Result<VerifyReport, JournalError> {
        let until = self.last();
        reading::verify(from, self.shared.anchor, each, &mut |from, visit| {
            self.walk(from, until, true, visit)
        })
    }

    fn record(&self, seq: u64) -> Result<Vec<u8>, JournalError> {
        let until = self.last();
        reading::record(seq, until, &mut |from, visit| {
            self.walk(from, until.min(from), true, visit)
        })
    }

    fn last(&self) -> u64 {
        self.shared.durable.load(Ordering::Acquire)
    }
}

/// A session for readers.
pub(super) fn session(url: &str, settings: &Settings) -> Result<Session, JournalError> {
    Session::new(url, settings, CONNECTIONS)
}

/// First and last record, as the columns say, of the batch that holds `seq`, or of the last batch before it.
pub(super) fn find(
    session: &Session,
    cell: i64,
    seq: u64,
) -> Result<Option<(u64, u64)>, JournalError> {
    let seq = seq.min(i64::MAX as u64).cast_signed();
    let found = session.ask(|client| async move {
        let of: [Param<'_>; 2] = [(&cell, Type::INT8), (&seq, Type::INT8)];
        let Some(row) = client.row(FIND, &of).await? else {
            return Ok(None);
        };
        let (first, last): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        Ok(Some((first.cast_unsigned(), last.cast_unsigned())))
    });
    found.map_err(|failure: Failure| failure.during("read the journal"))
}

/// A journal may not end before the place that its lease remembers.
pub(super) fn check_end(last: u64, anchor: Option<Anchor>) -> Result<(), JournalError> {
    match anchor {
        Some((remembered, _)) if remembered > last => Err(JournalError::Damage {
            place: "hubu_journal".into(),
            seq: last + 1,
            reason: format!(
                "the journal ends with record {last}, but it once held {remembered}: its end was cut"
            ),
            advice: RESTORE,
        }),
        _ => Ok(()),
    }
}

pub(super) fn damage(cell: u64, seq: u64, reason: String) -> JournalError {
    JournalError::Damage {
        place: format!("hubu_journal, cell {cell}, row {seq}"),
        seq,
        reason,
        advice: RESTORE,
    }
}
