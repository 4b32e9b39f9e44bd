//! Why a signature is not taken.

use crate::cipher::Algorithm;

/// Why a step is not taken for want of a good signature. None of these spends the command's key.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureFault {
    /// The step demands one.
    #[error("this step must be signed: fetch what is to be signed, sign it and send `signature`")]
    Missing,
    /// A new document has no name yet that could be signed.
    #[error("a document is entered first and signed by a later request: leave `transition` out")]
    AtEntry,
    /// It is no signature of its algorithm.
    #[error("this is no {0} signature: 64 bytes in base64 are wanted, or SM2's in DER")]
    Malformed(Algorithm),
    /// The step takes other algorithms.
    #[error("this step does not take {given} signatures, only: {taken}")]
    Algorithm {
        /// As given.
        given: Algorithm,
        /// What the step takes.
        taken: String,
    },
    /// The algorithm named is not the key's.
    #[error("key {key} signs by {actual}, not by {given}")]
    OtherAlgorithm {
        /// The key's fingerprint.
        key: String,
        /// As given.
        given: String,
        /// The key's own.
        actual: Algorithm,
    },
    /// No such key is registered.
    #[error("no signing key {0} is registered: ask whoever keeps the register of signers")]
    UnknownKey(String),
    /// The key is not in force on this day.
    #[error("key {key} is in force {span}, and today is {today}")]
    NotInForce {
        /// The key's fingerprint.
        key: String,
        /// From when to when.
        span: String,
        /// The day in Beijing.
        today: String,
    },
    /// The key is another person's.
    #[error("key {0} is another person's: who takes the step signs, also on behalf of another")]
    OtherSigner(String),
    /// The signature is not this key's of this document as it stands.
    #[error(
        "the signature does not fit the document as it stands: fetch what is to be signed anew, compare and sign that"
    )]
    Unfit,
    /// More signatures at once than are checked at once.
    #[error("an atomic batch has at most {max} signed steps, not {found}: send several")]
    TooMany {
        /// The most.
        max: usize,
        /// As given.
        found: usize,
    },
}

impl SignatureFault {
    /// Whether somebody signed with what is not theirs, or something else than what stands there, and not only left a
    /// signature out or wrote it badly.
    pub fn is_of_access(&self) -> bool {
        matches!(
            self,
            SignatureFault::UnknownKey(_)
                | SignatureFault::NotInForce { .. }
                | SignatureFault::OtherSigner(_)
                | SignatureFault::Unfit
        )
    }
}
