//! One key (密钥) for sensitive values, and the two others that are derived from it.

use crate::cipher::{Aead, AeadKind, CipherError};
use sm3::{Digest, Sm3};
use std::fmt;
use zeroize::Zeroize;

/// What names a key in a sealed value: a part of its hash, so that a key keeps its name in whichever folder and under
/// whichever number it stands, and no other is taken for it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct KeyId(pub [u8; 4]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A key. `Debug` shows its number, name and cipher alone.
pub struct FieldKey {
    number: u16,
    id: KeyId,
    aead: Aead,
    /// For nonces: see [`crate::fields::sealed`].
    nonces: [u8; 16],
    /// For the hash that tells a repeated command: see [`FieldKey::names`].
    names: [u8; 16],
}

impl FieldKey {
    /// The key of this number, 1 or more, from its bytes: 16 for SM4-GCM, 32 for AES-256-GCM.
    ///
    /// # Errors
    /// The bytes are too few or too many.
    pub fn new(number: u16, kind: AeadKind, bytes: &[u8]) -> Result<FieldKey, CipherError> {
        let [a, b, c, d, ..] = derived(b"hubu field key id", bytes);
        Ok(FieldKey {
            number,
            id: KeyId([a, b, c, d]),
            aead: Aead::new(kind, bytes)?,
            nonces: derived(b"hubu field nonces", bytes),
            names: derived(b"hubu field names", bytes),
        })
    }

    /// Its number, which says how new it is: the highest of a ring seals.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Its name in what it sealed.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Its cipher.
    pub fn kind(&self) -> AeadKind {
        self.aead.kind()
    }

    pub(super) fn aead(&self) -> &Aead {
        &self.aead
    }

    pub(super) fn nonces(&self) -> &[u8; 16] {
        &self.nonces
    }

    /// A secret for hashing what was asked: the journal keeps that hash beside the ciphertext, and without a secret that
    /// does not stand in the journal, a bank account could be guessed by trying all of them.
    pub(crate) fn names(&self) -> &[u8; 16] {
        &self.names
    }
}

fn derived(purpose: &[u8], key: &[u8]) -> [u8; 16] {
    let mut sum: [u8; 32] = Sm3::new()
        .chain_update(purpose)
        .chain_update(key)
        .finalize()
        .into();
    let mut secret = [0; 16];
    secret.copy_from_slice(&sum[..16]);
    sum.zeroize();
    secret
}

impl Drop for FieldKey {
    fn drop(&mut self) {
        self.nonces.zeroize();
        self.names.zeroize();
    }
}

impl fmt::Debug for FieldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldKey({} {} {})", self.number, self.id, self.kind())
    }
}
