//! Why the log can't be opened, is damaged, or does not take an entry.

use std::io;
use std::path::{Path, PathBuf};

/// A log that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The system's.
    #[error("the audit log can't {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// Another process writes it.
    #[error("another process writes the audit log in {}: give each server a folder of its own (audit.folder)", .0.display())]
    Busy(PathBuf),
    /// What was written is not there any more as it was.
    #[error("the audit log is damaged: {}, line {line}: {reason}; keep the folder as evidence and set audit.folder to a new one", path.display())]
    Damage {
        /// The file.
        path: PathBuf,
        /// Its line, from 1 on.
        line: u64,
        /// What is wrong.
        reason: &'static str,
    },
}

impl AuditError {
    /// Whether the disk, or the quota on it, is full.
    pub(super) fn lacks_room(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        matches!(self, Self::Io { source, .. } if matches!(source.kind(), StorageFull | QuotaExceeded))
    }

    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.into(),
            source,
        }
    }
}

/// An entry that the log does not take: what it is about must not be answered with a yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unwritten {
    /// More waits to be written than the log holds back.
    #[error("the audit log is behind")]
    Behind,
    /// Nothing can be written any more.
    #[error("the audit log can't be written: see the server's log; mend the disk and restart")]
    Broken,
}
