//! Every setting with its default. The meaning of each is written in `config/hubu.toml`.
//!
//! Units stand last in a name. A text that may be empty means "off" when it is.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::place::JournalPlace;
use super::secret::Secret;
use crate::database::family::FamilyChoice;
use crate::database::link::{Link, TlsMode};

/// All settings of one server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The HTTP interface and its limits.
    pub server: Server,
    /// TLS on the service port.
    pub tls: Tls,
    /// How much one client, one person and one route may ask for.
    pub limits: Limits,
    /// Where the figures are shown.
    pub metrics: Metrics,
    /// Where the budget as data is.
    pub catalog: CatalogFolder,
    /// Where the truth is kept.
    pub journal: Journal,
    /// How databases are reached.
    pub database: Database,
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
    /// Signatures over the journal.
    pub seal: Seal,
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
        /// Proxies whose X-Forwarded-For is believed; empty = none.
        trusted_proxies: String = String::new(),
        /// Origins whose pages a browser may let ask; empty = none.
        allowed_origins: String = String::new(),
    }
}

section! {
    /// `[tls]`: TLS on the service port.
    Tls {
        /// Address of the HTTPS interface; empty = off.
        listen: String = String::new(),
        /// File with the certificate and those that lead up to an authority.
        certificate_file: PathBuf = PathBuf::new(),
        /// File with the certificate's private key.
        key_file: PathBuf = PathBuf::new(),
        /// File with the authorities whose client certificates are believed; empty = none is asked for.
        client_ca_file: PathBuf = PathBuf::new(),
        /// Whether a client without a certificate of theirs is refused.
        client_certificate_required: bool = true,
        /// Time for a handshake.
        handshake_timeout_seconds: u32 = 10,
        /// Handshakes that are made before other connections are looked at again.
        handshakes_in_flight: usize = 32,
    }
}

section! {
    /// `[limits]`: how much one client, one person and one route may ask for; 0 = as much as they like.
    Limits {
        /// Requests a second from one address.
        client_per_second: u32 = 0,
        /// Requests that one address may make at once after a pause.
        client_burst: u32 = 2000,
        /// Requests a second of one person.
        token_per_second: u32 = 0,
        /// Requests that one person may make at once after a pause.
        token_burst: u32 = 200,
        /// Requests a second of one person on single routes.
        routes_per_second: String = String::new(),
        /// Tokens a minute from one address that turn out to be none.
        bad_tokens_per_minute: u32 = 600,
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
        /// Password of the PostgreSQL journal; empty = see the file, then the URL.
        password: Secret = Secret::default(),
        /// File with that password; empty = none.
        password_file: PathBuf = PathBuf::new(),
    }
}

section! {
    /// `[database]`: how databases are reached, the journal's and that of the standard tables.
    Database {
        /// Which family it is.
        family: FamilyChoice = FamilyChoice::Auto,
        /// How much of TLS is asked for.
        tls: TlsMode = TlsMode::Prefer,
        /// File with the certificates of those who vouch for the database; empty = none.
        root_certificate_file: PathBuf = PathBuf::new(),
        /// File with this server's own certificate; empty = none.
        client_certificate_file: PathBuf = PathBuf::new(),
        /// File with the key of that certificate.
        client_key_file: PathBuf = PathBuf::new(),
        /// Whether a pooler in transaction mode stands between.
        pooler: bool = false,
    }
}

impl Database {
    /// What a connection with this password follows.
    #[must_use]
    pub fn link(&self, password: &Secret, password_file: &Path) -> Link {
        Link {
            password: password.reveal().to_owned(),
            password_file: password_file.to_owned(),
            tls: self.tls,
            root_file: self.root_certificate_file.clone(),
            certificate_file: self.client_certificate_file.clone(),
            key_file: self.client_key_file.clone(),
            pooler: self.pooler,
            family: self.family,
        }
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
        /// File with the SM2 public key; empty = none.
        sm2_public_key_file: PathBuf = PathBuf::new(),
        /// JWK Set with named keys; empty = none.
        jwks_file: PathBuf = PathBuf::new(),
        /// Folder with named public keys; empty = none.
        key_folder: PathBuf = PathBuf::new(),
        /// Whether a token with an unknown kid may be signed with a key without one.
        unknown_kid_fallback: bool = true,
        /// List of what is revoked; empty = none.
        revocation_file: PathBuf = PathBuf::new(),
        /// How often keys and list are read anew.
        reload_seconds: u32 = 5,
        /// How far the issuer's clock may be off.
        leeway_seconds: u32 = 30,
        /// The `iss` that a token must have; empty = any.
        issuer: String = String::new(),
        /// What a token's `aud` must include; empty = anything.
        audience: String = String::new(),
        /// How long a delegation may last, from when its token was made.
        delegation_days_max: u32 = 90,
        /// How long a token with a break-glass role may live.
        break_glass_minutes_max: u32 = 60,
        /// Verified tokens that are remembered.
        token_cache_entries: usize = 200_000,
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
        /// Password; empty = see the file, then the URL.
        password: Secret = Secret::default(),
        /// File with that password; empty = none.
        password_file: PathBuf = PathBuf::new(),
    }
}

section! {
    /// `[seal]`: signatures over the journal.
    Seal {
        /// Where they are kept.
        folder: PathBuf = "seals".into(),
        /// The key that seals; empty = named at the command line.
        key_file: PathBuf = PathBuf::new(),
        /// File with the passphrase that unlocks it; empty = asked for.
        passphrase_file: PathBuf = PathBuf::new(),
        /// File with the wrapping key that unlocks it; empty = none.
        wrapping_key_file: PathBuf = PathBuf::new(),
    }
}
