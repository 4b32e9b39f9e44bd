//! One key: what it verifies, how, and when (密钥). And a key to sign with.

use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::claims::Claims;
use super::error::AccessError;
use super::file::{self, fault};
use super::jws::{self, TokenAlgorithm, invalid};
use crate::cipher::{Algorithm, PrivateKey, PublicKey, Signer};
use crate::config::Auth;

/// Shorter secrets can be guessed (RFC 7518, 3.2: as long as the hash).
pub(super) const SECRET_BYTES_MIN: usize = 32;

/// Tells a key, with its name and its time, from every other.
pub(super) type KeyMark = [u8; 32];

/// A key that tokens may be signed with.
pub(super) struct Key {
    /// Its name; `None` for a key of the settings.
    pub(super) kid: Option<Box<str>>,
    material: Material,
    /// It is good from then, in seconds since 1970.
    pub(super) from_seconds: u64,
    /// And until then.
    pub(super) until_seconds: u64,
    pub(super) mark: KeyMark,
    /// The same for what it verifies with alone: keys of other names and times have it in common.
    pub(super) material_mark: KeyMark,
}

enum Material {
    Secret(Hmac<Sha256>),
    Public(PublicKey),
}

/// When a key is good: seconds since 1970, the end not included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Period {
    pub(super) from: u64,
    pub(super) until: u64,
}

impl Period {
    pub(super) const ALWAYS: Period = Period {
        from: 0,
        until: u64::MAX,
    };
}

impl Key {
    /// An HS256 secret.
    pub(super) fn secret(kid: Option<&str>, secret: &[u8], period: Period) -> Result<Self, String> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err("an HS256 secret has at least 32 bytes".into());
        }
        let mac = Hmac::new_from_slice(secret).map_err(|_| "no HS256 secret")?;
        let marks = marks(TokenAlgorithm::Hs256, kid, secret, period);
        Ok(Self::new(kid, Material::Secret(mac), marks, period))
    }

    /// An Ed25519 or SM2 public key.
    pub(super) fn public(kid: Option<&str>, key: PublicKey, period: Period) -> Self {
        let marks = marks(algorithm_of(&key), kid, key.spki_der(), period);
        Self::new(kid, Material::Public(key), marks, period)
    }

    fn new(
        kid: Option<&str>,
        material: Material,
        (mark, material_mark): (KeyMark, KeyMark),
        period: Period,
    ) -> Self {
        Self {
            kid: kid.map(Into::into),
            material,
            from_seconds: period.from,
            until_seconds: period.until,
            mark,
            material_mark,
        }
    }

    /// How it signs: this and nothing else, whatever a token says.
    pub(super) fn algorithm(&self) -> TokenAlgorithm {
        match &self.material {
            Material::Secret(_) => TokenAlgorithm::Hs256,
            Material::Public(key) => algorithm_of(key),
        }
    }

    /// Whether the signature is this key's, of these bytes.
    pub(super) fn verify(&self, signed: &[u8], signature: &[u8]) -> Result<(), AccessError> {
        let fits = match &self.material {
            // Compares in constant time.
            Material::Secret(mac) => {
                let mac = mac.clone().chain_update(signed);
                mac.verify_slice(signature).is_ok()
            }
            Material::Public(key) => key.verify(signed, signature).is_ok(),
        };
        let wrong = || invalid("its signature does not fit");
        fits.then_some(()).ok_or_else(wrong)
    }
}

fn algorithm_of(key: &PublicKey) -> TokenAlgorithm {
    match key.algorithm() {
        Algorithm::Ed25519 => TokenAlgorithm::Ed25519,
        Algorithm::Sm2 => TokenAlgorithm::Sm2,
    }
}

/// A key's mark, and that of its material.
fn marks(
    algorithm: TokenAlgorithm,
    kid: Option<&str>,
    bytes: &[u8],
    period: Period,
) -> (KeyMark, KeyMark) {
    let own = mark(algorithm, kid, bytes, period);
    (own, mark(algorithm, None, bytes, Period::ALWAYS))
}

fn mark(algorithm: TokenAlgorithm, kid: Option<&str>, bytes: &[u8], period: Period) -> KeyMark {
    let mut hash = Sha256::new();
    for part in [
        algorithm.name().as_bytes(),
        kid.unwrap_or_default().as_bytes(),
        bytes,
        &period.from.to_le_bytes(),
        &period.until.to_le_bytes(),
    ] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// A key to sign tokens with.
pub struct SigningKey {
    signs: Signs,
    kid: Option<String>,
}

enum Signs {
    Secret(Hmac<Sha256>),
    Private(Box<PrivateKey>),
}

impl SigningKey {
    /// The HS256 secret of the settings.
    ///
    /// # Errors
    /// No secret is set, or its file cannot be read.
    pub fn from_settings(auth: &Auth) -> Result<Self, AccessError> {
        let bytes = secret(auth)?.ok_or(AccessError::NoKeys)?;
        let mac = Hmac::new_from_slice(&bytes).map_err(|_| AccessError::NoKeys)?;
        Ok(Self::new(Signs::Secret(mac)))
    }

    /// An Ed25519 private key in a PEM file (PKCS #8, as `openssl genpkey -algorithm ed25519` writes it).
    ///
    /// # Errors
    /// The file cannot be read or holds no such key.
    pub fn from_ed25519_file(path: &Path) -> Result<Self, AccessError> {
        Self::from_file(path, Algorithm::Ed25519)
    }

    /// An SM2 private key in a PEM file (PKCS #8, as `openssl genpkey -algorithm SM2` writes it).
    ///
    /// # Errors
    /// The file cannot be read or holds no such key.
    pub fn from_sm2_file(path: &Path) -> Result<Self, AccessError> {
        Self::from_file(path, Algorithm::Sm2)
    }

    fn from_file(path: &Path, wanted: Algorithm) -> Result<Self, AccessError> {
        let text = file::text(path, file::KEY_BYTES_MAX)?;
        let key = PrivateKey::from_pem(&text).map_err(|error| fault(path, &error.to_string()))?;
        let found = key.public_key().algorithm();
        if found != wanted {
            let reason = format!("it is an {found} key, and an {wanted} key is wanted");
            return Err(fault(path, &reason));
        }
        Ok(Self::from_private(key))
    }

    /// A private key in memory.
    pub fn from_private(key: PrivateKey) -> Self {
        Self::new(Signs::Private(Box::new(key)))
    }

    fn new(signs: Signs) -> Self {
        Self { signs, kid: None }
    }

    /// The same key, which tokens then name so.
    #[must_use]
    pub fn named(self, kid: Option<String>) -> Self {
        Self { kid, ..self }
    }

    /// A signed token that says `claims`.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn sign(&self, claims: &Claims) -> Result<String, AccessError> {
        let claims = serde_json::to_vec(claims).map_err(|error| invalid(&error.to_string()))?;
        self.sign_json(&claims)
    }

    /// As [`SigningKey::sign`], for claims that are JSON already: those of others, and of tests.
    ///
    /// # Errors
    /// As [`SigningKey::sign`].
    pub fn sign_json(&self, claims: &[u8]) -> Result<String, AccessError> {
        let algorithm = match &self.signs {
            Signs::Secret(_) => TokenAlgorithm::Hs256,
            Signs::Private(key) => algorithm_of(key.public_key()),
        };
        let unsigned = jws::unsigned(algorithm, self.kid.as_deref(), claims);
        let bytes = unsigned.as_bytes();
        Ok(match &self.signs {
            Signs::Secret(mac) => {
                let mac = mac.clone().chain_update(bytes).finalize().into_bytes();
                jws::with_signature(&unsigned, &mac)
            }
            Signs::Private(key) => {
                let signature = key.sign(bytes).map_err(|e| invalid(&e.to_string()))?;
                jws::with_signature(&unsigned, &signature)
            }
        })
    }
}

/// The HS256 secret that the settings name, from the text or from the file.
pub(super) fn secret(auth: &Auth) -> Result<Option<Vec<u8>>, AccessError> {
    let in_text = auth.hs256_secret.reveal();
    if !in_text.is_empty() {
        return Ok(Some(in_text.as_bytes().to_vec()));
    }
    let path = &auth.hs256_secret_file;
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    let mut bytes = file::bytes(path, file::KEY_BYTES_MAX)?;
    while bytes.last().is_some_and(|b| matches!(b, b'\n' | b'\r')) {
        bytes.pop();
    }
    if bytes.len() < SECRET_BYTES_MIN {
        return Err(fault(path, "an HS256 secret has at least 32 bytes"));
    }
    Ok(Some(bytes))
}
