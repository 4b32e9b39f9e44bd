//! The PostgreSQL journal: one row a batch, written under a lease that the database itself enforces.
//!
//! `session` holds the connections and the runtime that drives them, `schema` the tables and statements, `lease` who may
//! write, `row` a batch as columns; `writer` appends, `reader` reads, `watch` follows
//! and takes over; `examine` tries whether a database can carry a journal. `docs/journal.md` explains the tables. Everything
//! here blocks; on a thread that drives a tokio runtime a helper thread does the waiting.

pub mod examine;
mod lease;
mod reader;
mod row;
mod schema;
mod session;
mod watch;
mod writer;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

pub use reader::PostgresReader;
pub use watch::PostgresWatch;
pub use writer::PostgresJournal;

use self::reader::{Shared, check_end, find};
use self::session::Session;
use super::check::Links;
use super::error::JournalError;
use super::latch::Latch;
use super::reading::{Anchor, check_anchor};
use super::setting::{Check, Settings};

impl PostgresJournal {
    /// Opens a cell for writing; the tables are made when missing.
    ///
    /// # Errors
    /// [`JournalError::Busy`] while another holder's lease runs, [`JournalError::Damage`] with the row, or
    /// [`JournalError::Database`] with the database's words.
    pub fn open(url: &str, settings: &Settings) -> Result<Self, JournalError> {
        Self::open_with(url, settings, |anchor| {
            Ok(Arc::new(Shared {
                session: reader::session(url, settings)?,
                cell: settings.cell,
                durable: AtomicU64::new(0),
                anchor,
            }))
        })
    }

    /// As [`PostgresJournal::open`], with what its readers share; that is asked for once the lease is ours, and given
    /// the end that the lease remembers.
    fn open_with(
        url: &str,
        settings: &Settings,
        shared: impl FnOnce(Option<Anchor>) -> Result<Arc<Shared>, JournalError>,
    ) -> Result<Self, JournalError> {
        let cell = cell_number(settings)?;
        let session = Session::new(url, settings, 1)?;
        schema::prepare(&session)?;
        let renewed = Instant::now();
        let taken = lease::take(&session, settings, cell, 1)?;
        let shared = shared(taken.anchor)?;
        let (links, journal) = find_end(&shared, taken.anchor, settings.check)?;
        check_end(links.last, taken.anchor)?;
        shared.durable.store(links.last, Ordering::Release);
        let epoch = match taken.epoch > links.epoch {
            true => taken.epoch,
            // The lease's row was lost, and with it the epochs; the journal remembers them.
            false => {
                let forced = Settings {
                    force: true,
                    ..settings.clone()
                };
                lease::take(&session, &forced, cell, links.epoch + 1)?.epoch
            }
        };
        let mut opened = Self {
            session,
            shared,
            settings: settings.clone(),
            cell,
            // The keys of a fresh RandomState come from the system's randomness.
            journal: journal.unwrap_or_else(|| RandomState::new().hash_one(std::process::id())),
            epoch,
            links,
            renewed,
            packed: Vec::new(),
            lost: false,
            latch: Latch::default(),
        };
        super::Journal::renew(&mut opened)?;
        Ok(opened)
    }
}

/// Walks the headers to the end; answers it and the journal's number.
fn find_end(
    shared: &Arc<Shared>,
    anchor: Option<Anchor>,
    check: Check,
) -> Result<(Links, Option<u64>), JournalError> {
    let cell = shared.cell.cast_signed();
    let start = match check {
        Check::Whole => Some(1),
        Check::Tail => find(&shared.session, cell, u64::MAX)?.map(|(first, _)| first),
    };
    let mut links = Links::START;
    let mut journal = None;
    let reader = PostgresReader::new(Arc::clone(shared));
    reader.walk(start.unwrap_or(1), u64::MAX, false, &mut |header, _| {
        check_anchor(anchor, header)?;
        if journal.is_some_and(|journal| journal != header.journal) {
            return Err("it belongs to another journal".into());
        }
        journal = Some(header.journal);
        links = Links {
            last: header.last,
            epoch: header.epoch,
            chain: Some(header.chain),
        };
        Ok(true)
    })?;
    Ok((links, journal))
}

/// The cell as the database stores it.
fn cell_number(settings: &Settings) -> Result<i64, JournalError> {
    i64::try_from(settings.cell).map_err(|_| JournalError::Setting {
        value: settings.cell.to_string(),
        reason: "a cell in a database is below 2^63".into(),
    })
}
