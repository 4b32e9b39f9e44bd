//! Why a certificate, a key or a set of authorities cannot be used.

use std::path::PathBuf;

/// A file or a pair of files that TLS cannot be spoken with. Its text says which one and what to do.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file cannot be read, or is no PEM.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Certificate and key are not a pair, or rustls takes one of them for unfit.
    #[error("{} and {} cannot be used together: {source}", certificate.display(), key.display())]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What rustls says.
        source: rustls::Error,
    },
    /// The cryptography lacks what is asked of it.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}
