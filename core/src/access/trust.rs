//! Whom we believe (信任): keys from settings, JWK Set and folder, and the list of what is revoked, read together.

use std::path::{Path, PathBuf};

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
fn read(auth: &Auth) -> Result<Believed, AccessError> {
    let files = Files::read(auth)?;
    let digest = files.digest();
    files.believed(digest)
}

/// As [`read`]; `None` where all is as it was when it had this digest, and then nothing was looked into.
///
/// # Errors
/// As [`read`].
pub(super) fn read_changed(
    auth: &Auth,
    former: &[u8; 32],
) -> Result<Option<Believed>, AccessError> {
    let files = Files::read(auth)?;
    let digest = files.digest();
    if digest == *former {
        return Ok(None);
    }
    files.believed(digest).map(Some)
}

/// A file as it was read, not looked into yet.
struct Unread {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Unread {
    fn of(path: &Path, limit: u64) -> Result<Self, AccessError> {
        Ok(Self {
            path: path.into(),
            bytes: file::bytes(path, limit)?,
        })
    }

    /// The file that a setting names.
    fn named(path: &Path, limit: u64) -> Result<Option<Self>, AccessError> {
        named(path).map(|path| Self::of(path, limit)).transpose()
    }
}

/// All that the settings name, as it was read at one time. Looking into it costs far more than its digest, and it is read
/// every few seconds.
struct Files {
    secret: Option<Unread>,
    /// Keys without kid, and of which algorithm each has to be.
    unnamed: Vec<(Unread, Algorithm)>,
    set: Option<Unread>,
    folder: Vec<Unread>,
    revoked: Option<Unread>,
}

impl Files {
    fn read(auth: &Auth) -> Result<Self, AccessError> {
        let secret = key::secret(auth)?.map(|bytes| Unread {
            path: auth.hs256_secret_file.clone(),
            bytes,
        });
        let mut unnamed = Vec::new();
        for (path, wanted) in [
            (&auth.ed25519_public_key_file, Algorithm::Ed25519),
            (&auth.sm2_public_key_file, Algorithm::Sm2),
        ] {
            let file = Unread::named(path, file::KEY_BYTES_MAX)?;
            unnamed.extend(file.map(|file| (file, wanted)));
        }
        let set = Unread::named(&auth.jwks_file, SET_BYTES_MAX)?;
        let mut folder = Vec::new();
        if let Some(path) = named(&auth.key_folder) {
            for path in folder::list(path)? {
                folder.push(Unread::of(&path, file::KEY_BYTES_MAX)?);
            }
        }
        Ok(Self {
            secret,
            unnamed,
            set,
            folder,
            revoked: Unread::named(&auth.revocation_file, LIST_BYTES_MAX)?,
        })
    }

    fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        let unnamed = self.unnamed.iter().map(|(file, _)| file);
        let keys = self.secret.iter().chain(unnamed).chain(&self.set);
        for Unread { path, bytes } in keys.chain(&self.folder).chain(&self.revoked) {
            for part in [path.as_os_str().as_encoded_bytes(), bytes.as_slice()] {
                digest.update((part.len() as u64).to_le_bytes());
                digest.update(part);
            }
        }
        digest.finalize().into()
    }

    /// What they say.
    fn believed(&self, digest: [u8; 32]) -> Result<Believed, AccessError> {
        let mut ring = self.settings()?;
        if let Some(Unread { path, bytes }) = &self.set {
            for key in jwks::read(path, bytes)? {
                add(&mut ring, path, key)?;
            }
        }
        for Unread { path, bytes } in &self.folder {
            add(&mut ring, path, folder::read(path, bytes)?)?;
        }
        let revoked = match &self.revoked {
            Some(Unread { path, bytes }) => Revocations::read(path, file::text_of(path, bytes)?)?,
            None => Revocations::default(),
        };
        for (one, other) in ring.twins() {
            tracing::warn!(
                one,
                other,
                "one key stands in two places: taken away or revoked in one of them, it verifies in the other"
            );
        }
        Ok(Believed {
            ring,
            revoked,
            digest,
        })
    }

    /// The keys without kid.
    fn settings(&self) -> Result<KeyRing, AccessError> {
        let mut ring = KeyRing::default();
        if let Some(Unread { path, bytes }) = &self.secret {
            let key = Key::secret(None, bytes, Period::ALWAYS);
            let key = key.map_err(|reason| fault(path, &reason))?;
            add(&mut ring, path, key)?;
        }
        for (Unread { path, bytes }, wanted) in &self.unnamed {
            let key = folder::read_unnamed(path, bytes)?;
            if key.algorithm() != *wanted {
                let reason = format!("it is an {} key, not {wanted}", key.algorithm());
                return Err(fault(path, &reason));
            }
            add(&mut ring, path, Key::public(None, key, Period::ALWAYS))?;
        }
        Ok(ring)
    }
}

fn add(ring: &mut KeyRing, path: &Path, key: Key) -> Result<(), AccessError> {
    if ring.len() >= KEYS_MAX {
        return Err(fault(path, &format!("more than {KEYS_MAX} keys")));
    }
    ring.add(key).map_err(|reason| fault(path, &reason))
}

fn named(path: &Path) -> Option<&Path> {
    (!path.as_os_str().is_empty()).then_some(path)
}
