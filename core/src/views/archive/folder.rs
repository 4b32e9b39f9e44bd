//! The folder of the archive's store, and what the store takes for granted about it.

use crate::views::error::ViewError;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Where the store's key spaces stand, and what else it makes before its version.
const SPACES: &str = "keyspaces";
const MADE_FIRST: [&str; 3] = ["lock", "0.jnl", SPACES];
/// What it makes when the rest is there.
const VERSION: &str = "version";
/// How long that is; none of it is zero.
const VERSION_BYTES: usize = 4;

fn system(doing: &'static str) -> impl Fn(io::Error) -> ViewError + Copy {
    move |source| ViewError::System { doing, source }
}

/// Takes away what a crash left of a store that was just being made, and that the store will not go on with. Nothing was
/// kept in it yet: it has no key space. What looks like anything else stays, and the store judges it.
pub(super) fn clear_unfinished(folder: &Path) -> Result<(), ViewError> {
    let system = system("begin the archive's folder anew");
    let names = |folder: &Path| match fs::read_dir(folder) {
        Err(missing) if missing.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.map(|entry| Ok(entry?.file_name())).collect(),
    };
    let found: Vec<_> = names(folder).map_err(system)?;
    let version = folder.join(VERSION);
    let is_made = match fs::read(&version) {
        Err(missing) if missing.kind() == ErrorKind::NotFound => false,
        bytes => {
            let bytes = bytes.map_err(system)?;
            bytes.len() >= VERSION_BYTES && !bytes.contains(&0)
        }
    };
    let is_known = |name| {
        MADE_FIRST
            .iter()
            .chain([&VERSION])
            .any(|known| name == *known)
    };
    let is_begun = found.iter().all(|name| name.to_str().is_some_and(is_known));
    if is_made
        || found.is_empty()
        || !is_begun
        || !names(&folder.join(SPACES)).map_err(system)?.is_empty()
    {
        return Ok(());
    }
    tracing::warn!(folder = %folder.display(), "the archive was just being made when a crash came: it is begun anew");
    for name in found.iter().filter(|name| *name != SPACES) {
        fs::remove_file(folder.join(name)).map_err(system)?;
    }
    Ok(())
}

/// Makes the names of the store's folders durable, which the store leaves to chance: without them all that it synced below
/// could be gone after a crash.
pub(super) fn sync(folder: &Path) -> Result<(), ViewError> {
    let system = system("sync the archive's folders");
    let above = folder
        .parent()
        .filter(|above| !above.as_os_str().is_empty());
    let spaces = folder.join(FOLDERS[0]);
    let mut folders: Vec<_> = above
        .into_iter()
        .chain([folder, &spaces])
        .map(Path::to_owned)
        .collect();
    for space in fs::read_dir(&spaces).map_err(system)? {
        folders.push(space.map_err(system)?.path());
    }
    folders
        .iter()
        .try_for_each(|folder| fs::File::open(folder)?.sync_all())
        .map_err(system)
}

/// The folders of the store, beside one for each key space in the first of them.
const FOLDERS: [&str; 3] = ["keyspaces", "tables", "blobs"];

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
                folders.push((entry.path(), name == FOLDERS[0]));
            }
        }
    }
    Ok(())
}
