//! A kept connection on which many requests are sent before their answers are read.

use crate::Outcome;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Requests on their way at once: their answers fit into a socket's buffer.
const AHEAD: usize = 32;

/// What is asked.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) path: String,
    /// Header lines, each with its end.
    pub(super) headers: String,
    pub(super) body: String,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// The connection of one asker.
pub(super) struct Pipe {
    stream: BufReader<TcpStream>,
    token: String,
}

impl Request {
    pub(super) fn get(path: String) -> Request {
        let (headers, body) = (String::new(), String::new());
        Request {
            method: "GET",
            path,
            headers,
            body,
        }
    }

    pub(super) fn post(path: String, headers: String, body: String) -> Request {
        Request {
            method: "POST",
            path,
            headers,
            body,
        }
    }
}

impl Pipe {
    pub(super) fn open(address: SocketAddr, token: &str) -> Outcome<Pipe> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Pipe {
            stream: BufReader::new(stream),
            token: token.to_owned(),
        })
    }

    /// Asks one.
    pub(super) fn ask(&mut self, request: Request) -> Outcome<Reply> {
        let mut replies = self.ask_all(std::slice::from_ref(&request))?;
        Ok(replies.pop().ok_or("no answer")?)
    }

    /// Asks all, and answers in their order.
    pub(super) fn ask_all(&mut self, requests: &[Request]) -> Outcome<Vec<Reply>> {
        let mut replies = Vec::with_capacity(requests.len());
        for some in requests.chunks(AHEAD) {
            let bytes: String = some.iter().map(|request| self.text(request)).collect();
            self.stream.get_mut().write_all(bytes.as_bytes())?;
            for _ in some {
                replies.push(self.reply()?);
            }
        }
        Ok(replies)
    }

    fn text(&self, request: &Request) -> String {
        let Request {
            method,
            path,
            headers,
            body,
        } = request;
        let (token, length) = (&self.token, body.len());
        format!(
            "{method} {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\nAccept-Language: en\r\n{headers}\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    }

    fn reply(&mut self) -> Outcome<Reply> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| format!("no status: {line:?}"))?;
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            if line.trim_end().is_empty() {
                break;
            }
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Reply { status, body })
    }
}
