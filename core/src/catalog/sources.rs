//! The files of `config/` as bytes (配置源文件): read from a folder, packed for the journal, unpacked in replay.
//!
//! ```text
//! 8 bytes    "HUBUCAT1"
//! per file, ascending by path: length of path (u32 LE), path, length of text (u32 LE), text
//! ```
//! Only what the catalog is made of counts: `*.toml` and `*.csv` in `config/` itself, `classes/` and
//! `documents/`. Settings of a server (`hubu.toml`) and plans of the harness are no part of it.

use super::error::CatalogError;
use sm3::{Digest, Sm3};
use std::collections::BTreeMap;
use std::path::Path;

const MAGIC: &[u8; 8] = b"HUBUCAT1";
const FOLDERS: [&str; 3] = ["", "classes", "documents"];
const SETTINGS: &str = "hubu.toml";

/// Texts by path, such as `documents/payment.toml`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sources {
    files: BTreeMap<String, String>,
}

impl Sources {
    /// No file.
    pub fn new() -> Sources {
        Sources::default()
    }

    /// Reads a folder such as `config/`.
    ///
    /// # Errors
    /// [`CatalogError::Read`] for the first file or folder that can't be read.
    pub fn read_dir(root: &Path) -> Result<Sources, CatalogError> {
        let mut sources = Sources::new();
        for folder in FOLDERS {
            let path = root.join(folder);
            if !folder.is_empty() && !path.is_dir() {
                continue;
            }
            let failed = |source| CatalogError::Read {
                path: path.clone(),
                source,
            };
            for entry in std::fs::read_dir(&path).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                sources.read_file(folder, &path)?;
            }
        }
        Ok(sources)
    }

    fn read_file(&mut self, folder: &str, path: &Path) -> Result<(), CatalogError> {
        let name = path.file_name().and_then(|name| name.to_str());
        let kind = path.extension().and_then(|kind| kind.to_str());
        let (Some(name), Some("toml" | "csv")) = (name, kind) else {
            return Ok(());
        };
        if !path.is_file() || (folder.is_empty() && name == SETTINGS) {
            return Ok(());
        }
        let text = std::fs::read_to_string(path).map_err(|source| CatalogError::Read {
            path: path.to_owned(),
            source,
        })?;
        let separator = if folder.is_empty() { "" } else { "/" };
        self.insert(format!("{folder}{separator}{name}"), text);
        Ok(())
    }

    /// Adds or replaces a file.
    pub fn insert(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.files.insert(path.into(), text.into());
    }

    /// Takes a file out.
    pub fn remove(&mut self, path: &str) -> Option<String> {
        self.files.remove(path)
    }

    /// The text of a file.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// The files of a folder (`""` for `config/` itself), ascending by path.
    pub fn in_folder(&self, folder: &str) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .filter(move |(path, _)| match path.rsplit_once('/') {
                Some((parent, _)) => parent == folder,
                None => folder.is_empty(),
            })
    }

    /// Packed for the journal.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for part in self.files.iter().flat_map(|(path, text)| [path, text]) {
            bytes.extend_from_slice(&(part.len() as u32).to_le_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }

    /// Unpacked from the journal.
    ///
    /// # Errors
    /// [`CatalogError::Packed`] at the byte that can't be read.
    pub fn from_bytes(bytes: &[u8]) -> Result<Sources, CatalogError> {
        let mut rest = bytes;
        let mut sources = Sources::new();
        let damaged = |rest: &[u8]| CatalogError::Packed {
            at: bytes.len() - rest.len(),
        };
        if rest.split_off(..MAGIC.len()) != Some(MAGIC) {
            return Err(damaged(bytes));
        }
        while !rest.is_empty() {
            let path = read_part(&mut rest).ok_or_else(|| damaged(rest))?;
            let text = read_part(&mut rest).ok_or_else(|| damaged(rest))?;
            sources.insert(path, text);
        }
        Ok(sources)
    }

    /// SM3 of the packed sources.
    pub fn digest(&self) -> [u8; 32] {
        Sm3::digest(self.to_bytes()).into()
    }
}

fn read_part(rest: &mut &[u8]) -> Option<String> {
    let mut after = *rest;
    let length = u32::from_le_bytes(*after.split_off(..4)?.first_chunk()?);
    let text = after.split_off(..usize::try_from(length).ok()?)?;
    let text = std::str::from_utf8(text).ok()?.to_owned();
    *rest = after;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_come_back_from_their_bytes() {
        let mut sources = Sources::new();
        sources.insert("documents/a.toml", "id = 1\n# 单据\n");
        sources.insert("roles.toml", "");
        let bytes = sources.to_bytes();
        assert_eq!(Sources::from_bytes(&bytes).expect("whole"), sources);
        for cut in 0..bytes.len() {
            let whole = Sources::from_bytes(&bytes[..cut]);
            assert!(
                whole.is_err() || whole.is_ok_and(|part| part != sources),
                "{cut}"
            );
        }
        assert!(Sources::from_bytes(&bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn a_folder_gives_its_tables_and_not_the_settings() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        std::fs::create_dir_all(root.join("documents")).expect("made");
        std::fs::create_dir_all(root.join("plans")).expect("made");
        for path in [
            "roles.toml",
            "hubu.toml",
            "README.md",
            "documents/p.toml",
            "plans/x.toml",
        ] {
            std::fs::write(root.join(path), path).expect("written");
        }
        let sources = Sources::read_dir(root).expect("readable");
        let root_files: Vec<_> = sources.in_folder("").map(|(path, _)| path).collect();
        assert_eq!(root_files, ["roles.toml"]);
        assert_eq!(sources.get("documents/p.toml"), Some("documents/p.toml"));
        assert_eq!(sources.in_folder("plans").count(), 0);
        assert!(Sources::read_dir(&root.join("none")).is_err());
    }
}
