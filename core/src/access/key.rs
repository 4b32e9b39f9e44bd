//! Keys: whom we believe, and with what `hubu token` signs.

use std::path::Path;

use ed25519_dalek::VerifyingKey;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};

use super::claims::Claims;
use super::error::AccessError;
use super::provider;
use crate::config::Auth;

/// Shorter secrets can be guessed (RFC 7518 §3.2: as long as the hash).
const SECRET_BYTES_MIN: usize = 32;

/// The keys that a token may be signed with.
pub struct TrustedKeys {
    pub(super) hs256: Option<DecodingKey>,
    pub(super) ed25519: Option<DecodingKey>,
}

/// A key to sign tokens with.
pub struct SigningKey {
    algorithm: Algorithm,
    key: EncodingKey,
}

impl TrustedKeys {
    /// The keys that the settings name.
    ///
    /// # Errors
    /// A file that cannot be read or holds no key, a secret that is too short, or no key at all.
    pub fn from_settings(auth: &Auth) -> Result<Self, AccessError> {
        let hs256 = secret(auth)?.map(|bytes| DecodingKey::from_secret(&bytes));
        let file = &auth.ed25519_public_key_file;
        let ed25519 = if file.as_os_str().is_empty() {
            None
        } else {
            Some(DecodingKey::from_ed_der(public_key(file)?.as_bytes()))
        };
        if hs256.is_none() && ed25519.is_none() {
            return Err(AccessError::NoKeys);
        }
        provider::install();
        Ok(Self { hs256, ed25519 })
    }
}

impl SigningKey {
    /// The HS256 secret of the settings.
    ///
    /// # Errors
    /// No secret is set, or its file cannot be read.
    pub fn from_settings(auth: &Auth) -> Result<Self, AccessError> {
        let bytes = secret(auth)?.ok_or(AccessError::NoKeys)?;
        provider::install();
        Ok(Self {
            algorithm: Algorithm::HS256,
            key: EncodingKey::from_secret(&bytes),
        })
    }

    /// An Ed25519 private key in a PEM file (PKCS #8, as `openssl genpkey -algorithm ed25519` writes it).
    ///
    /// # Errors
    /// The file cannot be read or holds no such key.
    pub fn from_ed25519_file(path: &Path) -> Result<Self, AccessError> {
        let text = read(path)?;
        let text = String::from_utf8(text).map_err(|_| fault(path, "not a text file"))?;
        let key = ed25519_dalek::SigningKey::from_pkcs8_pem(&text)
            .map_err(|error| fault(path, &format!("no Ed25519 private key in PEM: {error}")))?;
        provider::install();
        Ok(Self {
            algorithm: Algorithm::EdDSA,
            key: EncodingKey::from_ed_der(&key.to_bytes()),
        })
    }

    /// A signed token that says `claims`.
    ///
    /// # Errors
    /// The key does not fit its algorithm.
    pub fn sign(&self, claims: &Claims) -> Result<String, AccessError> {
        jsonwebtoken::encode(&Header::new(self.algorithm), claims, &self.key)
            .map_err(|error| AccessError::Invalid(error.to_string()))
    }
}

fn secret(auth: &Auth) -> Result<Option<Vec<u8>>, AccessError> {
    let in_text = auth.hs256_secret.reveal();
    if !in_text.is_empty() {
        return Ok(Some(in_text.as_bytes().to_vec()));
    }
    let file = &auth.hs256_secret_file;
    if file.as_os_str().is_empty() {
        return Ok(None);
    }
    let mut bytes = read(file)?;
    while bytes
        .last()
        .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
    {
        bytes.pop();
    }
    if bytes.len() < SECRET_BYTES_MIN {
        return Err(fault(file, "an HS256 secret has at least 32 bytes"));
    }
    Ok(Some(bytes))
}

fn public_key(path: &Path) -> Result<VerifyingKey, AccessError> {
    let text = String::from_utf8(read(path)?).map_err(|_| fault(path, "not a text file"))?;
    let text = text.trim();
    if let Some(bytes) = from_hex(text) {
        return VerifyingKey::from_bytes(&bytes)
            .map_err(|_| fault(path, "64 hex digits that are no Ed25519 public key"));
    }
    VerifyingKey::from_public_key_pem(text).map_err(|error| {
        fault(
            path,
            &format!("no Ed25519 public key in PEM or hex: {error}"),
        )
    })
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

fn read(path: &Path) -> Result<Vec<u8>, AccessError> {
    std::fs::read(path).map_err(|error| fault(path, &error.to_string()))
}

fn fault(path: &Path, reason: &str) -> AccessError {
    AccessError::Key {
        path: path.into(),
        reason: reason.into(),
    }
}
