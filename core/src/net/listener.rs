//! One listening socket of many on the same address: the kernel spreads connections over them.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

/// Connections that wait to be accepted; the system may allow fewer (net.core.somaxconn).
const BACKLOG: i32 = 65_535;

/// What the kernel keeps of an answer beyond what it has sent: for clients that do not read it would keep megabytes
/// each. More changes nothing for those that do.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 128 << 10;

/// Listens on `address`, beside others of this process that do.
///
/// # Errors
/// What the system says, such as that another process has the address.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    // Connections have it from their listener.
    #[cfg(target_os = "linux")]
    socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
