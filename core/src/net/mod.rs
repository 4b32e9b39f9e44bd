//! Sockets (网络): one single-threaded runtime a core, each with its own listener; nothing is shared on
//! the way in.
//!
//! [`plan`] works out how many threads hold the wanted connections; `descriptor` gives each thread a
//! descriptor table of its own where the limit on open files asks for it; [`server`] starts and stops
//! the threads; `thread` is the life of one; `connection` the life of one connection; `sweep` closes
//! connections that are slow, idle or old, without a timer each; `socket` is the wire, [`tls`] what it is wrapped in, and
//! `screen` refuses heads that two readers could read in two ways.
//!
//! # Private descriptor tables
//! With tables of its own a network thread may not touch a file or socket that another thread opened,
//! nor drop one: the number means something else there. Whatever reads files (archive, journal) runs on
//! threads that were there before the tables were parted; see `http::reader`.

mod connection;
mod descriptor;
mod error;
mod handler;
mod listener;
pub mod plan;
mod screen;
pub mod server;
mod socket;
mod sweep;
mod thread;
pub mod tls;

pub use error::NetError;
pub use handler::{Answer, Handler, Handlers};
pub use server::{Prepared, Running};
