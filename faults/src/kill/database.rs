//! The database of a cell, and what happens to it.

use super::disk::Disk;
use super::plan::{Fault, Size};
use crate::Outcome;
use hubu_testkit::PgCluster;
use std::time::Duration;

/// A moment shorter than the server's patience.
const HICCUP: Duration = Duration::from_secs(1);
/// Room for a life's journal and the write-ahead log.
const MEGABYTES: u32 = 2048;

/// A PostgreSQL of one's own; on a small disk where that is to be filled.
pub(super) struct Database {
    // Ends before its disk does.
    cluster: PgCluster,
    disk: Option<Disk>,
}

impl Database {
    pub(super) fn start(on_small_disk: bool) -> Outcome<Database> {
        let disk = match on_small_disk {
            true => Some(Disk::mount(MEGABYTES)?),
            false => None,
        };
        let cluster = match &disk {
            Some(disk) => {
                PgCluster::start_in(disk.path(), &["max_wal_size=64MB", "min_wal_size=32MB"])?
            }
            None => PgCluster::start()?,
        };
        Ok(Database { cluster, disk })
    }

    pub(super) fn url(&self) -> String {
        self.cluster.url()
    }

    /// Ends the lease of a server that is known to be gone, so that the next one need not wait for it to run out.
    pub(super) fn end_lease(&self) -> Outcome<()> {
        self.cluster
            .sql("UPDATE hubu_lease SET expires_at = now()")?;
        Ok(())
    }

    /// Does it, and returns while it lasts; a freeze is over by then.
    pub(super) fn suffer(&mut self, fault: Fault, size: &Size) -> Outcome<()> {
        match fault {
            Fault::Kill | Fault::KillStarting => {}
            Fault::Immediate => self.cluster.stop_immediate()?,
            Fault::KillAll => self.cluster.kill_all()?,
            Fault::Stop => self.cluster.stop_fast()?,
            Fault::Pause => self.cluster.pause(size.pause)?,
            Fault::Hiccup => self.cluster.pause(HICCUP)?,
            Fault::Full => self.disk.as_ref().ok_or("there is no small disk")?.fill()?,
            Fault::Cut => {
                let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'hubu cell%'";
                self.cluster.sql(cut)?;
            }
        }
        Ok(())
    }

    /// Brings it back, as its operator would.
    pub(super) fn mend(&mut self) -> Outcome<()> {
        if let Some(disk) = &self.disk {
            disk.empty()?;
        }
        // One that found its disk full may be recovering, or have given up.
        if self.cluster.is_running()? && self.cluster.await_ready().is_ok() {
            return Ok(());
        }
        Ok(self.cluster.start_again()?)
    }
}
