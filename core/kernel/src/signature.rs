//! A signature (签章) that an official put under a step.
//!
//! The kernel carries it and does not judge it: a signature is checked before a command is decided, and
//! replay takes what was decided as it is.

use crate::ident::{Seq, TransitionId};
use alloc::boxed::Box;

/// A signature with the public key that checks it: what a later check needs, whatever became of the
/// register of keys.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Signature {
    /// The algorithm, by its stable number: 1 SM2 with SM3, 2 Ed25519.
    pub algorithm: u8,
    /// The public key, as the algorithm writes it.
    pub key: Box<[u8]>,
    /// The signature itself.
    pub value: Box<[u8]>,
}

/// A signature under a document: which step it was put under, and by whom.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Signed {
    /// The record that brought it.
    pub seq: Seq,
    /// The version that was signed: the one that the step found.
    pub version: u32,
    /// The step.
    pub transition: TransitionId,
    /// Who signed: the person who took the step.
    pub signer: Box<str>,
    /// The signature.
    pub signature: Signature,
}
