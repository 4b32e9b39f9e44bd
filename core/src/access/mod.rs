//! Access (权限): from a bearer token to an actor.
//!
//! `provider` is the cryptography (HS256 and Ed25519, pure Rust), `key` holds whom we believe, `claims`
//! is what a token says, `actor` makes the engine's actor of it, `token` verifies and remembers, `recent` is a thread's own short memory. What an
//! actor may see and do is judged beside the state, in [`crate::engine::permit`].

mod actor;
mod claims;
mod error;
mod key;
mod provider;
mod recent;
mod token;

pub use actor::actor_of;
pub use claims::Claims;
pub use error::AccessError;
pub use key::{SigningKey, TrustedKeys};
pub use recent::Recent;
pub use token::{Tokens, Verified};
