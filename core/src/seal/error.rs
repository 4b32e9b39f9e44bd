//! What can be wrong with seals, with the journal that they are held against, or with making them.

use std::io;
use std::path::PathBuf;

use crate::cipher::CipherError;
use crate::journal::JournalError;

/// A failure of sealing or of its check.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// A file or folder can't be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A text that names no day and no month.
    #[error("\"{0}\" is no day and no month; say 2026-03-01 or 2026-03")]
    Period(String),
    /// A file that is no seal as it was written.
    #[error("{}: not a seal as it was written: {fault}", path.display())]
    Form {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
    /// The seals of a kind are no row: one is missing, or was exchanged.
    #[error("the {kind} seals are no row: {fault}")]
    Row {
        /// "day" or "month".
        kind: &'static str,
        /// What is wrong with them.
        fault: String,
    },
    /// No seal was found where some are wanted.
    #[error("{}: no seal is here", .0.display())]
    Empty(PathBuf),
    /// A seal's signature fits none of the keys.
    #[error("the seal of {period}: {fault}")]
    Signature {
        /// The period of the seal.
        period: String,
        /// What is wrong.
        fault: String,
    },
    /// The newest seal is another key's than the one that is to sign.
    #[error(
        "the seal of {period} is the newest and signed with the key {key}, which is not the one that is to sign: where keys change, give the old public key with --previous-key, once; else somebody laid it there"
    )]
    OtherKey {
        /// The period of the seal.
        period: String,
        /// The fingerprint of its key.
        key: String,
    },
    /// The journal is not what was sealed.
    #[error("the seal of {period} (record {last}) does not fit the journal: {fault}")]
    Journal {
        /// The period of the seal.
        period: String,
        /// The record that it was made at.
        last: u64,
        /// What is wrong.
        fault: String,
    },
    /// The seals do not reach as far as was demanded.
    #[error("the seals end with {found}, but {wanted} was to be sealed")]
    TooFew {
        /// The last sealed day.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// The period is not over.
    #[error(
        "{0} is not over yet (a period counts as over one minute after midnight in Beijing): what is still written would stand outside its seal"
    )]
    NotOver(String),
    /// Another process sealed the same period at the same time.
    #[error("{} has just been made by another process: run it again", .0.display())]
    Raced(PathBuf),
    /// The journal can't be read, or its own chain shows damage.
    #[error(transparent)]
    Reading(#[from] JournalError),
    /// The key can't sign.
    #[error(transparent)]
    Cipher(#[from] CipherError),
}

impl SealError {
    /// Whether the journal or its seals are not what they were, as against a failure of the moment.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Form { .. }
            | Self::Row { .. }
            | Self::Signature { .. }
            | Self::Journal { .. }
            | Self::TooFew { .. }
            | Self::Empty(_)
            | Self::Reading(JournalError::Damage { .. }) => true,
            Self::File { .. }
            | Self::Period(_)
            | Self::NotOver(_)
            | Self::OtherKey { .. }
            | Self::Raced(_)
            | Self::Reading(_)
            | Self::Cipher(_) => false,
        }
    }
}
