//! A value that must not show in logs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A secret text: `Debug` hides it, [`Secret::reveal`] gives it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret itself. Empty = not set.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() {
            "(not set)"
        } else {
            "(hidden)"
        })
    }
}
