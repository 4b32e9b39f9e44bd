//! Everything that can stop the harness. One enum for the crate; variants carry what a person needs to go on.

use std::path::PathBuf;

use thiserror::Error;

/// Why the harness could not do its work. A failed threshold or audit is a verdict, not an error.
#[derive(Debug, Error)]
pub enum LoadError {
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file was read and is not what it should be; every mistake is listed, one a line.
    #[error("{}: {} mistake(s)\n{}", path.display(), mistakes.len(), mistakes.join("\n"))]
    Mistakes {
        /// Which file.
        path: PathBuf,
        /// Each mistake with its place.
        mistakes: Vec<String>,
    },
    /// The target of the run is no `http://host:port` or `https://host:port`.
    #[error("{0}: want http://host:port or https://host:port")]
    Target(String),
    /// A request got no answer.
    #[error("{method} {path}: {source}")]
    Request {
        /// HTTP method.
        method: &'static str,
        /// Path and query.
        path: String,
        /// What went wrong.
        source: WireError,
    },
    /// The server answered what the harness cannot go on with.
    #[error("{method} {path}: status {status}: {detail}")]
    Answer {
        /// HTTP method.
        method: &'static str,
        /// Path and query.
        path: String,
        /// HTTP status.
        status: u16,
        /// The problem's detail, or the start of the body.
        detail: String,
    },
    /// A worker process ended without its result.
    #[error("worker {index}: {reason}")]
    Worker {
        /// Which worker, from 0.
        index: usize,
        /// Why.
        reason: String,
    },
    /// The machine does not let us do what was asked (descriptors, threads, clocks).
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The token key could not be used.
    #[error("token: {0}")]
    Token(String),
    /// A kept book or result cannot be understood.
    #[error("{what}: {reason}")]
    Format {
        /// Which kind of data.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// The load framework refused its settings.
    #[error("goose: {0}")]
    Goose(String),
}

impl LoadError {
    /// A file error with its path.
    pub fn file(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::File {
            path: path.into(),
            source,
        }
    }

    /// A format error.
    pub fn format(what: &'static str, reason: impl ToString) -> Self {
        Self::Format {
            what,
            reason: reason.to_string(),
        }
    }
}

/// Why one request has no answer. After `Connect` nothing was sent; after the others nobody knows whether the server
/// acted, so the same key must be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WireError {
    /// No connection could be made.
    #[error("cannot connect ({0})")]
    Connect(std::io::ErrorKind),
    /// The connection was cut before the whole answer was there.
    #[error("connection cut")]
    Cut,
    /// No whole answer within the time limit.
    #[error("no answer in time")]
    Timeout,
    /// The answer is not HTTP, or larger than we read.
    #[error("answer not understood")]
    Garbled,
}
