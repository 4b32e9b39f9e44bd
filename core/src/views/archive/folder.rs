//! The folder of the archive's store, and what the store takes for granted about it.

use crate::views::error::ViewError;
use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// The folders of the store, beside one for each key space in the first of them.
const FOLDERS: [&str; 3] = ["keyspaces", "tables", "blobs"];
const SPACES: &str = FOLDERS[0];
/// What the store makes first, what it locks of that, and what it makes when the rest is there.
const MADE: [&str; 4] = [LOCK, "0.jnl", SPACES, VERSION];
const LOCK: &str = "lock";
const VERSION: &str = "version";
/// How long that is in bytes; none of it is zero.
const VERSION_BYTES: usize = 4;

fn system(doing: &'static str) -> impl Fn(io::Error) -> ViewError + Copy {
    move |source| ViewError::System { doing, source }
}

/// Takes away what a crash left of a store that was just being made, and that the store will not go on with. Nothing was
/// kept in it yet: it has no key space. What looks like anything else stays, and the store judges it.
pub(super) fn clear_unfinished(folder: &Path) -> Result<(), ViewError> {
    let system = system("begin the archive's folder anew");
    // Held to the end: another process may be making it at this moment.
    let lock = match fs::File::open(folder.join(LOCK)) {
        Err(missing) if missing.kind() == ErrorKind::NotFound => None,
        lock => Some(lock.map_err(system)?),
    };
    if lock.as_ref().is_some_and(|lock| lock.try_lock().is_err()) {
        return Ok(());
    }
    let found = names(folder).map_err(system)?;
    let is_begun = |name: &OsString| MADE.iter().any(|made| name == *made);
    if found.is_empty() || !found.iter().all(is_begun) || is_finished(folder).map_err(system)? {
        return Ok(());
    }
    tracing::warn!(folder = %folder.display(), "the archive was just being made when a crash came: it is begun anew");
    for name in found.iter().filter(|name| *name != SPACES) {
        fs::remove_file(folder.join(name)).map_err(system)?;
    }
    Ok(())
}

/// Whether the store was made to its end, or so far that it has a key space.
fn is_finished(folder: &Path) -> io::Result<bool> {
    let has_version = match fs::read(folder.join(VERSION)) {
        Err(missing) if missing.kind() == ErrorKind::NotFound => false,
        bytes => {
            let bytes = bytes?;
            bytes.len() >= VERSION_BYTES && !bytes.contains(&0)
        }
    };
    Ok(has_version || !names(&folder.join(SPACES))?.is_empty())
}

/// What stands in a folder; nothing where there is none.
fn names(folder: &Path) -> io::Result<Vec<OsString>> {
    match fs::read_dir(folder) {
        Err(missing) if missing.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.map(|entry| Ok(entry?.file_name())).collect(),
    }
}

/// Makes the names of the store's folders durable, which the store leaves to chance: without them all that it synced below
/// could be gone after a crash.
pub(super) fn sync(folder: &Path) -> Result<(), ViewError> {
    let system = system("sync the archive's folders");
    let above = folder
        .parent()
        .filter(|above| !above.as_os_str().is_empty());
    let spaces = folder.join(SPACES);
    let mut folders: Vec<_> = above
        .into_iter()
        .chain([folder, &spaces])
        .map(Path::to_owned)
        .collect();
    let of_spaces = names(&spaces).map_err(system)?;
    folders.extend(of_spaces.iter().map(|name| spaces.join(name)));
    folders
        .iter()
        .try_for_each(|folder| fs::File::open(folder)?.sync_all())
        .map_err(system)
}

/// Whether each thing in the folder is of the kind that its name says. The store takes that for granted, and ends the
/// process where it is not so.
pub(super) fn check_kinds(folder: &Path) -> Result<(), ViewError> {
    let system = system("look at the archive's folder");
    let mut folders = vec![(folder.to_owned(), false)];
    while let Some((folder, of_spaces)) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(missing) if missing.kind() == ErrorKind::NotFound => continue,
            Err(file) if file.kind() == ErrorKind::NotADirectory => {
                let place = folder.display().to_string();
                return Err(ViewError::Damaged { place });
            }
            entries => entries.map_err(system)?,
        };
        for entry in entries {
            let entry = entry.map_err(system)?;
            let kind = entry.file_type().map_err(system)?;
            let name = entry.file_name();
            let is_folder = of_spaces || FOLDERS.iter().any(|known| name == *known);
            if !(if is_folder {
                kind.is_dir()
            } else {
                kind.is_file()
            }) {
                let place = entry.path().display().to_string();
                return Err(ViewError::Damaged { place });
            }
            if is_folder {
                folders.push((entry.path(), name == SPACES));
            }
        }
    }
    Ok(())
}
