//! Sealed bytes: authenticated encryption (认证加密) by GCM over SM4 (GB/T 32907-2016, RFC 8998) or AES-256 (NIST SP 800-38D).

use std::fmt;
use std::str::FromStr;

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, AesGcm};
use sm4::Sm4;
use zeroize::Zeroizing;

use super::CipherError;

/// Length of a nonce in bytes. Never use one twice under the same key: it gives the key of the tag away.
pub const NONCE_BYTES: usize = 12;

/// What sealing adds to the plain bytes, at their end.
pub const TAG_BYTES: usize = 16;

type Sm4Gcm = AesGcm<Sm4, U12>;

/// Which cipher seals.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AeadKind {
    /// SM4-GCM: 128-bit key.
    Sm4Gcm,
    /// AES-256-GCM.
    Aes256Gcm,
}

impl AeadKind {
    /// Its name in settings and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sm4Gcm => "sm4-gcm",
            Self::Aes256Gcm => "aes-256-gcm",
        }
    }

    /// Length of its key in bytes.
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::Sm4Gcm => 16,
            Self::Aes256Gcm => 32,
        }
    }
}

impl fmt::Display for AeadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for AeadKind {
    type Err = CipherError;

    fn from_str(name: &str) -> Result<Self, CipherError> {
        [Self::Sm4Gcm, Self::Aes256Gcm]
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| CipherError::Name {
                what: "cipher",
                name: name.chars().take(40).collect(),
                known: "\"sm4-gcm\" and \"aes-256-gcm\"",
            })
    }
}

/// A key that seals and opens; overwritten when it is dropped.
pub struct Aead(Cipher);

enum Cipher {
    Sm4(Box<Sm4Gcm>),
    Aes(Box<Aes256Gcm>),
}

impl Aead {
    /// A cipher with its key.
    ///
    /// # Errors
    /// [`CipherError::KeySize`].
    pub fn new(kind: AeadKind, key: &[u8]) -> Result<Self, CipherError> {
        let wrong = |_| CipherError::KeySize {
            kind: kind.name(),
            wanted: kind.key_bytes(),
            given: key.len(),
        };
        Ok(Self(match kind {
            AeadKind::Sm4Gcm => Cipher::Sm4(Box::new(Sm4Gcm::new_from_slice(key).map_err(wrong)?)),
            AeadKind::Aes256Gcm => {
                Cipher::Aes(Box::new(Aes256Gcm::new_from_slice(key).map_err(wrong)?))
            }
        }))
    }

    /// Which cipher it is.
    pub fn kind(&self) -> AeadKind {
        match self.0 {
            Cipher::Sm4(_) => AeadKind::Sm4Gcm,
            Cipher::Aes(_) => AeadKind::Aes256Gcm,
        }
    }

    /// `plain` encrypted, then the tag over it and over `aad`, which is not stored. The nonce is the caller's to choose and
    /// to keep: see [`NONCE_BYTES`].
    pub fn seal(&self, nonce: &[u8; NONCE_BYTES], aad: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(plain.len() + TAG_BYTES);
        sealed.extend_from_slice(plain);
        let nonce = nonce.into();
        let done = match &self.0 {
            Cipher::Sm4(cipher) => cipher.encrypt_in_place(nonce, aad, &mut sealed),
            Cipher::Aes(cipher) => cipher.encrypt_in_place(nonce, aad, &mut sealed),
        };
        // GCM fails beyond 64 GiB alone, which no caller holds in memory.
        assert!(done.is_ok(), "{} bytes are too many to seal", plain.len());
        sealed
    }

    /// What [`Aead::seal`] was given, if key, nonce and associated data are the same and no bit changed.
    ///
    /// # Errors
    /// [`CipherError::Sealed`].
    pub fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CipherError> {
        let mut plain = Zeroizing::new(sealed.to_vec());
        let nonce = nonce.into();
        match &self.0 {
            Cipher::Sm4(cipher) => cipher.decrypt_in_place(nonce, aad, &mut *plain),
            Cipher::Aes(cipher) => cipher.decrypt_in_place(nonce, aad, &mut *plain),
        }
        .map_err(|_| CipherError::Sealed)?;
        Ok(plain)
    }
}

impl fmt::Debug for Aead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Aead({}, key hidden)", self.kind())
    }
}
