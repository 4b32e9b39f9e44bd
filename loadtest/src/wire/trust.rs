//! Whom the harness believes when it speaks TLS: the authorities of one file, named once for the whole process.
//!
//! Every connection makes a full handshake. Connections of one process could resume each other's sessions, as a browser
//! resumes its own; a crowd of officials who come to work in the morning could not, and it is them that is measured.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::error::LoadError;

static TRUSTED: OnceLock<(PathBuf, Arc<ClientConfig>)> = OnceLock::new();

/// Believes the authorities (or the server's own certificate) of a PEM file, from now on and in workers too.
///
/// # Errors
/// The file cannot be read, or holds no certificate that can be believed.
pub fn trust(file: &Path) -> Result<(), LoadError> {
    let unfit = |what: String| LoadError::format("--ca", format!("{}: {what}", file.display()));
    let mut roots = RootCertStore::empty();
    let found = CertificateDer::pem_file_iter(file).map_err(|e| unfit(e.to_string()))?;
    for certificate in found {
        let certificate = certificate.map_err(|e| unfit(e.to_string()))?;
        roots.add(certificate).map_err(|e| unfit(e.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unfit("there is no certificate in it".into()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|e| unfit(e.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    // Named once; a second time is the same file, or a test's.
    let _ = TRUSTED.set((file.to_owned(), Arc::new(config)));
    Ok(())
}

/// The file that was named.
pub(crate) fn trusted_file() -> Option<&'static Path> {
    TRUSTED.get().map(|(file, _)| &**file)
}

/// What handshakes are made with.
pub(super) fn config() -> Option<Arc<ClientConfig>> {
    TRUSTED.get().map(|(_, config)| config.clone())
}
