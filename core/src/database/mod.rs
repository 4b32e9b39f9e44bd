//! How a PostgreSQL database is reached (数据库连接): the one way to a connection, for journal, lease, standby, standard tables and
//! `hubu check-database` alike.
//!
//! Reading order: [`link`] is what the settings say, [`family`] which databases are known; [`address`] reads a URL. `dial` makes
//! a connection: it reads password and certificates anew each time, so that both change without a restart, and hands the socket
//! to `negotiate`, which speaks TLS where it is wanted; `channel` is what tokio-postgres then talks through, and answers
//! openGauss' own request for a password, which tokio-postgres does not know (`gauss`). [`client`] sends statements, prepared by
//! name or, behind a pooler, not.
//!
//! Almost a leaf: of ours it imports `tls` alone, which reads PEM files for every TLS.

pub mod family;
pub mod link;
pub mod shown;

#[cfg(feature = "postgres")]
pub mod address;
#[cfg(feature = "postgres")]
mod binding;
#[cfg(feature = "postgres")]
mod channel;
#[cfg(feature = "postgres")]
pub mod client;
#[cfg(feature = "postgres")]
pub mod dial;
#[cfg(feature = "postgres")]
pub mod error;
#[cfg(feature = "postgres")]
mod gauss;
#[cfg(feature = "postgres")]
mod negotiate;
#[cfg(feature = "postgres")]
mod tls;
#[cfg(feature = "postgres")]
mod verifier;
