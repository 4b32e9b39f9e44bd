//! What can go wrong with `config/` as a whole; each [`Mistake`] is one line for whoever wrote it.

use std::path::PathBuf;

/// One mistake in a file of `config/`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct Mistake {
    /// The file, from `config/`, with `/`.
    pub file: String,
    /// The line, from 1; 0 when the mistake is that something is not there at all.
    pub line: u32,
    /// What is wrong, and what would be right where that is known.
    pub message: String,
}

/// Why there is no catalog.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// A file could not be read.
    #[error("{path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The packed sources are damaged.
    #[error("packed catalog sources are damaged at byte {at}")]
    Packed {
        /// Where.
        at: usize,
    },
    /// The files are readable and wrong: every mistake, by file and line.
    #[error("{} mistakes in the catalog, the first: {}", .0.len(), .0.first().map_or(String::new(), ToString::to_string))]
    Mistakes(Vec<Mistake>),
    /// The catalog changes the meaning of codes that are journalled.
    #[error("the catalog can't follow the one in use: {}", .0.join("; "))]
    Succession(Vec<String>),
}
