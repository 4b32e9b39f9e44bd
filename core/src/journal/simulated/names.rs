//! The names of a simulated file system, and which of their changes a crash may take away.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A change of names in one folder.
#[derive(Debug, Clone)]
enum Change {
    Put(PathBuf, usize),
    Take(PathBuf),
    Move(PathBuf, PathBuf),
}

/// Names of files, by number. Changes become durable when their folder is synced; before that a crash keeps the first
/// few of each folder, as a file system does that writes them down in order.
#[derive(Debug, Default, Clone)]
pub(super) struct Names {
    now: BTreeMap<PathBuf, usize>,
    durable: BTreeMap<PathBuf, usize>,
    pending: BTreeMap<PathBuf, Vec<Change>>,
}

fn apply(names: &mut BTreeMap<PathBuf, usize>, change: &Change) {
    match change {
        Change::Put(path, file) => {
            names.insert(path.clone(), *file);
        }
        Change::Take(path) => {
            names.remove(path);
        }
        Change::Move(from, to) => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
    }
}

impl Names {
    pub(super) fn get(&self, path: &Path) -> Option<usize> {
        self.now.get(path).copied()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&Path, usize)> {
        self.now.iter().map(|(path, file)| (path.as_path(), *file))
    }

    pub(super) fn put(&mut self, path: &Path, file: usize) {
        self.change(path, Change::Put(path.to_owned(), file));
    }

    pub(super) fn take(&mut self, path: &Path) -> bool {
        let there = self.now.contains_key(path);
        if there {
            self.change(path, Change::Take(path.to_owned()));
        }
        there
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> bool {
        let there = self.now.contains_key(from);
        if there {
            self.change(to, Change::Move(from.to_owned(), to.to_owned()));
        }
        there
    }

    fn change(&mut self, path: &Path, change: Change) {
        apply(&mut self.now, &change);
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        self.pending.entry(folder).or_default().push(change);
    }

    pub(super) fn sync(&mut self, folder: &Path) {
        for change in self.pending.remove(folder).unwrap_or_default() {
            apply(&mut self.durable, &change);
        }
    }

    /// Changes that no crash is obliged to keep.
    pub(super) fn pending(&self) -> usize {
        self.pending.values().map(Vec::len).sum()
    }

    /// The names after a crash, when `kept` says how many of a folder's changes (of so many) reached the disk.
    pub(super) fn after_crash(&self, mut kept: impl FnMut(usize) -> usize) -> Names {
        let mut durable = self.durable.clone();
        for changes in self.pending.values() {
            let kept = kept(changes.len()).min(changes.len());
            changes[..kept]
                .iter()
                .for_each(|change| apply(&mut durable, change));
        }
        Names {
            now: durable.clone(),
            durable,
            pending: BTreeMap::new(),
        }
    }
}
