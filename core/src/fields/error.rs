//! Why a sensitive value can't be sealed or opened.

use super::key::KeyId;
use std::path::PathBuf;

/// A value can't be sealed or opened.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FieldsError {
    /// Nothing is there to seal with.
    #[error("no key for sensitive fields is here")]
    NoKey,
    /// The key that sealed it is not here.
    #[error("encrypted, key {key} is not here")]
    KeyMissing {
        /// Its name.
        key: KeyId,
    },
    /// Its bytes were changed, or belong to another document, field or journal.
    #[error("damaged: key {key} does not open it")]
    Damaged {
        /// The name of the key; zeros where not even that can be read.
        key: KeyId,
    },
    /// The system gave no random numbers.
    #[error("no random numbers: {0}")]
    Random(String),
}

/// A folder of keys can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFolderError {
    /// A file or folder can't be read or made.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Others may read it.
    #[error(
        "{path} may be read or written by others (mode {mode:03o}): chmod 600 it, and make a new key if somebody may have read it",
        path = path.display()
    )]
    Mode {
        /// Which.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It holds something else than a key.
    #[error("{path}: {reason}", path = path.display())]
    Form {
        /// Which.
        path: PathBuf,
        /// What is wrong; never the key itself.
        reason: &'static str,
    },
    /// The same number stands there twice, or there are too many.
    #[error("{0}")]
    Ring(String),
}
