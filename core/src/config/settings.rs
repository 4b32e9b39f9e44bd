//! Every setting with its default. The meaning of each is written in `config/hubu.toml`.
//!
//! Units stand last in a name. A text that may be empty means "off" when it is.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::place::JournalPlace;
use super::secret::Secret;

/// All settings of one server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The HTTP interface and its limits.
    pub server: Server,
    /// Where the figures are shown.
    pub metrics: Metrics,
    /// Where the budget as data is.
    pub catalog: CatalogFolder,
    /// Where the truth is kept.
    pub journal: Journal,
    /// The state in memory.
    pub engine: Engine,
    /// What is derived from the journal.
    pub views: Views,
    /// Who is believed.
    pub auth: Auth,
    /// How sensitive fields are kept.
    pub fields: Fields,
    /// What is written down of refusals and privileged acts.
    pub audit: Audit,
    /// Who signs documents.
    pub signatures: Signatures,
    /// What is told to the operator.
    pub log: Log,
    /// The optional projection into PostgreSQL.
    pub standard_tables: StandardTables,
}

/// Declares one section: a struct, its documented keys and their defaults in one place.
macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$key_doc:meta])* $key:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name { $($(#[$key_doc])* pub $key: $type,)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }
    };
}

section! {
    /// `[server]`: the HTTP interface and its limits.
    Server {
        /// Address of the HTTP interface.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8080)),
        /// Network threads; 0 = worked out from cores and descriptors.
        threads: usize = 0,
        /// Connections held at once.
        max_connections: usize = 16_384,
        /// Largest body of one command, in bytes.
        body_limit_bytes: usize = 256 << 10,
        /// Largest body of a batch, in bytes.
        batch_limit_bytes: usize = 16 << 20,
        /// Largest head of a request, in bytes.
        header_limit_bytes: usize = 16 << 10,
        /// Time for a head once begun.
        header_timeout_seconds: u32 = 10,
        /// Time for a body.
        body_timeout_seconds: u32 = 30,
        /// Time without a request.
        idle_timeout_seconds: u32 = 600,
        /// Age at which a connection is closed.
        connection_age_seconds: u32 = 86_400,
        /// Time for requests in flight at the end.
        drain_timeout_seconds: u32 = 20,
        /// Requests being worked on at once.
        requests_in_flight: usize = 65_536,
        /// Bodies being received or worked on at once, in bytes.
        bytes_in_flight: usize = 256 << 20,
        /// What `Retry-After` says.
        retry_after_seconds: u32 = 1,
        /// Threads for reads that touch the disk.
        reader_threads: usize = 2,
        /// Such reads waiting at once.
        reader_queue: usize = 1024,
    }
}

section! {
    /// `[metrics]`: where the figures are shown.
    Metrics {
        /// Address of `/metrics`; empty = off.
        listen: String = "127.0.0.1:9464".into(),
    }
}

section! {
    /// `[catalog]`: the budget as data.
    CatalogFolder {
        /// The folder.
        folder: PathBuf = "catalog".into(),
    }
}

section! {
    /// `[journal]`: where the truth is kept.
    Journal {
        /// Folder or database.
        place: JournalPlace = JournalPlace::File("journal".into()),
        /// Number of this cell.
        cell: u64 = 1,
        /// Size of one segment of the file journal.
        segment_bytes: u64 = 256 << 20,
        /// Where segments go that no start replays any more; empty = they stay.
        old_segments_folder: PathBuf = PathBuf::new(),
        /// Length of the writer's lease of the PostgreSQL journal.
        lease_seconds: u32 = 15,
        /// Longest wait for a statement of the PostgreSQL journal before it latches.
        patience_seconds: u32 = 30,
        /// Whether the PostgreSQL journal keeps batches as LZ4 where that is smaller.
        compress: bool = true,
    }
}

section! {
    /// `[engine]`: the state in memory.
    Engine {
        /// Bytes decided and not yet durable, at most.
        queue_bytes: usize = 64 << 20,
        /// Records decided and not yet durable, at most.
        queue_records: u64 = 200_000,
        /// Bytes of durable batches kept in memory for views.
        tail_bytes: usize = 64 << 20,
        /// How long an idempotency key is remembered.
        retention_days: u32 = 31,
        /// Time between two snapshots; 0 = none.
        snapshot_interval_seconds: u32 = 900,
        /// Where snapshots are kept.
        snapshot_folder: PathBuf = "snapshots".into(),
    }
}

section! {
    /// `[views]`: what is derived from the journal.
    Views {
        /// Where final documents are kept.
        archive_folder: PathBuf = "archive".into(),
        /// Memory for archived documents that were read lately.
        cache_bytes: u64 = 128 << 20,
    }
}

section! {
    /// `[auth]`: who is believed.
    Auth {
        /// HS256 secret in the text itself; empty = see the file.
        hs256_secret: Secret = Secret::default(),
        /// File with the HS256 secret; empty = none.
        hs256_secret_file: PathBuf = "secret".into(),
        /// File with the Ed25519 public key; empty = none.
        ed25519_public_key_file: PathBuf = PathBuf::new(),
        /// Verified tokens that are remembered.
        token_cache_entries: u64 = 200_000,
    }
}

section! {
    /// `[fields]`: how sensitive fields are kept.
    Fields {
        /// The folder of keys; the highest number seals.
        key_folder: PathBuf = "field-keys".into(),
        /// Whether they are kept as they come, on purpose.
        plain: bool = false,
    }
}

section! {
    /// `[audit]`: what is written down of refusals and privileged acts.
    Audit {
        /// The folder; empty = off.
        folder: PathBuf = "audit".into(),
    }
}

section! {
    /// `[signatures]`: who signs documents.
    Signatures {
        /// The register of signers; empty = nobody may sign.
        signers_file: PathBuf = PathBuf::new(),
    }
}

section! {
    /// `[log]`: what is told to the operator.
    Log {
        /// Level, or a filter by module.
        level: String = "info".into(),
        /// For people or for machines.
        format: LogFormat = LogFormat::Text,
    }
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

section! {
    /// `[standard_tables]`: the optional projection into PostgreSQL.
    StandardTables {
        /// The database; empty = off.
        url: Secret = Secret::default(),
    }
}
