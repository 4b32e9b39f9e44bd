//! Standard tables (标准表): the journal projected into PostgreSQL, for reports, BI and hand-written SQL.
//!
//! Reading order: [`schema`] is the tables; [`gather`] sums what some batches did; [`text`] writes it
//! for COPY; [`load`] brings it into the tables together with the watermark, in one transaction.
//!
//! **Names.** The text of the national technical standard (预算管理一体化系统技术标准) could not be
//! reached. Names here follow its style as far as it is known (`mof_div_code`, `agency_code`,
//! `pro_code`, `fiscal_year`; dimensions by their names in `config/dimensions.toml`); all others, and
//! the tables' own names, are ours, none is official.
//!
//! The projection is resumable: it begins behind the watermark that the database holds, so after a
//! kill nothing is there twice and nothing is missing. A database that is away is tried again; the
//! engine never waits for it.

mod gather;
mod load;
mod schema;
mod text;

use super::error::ViewError;
use super::follow::{Follower, Thread};
use crate::database::link::Link;
use crate::engine::Engine;
use crate::engine::watermark::Watermark;
use crate::journal::Records;
use gather::Gathered;
use load::{Loader, Outcome};
use sm3::{Digest, Sm3};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How the projection is run.
#[derive(Clone, PartialEq, Eq)]
pub struct StandardSettings {
    /// The database, as `postgres://user@host/name`; it holds the password.
    pub url: String,
    /// Password, TLS, pooler and family.
    pub link: Link,
    /// The cell's number: one database may hold several cells, each in a schema of its own.
    pub cell: u64,
    /// Records of one transaction, about.
    pub records_max: u64,
    /// How long records wait for others before they are loaded.
    pub wait: Duration,
    /// The longest wait for an answer of the database.
    pub patience: Duration,
}

impl StandardSettings {
    /// The defaults for a database.
    pub fn new(url: &str, cell: u64) -> StandardSettings {
        StandardSettings {
            url: url.to_owned(),
            link: Link::default(),
            cell,
            records_max: 20_000,
            wait: Duration::from_millis(500),
            patience: Duration::from_secs(30),
        }
    }
}

/// How long to wait before a database that failed is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Starts the projection; `mark` rises with what is committed in the database.
pub(super) fn start(
    engine: &Arc<Engine>,
    settings: StandardSettings,
    mark: Arc<Watermark>,
) -> Result<Thread, ViewError> {
    let owner = hex(&Sm3::digest(engine.journal().record(1)?));
    let loader = Loader::new(&settings, owner)?;
    let followed = Arc::clone(engine);
    Thread::begin("standard", Arc::clone(engine), mark, move |stop| {
        begin(loader, followed, settings, stop)
    })
}

/// Prepares the tables, trying again until it can or is told to stop.
fn begin(
    mut loader: Loader,
    engine: Arc<Engine>,
    settings: StandardSettings,
    stop: &AtomicBool,
) -> Result<Option<(u64, Project)>, ViewError> {
    let catalog = Arc::clone(engine.catalogs().current().1);
    let mut tried: Option<Instant> = None;
    while !stop.load(Ordering::Acquire) {
        if tried.is_none_or(|last| last.elapsed() >= AGAIN_AFTER) {
            match loader.prepare(&catalog)? {
                Outcome::Done(after) => {
                    let last = engine.watermark().durable();
                    if after > last {
                        let reason = format!(
                            "its tables hold records up to {after}, the journal up to {last}"
                        );
                        return Err(ViewError::Database(reason));
                    }
                    let gathered = Gathered::behind(after);
                    let project = Project {
                        engine,
                        loader,
                        settings,
                        gathered,
                        since: None,
                        tried: None,
                    };
                    return Ok(Some((after, project)));
                }
                Outcome::Away(reason) => {
                    tracing::warn!(reason, "standard tables: the database is away")
                }
            }
            tried = Some(Instant::now());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(None)
}

/// The follower.
struct Project {
    engine: Arc<Engine>,
    loader: Loader,
    settings: StandardSettings,
    gathered: Gathered,
    since: Option<Instant>,
    /// When the database last failed.
    tried: Option<Instant>,
}

impl Project {
    fn load(&mut self) -> Result<(), ViewError> {
        match self.loader.load(&self.gathered)? {
            Outcome::Done(through) => {
                self.gathered = Gathered::behind(through);
                (self.since, self.tried) = (None, None);
            }
            Outcome::Away(reason) => {
                tracing::warn!(reason, "standard tables: the database is away");
                self.tried = Some(Instant::now());
            }
        }
        Ok(())
    }
}

impl Follower for Project {
    fn take(&mut self, first: u64, last: u64, records: Records<'_>) -> Result<(), ViewError> {
        self.since.get_or_insert_with(Instant::now);
        for (seq, bytes) in (first..).zip(records) {
            self.gathered.take(seq, bytes, self.engine.catalogs())?;
        }
        self.gathered.through = last;
        Ok(())
    }

    fn rest(&mut self) -> Result<(), ViewError> {
        let durable = self.engine.watermark().durable();
        let lag = durable.saturating_sub(self.gathered.after);
        metrics::gauge!("hubu_standard_tables_lag_records").set(lag as f64);
        let waited = self
            .since
            .is_some_and(|since| since.elapsed() >= self.settings.wait);
        let may = self
            .tried
            .is_none_or(|tried| tried.elapsed() >= AGAIN_AFTER);
        if may && (waited || !self.has_room()) {
            self.load()
        } else {
            Ok(())
        }
    }

    fn finish(&mut self) -> Result<(), ViewError> {
        // One attempt: what is not loaded now is loaded after the next start.
        if self.since.is_some() && self.tried.is_none() {
            self.load()
        } else {
            Ok(())
        }
    }

    fn has_room(&self) -> bool {
        // Nobody knows whether a load that failed was committed: it must be tried again as it was.
        self.tried.is_none()
            && self.gathered.through - self.gathered.after < self.settings.records_max
    }

    fn built(&self, _: u64) -> u64 {
        self.gathered.after
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
