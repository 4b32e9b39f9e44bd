//! Why somebody is not let in, or not there.

use std::path::PathBuf;

/// A refusal of access, or keys that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// There is no `Authorization: Bearer …`.
    #[error("no bearer token")]
    Missing,
    /// The token is no JWT of ours: form, algorithm or signature.
    #[error("the token is not valid: {0}")]
    Invalid(String),
    /// The token's time is over.
    #[error("the token has expired")]
    Expired,
    /// The token's time has not begun.
    #[error("the token is not valid yet")]
    NotYet,
    /// The token, its holder, its key or its age is on the list of what is revoked.
    #[error("the token is revoked")]
    Revoked,
    /// The token is bound to a client certificate, and this connection showed none, or another.
    #[error("the token is bound to a client certificate that this connection did not show")]
    Unbound,
    /// A token that was somebody's: its signature fits, and yet it is not believed. In words it says no more than `error`, as
    /// those go to whoever shows the token.
    #[error("{error}")]
    Of {
        /// Whose it is.
        subject: Box<str>,
        /// Why it is not believed.
        error: Box<AccessError>,
    },
    /// The token names a division that the catalog does not have.
    #[error("the token names an unknown division: {0}")]
    UnknownDivision(String),
    /// A key file cannot be read or holds no key.
    #[error("{}: {reason}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// No key is set: nobody could be let in.
    #[error(
        "no key to verify tokens with: set auth.hs256_secret, auth.hs256_secret_file, auth.ed25519_public_key_file, auth.sm2_public_key_file, auth.jwks_file or auth.key_folder"
    )]
    NoKeys,
}

impl AccessError {
    /// The same of somebody's token, where it is one that was good once, or elsewhere: it is over, revoked, or bound to a certificate.
    pub(super) fn of(self, subject: &str) -> Self {
        match self {
            Self::Expired | Self::Revoked | Self::Unbound => Self::Of {
                subject: subject.into(),
                error: Box::new(self),
            },
            other => other,
        }
    }

    /// Why, whosever it is.
    #[must_use]
    pub fn bare(self) -> Self {
        match self {
            Self::Of { error, .. } => *error,
            other => other,
        }
    }
}
