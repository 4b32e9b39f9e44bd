//! Access (权限): from a bearer token to an actor.
//!
//! `provider` is the cryptography (HS256 and Ed25519, pure Rust), `key` holds whom we believe, `claims`
//! is what a token says, `actor` makes the engine's actor of it, `token` verifies and remembers. What an
//! actor may see and do is judged beside the state, in [`crate::engine::permit`].

mod actor;
mod claims;
mod error;
mod key;
mod provider;
mod token;

pub use actor::actor_of;
pub use claims::Claims;
pub use error::AccessError;
pub use key::{SigningKey, TrustedKeys};
pub use token::{Tokens, Verified};
