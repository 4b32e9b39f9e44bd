//! Why the network floor cannot serve.

use std::io;
use std::net::SocketAddr;

/// A fault of the network floor.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address wanted.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A thread, a runtime or a descriptor table could not be had.
    #[error("cannot start a network thread: {0}")]
    Start(io::Error),
    /// A network thread ended before its time.
    #[error("a network thread ended unexpectedly")]
    Lost,
}
