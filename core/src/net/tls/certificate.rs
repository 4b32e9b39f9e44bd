//! What a certificate (X.509, RFC 5280) says of itself: whose it is, and how long it is good.

use rustls::pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// When the certificate ends, in seconds since 1970; `None` when it cannot be read.
pub(super) fn ends_seconds(certificate: &CertificateDer<'_>) -> Option<u64> {
    let read = Certificate::from_der(certificate.as_ref()).ok()?;
    let end = read.tbs_certificate().validity().not_after;
    Some(end.to_unix_duration().as_secs())
}

/// Whose it is, as RFC 4514 writes names: `CN=pay-gateway,O=Wuhan`.
pub(super) fn subject(certificate: &CertificateDer<'_>) -> Option<String> {
    let read = Certificate::from_der(certificate.as_ref()).ok()?;
    Some(read.tbs_certificate().subject().to_string())
}
