//! A database for tests that can share one.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::PgCluster;
use crate::sql::sql;

/// Names a running database, so that a test run starts one cluster and not one for each process.
const VARIABLE: &str = "HUBU_TEST_POSTGRES";

/// The cluster of this process, for as long as some test holds it.
static SHARED: Mutex<Weak<PgCluster>> = Mutex::new(Weak::new());

/// A running PostgreSQL that other tests may be using too.
pub struct PgServer {
    url: String,
    /// Keeps it running; none when it was started by somebody else.
    _cluster: Option<Arc<PgCluster>>,
}

impl PgServer {
    /// The one that `HUBU_TEST_POSTGRES` names, or else this process's own, started by whoever asks first.
    ///
    /// # Errors
    /// As [`PgCluster::start`].
    pub fn obtain() -> io::Result<Self> {
        if let Ok(url) = std::env::var(VARIABLE) {
            return Ok(Self {
                url,
                _cluster: None,
            });
        }
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let cluster = match shared.upgrade() {
            Some(cluster) => cluster,
            None => Arc::new(PgCluster::start()?),
        };
        *shared = Arc::downgrade(&cluster);
        Ok(Self {
            url: cluster.url(),
            _cluster: Some(cluster),
        })
    }

    /// The address of the database.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs a statement with `psql`; answers its rows, columns parted by `|`.
    ///
    /// # Errors
    /// With the database's words.
    pub fn sql(&self, statement: &str) -> io::Result<String> {
        sql(&self.url, statement)
    }
}
