//! Access (权限): from a bearer token to an actor, and what that actor may see and touch.
//!
//! `provider` is the cryptography (HS256 and Ed25519, pure Rust), `key` holds whom we believe, `claims`
//! is what a token says, `token` verifies and remembers, [`actor`] judges scope: reading reaches down
//! the tree of divisions, editing stays in one's own, an agency's people see their agency alone.
//! Roles and separation of duties are the document type's and are judged with the document.

pub mod actor;
mod claims;
mod error;
mod key;
mod provider;
mod token;

pub use actor::Actor;
pub use claims::Claims;
pub use error::AccessError;
pub use key::{SigningKey, TrustedKeys};
pub use token::{Tokens, Verified};
