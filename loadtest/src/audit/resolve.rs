//! Commands without an answer: the same key is asked again until the server says what became of it.

use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;

use super::finding::{Fault, Findings};
use crate::book::{Book, Key, Unknown};
use crate::wire::{BatchResult, Connection, DocumentAnswer, Minter, Request, parse, serde_body};

/// How often one key is asked again.
const TRIES: u32 = 10;
/// The pause between tries.
const PAUSE: Duration = Duration::from_millis(300);

/// Asks every open question of the book again and writes the answers into it. Returns how many were settled.
pub(super) async fn resolve(
    book: &mut Book,
    connection: &mut Connection,
    minter: &Minter,
    findings: &mut Findings,
) -> u64 {
    let mut settled = 0;
    for request in book.take_unknown() {
        let key = Key {
            run: book.run,
            worker: book.worker,
            number: request.number,
        };
        match ask(connection, minter, key, &request).await {
            Ok(Some((document, version))) => book.acknowledge(key, document, version),
            Ok(None) => book.refuse(key),
            Err(reason) => {
                findings.add(Fault::Unresolved, key, reason);
                // A later audit asks again.
                book.leave_unknown(key, request);
                continue;
            }
        }
        settled += 1;
    }
    findings.add_unnamed(Fault::Unresolved, book.dropped());
    settled
}

/// `Some` when it was done, `None` when it was refused.
async fn ask(
    connection: &mut Connection,
    minter: &Minter,
    key: Key,
    request: &Unknown,
) -> Result<Option<(u64, u32)>, String> {
    // The token of the run may have ended since; the claims are the same, so the actor is.
    let fresh = crate::wire::Claims {
        exp: crate::wire::Claims::new("", "", 0).exp,
        ..request.claims.clone()
    };
    let token = minter.bearer(&fresh).map_err(|e| e.to_string())?;
    // In a batch the key stands in the body.
    let key = Some(key.to_string()).filter(|_| request.path != "/v1/batches");
    let mut last = String::new();
    for _ in 0..TRIES {
        let body = Bytes::from(request.body.clone());
        match connection
            .send(&Request::post(&request.path, &token, key.as_deref(), body))
            .await
        {
            Ok(answer) if answer.status.is_success() && request.path == "/v1/batches" => {
                match read_batch(&answer.body)? {
                    (Some(done), _) => return read_answer(done),
                    (None, status @ 400..500) if status != 401 => return Ok(None),
                    (None, status) => last = format!("status {status}"),
                }
            }
            Ok(answer) if answer.status.is_success() => {
                let done: DocumentAnswer =
                    serde_body("answer", &answer.body).map_err(|e| e.to_string())?;
                return read_answer(done);
            }
            Ok(answer) if answer.status.is_client_error() && answer.status.as_u16() != 401 => {
                return Ok(None);
            }
            Ok(answer) => last = format!("status {}", answer.status),
            Err(error) => last = error.to_string(),
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(last)
}

fn read_answer(done: DocumentAnswer) -> Result<Option<(u64, u32)>, String> {
    let id = u64::from_str(&done.id).map_err(|e| e.to_string())?;
    Ok(Some((id, done.version)))
}

/// The one result of a batch of one: its answer, or its status.
fn read_batch(body: &[u8]) -> Result<(Option<DocumentAnswer>, u16), String> {
    #[derive(serde::Deserialize)]
    struct Results<'a> {
        #[serde(borrow)]
        results: Vec<BatchResult<'a>>,
    }
    let mut read: Results<'_> = parse("batch", body).map_err(|e| e.to_string())?;
    let one = read.results.pop().ok_or("the batch has no result")?;
    Ok((one.answer, one.status))
}
