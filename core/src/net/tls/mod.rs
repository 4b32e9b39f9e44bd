//! TLS on the service port (传输加密): TLS 1.3 and nothing older, beside plain HTTP.
//!
//! [`keeper`] holds what handshakes are made with and reads it anew when its files change; `config` puts that
//! together; `certificate` says whose a certificate is and how long it is good; `shake` makes the handshakes of one
//! network thread, so many at a time.
//!
//! # What is left out on purpose
//! - **0-RTT**: what a client sends with its first flight can be sent again by whoever recorded it (RFC 8446 §8). Commands
//!   carry idempotency keys, reads do not, and nothing here is worth a second look at which is which.
//! - **TLS 1.2**: all that it has beyond 1.3 is what 1.3 left out.

mod certificate;
mod config;
mod keeper;
mod shake;

pub use keeper::{TlsKeeper, Watched};
pub(super) use shake::Handshakes;
