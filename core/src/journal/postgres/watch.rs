//! Watches a cell that another process writes, and becomes its writer once the lease is free.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio_postgres::types::Type;

use super::reader::{PostgresReader, Shared, damage};
use super::session::Failure;
use super::writer::{LIMIT, PostgresJournal};
use crate::journal::error::JournalError;
use crate::journal::setting::{Check, Settings};
use crate::journal::{Journal, JournalReader, Seen, Watch};

/// How far the journal has come, and whether its lease has run out, as one snapshot of the database.
const LOOK: &str = "SELECT
    (SELECT last FROM hubu_journal WHERE cell = $1 ORDER BY first DESC LIMIT 1),
    (SELECT expires_at <= now() FROM hubu_lease WHERE cell = $1)";

/// A standby's hold on a PostgreSQL journal: see the module.
pub struct PostgresWatch {
    url: String,
    settings: Settings,
    shared: Arc<Shared>,
}

impl PostgresWatch {
    /// Opens for reading: no lease, no new epoch.
    ///
    /// # Errors
    /// As [`PostgresReader::open`].
    pub fn open(url: &str, settings: &Settings) -> Result<Self, JournalError> {
        let reader = PostgresReader::open(url, settings)?;
        Ok(Self {
            url: url.into(),
            settings: settings.clone(),
            shared: reader.into_shared(),
        })
    }
}

impl Watch for PostgresWatch {
    fn reader(&self) -> Box<dyn JournalReader> {
        Box::new(PostgresReader::new(Arc::clone(&self.shared)))
    }

    fn look(&mut self) -> Result<Seen, JournalError> {
        let cell = self.shared.cell.cast_signed();
        let found = self.shared.session.ask(|client| async move {
            let Some(row) = client.row(LOOK, &[(&cell, Type::INT8)]).await? else {
                return Err(Failure::Refused("it answers no row".into()));
            };
            let (last, expired): (Option<i64>, Option<bool>) = (row.try_get(0)?, row.try_get(1)?);
            Ok((last.unwrap_or(0).cast_unsigned(), expired.unwrap_or(true)))
        });
        let (last, is_free) =
            found.map_err(|failure: Failure| failure.during("look at the journal"))?;
        let known = self.shared.durable.load(Ordering::Acquire);
        if last < known {
            let reason = format!(
                "the journal ends with record {last}, but this standby has read {known}: its end was cut, \
                 or the database is an older copy"
            );
            return Err(damage(self.shared.cell, last + 1, reason));
        }
        self.shared.durable.store(last, Ordering::Release);
        Ok(Seen { last, is_free })
    }

    fn take_over(&mut self) -> Result<Box<dyn Journal>, JournalError> {
        // What stands before was read and checked while it was followed.
        let settings = Settings {
            check: Check::Tail,
            ..self.settings.clone()
        };
        let shared = Arc::clone(&self.shared);
        let journal = PostgresJournal::open_with(&self.url, &settings, |_| Ok(shared))?;
        Ok(Box::new(journal))
    }

    fn payload_max(&self) -> u64 {
        LIMIT
    }
}
