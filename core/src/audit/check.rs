//! Reads a log again, from its first line to its last: what was changed, moved or taken out breaks the chain.

use std::path::Path;

use super::error::AuditError;
use super::folder::{damage, files, torn_files, walk};
use super::line;

/// What a whole log holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Lines, which are numbered from 1 on.
    pub entries: u64,
    /// The last line's chain value. Who keeps it elsewhere sees a cut as well.
    pub chain: [u8; 32],
    /// Bytes after the last whole line: what a crash left torn, or a server is writing.
    pub torn_bytes: u64,
    /// Files `torn-…` beside the log: each is what a crash tore, or somebody cut, before a start. Where there was no crash,
    /// they want an explanation.
    pub torn_files: u64,
}

/// Checks every line. The log may be in use.
///
/// # Errors
/// The first line that does not follow from the one before it, or a file that can't be read.
pub fn check(folder: &Path) -> Result<Report, AuditError> {
    let files = files(folder)?;
    let (mut number, mut chain, mut torn_bytes) = (0, line::beginning(), 0);
    for (at, (first, path)) in files.iter().enumerate() {
        if *first != number + 1 {
            return Err(damage(path, 1, "lines before it are missing"));
        }
        let bytes = std::fs::read(path).map_err(AuditError::io("read", path))?;
        let walked = walk(&bytes, number, chain);
        let rest = &bytes[walked.bytes..];
        let is_last = at + 1 == files.len();
        // Half a line may be on its way; a whole one that does not follow was never written so.
        if !rest.is_empty() && (!is_last || rest.contains(&b'\n')) {
            let text = "does not follow from the line before it";
            return Err(damage(path, walked.lines + 1, text));
        }
        torn_bytes = rest.len() as u64;
        (number, chain) = (walked.number, walked.chain);
    }
    Ok(Report {
        entries: number,
        chain,
        torn_bytes,
        torn_files: torn_files(folder)?,
    })
}
