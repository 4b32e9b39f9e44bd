//! What the loading leaves behind for later runs and audits: which world, and where in the feed it ended.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::LoadError;
use crate::world::Recipe;

/// A loaded world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Loaded {
    /// What makes it again.
    pub recipe: Recipe,
    /// The server's sequence number when it was loaded.
    pub seeded_to: u64,
    /// Rows loaded, as the server counts them.
    pub rows: u64,
    /// How long it took.
    pub seconds: f64,
}

/// Writes `world.json`.
pub fn write_loaded(path: &Path, loaded: &Loaded) -> Result<(), LoadError> {
    let text = serde_json::to_string_pretty(loaded).map_err(|e| LoadError::format("world", e))?;
    std::fs::write(path, text + "\n").map_err(|e| LoadError::file(path, e))
}

/// Reads `world.json`.
pub fn read_loaded(path: &Path) -> Result<Loaded, LoadError> {
    let text = std::fs::read_to_string(path).map_err(|e| LoadError::file(path, e))?;
    serde_json::from_str(&text)
        .map_err(|e| LoadError::format("world", format!("{}: {e}", path.display())))
}
