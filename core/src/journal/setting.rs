//! Settings of the journals.

use std::path::PathBuf;
use std::time::Duration;

use crate::database::link::Link;

/// How much of a journal is read and checked at opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Check {
    /// Every batch: damage anywhere stops the start.
    #[default]
    Whole,
    /// The last segment only: quick with snapshots; older damage shows when it is read.
    Tail,
}

/// Settings of every journal; each implementation takes what concerns it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whose journal it is; opening another cell's is refused.
    pub cell: u64,
    /// File: size of a new segment in bytes; also bounds a batch.
    pub segment_bytes: u64,
    /// File: where old segments are moved once no start replays them; nowhere when it is not set.
    pub old: Option<PathBuf>,
    /// File: what to check at opening.
    pub check: Check,
    /// PostgreSQL: how long a lease holds without renewal.
    pub lease: Duration,
    /// PostgreSQL: take the lease even when another holder's has not expired.
    pub force: bool,
    /// PostgreSQL: name of this holder, shown to the one who is refused.
    pub holder: String,
    /// PostgreSQL: longest wait for a statement before the journal latches.
    pub patience: Duration,
    /// PostgreSQL: store payloads as LZ4 when that makes them smaller.
    pub compress: bool,
    /// PostgreSQL: the schema of its tables, where it is not the connection's own.
    pub schema: Option<String>,
    /// PostgreSQL: password, TLS, pooler and family.
    pub link: Link,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cell: 0,
            segment_bytes: 256 << 20,
            old: None,
            check: Check::Whole,
            lease: Duration::from_secs(15),
            force: false,
            holder: format!("process {}", std::process::id()),
            patience: Duration::from_secs(30),
            compress: true,
            schema: None,
            link: Link::default(),
        }
    }
}
