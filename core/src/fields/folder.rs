//! A folder of keys (密钥目录): `1.key`, `2.key`, … , one line of text each, such as `sm4-gcm:0f1e…` in hex.
//!
//! The highest number seals. A file that others may read is refused: it is no secret any more.

use super::error::KeyFolderError;
use super::key::FieldKey;
use super::keyring::Keyring;
use crate::cipher::AeadKind;
use crate::disk::{Disk, OsDisk};
use crate::files::{give_name, make_folder, write_unnamed};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const SUFFIX: &str = ".key";

/// The longest file that is read: the longest line is some 80 bytes.
const FILE_MAX: u64 = 256;

/// All keys of a folder; none where there is no such folder.
///
/// # Errors
/// See [`KeyFolderError`]; never with a part of a key in its words.
pub fn read(folder: &Path) -> Result<Keyring, KeyFolderError> {
    let mut keys = Vec::new();
    for (id, path) in files(folder)? {
        keys.push(read_key(id, &path)?);
    }
    Keyring::new(keys).map_err(|what| KeyFolderError::Ring(format!("{}: {what}", folder.display())))
}

/// Draws a key, writes it under the next number, and returns that number. The folder is made where it is missing.
///
/// The key gets its name once it is whole and on the disk: a server that looks meanwhile, or a crash, meets no part of it.
///
/// # Errors
/// See [`KeyFolderError`].
pub fn add(folder: &Path, kind: AeadKind) -> Result<u16, KeyFolderError> {
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |source| KeyFolderError::File { path, source }
    };
    make_folder(folder, 0o700).map_err(failed(folder))?;
    let last = files(folder)?.last().map_or(0, |(id, _)| *id);
    let Some(id) = last.checked_add(1) else {
        return Err(KeyFolderError::Ring(format!(
            "{}: key 65535 is the last",
            folder.display()
        )));
    };
    let mut bytes = Zeroizing::new(vec![0; kind.key_bytes()]);
    OsDisk.draw(&mut bytes).map_err(failed(folder))?;
    let mut line = Zeroizing::new(format!("{kind}:"));
    for byte in bytes.iter() {
        line.push(digit(byte >> 4));
        line.push(digit(byte & 15));
    }
    line.push('\n');
    let path = folder.join(format!("{id}{SUFFIX}"));
    let new = folder.join(format!("{id}{SUFFIX}.new"));
    // One that is there stays: another may be writing it, and where a crash left it, whoever reads the error can remove it.
    write_unnamed(&new, line.as_bytes(), 0o600).map_err(failed(&new))?;
    // Somebody may have made a key of this number meanwhile: then it is theirs.
    give_name(&new, &path).map_err(failed(&path))?;
    Ok(id)
}

fn digit(value: u8) -> char {
    char::from(b"0123456789abcdef"[usize::from(value & 15)])
}

/// The files of keys, ascending by number.
fn files(folder: &Path) -> Result<Vec<(u16, PathBuf)>, KeyFolderError> {
    let failed = |source| KeyFolderError::File {
        path: folder.to_path_buf(),
        source,
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let Some(number) = name.strip_suffix(SUFFIX) else {
            continue;
        };
        let plain = number
            .parse()
            .ok()
            .filter(|id: &u16| *id > 0 && id.to_string() == number);
        let Some(id) = plain else {
            let reason = "a key is named by its number: 1.key, 2.key, … , 65535.key";
            return Err(KeyFolderError::Form { path, reason });
        };
        found.push((id, path));
    }
    found.sort();
    Ok(found)
}

fn read_key(id: u16, path: &Path) -> Result<FieldKey, KeyFolderError> {
    let failed = |source| KeyFolderError::File {
        path: path.to_path_buf(),
        source,
    };
    let mut file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFolderError::Mode {
            path: path.to_path_buf(),
            mode,
        });
    }
    let mut text = Zeroizing::new(String::new());
    let limited = Read::take(&mut file, FILE_MAX);
    { limited }.read_to_string(&mut text).map_err(failed)?;
    let form = |reason| KeyFolderError::Form {
        path: path.to_path_buf(),
        reason,
    };
    let wanted = "one line is wanted: `sm4-gcm:` and 32 hex digits, or `aes-256-gcm:` and 64";
    let (name, digits) = text
        .trim_end()
        .split_once(':')
        .ok_or_else(|| form(wanted))?;
    let kind: AeadKind = name.parse().map_err(|_| form(wanted))?;
    let bytes = unhex(digits).ok_or_else(|| form(wanted))?;
    FieldKey::new(id, kind, &bytes).map_err(|_| form(wanted))
}

fn unhex(digits: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len() / 2));
    for pair in digits.as_bytes().chunks(2) {
        let [high, low] = pair else { return None };
        let value = |digit: &u8| char::from(*digit).to_digit(16);
        bytes.push((value(high)? << 4 | value(low)?) as u8);
    }
    Some(bytes)
}
