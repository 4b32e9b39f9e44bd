//! A few requests over HTTP/1.1, for setting up: no pool, no encodings, lengths only.

use crate::Outcome;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// An answer.
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// Sends one request on a connection that stays open.
pub(crate) fn ask<S: Read + Write>(
    stream: &mut BufReader<S>,
    head: &str,
    body: &[u8],
) -> Outcome<Answered> {
    let request = format!(
        "{head}\r\nHost: bench\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let socket = stream.get_mut();
    socket.write_all(&[request.as_bytes(), body].concat())?;
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let status = line.split(' ').nth(1).ok_or("no status line")?.parse()?;
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Answered { status, body })
}

/// Connects.
pub(crate) fn connect(address: SocketAddr) -> Outcome<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_nodelay(true)?;
    // Small, so that many idle connections cost this side little.
    Ok(BufReader::with_capacity(512, stream))
}

/// Waits until `path` is answered with 200.
pub(crate) fn await_ready(address: SocketAddr, path: &str) -> Outcome<()> {
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        let answered = connect(address)
            .and_then(|mut stream| ask(&mut stream, &format!("GET {path} HTTP/1.1"), b""));
        match answered {
            Ok(Answered { status: 200, .. }) => return Ok(()),
            _ if Instant::now() > until => {
                return Err(format!("{address} was not ready within 120 s").into());
            }
            _ => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// A free port of this machine.
pub(crate) fn free_address() -> Outcome<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
