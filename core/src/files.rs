//! Files that stay (落盘): what is written once, such as keys and seals, and must be whole and not lost after a crash.
//!
//! Contents are synced, and so are the names of files and folders; nothing is ever written over another file. The journal
//! and its snapshots go through [`crate::disk`] instead, where tests can break every step.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Makes a folder where it is missing, down from the first that is there, all with this mode. Their names are synced too:
/// a crash would take a file away with its folder.
///
/// # Errors
/// The system's.
pub fn make_folder(folder: &Path, mode: u32) -> io::Result<()> {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let made: Vec<&Path> = folder.ancestors().take_while(is_missing).collect();
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(folder)?;
    made.into_iter().try_for_each(sync_name)
}

/// Makes an empty file with this mode; one that is there stays, and is an error.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`], or the system's.
pub fn create(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode).open(path)
}

/// Writes all of a new file's contents and syncs them.
///
/// # Errors
/// The system's.
pub fn fill(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

/// Syncs the folder that a file or folder stands in, so that a crash does not take its name back.
///
/// # Errors
/// The system's.
pub fn sync_name(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|path| !path.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Writes a new file, which is there for good once this returns, or not at all after an error. A crash on the way may leave
/// a part of it under its name; where that matters, [`write_unnamed`] and [`give_name`] come first.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`], or the system's.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    write_unnamed(path, bytes, mode)?;
    sync_name(path).inspect_err(|_| remove(path))
}

/// As [`write_new`], under a name that is of no matter yet and is not synced.
///
/// # Errors
/// As for [`write_new`].
pub fn write_unnamed(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    fill(create(path, mode)?, bytes).inspect_err(|_| remove(path))
}

/// Gives what [`write_unnamed`] wrote its lasting name in the same folder, and takes the first one away, whatever comes of
/// it. Whoever looks meanwhile, or after a crash, meets a whole file under that name or none.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`], or the system's.
pub fn give_name(unnamed: &Path, path: &Path) -> io::Result<()> {
    // A link takes no name that is there, as a rename would.
    let named = std::fs::hard_link(unnamed, path);
    let removed = std::fs::remove_file(unnamed);
    named?;
    sync_name(path)?;
    removed
}

/// Half a file is of no use; the error that counts is the one before this.
fn remove(path: &Path) {
    let _ = std::fs::remove_file(path);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn folders_are_made_all_the_way_and_what_is_there_stays_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("on/the/way");
        make_folder(&folder, 0o700).unwrap();
        for made in ["on", "on/the", "on/the/way"] {
            assert_eq!(mode(&home.path().join(made)), 0o700, "{made}");
        }
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o750)).unwrap();
        make_folder(&folder, 0o700).unwrap();
        assert_eq!(mode(&folder), 0o750);
        fs::write(folder.join("file"), "").unwrap();
        assert!(make_folder(&folder.join("file"), 0o700).is_err());
    }

    #[test]
    fn nothing_is_written_over_another_file() {
        let home = tempfile::tempdir().unwrap();
        let (path, unnamed) = (home.path().join("key"), home.path().join("key.new"));
        write_new(&path, b"first", 0o600).unwrap();
        assert_eq!(mode(&path), 0o600);
        let is_there = |done: io::Result<()>| {
            done.is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists)
        };
        assert!(is_there(write_new(&path, b"second", 0o600)));
        write_unnamed(&unnamed, b"second", 0o600).unwrap();
        assert!(is_there(write_unnamed(&unnamed, b"third", 0o600)));
        assert!(is_there(give_name(&unnamed, &path)));
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert!(!unnamed.exists(), "it leaves nothing behind");

        write_unnamed(&unnamed, b"second", 0o600).unwrap();
        let other = home.path().join("other");
        give_name(&unnamed, &other).unwrap();
        assert_eq!(fs::read(&other).unwrap(), b"second");
        assert_eq!(mode(&other), 0o600);
        assert!(!unnamed.exists());
    }
}
