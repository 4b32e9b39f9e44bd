//! What Hubu's tests and benches need from the world around them. For development only; nothing of the product uses it.
//!
//! [`PgServer`] is a database to test with; [`PgCluster`] is a real PostgreSQL of one's own: own folder, own port, full durability;
//! [`Program`] is a program that ends with the test, [`debian_program`] one that is installed where it is missing; [`Pooler`] is a
//! PgBouncer before it; [`Site`] is a server `hubu` as people run it, and [`Wire`] a connection to it
//! that may break.

mod commit;
mod family;
mod install;
mod pooler;
mod postgres;
mod program;
mod server;
mod site;
mod sql;
mod wire;

pub use commit::tree_commit;
pub use install::debian_program;
pub use pooler::Pooler;
pub use postgres::PgCluster;
pub use program::Program;
pub use server::PgServer;
pub use site::Site;
pub use sql::sql;
pub use wire::{Reply, Wire};
