//! A folder of public keys: each in a file of its own, `KID.pem`.
//!
//! PEM lets text stand before the key (RFC 7468, 2); two lines of it say when the key is good, which makes a rotation a
//! matter of copying a file:
//!
//! ```text
//! Not-Before: 2026-12-01T00:00:00+08:00
//! Not-After: 2027-06-01T00:00:00+08:00
//! -----BEGIN PUBLIC KEY-----
//! ```
//!
//! Other words may stand there, but no line that begins with `not`: it would be one of these two, misspelt.
//!
//! Names that begin with a dot, and those that do not end in `.pem`, are passed over. The names come from the folder: a
//! token's `kid` is looked for among them and never becomes a path.

use std::path::{Path, PathBuf};

use super::error::AccessError;
use super::file::{self, fault};
use super::jws::KID_BYTES_MAX;
use super::key::{Key, Period};
use super::moment;
use crate::cipher::{PublicKey, array_from_hex};

/// The most keys, here and elsewhere together.
pub(super) const KEYS_MAX: usize = 1024;

/// The folder's files of keys, by name.
///
/// # Errors
/// It can't be read, or there are too many.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, AccessError> {
    let wrong = |error: std::io::Error| fault(folder, &error.to_string());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !is_hidden && path.extension().is_some_and(|end| end == "pem") {
            found.push(path);
        }
        if found.len() > KEYS_MAX {
            return Err(fault(folder, &format!("more than {KEYS_MAX} keys")));
        }
    }
    found.sort();
    Ok(found)
}

/// The key of one file.
///
/// # Errors
/// Its name is no name of a key, or it holds no public key.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Key, AccessError> {
    let wrong = |reason: &str| fault(path, reason);
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let kid = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .filter(|kid| kid.len() <= KID_BYTES_MAX && kid.bytes().all(is_part))
        .ok_or_else(|| wrong("a key's file is named KID.pem, KID of letters, digits, `-_.`"))?;
    let text = file::text_of(path, bytes)?;
    let begin = text
        .find("-----BEGIN")
        .ok_or_else(|| wrong("no PEM: a key begins with -----BEGIN PUBLIC KEY-----"))?;
    let (words, pem) = text.split_at(begin);
    let period = period(words).map_err(|reason| wrong(&reason))?;
    let key = PublicKey::from_pem(pem).map_err(|error| wrong(&error.to_string()))?;
    Ok(Key::public(Some(kid), key, period))
}

/// What the lines before the key say. A line that looks like one of the two and is not would leave the key good for ever,
/// so it is refused.
fn period(words: &str) -> Result<Period, String> {
    let (mut from, mut until) = (None, None);
    // Some editors begin a file with this mark.
    for line in words.trim_start_matches('\u{feff}').lines() {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let name = name.trim().to_ascii_lowercase();
        let known = match name.as_str() {
            "not-before" => &mut from,
            "not-after" => &mut until,
            _ if name.starts_with("not") => {
                return Err(format!("{name:?} is neither Not-Before nor Not-After"));
            }
            _ => continue,
        };
        let seconds = moment::seconds_of(value.trim())?;
        if known.replace(seconds).is_some() {
            return Err(format!("{name} is there twice"));
        }
    }
    Ok(Period {
        from: from.unwrap_or(Period::ALWAYS.from),
        until: until.unwrap_or(Period::ALWAYS.until),
    })
}

/// A key of the settings: PEM, or for Ed25519 64 hex digits as well.
///
/// # Errors
/// It is neither.
pub(super) fn read_unnamed(path: &Path, bytes: &[u8]) -> Result<PublicKey, AccessError> {
    let text = file::text_of(path, bytes)?.trim();
    let key = match array_from_hex::<32>(text) {
        Some(bytes) => PublicKey::from_ed25519_bytes(&bytes),
        None => PublicKey::from_pem(text),
    };
    key.map_err(|error| fault(path, &error.to_string()))
}
