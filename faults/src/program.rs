//! What the trials start: the server's program and the repository's catalog.

use crate::Outcome;
use std::path::{Path, PathBuf};

/// `hubu`: what `HUBU_BIN` names, or the one that was built beside this program.
pub(crate) fn hubu() -> Outcome<PathBuf> {
    let path = match std::env::var_os("HUBU_BIN") {
        Some(named) => PathBuf::from(named),
        None => beside("hubu")?,
    };
    match path.exists() {
        true => Ok(std::path::absolute(path)?),
        false => Err(format!(
            "{} is not there: build it, or name it in HUBU_BIN",
            path.display()
        )
        .into()),
    }
}

/// A program that is built beside this one; a test's own stands one folder deeper.
pub(crate) fn beside(name: &str) -> Outcome<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().unwrap_or(Path::new("."));
    let folder = match folder.ends_with("deps") {
        true => folder.parent().unwrap_or(folder),
        false => folder,
    };
    Ok(folder.join(name))
}

/// The repository's `config`.
pub(crate) fn catalog() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config")
}
