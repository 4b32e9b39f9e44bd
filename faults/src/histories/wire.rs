//! One client's connection, which may break at any byte.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long an answer may take before it counts as lost.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    /// The person's token.
    pub(crate) token: String,
    /// Headers of a command, each with its line's end.
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn get(path: String, token: &str) -> Request {
        Request {
            method: "GET",
            path,
            token: token.to_owned(),
            headers: String::new(),
            body: String::new(),
        }
    }

    pub(crate) fn post(path: String, token: &str, key: &str, body: &Value) -> Request {
        Request {
            method: "POST",
            path,
            token: token.to_owned(),
            headers: format!("Content-Type: application/json\r\nIdempotency-Key: {key}\r\n"),
            body: body.to_string(),
        }
    }
}

/// See the module; connected anew where it must be.
pub(crate) struct Wire {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl Wire {
    pub(crate) fn new(address: SocketAddr) -> Wire {
        Wire {
            address,
            stream: None,
        }
    }

    /// The status and the body; nothing when the whole answer did not arrive, and then nobody knows.
    pub(crate) fn ask(&mut self, request: &Request) -> Option<(u16, Value)> {
        let answer = self.try_ask(request);
        if answer.is_none() {
            self.stream = None;
        }
        answer
    }

    fn try_ask(&mut self, request: &Request) -> Option<(u16, Value)> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address).ok()?;
            stream.set_read_timeout(Some(ANSWER_MAX)).ok()?;
            stream.set_nodelay(true).ok()?;
            self.stream = Some(BufReader::new(stream));
        }
        let stream = self.stream.as_mut()?;
        let Request {
            method,
            path,
            token,
            headers,
            body,
        } = request;
        let text = format!(
            "{method} {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.get_mut().write_all(text.as_bytes()).ok()?;
        let status = whole_line(stream)?.split(' ').nth(1)?.parse().ok()?;
        let mut length = 0;
        loop {
            let line = whole_line(stream)?;
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        Some((status, serde_json::from_slice(&body).ok()?))
    }
}

/// The next line, unless the connection ends within it.
fn whole_line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    line.ends_with('\n').then_some(line)
}
