//! What can go wrong in a journal. Every variant says where and, for the ones an operator meets, what to do.

use std::path::PathBuf;

/// Why a journal refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// An earlier failure closed the journal for writing; it must be opened anew.
    #[error("the journal takes no more batches since: {reason}")]
    Latched {
        /// The failure that latched it.
        reason: String,
    },
    /// The batch does not continue the journal, or is empty.
    #[error("batch {first}..={last} does not continue the journal, which expects {expected}")]
    Order {
        /// The sequence number that must come next.
        expected: u64,
        /// First sequence number offered.
        first: u64,
        /// Last sequence number offered.
        last: u64,
    },
    /// The batch is larger than the journal can ever hold.
    #[error("a batch of {bytes} bytes is more than the limit of {limit}")]
    TooLarge {
        /// Size of the payload in bytes.
        bytes: u64,
        /// Largest payload in bytes.
        limit: u64,
    },
    /// Another writer has the journal open.
    #[error("{place} is in use by {holder}; stop that one first")]
    Busy {
        /// The folder, or the database and cell.
        place: String,
        /// Who holds it: a pid or a lease holder.
        holder: String,
    },
    /// A newer writer has raised the epoch: this one must never write again.
    #[error("{place}: epoch {epoch} is no longer the newest ({found}); another writer took over")]
    Fenced {
        /// The folder, or the database and cell.
        place: String,
        /// Epoch of this writer.
        epoch: u64,
        /// What was found instead.
        found: String,
    },
    /// Bytes that were durable are not what was written.
    #[error("{place}: damaged where record {seq} should begin: {reason}; {advice}")]
    Damage {
        /// File and offset, or table, cell and row.
        place: String,
        /// First sequence number of the first bad batch.
        seq: u64,
        /// What does not fit.
        reason: String,
        /// What the operator can do.
        advice: &'static str,
    },
    /// The place holds something else: another cell, journal, version or kind of file.
    #[error("{place} is not this journal: {reason}")]
    Foreign {
        /// The file, or the database and cell.
        place: String,
        /// What differs.
        reason: String,
    },
    /// The operating system refused.
    #[error("cannot {doing} {path}: {source}{}", remedy(source))]
    Io {
        /// Verb, as in "write".
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// There is no room for the batch, and nothing of it was written: the writer is as it was before, and the same batch
    /// may be offered again.
    #[error("{place}: no room for more: {detail}; make room")]
    NoRoom {
        /// The file, or the database and cell.
        place: String,
        /// The system's or the database's words.
        detail: String,
    },
    /// The database refused, for a reason that leaves no doubt about what is stored.
    #[error("PostgreSQL, {doing}: {detail}")]
    Database {
        /// Verb, as in "take the lease".
        doing: &'static str,
        /// The database's words.
        detail: String,
    },
    /// Nobody knows whether the last batch is durable; only opening anew tells.
    #[error("unknown whether batch {first}..={last} is durable: {reason}")]
    Unknown {
        /// First sequence number of that batch.
        first: u64,
        /// Last sequence number of that batch.
        last: u64,
        /// What cut the answer off.
        reason: String,
    },
    /// No durable record has this number.
    #[error("no record {seq}: the journal holds 1..={last}")]
    NotFound {
        /// The number asked for.
        seq: u64,
        /// Last durable record (0 = none).
        last: u64,
    },
    /// The setting that chooses the journal cannot be understood.
    #[error("journal setting {value:?}: {reason}")]
    Setting {
        /// The setting, without any password.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Advice for damage in the middle of a journal.
pub(crate) const RESTORE: &str =
    "restore it from a copy; without one, everything from here on is lost";

/// Advice where a database is not what it was when it acknowledged.
pub(crate) const LOOK_AFTER_DATABASE: &str = "find out whether an older copy of the database was put back, or it loses \
    commits (synchronous_commit, a standby that was promoted), before anything writes here again";

/// What helps against the system's refusals that an operator can mend.
pub(crate) fn remedy(refusal: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match refusal.kind() {
        ErrorKind::PermissionDenied => "; the user that runs hubu must own it",
        ErrorKind::ReadOnlyFilesystem => "; mount it for writing",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "; make room on its disk",
        ErrorKind::NotFound => "; put it back from a copy",
        _ => "",
    }
}

impl JournalError {
    /// An [`JournalError::Io`] for use with `map_err`.
    pub(crate) fn io(
        doing: &'static str,
        path: &std::path::Path,
    ) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io {
            doing,
            path: path.to_owned(),
            source,
        }
    }
}
