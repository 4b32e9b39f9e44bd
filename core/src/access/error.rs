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
    /// Neither a secret nor a public key is set: nobody could be let in.
    #[error(
        "no key to verify tokens with: set auth.hs256_secret, auth.hs256_secret_file or auth.ed25519_public_key_file"
    )]
    NoKeys,
}
