//! One batch of the loading: sent until it is answered, every command of it done or the loading stops.

use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::HeaderValue;

use crate::error::{LoadError, WireError};
use crate::wire::{BatchResult, Connection, Request, parse};

const PATH: &str = "/v1/batches";
/// How often a batch is sent again when the server sheds or the connection fails.
const TRIES: u32 = 60;
/// The pause between tries.
const PAUSE: Duration = Duration::from_millis(250);

/// What one command came to.
pub(super) struct Done {
    /// The document.
    pub(super) document: u64,
    /// Sequence number of its record.
    pub(super) seq: u64,
}

#[derive(serde::Deserialize)]
struct Results<'a> {
    #[serde(borrow)]
    results: Vec<BatchResult<'a>>,
}

/// Sends a batch; the keys in it make sending it again harmless.
pub(super) async fn send(
    connection: &mut Connection,
    token: &HeaderValue,
    body: String,
) -> Result<Vec<Done>, LoadError> {
    let body = Bytes::from(body);
    let mut last = LoadError::Request {
        method: "POST",
        path: PATH.into(),
        source: WireError::Cut,
    };
    for _ in 0..TRIES {
        match connection
            .send(&Request::post(PATH, token, None, body.clone()))
            .await
        {
            Ok(answer) if answer.status == StatusCode::OK => {
                let shed = answer.body.windows(12).any(|w| w == b"\"status\":503");
                if !shed {
                    return read(&answer.body);
                }
                last = refused(503, "part of the batch was shed");
            }
            Ok(answer) if answer.status == StatusCode::SERVICE_UNAVAILABLE => {
                last = refused(503, "shed")
            }
            Ok(answer) => {
                let text = String::from_utf8_lossy(&answer.body);
                return Err(refused(
                    answer.status.as_u16(),
                    text.get(..400).unwrap_or(&text),
                ));
            }
            Err(source) => {
                last = LoadError::Request {
                    method: "POST",
                    path: PATH.into(),
                    source,
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(last)
}

fn read(body: &[u8]) -> Result<Vec<Done>, LoadError> {
    let results: Results<'_> = parse("batch", body)?;
    let done = |result: &BatchResult<'_>| match (&result.answer, &result.problem) {
        (Some(answer), _) => Ok(Done {
            document: number(&answer.id)?,
            seq: number(&answer.seq)?,
        }),
        (None, Some(problem)) => Err(refused(
            result.status,
            &format!("{}: {}", &*problem.code, &*problem.detail),
        )),
        (None, None) => Err(refused(result.status, "no answer and no problem")),
    };
    results.results.iter().map(done).collect()
}

fn number(text: &str) -> Result<u64, LoadError> {
    u64::from_str(text).map_err(|_| LoadError::format("batch", format!("{text:?} is no number")))
}

fn refused(status: u16, detail: &str) -> LoadError {
    LoadError::Answer {
        method: "POST",
        path: PATH.into(),
        status,
        detail: detail.to_owned(),
    }
}
