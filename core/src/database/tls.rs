//! What TLS to a database is made of: rustls with ring, 1.2 or 1.3, and the certificates that the settings name. Files are read
//! for each connection, so that a new certificate counts without a restart.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::error::ConnectError;
use super::link::{Link, TlsMode};
use super::verifier::{AnyCertificate, AnyName};

/// The client's side of TLS as the settings want it; nothing where it is off.
pub(super) fn config(link: &Link) -> Result<Option<Arc<ClientConfig>>, ConnectError> {
    if link.tls == TlsMode::Disable {
        return Ok(None);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let wrong = |error: rustls::Error| ConnectError::Tls(error.to_string());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(wrong)?;
    let builder = match checks(link)? {
        Checks::Nothing => {
            let any = AnyCertificate::new(&provider);
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(any))
        }
        Checks::Chain => {
            let any = AnyName::new(roots(&link.root_file)?, &provider)?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(any))
        }
        Checks::ChainAndName => builder.with_root_certificates(roots(&link.root_file)?),
    };
    let has_own = !link.certificate_file.as_os_str().is_empty();
    let config = if has_own {
        let (chain, key) = own(link, &provider)?;
        builder.with_client_auth_cert(chain, key).map_err(wrong)?
    } else {
        builder.with_no_client_auth()
    };
    Ok(Some(Arc::new(config)))
}

/// What is checked of the server's certificate.
enum Checks {
    Nothing,
    Chain,
    ChainAndName,
}

fn checks(link: &Link) -> Result<Checks, ConnectError> {
    let has_roots = !link.root_file.as_os_str().is_empty();
    match (link.tls, has_roots) {
        (TlsMode::VerifyFull, true) => Ok(Checks::ChainAndName),
        // libpq's rule: with root certificates at hand, `require` is `verify-ca`.
        (TlsMode::VerifyCa | TlsMode::Require, true) => Ok(Checks::Chain),
        (TlsMode::VerifyFull | TlsMode::VerifyCa, false) => Err(ConnectError::Tls(
            "verify-ca and verify-full need the certificates of those who vouch for the server: name their file, \
             database.root_certificate_file or sslrootcert (for public ones /etc/ssl/certs/ca-certificates.crt)"
                .into(),
        )),
        _ => Ok(Checks::Nothing),
    }
}

/// The certificates in a file, as those whose word counts.
fn roots(file: &Path) -> Result<Arc<RootCertStore>, ConnectError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("root certificates", file)? {
        roots
            .add(certificate)
            .map_err(|error| ConnectError::Content {
                path: file.into(),
                reason: format!("a certificate in it cannot be used: {error}"),
            })?;
    }
    Ok(Arc::new(roots))
}

fn certificates(
    what: &'static str,
    file: &Path,
) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let found: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(&read(what, file)?)
        .map(|one| one.map(CertificateDer::into_owned))
        .collect();
    let content = |reason: String| ConnectError::Content {
        path: file.into(),
        reason,
    };
    let found = found.map_err(|error| content(format!("no PEM certificates: {error}")))?;
    if found.is_empty() {
        return Err(content("it holds no PEM certificate".into()));
    }
    Ok(found)
}

/// Our own certificate and its key, which the server may ask for.
fn own(
    link: &Link,
    provider: &CryptoProvider,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), ConnectError> {
    let chain = certificates("the client's certificate", &link.certificate_file)?;
    let file = &link.key_file;
    let content = |reason: String| ConnectError::Content {
        path: file.clone(),
        reason,
    };
    let bytes = read("the client's key", file)?;
    let key = PrivateKeyDer::from_pem_slice(&bytes)
        .map_err(|error| content(format!("no PEM key without a passphrase: {error}")))?;
    provider
        .key_provider
        .load_private_key(key.clone_key())
        .map_err(|error| content(format!("this key cannot be used: {error}")))?;
    Ok((chain, key))
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, ConnectError> {
    std::fs::read(path).map_err(|source| ConnectError::File {
        what,
        path: path.into(),
        source,
    })
}
