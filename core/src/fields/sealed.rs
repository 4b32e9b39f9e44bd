//! The bytes of a sealed value (密文).
//!
//! ```text
//! sealed = cipher u8: 1 SM4-GCM, 2 AES-256-GCM | key 4 bytes | nonce 12 bytes | ciphertext | tag 16 bytes
//! plain  = the value as the journal writes it (tag u8, value) | zeros up to a multiple of 16 bytes
//! ```
//! The key's 4 bytes are its [`KeyId`]. The zeros keep the length of a name or account from showing: all of up to 14 bytes look alike.
//! The associated data is the value's [`Place`].
//!
//! **Nonces** are 96 bits of a keyed hash over fresh random bytes, the place and the plain value: as good as random ones
//! while the system's generator is good, and where it repeats itself (a copied virtual machine, a broken generator) a nonce
//! comes back only with the same value in the same place, whose ciphertext is then the same, which gives nothing away. With
//! random nonces one key is good for 2^32 values; a province makes some 10^8 a year.

use super::error::FieldsError;
use super::key::{FieldKey, KeyId};
use super::keyring::Keyring;
use super::place::Place;
use crate::cipher::AeadKind;
use crate::journal::codec::cursor::Cursor;
use crate::journal::codec::state::{decode_value, encode_value};
use hubu_kernel::document::Value;
use siphasher::sip128::{Hasher128, SipHasher24};
use std::hash::Hasher;
use zeroize::Zeroizing;

const HEAD: usize = 17;
const TAG: usize = 16;
const BLOCK: usize = 16;

/// Fresh random bytes that go into a nonce.
pub type Fresh = [u8; 16];

const fn number(kind: AeadKind) -> u8 {
    match kind {
        AeadKind::Sm4Gcm => 1,
        AeadKind::Aes256Gcm => 2,
    }
}

/// `value` sealed for `place`.
pub fn seal(key: &FieldKey, place: &Place<'_>, value: &Value, fresh: &Fresh) -> Box<[u8]> {
    let mut plain = Zeroizing::new(Vec::with_capacity(64));
    encode_value(value, &mut plain);
    let length = plain.len().next_multiple_of(BLOCK);
    plain.resize(length, 0);
    let bound = place.bytes();
    let mut hash = SipHasher24::new_with_key(key.nonces());
    hash.write(fresh);
    hash.write(&bound);
    hash.write(&plain);
    let hash = hash.finish128().as_bytes();
    let mut nonce = [0; 12];
    nonce.copy_from_slice(&hash[..12]);
    let mut sealed = Vec::with_capacity(HEAD + plain.len() + TAG);
    sealed.push(number(key.kind()));
    sealed.extend_from_slice(&key.id().0);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&key.aead().seal(&nonce, &bound, &plain));
    assert_eq!(sealed.len(), HEAD + plain.len() + TAG);
    sealed.into()
}

/// The name of the key that sealed these bytes; `None` where they are none of ours.
pub fn key_of(sealed: &[u8]) -> Option<KeyId> {
    let head = sealed.first_chunk::<HEAD>()?;
    let whole = sealed.len() > HEAD + TAG && (1..=2).contains(&head[0]);
    whole.then(|| KeyId([head[1], head[2], head[3], head[4]]))
}

/// The value that was sealed for `place`.
///
/// # Errors
/// The key is not there, or does not open it.
pub fn open(ring: &Keyring, place: &Place<'_>, sealed: &[u8]) -> Result<Value, FieldsError> {
    let id = key_of(sealed).ok_or(FieldsError::Damaged { key: KeyId([0; 4]) })?;
    let damaged = FieldsError::Damaged { key: id };
    let Some(key) = ring.key(id) else {
        return Err(FieldsError::KeyMissing { key: id });
    };
    let (head, body) = sealed.split_at(HEAD);
    let mut nonce = [0; 12];
    nonce.copy_from_slice(&head[5..]);
    if head[0] != number(key.kind()) {
        return Err(damaged);
    }
    let plain = key.aead().open(&nonce, &place.bytes(), body);
    let Ok(plain) = plain else {
        return Err(damaged);
    };
    let cursor = &mut Cursor::new(&plain);
    match decode_value(cursor) {
        // A sealed value in a sealed value is nothing that we make.
        Ok(Value::Sealed(_)) | Err(_) => Err(damaged),
        Ok(value) => Ok(value),
    }
}
