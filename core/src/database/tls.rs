//! How TLS is spoken to a database: 1.2 or 1.3, with what `crate::tls` reads out of the files that the settings name. They are
//! read for each connection, so that a new certificate counts without a restart.

use std::sync::Arc;

use rustls::ClientConfig;

use super::error::ConnectError;
use super::link::{Link, TlsMode};
use super::verifier::Lenient;
use crate::tls::{TlsError, certificates, private_key, provider, roots};

/// The client's side of TLS as the settings want it; nothing where it is off.
pub(super) fn config(link: &Link) -> Result<Option<Arc<ClientConfig>>, ConnectError> {
    if link.tls == TlsMode::Disable {
        return Ok(None);
    }
    let provider = provider();
    let wrong = |error: rustls::Error| ConnectError::Tls(error.to_string());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(wrong)?;
    let builder = match checks(link)? {
        Checks::Nothing => {
            let any = Lenient::of_anybody(&provider);
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(any))
        }
        Checks::Chain => {
            let any = Lenient::of_any_name(Arc::new(roots(&link.root_file)?), &provider)?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(any))
        }
        Checks::ChainAndName => builder.with_root_certificates(roots(&link.root_file)?),
    };
    let has_own = !link.certificate_file.as_os_str().is_empty();
    let config = if has_own {
        let chain = certificates(&link.certificate_file)?;
        let key = private_key(&link.key_file)?;
        let pair = builder.with_client_auth_cert(chain, key);
        pair.map_err(|source| TlsError::Pair {
            certificate: link.certificate_file.clone(),
            key: link.key_file.clone(),
            source,
        })?
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
