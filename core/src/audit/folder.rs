//! The files: `audit-NUMBER.log`, named by their first line's number, one after another; and `lock`.
//!
//! A crash may leave half of what was last written. It was answered to nobody, and is moved to `torn-NUMBER` beside the
//! log, so that whoever cuts a log to hide something leaves a trace. A whole line that does not follow was never left by
//! a crash, which leaves half a line or zeros: it is damage, and stops the start.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::error::AuditError;
use super::line::{self, Chain, Line};

/// A file that has so many bytes is followed by another.
pub(super) const FILE_BYTES: u64 = 64 << 20;

/// The most that is written at once, so the most that a crash leaves torn.
pub(super) const WRITE_BYTES: usize = 4 << 20;

/// What the names of files begin with that hold what a crash left torn.
const TORN: &str = "torn-";

/// Where the log stands.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) number: u64,
    pub(super) chain: Chain,
    /// Bytes of what a crash left torn, if it did.
    pub(super) torn_bytes: u64,
}

/// An open log.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
    file: Option<(PathBuf, File)>,
    /// Bytes of the open file that are whole lines.
    bytes: u64,
}

impl Folder {
    /// Opens the log for writing, cutting what a crash left torn.
    pub(super) fn open(path: &Path) -> Result<(Self, Tail), AuditError> {
        std::fs::create_dir_all(path).map_err(AuditError::io("make", path))?;
        let lock = lock(path)?;
        let mut folder = Self {
            path: path.into(),
            _lock: lock,
            file: None,
            bytes: 0,
        };
        let tail = folder.find_tail()?;
        Ok((folder, tail))
    }

    /// Writes whole lines, the first of which has `number`, and makes them durable. After an error nothing of them
    /// counts: what was written of them is taken back.
    pub(super) fn append(&mut self, number: u64, lines: &[u8]) -> Result<(), AuditError> {
        assert!(lines.ends_with(b"\n") && lines.len() <= WRITE_BYTES);
        if self.file.is_none() || self.bytes >= FILE_BYTES {
            self.begin(number)?;
        }
        let Some((path, file)) = &mut self.file else {
            unreachable!("a file was just begun");
        };
        let written = file.write_all(lines).and_then(|()| file.sync_data());
        if let Err(error) = written {
            // The next write goes to the file's end, wherever that is then.
            let error = file.set_len(self.bytes).err().unwrap_or(error);
            return Err(AuditError::io("write", path)(error));
        }
        self.bytes += lines.len() as u64;
        Ok(())
    }

    fn begin(&mut self, number: u64) -> Result<(), AuditError> {
        let path = self.path.join(name(number));
        let file = make(&path, || sync_folder(&self.path))?;
        self.file = Some((path, file));
        self.bytes = 0;
        Ok(())
    }

    fn find_tail(&mut self) -> Result<Tail, AuditError> {
        let files = files(&self.path)?;
        let Some((first, path)) = files.last() else {
            return Ok(Tail {
                number: 0,
                chain: line::beginning(),
                torn_bytes: 0,
            });
        };
        let (number, before) = match files.len() {
            1 => (0, line::beginning()),
            count => last_of(&files[count - 2].1)?,
        };
        if number + 1 != *first {
            return Err(damage(path, 1, "lines before it are missing"));
        }
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .open(path)
            .map_err(AuditError::io("open", path))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(AuditError::io("read", path))?;
        let walked = walk(&bytes, number, before);
        let rest = &bytes[walked.bytes..];
        if rest.len() > WRITE_BYTES || has_whole_line(rest) {
            let text = "does not follow from the line before it";
            return Err(damage(path, walked.lines + 1, text));
        }
        if !rest.is_empty() {
            self.set_aside(walked.number + 1, rest)?;
            file.set_len(walked.bytes as u64)
                .and_then(|()| file.sync_all())
                .map_err(AuditError::io("cut", path))?;
        }
        self.bytes = walked.bytes as u64;
        self.file = Some((path.clone(), file));
        Ok(Tail {
            number: walked.number,
            chain: walked.chain,
            torn_bytes: rest.len() as u64,
        })
    }

    fn set_aside(&self, number: u64, bytes: &[u8]) -> Result<(), AuditError> {
        let path = self.path.join(format!("{TORN}{number:020}"));
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .map_err(AuditError::io("make", &path))?;
        file.write_all(bytes)
            .and_then(|()| file.sync_all())
            .map_err(AuditError::io("write", &path))?;
        sync_folder(&self.path)
    }
}

/// What a walk along a file's lines came to.
pub(super) struct Walked {
    pub(super) number: u64,
    pub(super) chain: Chain,
    /// Bytes of the whole lines that follow from one another.
    pub(super) bytes: usize,
    pub(super) lines: u64,
}

/// Walks along lines as long as each follows from the one before.
pub(super) fn walk(bytes: &[u8], number: u64, before: Chain) -> Walked {
    let mut walked = Walked {
        number,
        chain: before,
        bytes: 0,
        lines: 0,
    };
    while let Some(length) = bytes[walked.bytes..].iter().position(|b| *b == b'\n') {
        let text = &bytes[walked.bytes..walked.bytes + length];
        let line = Line::read(text).filter(|line| line.follows(walked.number, &walked.chain));
        let Some(line) = line else { break };
        walked.number = line.number;
        walked.chain = line.chain;
        walked.bytes += length + 1;
        walked.lines += 1;
    }
    walked
}

/// Whether what does not follow holds a whole line all the same, so that no crash left it: it was changed. Behind a NUL byte
/// a crash may well leave whole lines, where a later page reached the disk and an earlier one did not.
fn has_whole_line(rest: &[u8]) -> bool {
    let whole = rest.split(|byte| *byte == 0).next().unwrap_or_default();
    let end = whole.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    let mut lines = whole[..end].split(|byte| *byte == b'\n');
    lines.any(|line| Line::read(line).is_some())
}

/// Number and chain value that the last line of a whole file has.
fn last_of(path: &Path) -> Result<(u64, Chain), AuditError> {
    let bytes = std::fs::read(path).map_err(AuditError::io("read", path))?;
    let whole = bytes.strip_suffix(b"\n");
    let last = whole.and_then(|whole| whole.rsplit(|byte| *byte == b'\n').next());
    let line = last.and_then(Line::read);
    let line = line.ok_or_else(|| damage(path, 0, "its last line is no entry"))?;
    Ok((line.number, line.chain))
}

/// The files in order, each with the number of its first line.
pub(super) fn files(folder: &Path) -> Result<Vec<(u64, PathBuf)>, AuditError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(AuditError::io("list", folder))? {
        let entry = entry.map_err(AuditError::io("list", folder))?;
        let found = entry.file_name();
        let number = found
            .to_str()
            .and_then(|name| name.strip_prefix("audit-")?.strip_suffix(".log"))
            .filter(|digits| digits.len() == 20)
            .and_then(|digits| digits.parse().ok());
        files.extend(number.map(|number| (number, entry.path())));
    }
    files.sort();
    Ok(files)
}

/// How many files there are of what was torn.
pub(super) fn torn_files(folder: &Path) -> Result<u64, AuditError> {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).map_err(AuditError::io("list", folder))? {
        let name = entry.map_err(AuditError::io("list", folder))?.file_name();
        count += u64::from(name.to_string_lossy().starts_with(TORN));
    }
    Ok(count)
}

fn name(number: u64) -> String {
    format!("audit-{number:020}.log")
}

fn lock(folder: &Path) -> Result<File, AuditError> {
    let path = folder.join("lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(AuditError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(AuditError::Busy(folder.into())),
        Err(TryLockError::Error(error)) => Err(AuditError::io("lock", &path)(error)),
    }
}

/// A new file, whose name `sync` makes durable. Where that fails, for want of room perhaps, the file is taken back: it would
/// else be in the way of the next attempt.
fn make(path: &Path, sync: impl FnOnce() -> Result<(), AuditError>) -> Result<File, AuditError> {
    let file = OpenOptions::new()
        .append(true)
        .create_new(true)
        .open(path)
        .map_err(AuditError::io("make", path))?;
    if let Err(error) = sync() {
        // Where this fails as well, the next attempt says so.
        let _ = std::fs::remove_file(path);
        return Err(error);
    }
    Ok(file)
}

fn sync_folder(folder: &Path) -> Result<(), AuditError> {
    File::open(folder)
        .and_then(|file| file.sync_all())
        .map_err(AuditError::io("sync", folder))
}

pub(super) fn damage(path: &Path, line: u64, reason: &'static str) -> AuditError {
    AuditError::Damage {
        path: path.into(),
        line,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_whose_name_is_not_durable_is_not_in_the_way_of_the_next_attempt() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name(1));
        let no_room = || {
            let error = std::io::ErrorKind::StorageFull.into();
            Err(AuditError::io("sync", folder.path())(error))
        };
        let refused = make(&path, no_room).unwrap_err();
        assert!(refused.lacks_room(), "{refused}");
        assert!(!path.exists());
        make(&path, || Ok(())).unwrap();
        // A file that was there before is nobody's to take away.
        assert!(make(&path, || Ok(())).is_err() && path.exists());
    }
}
