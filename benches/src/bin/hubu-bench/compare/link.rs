//! The client's connection: one request at a time over HTTP/1.1, as lean as it goes, since the client shares the cores
//! with what it measures. The same for all systems.

use std::io::{Error, ErrorKind, Result};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// What one answer may need at first; longer ones get more.
const ANSWER: usize = 1024;
/// The longest answer to a payment.
const ANSWER_MAX: usize = 64 << 10;

/// A connection, with its request and its answer under way.
pub(super) struct Link {
    stream: TcpStream,
    /// What [`Link::ask`] sends.
    pub(super) request: Vec<u8>,
    answer: Vec<u8>,
    filled: usize,
}

/// Status line and head of an answer, as far as they are needed.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Where the body begins, and where it ends.
    body: (usize, usize),
}

impl Link {
    /// Connects from this source address, so that one address's ports suffice.
    pub(super) async fn open(to: SocketAddr, source: Ipv4Addr) -> Result<Link> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(IpAddr::V4(source), 0))?;
        let stream = socket.connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Link {
            stream,
            request: Vec::with_capacity(ANSWER),
            answer: vec![0; ANSWER],
            filled: 0,
        })
    }

    /// Sends the request and reads the whole answer: status and body. After an error the connection is of no more use.
    pub(super) async fn ask(&mut self) -> Result<(u16, &[u8])> {
        self.stream.write_all(&self.request).await?;
        self.filled = 0;
        loop {
            if self.filled == self.answer.len() {
                if self.filled >= ANSWER_MAX {
                    return Err(garbled("an answer that is too long"));
                }
                self.answer.resize(self.filled * 2, 0);
            }
            let read = self.stream.read(&mut self.answer[self.filled..]).await?;
            if read == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.filled += read;
            let Some(head) = head(&self.answer[..self.filled])? else {
                continue;
            };
            let (from, to) = head.body;
            if self.filled >= to {
                return Ok((head.status, &self.answer[from..to]));
            }
        }
    }
}

/// The head, when it is whole.
fn head(bytes: &[u8]) -> Result<Option<Head>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let status = std::str::from_utf8(bytes.get(9..12).unwrap_or_default());
    let status = status.ok().and_then(|digits| digits.parse().ok());
    let status = status.ok_or_else(|| garbled("no status line"))?;
    let mut length = None;
    for line in bytes[..end].split(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        if line[..colon].eq_ignore_ascii_case(b"content-length") {
            let value = std::str::from_utf8(&line[colon + 1..]).unwrap_or_default();
            length = value.trim().parse::<usize>().ok();
        }
    }
    let length = length.filter(|length| *length <= ANSWER_MAX);
    let length = length.ok_or_else(|| garbled("no content-length"))?;
    let from = end + 4;
    Ok(Some(Head {
        status,
        body: (from, from + length),
    }))
}

fn garbled(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_when_they_are_whole() {
        let whole = b"HTTP/1.1 201 Created\r\nX: 1\r\nContent-Length: 3\r\n\r\nabc";
        let read = head(whole).unwrap().unwrap();
        assert_eq!(
            (read.status, &whole[read.body.0..read.body.1]),
            (201, &b"abc"[..])
        );
        assert_eq!(head(&whole[..40]).unwrap(), None);
        assert!(head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(head(b"SSH-2.0-x\r\n\r\n").is_err());
    }
}
