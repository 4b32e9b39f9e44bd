//! The double on a socket of its own.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Lie;
use super::ledger::{Actor, Ledger};
use super::view;

/// A running double.
pub struct Double {
    pub url: String,
    pub books: Arc<Mutex<Ledger>>,
}

/// Starts a double on a free port; it lives as long as the runtime.
pub async fn start(lie: Lie) -> Double {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let books = Arc::new(Mutex::new(Ledger::new(lie)));
    let shared = books.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let books = shared.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| answer(books.clone(), request));
                let connection = hyper::server::conn::http1::Builder::new();
                let _ = connection
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    Double { url, books }
}

async fn answer(
    books: Arc<Mutex<Ledger>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let pause = books.lock().pause_ms;
    if pause > 0 {
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let bearer = head
        .headers
        .get("authorization")
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let Some(actor) = actor(bearer) else {
        return Ok(respond((
            401,
            json!({"code": "unauthenticated", "status": 401, "title": "no token"}),
        )));
    };
    let path = head.uri.path().to_owned();
    if head.method == Method::GET {
        let query = head.uri.query().unwrap_or("");
        let query: HashMap<String, String> = query
            .split('&')
            .filter_map(|p| p.split_once('='))
            .map(|(k, v)| (k.into(), v.into()))
            .collect();
        return Ok(respond(view::read(&books.lock(), &actor, &path, &query)));
    }
    let body: Value = if body.is_empty() {
        json!({})
    } else {
        serde_json::from_slice(&body).unwrap()
    };
    let mut body = body;
    let if_match = head.headers.get("if-match").and_then(|v| v.to_str().ok());
    if let Some(version) = if_match.and_then(|v| v.trim_matches('"').parse::<u32>().ok()) {
        body["if_match"] = json!(version);
    }
    let key = head
        .headers
        .get("idempotency-key")
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let (outcome, cut) = post(&mut books.lock(), &actor, &path, key, body);
    if cut {
        Err(std::io::Error::other("cut on purpose"))
    } else {
        Ok(respond(outcome))
    }
}

fn post(
    books: &mut Ledger,
    actor: &Actor,
    path: &str,
    key: &str,
    mut body: Value,
) -> ((u16, Value), bool) {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["v1", "documents"] => books.command(key, actor, "create", &body),
        ["v1", "documents", id, "actions", transition] => {
            body["document"] = json!(id);
            body["transition"] = json!(transition);
            books.command(key, actor, "act", &body)
        }
        ["v1", "batches"] => {
            let mut cut = false;
            let mut results = Vec::new();
            for command in body["commands"].as_array().unwrap() {
                let verb = if command["create"].is_object() {
                    "create"
                } else {
                    "act"
                };
                let key = command["key"].as_str().unwrap();
                let ((status, answer), cuts) = books.command(key, actor, verb, &command[verb]);
                cut |= cuts;
                let name = if status < 300 { "answer" } else { "problem" };
                results.push(json!({"status": status, name: answer}));
            }
            ((200, json!({ "results": results })), cut)
        }
        _ => (
            (
                404,
                json!({"code": "not_found", "status": 404, "title": "not found"}),
            ),
            false,
        ),
    }
}

fn respond((status, body): (u16, Value)) -> Response<Full<Bytes>> {
    let body = Full::new(Bytes::from(body.to_string()));
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(body)
        .unwrap()
}

/// Reads the claims; the double trusts any signature.
fn actor(bearer: &str) -> Option<Actor> {
    let claims = bearer.strip_prefix("Bearer ")?.split('.').nth(1)?;
    let mut bits = 0u32;
    let mut count = 0;
    let mut bytes = Vec::new();
    for c in claims.bytes() {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
            .iter()
            .position(|a| *a == c)?;
        bits = bits << 6 | value as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    let claims: Value = serde_json::from_slice(&bytes).ok()?;
    let text = |name: &str| claims[name].as_str().map(str::to_owned);
    Some(Actor {
        sub: text("sub")?,
        roles: claims["roles"]
            .as_array()?
            .iter()
            .filter_map(|r| r.as_str().map(str::to_owned))
            .collect(),
        division: text("division")?,
        agency: text("agency"),
        dept: text("dept"),
    })
}
