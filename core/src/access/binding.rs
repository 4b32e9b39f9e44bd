//! What a token is bound to (RFC 8705): the client certificate of its holder, so that a token alone, stolen, is worth nothing.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::AccessError;
use super::jws::invalid;

/// The claim `cnf` (RFC 7800). A way of binding that is not known here refuses the token: passed over, it would bind nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// The client certificate's SHA-256, base64url without padding.
    #[serde(rename = "x5t#S256")]
    pub certificate: String,
}

impl Confirmation {
    /// Binds to this certificate.
    pub fn to(certificate: &Thumbprint) -> Self {
        Self {
            certificate: certificate.to_string(),
        }
    }

    pub(super) fn thumbprint(&self) -> Result<Thumbprint, AccessError> {
        let mut bytes = [0; 32];
        match Base64UrlUnpadded::decode(&self.certificate, &mut bytes) {
            Ok(read) if read.len() == 32 => Ok(Thumbprint(bytes)),
            _ => Err(invalid("`x5t#S256` is no SHA-256 in base64url")),
        }
    }
}

/// SHA-256 of a certificate's DER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thumbprint([u8; 32]);

impl Thumbprint {
    /// That of a certificate.
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Base64UrlUnpadded::encode_string(&self.0))
    }
}
