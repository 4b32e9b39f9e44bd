//! HTTP/1.1 by hand over one blocking connection, so that every byte and every close is seen.

use crate::Outcome;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::IpBindAddressNoPort;
use serde_json::Value;
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// The longest wait for anything; what takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connections from one source address before the next is taken: well below the ports that there are.
const PORTS_PER_ADDRESS: usize = 12_000;

/// A whole answer.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) retry_after: Option<u64>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn json(&self) -> Outcome<Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// Whether it is a refusal as it should be: 503, with the time to come back.
    pub(super) fn is_shed(&self) -> bool {
        self.status == 503 && self.retry_after.is_some()
    }
}

/// One connection.
pub(super) struct Wire {
    pub(super) stream: TcpStream,
    /// What came and was not used.
    buffer: Vec<u8>,
}

impl Wire {
    pub(super) fn open(address: SocketAddr) -> Outcome<Wire> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        Ok(Wire::from_stream(stream, PATIENCE)?)
    }

    pub(super) fn from_stream(stream: TcpStream, patience: Duration) -> std::io::Result<Wire> {
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Wire {
            stream,
            buffer: Vec::new(),
        })
    }

    pub(super) fn get(&mut self, path: &str, token: &str) -> Outcome<Reply> {
        self.stream.write_all(get(path, token).as_bytes())?;
        Ok(self.hear()?)
    }

    pub(super) fn post(
        &mut self,
        path: &str,
        token: &str,
        key: &str,
        body: &str,
    ) -> Outcome<Reply> {
        self.stream
            .write_all(post(path, token, key, body).as_bytes())?;
        Ok(self.hear()?)
    }

    /// The next answer.
    pub(super) fn hear(&mut self) -> std::io::Result<Reply> {
        let mut chunk = [0; 16 << 10];
        loop {
            if let Some((reply, length)) = parse(&self.buffer) {
                self.buffer.drain(..length);
                return Ok(reply);
            }
            match self.stream.read(&mut chunk)? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                count => self.buffer.extend_from_slice(&chunk[..count]),
            }
        }
    }

    /// Whether the server has closed, as far as is known now.
    pub(super) fn is_closed(&mut self) -> bool {
        let mut chunk = [0; 4096];
        let read = self
            .stream
            .set_nonblocking(true)
            .and_then(|()| self.stream.read(&mut chunk));
        let kept = self.stream.set_nonblocking(false).is_ok();
        let is_open = match read {
            Ok(count) => count > 0,
            Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
        };
        !(is_open && kept)
    }

    /// Waits until the server closes; false when it does not within `limit`.
    pub(super) fn is_closed_within(&mut self, limit: Duration) -> bool {
        let end = std::time::Instant::now() + limit;
        let mut chunk = [0; 16 << 10];
        while let Some(left) = end.checked_duration_since(std::time::Instant::now()) {
            let _refused = self
                .stream
                .set_read_timeout(Some(left.max(Duration::from_millis(1))));
            match self.stream.read(&mut chunk) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => match error.kind() {
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => {}
                    _ => return true,
                },
            }
        }
        false
    }
}

/// A read.
pub(super) fn get(path: &str, token: &str) -> String {
    let authorization = authorization(token);
    format!("GET {path} HTTP/1.1\r\nHost: h\r\n{authorization}\r\n")
}

/// A command.
pub(super) fn post(path: &str, token: &str, key: &str, body: &str) -> String {
    format!("{}{body}", head(path, token, key, body.len()))
}

/// The head of a command.
pub(super) fn head(path: &str, token: &str, key: &str, length: usize) -> String {
    let authorization = authorization(token);
    format!(
        "POST {path} HTTP/1.1\r\nHost: h\r\n{authorization}Content-Type: application/json\r\n\
         Idempotency-Key: {key}\r\nContent-Length: {length}\r\n\r\n"
    )
}

fn authorization(token: &str) -> String {
    if token.is_empty() {
        String::new()
    } else {
        format!("Authorization: Bearer {token}\r\n")
    }
}

/// The first whole answer, and how many bytes it has.
pub(super) fn parse(bytes: &[u8]) -> Option<(Reply, usize)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let field = |name: &str| {
        head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known
                .eq_ignore_ascii_case(name)
                .then(|| value.trim().parse::<u64>().ok())?
        })
    };
    let length = end + usize::try_from(field("content-length").unwrap_or(0)).ok()?;
    let reply = Reply {
        status: head.get(9..12)?.parse().ok()?,
        retry_after: field("retry-after"),
        body: bytes.get(end..length)?.to_vec(),
    };
    Some((reply, length))
}

/// Opens the `number`th connection of a crowd, from one of many source addresses.
pub(super) fn connect_from(address: SocketAddr, number: usize) -> Outcome<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    // The port is chosen at the connect, when the other end is known: much quicker with many.
    setsockopt(&socket, IpBindAddressNoPort, &true)?;
    let last = u8::try_from(2 + number / PORTS_PER_ADDRESS % 250)?;
    let source = SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0));
    socket.bind(&source.into())?;
    socket.connect_timeout(&address.into(), PATIENCE)?;
    socket.set_tcp_nodelay(true)?;
    Ok(socket.into())
}
