//! Access (权限): from a bearer token to an actor.
//!
//! `jws` is a token's outer form, `claims` what it says, `rules` what it must say, `binding` whose certificate has to come with it, `actor` makes the engine's actor of it.
//! `key` is one key and `ring` all of them, from settings, `jwks` and `folder`; `revocation` lists what is no longer
//! believed; `trust` reads all of these together. `token` verifies and remembers, `recent` is a thread's own short
//! memory. What an actor may see and do is judged beside the state, in [`crate::engine::permit`].

mod actor;
mod binding;
mod claims;
mod error;
mod file;
mod folder;
mod jwks;
mod jws;
mod key;
mod moment;
mod recent;
mod revocation;
mod ring;
mod rules;
mod token;
mod trust;

pub use actor::actor_of;
pub use binding::{Confirmation, Thumbprint};
pub use claims::{Audience, Claims, Only};
pub use error::AccessError;
pub use jws::TokenAlgorithm;
pub use key::SigningKey;
pub use recent::Recent;
pub use token::{Bearer, Tokens, Verified};
pub use trust::TrustedKeys;
