//! What Hubu's tests and benches need from the world around them. For development only; nothing of the product uses it.
//!
//! [`PgServer`] is a database to test with; [`PgCluster`] is a real PostgreSQL of one's own: own folder, own port, full durability;
//! [`Program`] is a program that ends with the test.

mod install;
mod postgres;
mod program;
mod server;
mod sql;

pub use postgres::PgCluster;
pub use program::Program;
pub use server::PgServer;
