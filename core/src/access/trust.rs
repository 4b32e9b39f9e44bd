//! Whom we believe (信任): keys from settings, JWK Set and folder, and the list of what is revoked, read together.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::error::AccessError;
use super::file::{self, fault};
use super::folder::{self, KEYS_MAX};
use super::key::{self, Key, Period};
use super::revocation::{LIST_BYTES_MAX, Revocations};
use super::ring::KeyRing;
use super::{jwks, rules::Rules};
use crate::cipher::Algorithm;
use crate::config::Auth;

/// The longest JWK Set, in bytes.
const SET_BYTES_MAX: u64 = 1 << 20;

/// Keys and list as they were read at one time.
#[derive(Default)]
pub(super) struct Believed {
    pub(super) ring: KeyRing,
    pub(super) revoked: Revocations,
    /// Over all that was read: tells whether anything changed.
    pub(super) digest: [u8; 32],
}

/// The keys that a token may be signed with, and where they come from.
pub struct TrustedKeys {
    pub(super) auth: Auth,
    pub(super) rules: Rules,
    pub(super) believed: Believed,
}

impl TrustedKeys {
    /// The keys that the settings name.
    ///
    /// # Errors
    /// A file that cannot be read or holds no key, a secret that is too short, or no key at all.
    pub fn from_settings(auth: &Auth) -> Result<Self, AccessError> {
        let believed = read(auth)?;
        if believed.ring.len() == 0 {
            return Err(AccessError::NoKeys);
        }
        Ok(Self {
            auth: auth.clone(),
            rules: Rules::from_settings(auth),
            believed,
        })
    }
}

/// Reads all that the settings name.
///
/// # Errors
/// One of the files can't be read or says something that can't be; then none of them counts.
pub(super) fn read(auth: &Auth) -> Result<Believed, AccessError> {
    let mut reading = Reading::default();
    reading.settings(auth)?;
    if let Some(path) = named(&auth.jwks_file) {
        let bytes = file::bytes(path, SET_BYTES_MAX)?;
        reading.note(path, &bytes);
        for key in jwks::read(path, &bytes)? {
            reading.add(path, key)?;
        }
    }
    if let Some(path) = named(&auth.key_folder) {
        for path in folder::list(path)? {
            let bytes = file::bytes(&path, file::KEY_BYTES_MAX)?;
            reading.note(&path, &bytes);
            reading.add(&path, folder::read(&path, &bytes)?)?;
        }
    }
    let mut revoked = Revocations::default();
    if let Some(path) = named(&auth.revocation_file) {
        let text = file::text(path, LIST_BYTES_MAX)?;
        reading.note(path, text.as_bytes());
        revoked = Revocations::read(path, &text)?;
    }
    Ok(Believed {
        ring: reading.ring,
        revoked,
        digest: reading.digest.finalize().into(),
    })
}

#[derive(Default)]
struct Reading {
    ring: KeyRing,
    digest: Sha256,
}

impl Reading {
    /// The keys without kid.
    fn settings(&mut self, auth: &Auth) -> Result<(), AccessError> {
        if let Some(secret) = key::secret(auth)? {
            let path = &auth.hs256_secret_file;
            self.note(path, &secret);
            let key = Key::secret(None, &secret, Period::ALWAYS);
            self.add(path, key.map_err(|reason| fault(path, &reason))?)?;
        }
        for (path, wanted) in [
            (&auth.ed25519_public_key_file, Algorithm::Ed25519),
            (&auth.sm2_public_key_file, Algorithm::Sm2),
        ] {
            let Some(path) = named(path) else { continue };
            let key = folder::read_unnamed(path)?;
            if key.algorithm() != wanted {
                let reason = format!("it is an {} key, not {wanted}", key.algorithm());
                return Err(fault(path, &reason));
            }
            self.note(path, key.spki_der());
            self.add(path, Key::public(None, key, Period::ALWAYS))?;
        }
        Ok(())
    }

    fn note(&mut self, path: &Path, bytes: &[u8]) {
        for part in [path.as_os_str().as_encoded_bytes(), bytes] {
            self.digest.update((part.len() as u64).to_le_bytes());
            self.digest.update(part);
        }
    }

    fn add(&mut self, path: &Path, key: Key) -> Result<(), AccessError> {
        if self.ring.len() >= KEYS_MAX {
            return Err(fault(path, &format!("more than {KEYS_MAX} keys")));
        }
        self.ring.add(key).map_err(|reason| fault(path, &reason))
    }
}

fn named(path: &Path) -> Option<&Path> {
    (!path.as_os_str().is_empty()).then_some(path)
}
