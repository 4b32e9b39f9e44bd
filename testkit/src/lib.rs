//! What Hubu's tests and benches need from the world around them. For development only; nothing of the product uses it.
//!
//! [`PgServer`] is a database to test with; [`PgCluster`] is a real PostgreSQL of one's own: own folder, own port, full durability.

mod install;
mod postgres;
mod server;
mod sql;

pub use postgres::PgCluster;
pub use server::PgServer;
