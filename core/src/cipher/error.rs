//! What can be wrong with a key, a signature or sealed bytes. No variant carries a secret.

/// A failure of a cipher.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CipherError {
    /// Not a key of a kind that is known here.
    #[error(
        "not a {what}: {fault}. Wanted is PEM as `openssl genpkey -algorithm SM2` or `-algorithm ED25519` writes it"
    )]
    Key {
        /// "public key" or "private key".
        what: &'static str,
        /// What is wrong with it.
        fault: String,
    },
    /// The name of an algorithm or cipher that is not known here.
    #[error("unknown {what} \"{name}\"; known are {known}")]
    Name {
        /// What was named.
        what: &'static str,
        /// As it was given.
        name: String,
        /// The names that would do.
        known: &'static str,
    },
    /// A key for sealing of a length that its cipher does not take.
    #[error("{kind} takes a key of {wanted} bytes, not {given}")]
    KeySize {
        /// The cipher.
        kind: &'static str,
        /// What it takes, in bytes.
        wanted: usize,
        /// What it got, in bytes.
        given: usize,
    },
    /// The bytes are no signature.
    #[error("not a signature: {0}")]
    Signature(&'static str),
    /// The signature is one, but not of this message by this key.
    #[error("the signature does not fit the message and the key")]
    Forged,
    /// Sealed bytes that do not open: another key, other associated data, or changed bytes. GCM can't tell which.
    #[error("sealed bytes do not open: the key is another, or they were changed")]
    Sealed,
    /// A locked key file that can't be read or unlocked.
    #[error("the key file: {0}")]
    KeyFile(String),
    /// A device or the algorithm itself could not sign.
    #[error("could not sign: {0}")]
    Signing(String),
    /// The system gave no random bytes.
    #[error("the system gave no random bytes: {0}")]
    Random(String),
}
