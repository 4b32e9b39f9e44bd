//! Where a journal is: one setting that chooses between the two implementations.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::database::shown::shown;

/// The place of the journal: a folder, or a PostgreSQL database.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum JournalPlace {
    /// `file:FOLDER`: segments in a folder of this machine.
    File(PathBuf),
    /// `postgres://…`: rows in a database; the text is the whole URL.
    Postgres(String),
}

impl TryFrom<String> for JournalPlace {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Some(folder) = text.strip_prefix("file:") {
            if folder.is_empty() {
                return Err("`file:` needs a folder, as in \"file:journal\"".into());
            }
            return Ok(Self::File(PathBuf::from(folder)));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text));
        }
        Err("a journal's place is \"file:FOLDER\" or \"postgres://user@host:port/database\"".into())
    }
}

impl From<JournalPlace> for String {
    fn from(place: JournalPlace) -> Self {
        match place {
            JournalPlace::File(folder) => format!("file:{}", folder.display()),
            JournalPlace::Postgres(url) => url,
        }
    }
}

impl fmt::Debug for JournalPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(folder) => write!(f, "file:{}", folder.display()),
            Self::Postgres(url) => f.write_str(&shown(url)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_printed() {
        let place =
            JournalPlace::try_from("postgres://hubu:s3@cret@db:5432/h".to_string()).unwrap();
        assert_eq!(format!("{place:?}"), "postgres://hubu@db:5432/h");
    }

    #[test]
    fn other_places_are_refused() {
        for text in ["", "file:", "mysql://x", "journal"] {
            assert!(JournalPlace::try_from(text.to_string()).is_err(), "{text}");
        }
    }
}
