//! Settings (设置): one TOML file, typed, checked, each value overridable by the environment.
//!
//! A leaf: imports nothing of ours. `settings` names every value with its default, `place` and `secret`
//! are the domain types, `load` reads the file and the environment, `check` judges values that the
//! types cannot. The text of `config/hubu.toml` documents the same defaults; a test compares the two.

mod check;
mod error;
mod load;
mod place;
mod secret;
mod settings;

pub use error::ConfigError;
pub use load::{load, parse};
pub use place::JournalPlace;
pub use secret::Secret;
pub use settings::{
    Auth, CatalogFolder, Database, Engine, Fields, Journal, Limits, Log, LogFormat, Metrics, Seal,
    Server, Settings, Signatures, StandardTables, Tls, Views,
};

/// The documented file of settings with every default, as `hubu init` writes it.
pub const DEFAULT_TEXT: &str = include_str!("../../../config/hubu.toml");
