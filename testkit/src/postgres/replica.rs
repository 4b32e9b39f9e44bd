//! A second cluster that repeats the first one's log, as a database administrator would set it up.

use std::io;
use std::time::Instant;

use super::{BETWEEN_LOOKS, PgCluster, START_WITHIN};

impl PgCluster {
    /// Copies this cluster and starts the copy as its replica: streaming, and open for reading.
    ///
    /// # Errors
    /// When PostgreSQL's programs fail; the text holds their words.
    pub fn replica(&self) -> io::Result<Self> {
        let settings: Vec<&str> = self.settings.iter().map(String::as_str).collect();
        let mut replica = Self::prepare(None, self.is_apart, &settings)?;
        let port = self.port.to_string();
        let from = ["-h", "127.0.0.1", "-p", &port, "-U", "hubu"];
        // `-R` writes where to stream from; `-c fast` does not wait for the next checkpoint.
        let how = ["-R", "-X", "stream", "-c", "fast", "-D"];
        replica.run("pg_basebackup", &[&from[..], &how[..]].concat())?;
        replica.start_somewhere()?;
        Ok(replica)
    }

    /// From now on a commit is acknowledged only once a replica has it on its disk.
    ///
    /// # Errors
    /// With the database's words.
    pub fn require_replica(&self) -> io::Result<()> {
        self.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")?;
        self.sql("SELECT pg_reload_conf()").map(drop)
    }

    /// Makes this replica a primary, and waits until it takes commits.
    ///
    /// # Errors
    /// When it is no replica, or does not become a primary.
    pub fn promote(&mut self) -> io::Result<()> {
        self.run("pg_ctl", &["promote", "-s", "-D"])?;
        let until = Instant::now() + START_WITHIN;
        while self.sql("SELECT pg_is_in_recovery()")? != "f" {
            if Instant::now() > until {
                return Err(self.failure("the replica was not promoted in time"));
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
        Ok(())
    }
}
