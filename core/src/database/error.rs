//! Why there is no connection, in words that say what to do; never with a password in them.

use std::path::PathBuf;

/// Why a connection could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL cannot be understood.
    #[error("{0}")]
    Address(String),
    /// The password's file cannot be read.
    #[error("cannot read {what} in {}: {source}", path.display())]
    File {
        /// What should be in it.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The password's file holds something else.
    #[error("{}: {reason}", path.display())]
    Content {
        /// Where.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A certificate's or a key's file cannot be used.
    #[error("{0}")]
    Files(#[from] crate::tls::TlsError),
    /// TLS was asked for and the server has none, or its certificate is not accepted.
    #[error("TLS: {0}")]
    Tls(String),
    /// The server asks for a password in a way that is not spoken here, or the password is wrong.
    #[error("{0}")]
    Password(String),
    /// The socket broke.
    #[error("the connection broke: {0}")]
    Socket(std::io::Error),
    /// tokio-postgres or the server refused.
    #[error("{}", words(.0))]
    Refused(#[from] tokio_postgres::Error),
}

/// An error of the database and what caused it, on one line; what the pooler makes of prepared statements is explained.
#[must_use]
pub fn words(error: &tokio_postgres::Error) -> String {
    if let Some(told) = ours(error) {
        return told.to_string();
    }
    if let Some(refusal) = error.as_db_error() {
        let text = format!("{} ({})", refusal.message(), refusal.code().code());
        return match refusal.code().code() {
            // A statement that was prepared on another server connection, or one that somebody else left there.
            "26000" | "42P05" => format!(
                "{text}; a pooler in transaction mode stands between: set database.pooler = true"
            ),
            // Some poolers and families refuse the version or a parameter of the startup.
            "08P01" => {
                format!("{text}; if a pooler stands between, see ignore_startup_parameters there")
            }
            _ => text,
        };
    }
    with_causes(error)
}

/// Our own error in the chain of causes: its words say it all.
fn ours(error: &tokio_postgres::Error) -> Option<&ConnectError> {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<ConnectError>() {
            return Some(found);
        }
        // What comes through a socket is wrapped in the system's error.
        let inner = error.downcast_ref::<std::io::Error>();
        if let Some(found) = inner.and_then(|error| error.get_ref()?.downcast_ref()) {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// An error and what caused it, on one line.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Some errors repeat their cause in their own words.
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
