//! One HTTP connection that may break: just enough of HTTP/1.1 for the trials.

use crate::Outcome;
use serde_json::Value;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long an answer is waited for, unless the caller has more patience.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);

/// See the module.
pub(crate) struct Wire {
    stream: BufReader<TcpStream>,
    token: String,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// What `Hubu-Stale` says.
    pub(crate) stale: Option<String>,
    pub(crate) body: Value,
}

impl Wire {
    pub(crate) fn open(address: SocketAddr, token: &str) -> std::io::Result<Wire> {
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        stream.set_nodelay(true)?;
        Ok(Wire {
            stream: BufReader::new(stream),
            token: token.to_owned(),
        })
    }

    /// With more patience.
    pub(crate) fn within(self, patience: Duration) -> std::io::Result<Wire> {
        self.stream.get_ref().set_read_timeout(Some(patience))?;
        Ok(self)
    }

    pub(crate) fn get(&mut self, path: &str) -> Outcome<Reply> {
        Ok(self.ask("GET", path, "-", "")?)
    }

    /// The whole answer; an error says that nobody knows what became of the request.
    pub(crate) fn ask(
        &mut self,
        method: &str,
        path: &str,
        key: &str,
        body: &str,
    ) -> std::io::Result<Reply> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Idempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let status = self.line()?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| Error::other("no status"))?;
        let (mut length, mut stale) = (0, None);
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().map_err(Error::other)?,
                "hubu-stale" => stale = Some(value.trim().to_owned()),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Ok(Reply {
            status,
            stale,
            body,
        })
    }

    fn line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line)? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}
