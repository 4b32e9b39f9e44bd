//! Documents signed by officials (签章): what is signed, whose keys count, and whether a signature fits.
//!
//! The kernel knows nothing of it. The engine asks [`admit`] before it decides a step and journals the
//! signature with the public key; [`form`] is what both the signer and every later check make the same
//! bytes of, drawn byte by byte in docs/signatures.md; [`register`] says who may sign with which key and
//! when, and may change from day to day: a signature that was taken stays good, as its key stands beside it.
//!
//! In the flow: the engine, HTTP and the commands import from here; this imports the catalog and the
//! ciphers alone.

mod check;
mod fault;
pub mod form;
pub mod register;
mod statement;

pub use check::{Admitted, Presented, TOGETHER_MAX, admit, algorithm_name, public_key};
pub use fault::SignatureFault;
pub use statement::{Part, Statement, digest};
