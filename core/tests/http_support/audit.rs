//! The audit log's entries, as the tests read them.

use std::path::{Path, PathBuf};

use hubu_core::audit::check;
use serde_json::Value;

/// The entries of the log in `folder`, which is whole.
pub fn read(folder: &Path) -> Vec<Value> {
    let report = check(folder).unwrap();
    let text: String = files(folder)
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let json = |line: &str| serde_json::from_str(line.splitn(3, ' ').nth(2).unwrap()).unwrap();
    let entries: Vec<Value> = text.lines().map(json).collect();
    assert_eq!(entries.len() as u64, report.entries);
    entries
}

/// The log's files, in order.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "log"))
        .collect();
    files.sort();
    files
}

/// Those among the entries that are refusals for this reason.
pub fn refused<'a>(entries: &'a [Value], why: &str) -> Vec<&'a Value> {
    let is_it = |entry: &&Value| entry["what"] == "refused" && entry["why"] == why;
    entries.iter().filter(is_it).collect()
}
