//! Reading at length: one GET with patience, for the audit and the seeding.

use std::time::Duration;

use hyper::StatusCode;
use hyper::header::HeaderValue;

use super::{Answer, Connection, Request};
use crate::error::{LoadError, WireError};

/// How often a read is tried when the connection fails or the server sheds.
const TRIES: u32 = 20;
/// The pause between tries, at most.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// A connection with the token that it reads by.
#[derive(Debug)]
pub struct Reader {
    /// The connection.
    pub connection: Connection,
    /// The token.
    pub token: HeaderValue,
}

impl Reader {
    /// GET, with retries; any status but 200 is an error.
    pub async fn get(&mut self, path: &str) -> Result<Answer, LoadError> {
        get(&mut self.connection, &self.token, path).await
    }
}

/// GET, repeated while the server cannot be reached or sheds; any other status than 200 is an error.
pub async fn get(
    connection: &mut Connection,
    token: &HeaderValue,
    path: &str,
) -> Result<Answer, LoadError> {
    let mut last = LoadError::Request {
        method: "GET",
        path: path.to_owned(),
        source: WireError::Cut,
    };
    for attempt in 0..TRIES {
        match connection.send(&Request::get(path, token)).await {
            Ok(answer) if answer.status == StatusCode::OK => return Ok(answer),
            Ok(answer) => {
                let busy = answer.status == StatusCode::SERVICE_UNAVAILABLE;
                last = refused("GET", path, &answer);
                if !busy {
                    return Err(last);
                }
            }
            Err(source) => {
                last = LoadError::Request {
                    method: "GET",
                    path: path.to_owned(),
                    source,
                }
            }
        }
        tokio::time::sleep(PAUSE_MAX.min(Duration::from_millis(50 << attempt.min(6)))).await;
    }
    Err(last)
}

/// An answer that we cannot go on with, as an error.
pub(super) fn refused(method: &'static str, path: &str, answer: &Answer) -> LoadError {
    let text = String::from_utf8_lossy(&answer.body);
    let detail = text.chars().take(400).collect();
    LoadError::Answer {
        method,
        path: path.to_owned(),
        status: answer.status.as_u16(),
        detail,
    }
}
