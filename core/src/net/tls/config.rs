//! Puts together what rustls makes handshakes with.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::Ticketer;
use rustls::pki_types::CertificateDer;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::TLS13;

use crate::config::Tls;
use crate::tls::{TlsError, certificates, private_key, provider, roots};

/// What a full handshake sends beside the server's own: one ticket, which a client that comes back shows.
const TICKETS: usize = 1;

/// A configuration, and the certificate that it shows.
pub(super) struct Made {
    pub(super) config: Arc<ServerConfig>,
    pub(super) certificate: CertificateDer<'static>,
}

/// Reads the files that the settings name.
///
/// Tickets are sealed with keys that are made here and live in memory alone, and change every six hours: any network thread
/// can resume a session, none remembers one. New files mean new keys, so that nobody resumes what an authority let in that
/// is not believed any more.
///
/// # Errors
/// A file cannot be read, or they do not fit together.
pub(super) fn make(settings: &Tls) -> Result<Made, TlsError> {
    let chain = certificates(&settings.certificate_file)?;
    let key = private_key(&settings.key_file)?;
    let certificate = chain[0].clone();
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(|error| TlsError::Setup(error.to_string()))?;
    let builder = match client_verifier(settings)? {
        None => builder.with_no_client_auth(),
        Some(verifier) => builder.with_client_cert_verifier(verifier),
    };
    let made = builder.with_single_cert(chain, key);
    let mut config = made.map_err(|source| TlsError::Pair {
        certificate: settings.certificate_file.clone(),
        key: settings.key_file.clone(),
        source,
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = Ticketer::new().map_err(|error| TlsError::Setup(error.to_string()))?;
    config.send_tls13_tickets = TICKETS;
    // No 0-RTT: see the module.
    config.max_early_data_size = 0;
    Ok(Made {
        config: Arc::new(config),
        certificate,
    })
}

fn client_verifier(settings: &Tls) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
    if settings.client_ca_file.as_os_str().is_empty() {
        return Ok(None);
    }
    let roots = Arc::new(roots(&settings.client_ca_file)?);
    let builder = WebPkiClientVerifier::builder_with_provider(roots, provider());
    let builder = if settings.client_certificate_required {
        builder
    } else {
        builder.allow_unauthenticated()
    };
    let made = builder.build().map_err(|error| TlsError::File {
        path: settings.client_ca_file.clone(),
        reason: error.to_string(),
    })?;
    Ok(Some(made))
}
