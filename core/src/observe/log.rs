//! The log: lines for people or JSON for machines, to standard error.

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// The log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// `log.level` is no filter.
    #[error("log.level {level:?}: {reason}; try \"info\"")]
    Level {
        /// As it was set.
        level: String,
        /// What is wrong.
        reason: String,
    },
    /// This process has a log already.
    #[error("the log was set up before")]
    Again,
}

/// Sets the log up for the process.
///
/// # Errors
/// The level is no filter, or there is a log already.
pub fn install(log: &Log) -> Result<(), LogError> {
    let filter = EnvFilter::try_new(&log.level).map_err(|error| LogError::Level {
        level: log.level.clone(),
        reason: error.to_string(),
    })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let installed = match log.format {
        LogFormat::Text => {
            use std::io::IsTerminal;
            lines
                .with_ansi(std::io::stderr().is_terminal())
                .with_target(false)
                .try_init()
        }
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .try_init(),
    };
    installed.map_err(|_| LogError::Again)
}
