//! Reads files of keys and lists, each no longer than it may be.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::error::AccessError;

/// The longest file with one key, in bytes.
pub(super) const KEY_BYTES_MAX: u64 = 64 << 10;

/// A file's bytes.
pub(super) fn bytes(path: &Path, limit: u64) -> Result<Vec<u8>, AccessError> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|error: std::io::Error| fault(path, &error.to_string()))?;
    if bytes.len() as u64 > limit {
        return Err(fault(path, &format!("longer than {limit} bytes")));
    }
    Ok(bytes)
}

/// A file's text.
pub(super) fn text(path: &Path, limit: u64) -> Result<String, AccessError> {
    String::from_utf8(bytes(path, limit)?).map_err(|_| fault(path, "not a text file"))
}

/// The text that a file's bytes are.
pub(super) fn text_of<'b>(path: &Path, bytes: &'b [u8]) -> Result<&'b str, AccessError> {
    std::str::from_utf8(bytes).map_err(|_| fault(path, "not a text file"))
}

/// What is wrong with a file.
pub(super) fn fault(path: &Path, reason: &str) -> AccessError {
    AccessError::Key {
        path: path.into(),
        reason: reason.into(),
    }
}
