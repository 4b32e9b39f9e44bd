//! What every TLS of ours shares (传输加密): the cryptography that is used, and keys and certificates out of PEM files.
//!
//! A leaf: the service port (`net`) and every connection to a database (`database`) build on it. The protocol is rustls's, the
//! cryptography ring's: C and assembler that come with the crate and that the toolchain's own compiler builds for each
//! of our CPUs. Neither is chosen through rustls's process-wide default, so that a program which embeds Hubu keeps its own.

mod error;
mod pem;

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

pub use error::TlsError;
pub use pem::{certificates, private_key, roots};

/// The cryptography of every TLS connection.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
