//! What can be wrong with the settings.

use std::path::PathBuf;

/// A reason why the settings cannot be used. Its text says where and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the settings in {}: {source}. Make them with `hubu init`, or name another file with --config", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not TOML, has an unknown key, or a value of the wrong type.
    #[error("{}:{line}: {message}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// Line of the mistake, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A variable `HUBU_SECTION_KEY` names a section that exists and a key that does not.
    #[error(
        "the environment variable {name} names no setting: section [{section}] has no key `{key}`"
    )]
    UnknownVariable {
        /// The variable.
        name: String,
        /// The section that it named.
        section: String,
        /// The key that is not there.
        key: String,
    },
    /// A variable has a value of the wrong type.
    #[error("the environment variable {name} does not fit: {message}")]
    Variable {
        /// The variable.
        name: String,
        /// What is wrong with its value.
        message: String,
    },
    /// Values out of range: all of them, one a line.
    #[error("settings out of range:\n  {}", .0.join("\n  "))]
    Range(Vec<String>),
}
