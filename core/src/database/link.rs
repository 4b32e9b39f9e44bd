//! What the settings say of a connection beyond its URL: password, TLS, pooler, family.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::family::FamilyChoice;

/// How much of TLS is asked for, in libpq's words (`sslmode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// Never.
    Disable,
    /// Where the server has it; its certificate is not looked at.
    #[default]
    Prefer,
    /// Always; its certificate is looked at only where root certificates are named, as libpq does.
    Require,
    /// Always, with a certificate that a named root vouches for.
    VerifyCa,
    /// As `VerifyCa`, and it must be the certificate of the host that was asked for.
    VerifyFull,
}

impl TlsMode {
    /// Reads libpq's word.
    ///
    /// # Errors
    /// With the words that there are.
    pub fn parse(word: &str) -> Result<Self, String> {
        Ok(match word {
            "disable" => Self::Disable,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            other => {
                return Err(format!(
                    "sslmode={other} is unknown: disable, prefer, require, verify-ca or verify-full"
                ));
            }
        })
    }
}

/// See the module. An empty path means "none"; what the URL says of the same thing wins.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// The password itself; empty = see the file, then the URL.
    pub password: String,
    /// A file with the password on its first line, read anew for each connection.
    pub password_file: PathBuf,
    /// How much of TLS is asked for.
    pub tls: TlsMode,
    /// Certificates of those whose word counts (PEM).
    pub root_file: PathBuf,
    /// Our own certificate, with those above it (PEM).
    pub certificate_file: PathBuf,
    /// The key of our own certificate (PEM).
    pub key_file: PathBuf,
    /// Whether a pooler in transaction mode stands between: statements are then never prepared by name.
    pub pooler: bool,
    /// Which family of databases it is.
    pub family: FamilyChoice,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("password", &!self.password.is_empty())
            .field("password_file", &self.password_file)
            .field("tls", &self.tls)
            .field("root_file", &self.root_file)
            .field("certificate_file", &self.certificate_file)
            .field("pooler", &self.pooler)
            .field("family", &self.family)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_password() {
        let link = Link {
            password: "hidden-words".into(),
            ..Link::default()
        };
        let shown = format!("{link:?}");
        assert!(!shown.contains("hidden-words"), "{shown}");
        assert!(shown.contains("password: true"), "{shown}");
    }

    #[test]
    fn the_words_of_libpq_are_understood() {
        assert_eq!(TlsMode::parse("verify-full"), Ok(TlsMode::VerifyFull));
        let refused = TlsMode::parse("allow").unwrap_err();
        assert!(refused.contains("disable, prefer"), "{refused}");
    }
}
