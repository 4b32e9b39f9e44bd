//! HTTP/2 written by hand: what no well-behaved client sends.
#![allow(dead_code, unreachable_pub, reason = "shared by tests and trials")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;

/// A connection of which every frame is written by hand.
pub struct Frames {
    stream: TcpStream,
    next: u32,
    /// Whether a request was begun that has no end.
    is_open: bool,
    is_broken: bool,
}

impl Frames {
    pub fn connect(address: SocketAddr) -> io::Result<Frames> {
        let mut stream = TcpStream::connect(address)?;
        let limit = Some(Duration::from_secs(30));
        stream.set_read_timeout(limit)?;
        stream.set_write_timeout(limit)?;
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")?;
        Ok(Frames {
            stream,
            next: 1,
            is_open: false,
            is_broken: false,
        })
    }

    /// One frame of any kind.
    pub fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.send_at_once(&[(kind, flags, stream, payload)]);
    }

    /// Frames (kind, flags, stream, payload) in one write: what the last one says is there when the first is read.
    pub fn send_at_once(&mut self, frames: &[(u8, u8, u32, &[u8])]) {
        let mut bytes = Vec::new();
        for (kind, flags, stream, payload) in frames {
            bytes.extend(&(payload.len() as u32).to_be_bytes()[1..]);
            bytes.extend([*kind, *flags]);
            bytes.extend(stream.to_be_bytes());
            bytes.extend(*payload);
        }
        self.is_broken |= self.stream.write_all(&bytes).is_err();
    }

    /// Whether writing has failed: the server has closed the connection.
    pub fn is_broken(&self) -> bool {
        self.is_broken
    }

    pub fn settings(&mut self, settings: &[(u16, u32)]) {
        let pair = |(name, value): &(u16, u32)| {
            let mut bytes = name.to_be_bytes().to_vec();
            bytes.extend(value.to_be_bytes());
            bytes
        };
        let payload: Vec<u8> = settings.iter().flat_map(pair).collect();
        self.send(SETTINGS, 0, 0, &payload);
    }

    /// A whole GET request; gives its stream.
    pub fn get(&mut self, path: &str, authorization: &str) -> u32 {
        self.request(0x82, path, authorization, 5)
    }

    fn request(&mut self, method: u8, path: &str, authorization: &str, flags: u8) -> u32 {
        // Indexed: `:method`, `:scheme: http`; literal without indexing: `:path`, `:authority`, `authorization`.
        let mut block = vec![method, 0x86];
        for (index, value) in [(4, path), (1, "h"), (23, authorization)] {
            literal(&mut block, index, value);
        }
        let stream = self.next;
        self.next += 2;
        self.send(HEADERS, flags, stream, &block);
        stream
    }

    /// Begins a request's headers and does not end them; the second time does nothing.
    pub fn open_headers_once(&mut self) {
        if !std::mem::replace(&mut self.is_open, true) {
            self.send(HEADERS, 0, self.next, &[0x82, 0x86]);
        }
    }

    /// Begins a POST whose body is to come, on the first stream; the second time does nothing.
    pub fn open_post_once(&mut self, path: &str, authorization: &str) {
        if !std::mem::replace(&mut self.is_open, true) {
            self.request(0x83, path, authorization, 4);
        }
    }

    /// More of the headers, and not the last.
    pub fn continuation(&mut self, block: &[u8]) {
        self.send(CONTINUATION, 0, self.next, block);
    }

    /// Takes a request back.
    pub fn reset(&mut self, stream: u32) {
        self.send(RST_STREAM, 0, stream, &8_u32.to_be_bytes());
    }

    /// Whether the next answer is a yes; nothing when there is none.
    pub fn is_next_fine(&mut self) -> Option<bool> {
        loop {
            let (kind, payload) = self.hear()?;
            if kind == HEADERS {
                // Indexed `:status: 200`, with which an answer's headers begin.
                return Some(payload.first() == Some(&0x88));
            }
        }
    }

    /// Whether the next answer is a yes, within so much time; nothing when there is none, or the stream is broken off.
    pub fn is_next_fine_within(&mut self, limit: Duration) -> Option<bool> {
        self.stream.set_read_timeout(Some(limit)).ok()?;
        loop {
            match self.hear()? {
                (HEADERS, payload) => return Some(payload.first() == Some(&0x88)),
                (RST_STREAM, _) => return None,
                _ => {}
            }
        }
    }

    /// Reads what is there, so that the server can go on saying it.
    pub fn swallow(&mut self) {
        let mut chunk = [0; 4096];
        self.is_broken |= self.stream.set_nonblocking(true).is_err();
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => self.is_broken = true,
                Ok(_) => continue,
                Err(error) => self.is_broken |= error.kind() != io::ErrorKind::WouldBlock,
            }
            break;
        }
        self.is_broken |= self.stream.set_nonblocking(false).is_err();
    }

    fn hear(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.stream.read_exact(&mut payload).ok()?;
        Some((head[3], payload))
    }

    /// Reads until the server closes; false when it does not in time.
    pub fn is_closed(&mut self) -> bool {
        let mut chunk = [0; 4096];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => {
                    use std::io::ErrorKind::{TimedOut, WouldBlock};
                    return !matches!(error.kind(), WouldBlock | TimedOut);
                }
            }
        }
    }
}

/// A header of the static table with a value of one's own (RFC 7541 §6.2.2).
fn literal(block: &mut Vec<u8>, index: u8, value: &str) {
    integer(block, 4, 0, index.into());
    integer(block, 7, 0, value.len());
    block.extend(value.as_bytes());
}

/// An integer with a prefix of so many bits (RFC 7541 §5.1).
fn integer(block: &mut Vec<u8>, bits: u8, flags: u8, value: usize) {
    let most = (1 << bits) - 1;
    if value < most {
        block.push(flags | value as u8);
        return;
    }
    block.push(flags | most as u8);
    let mut rest = value - most;
    while rest >= 128 {
        block.push(rest as u8 | 128);
        rest >>= 7;
    }
    block.push(rest as u8);
}
