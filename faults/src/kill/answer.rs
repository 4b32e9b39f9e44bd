//! Answers, as the interface writes them.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Moved {
    #[serde(deserialize_with = "number")]
    pub(super) id: u64,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) state: String,
    pub(super) version: u32,
    #[serde(rename = "number")]
    pub(super) series_number: Option<String>,
    #[serde(deserialize_with = "number")]
    pub(super) seq: u64,
    pub(super) warnings: Vec<String>,
    pub(super) spawned: Vec<String>,
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Problem {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) detail: String,
    pub(super) seq: Option<String>,
    pub(super) document: Option<String>,
    pub(super) row: Option<String>,
    pub(super) available: Option<String>,
    pub(super) asked: Option<String>,
    pub(super) actual: Option<String>,
    /// The command of an atomic batch that it is about.
    pub(super) index: Option<usize>,
}

impl Problem {
    /// The record that it stands in; a problem without one decided nothing.
    pub(super) fn seq(&self) -> Option<u64> {
        self.seq.as_deref()?.parse().ok()
    }

    /// Whether nobody knows if the command took effect.
    pub(super) fn leaves_open(&self) -> bool {
        self.status == 503
    }
}

/// The answer to a batch.
#[derive(Deserialize)]
pub(super) struct Batch {
    pub(super) results: Vec<Part>,
}

/// What one command of a batch came to: one of the two.
#[derive(Deserialize)]
pub(super) struct Part {
    pub(super) answer: Option<Moved>,
    pub(super) problem: Option<Problem>,
}

/// Ids and sequence numbers are decimal strings.
pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let text = <&str>::deserialize(from)?;
    text.parse()
        .map_err(|_| Error::custom(format!("{text:?} is no number")))
}
