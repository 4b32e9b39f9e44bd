//! A signature (签章) that an official put under a step, and in what capacity (身份) somebody acted.
//!
//! The kernel carries both and judges neither: a signature is checked before a command is decided, and
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

/// In what capacity somebody acted, where it was not simply their own.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Capacity {
    /// Whose duties they performed (代办), while those were delegated to them.
    pub on_behalf_of: Option<Box<str>>,
    /// An emergency access was used (应急): every act under it is marked.
    pub break_glass: bool,
}
