//! A small double of somebody else's system, on raw sockets so that it can misbehave below HTTP too: orders are made
//! (`POST /orders`) and read (`GET /orders/{id}`); each answer echoes the request's own text.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code; each test file uses a part of it"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// How it behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Honest,
    /// Each answer takes so many ms.
    Slow(u64),
    /// Reads and never answers.
    Stalling,
    /// Reads and resets the connection, every third time.
    Resetting,
    /// Says 500.
    Failing,
    /// Says 503.
    Full,
    /// Says 409.
    Refusing,
    /// Answers each connection with what another one asked for.
    OutOfOrder,
    /// Closes a connection that has been idle for some ms.
    ClosingIdle(u64),
    /// Tells of the version before.
    Stale,
    /// Says something that is not HTTP.
    Garbled,
}

/// A running double and what it saw.
pub struct Double {
    pub url: String,
    pub seen: Arc<Seen>,
}

#[derive(Default)]
pub struct Seen {
    pub requests: AtomicU64,
    pub connections: AtomicU64,
    /// `method path authorization body`, the first hundred.
    pub heads: Mutex<Vec<String>>,
    last: Mutex<Option<Value>>,
    orders: AtomicU64,
}

/// Starts a double that lives as long as the process.
pub fn start(manner: Manner) -> Double {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Seen::default());
    let shared = seen.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, seen) = (stream.unwrap(), shared.clone());
            seen.connections.fetch_add(1, Ordering::SeqCst);
            std::thread::spawn(move || serve(stream, manner, &seen));
        }
    });
    Double { url, seen }
}

/// Answers one connection until something ends it.
fn serve(stream: TcpStream, manner: Manner, seen: &Seen) -> Option<()> {
    if let Manner::ClosingIdle(ms) = manner {
        stream
            .set_read_timeout(Some(Duration::from_millis(ms)))
            .ok()?;
    }
    let mut out = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let (head, echo) = read(&mut reader)?;
        let number = seen.requests.fetch_add(1, Ordering::SeqCst);
        let mut body = answer(&head, &echo, manner, seen);
        let mut status = 200;
        match manner {
            Manner::Slow(ms) => std::thread::sleep(Duration::from_millis(ms)),
            Manner::Stalling => loop {
                std::thread::sleep(Duration::from_secs(3600));
            },
            Manner::Resetting if number % 3 == 2 => {
                // Closing with unread or unsent data resets; linger 0 does so always.
                socket2::SockRef::from(&out)
                    .set_linger(Some(Duration::ZERO))
                    .ok()?;
                return None;
            }
            Manner::Failing => status = 500,
            Manner::Full => status = 503,
            Manner::Refusing => status = 409,
            Manner::OutOfOrder => {
                let other = seen.last.lock().unwrap().replace(body.clone());
                body = other.unwrap_or(body);
            }
            Manner::Garbled => {
                out.write_all(b"EHLO there\r\n\r\n").ok()?;
                return None;
            }
            _ => {}
        }
        let body = body.to_string();
        let length = body.len();
        write!(out, "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}").ok()?;
    }
}

fn answer(head: &str, echo: &Value, manner: Manner, seen: &Seen) -> Value {
    let version = if manner == Manner::Stale { 1 } else { 2 };
    let mut words = head.split(' ');
    match (words.next(), words.next().unwrap_or("")) {
        (Some("POST"), _) => {
            let id = seen.orders.fetch_add(1, Ordering::SeqCst);
            json!({"order": {"id": format!("o{id}"), "version": 2}, "echo": echo})
        }
        (_, path) => {
            let id = path.trim_start_matches("/orders/");
            json!({"order": {"id": id, "version": version}, "echo": echo})
        }
    }
}

/// Reads a request: its line, and the text that the answer is to echo.
fn read(reader: &mut BufReader<TcpStream>) -> Option<(String, Value)> {
    let mut head = String::new();
    let (mut length, mut token) = (0, Value::Null);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if head.is_empty() {
            head = line.to_owned();
        } else if line.is_empty() {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length: ") {
            length = value.parse().ok()?;
        }
        if let Some(value) = lower.strip_prefix("x-echo: ") {
            token = json!(value);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    if let Ok(body) = serde_json::from_slice::<Value>(&body) {
        token = body["text"].clone();
    }
    Some((head, token))
}

/// A plan against the double: orders are made, read back and compared. `more` goes before the journeys.
pub fn plan(folder: &Path, more: &str) -> String {
    std::fs::write(folder.join("people.csv"), "name,token\nann,t1\nbob,t2\n").unwrap();
    let text = format!(
        r#"
name = "orders"
users = 4
ramp_seconds = 0.0
duration_seconds = 1.5
think_seconds = 0.02
think_spread = 0.5
timeout_seconds = 0.5
{more}
[headers]
authorization = "Bearer {{people.token}}"
[data.people]
csv = "people.csv"
[ranges]
amount = [1, 9]
[[journeys]]
name = "order"
weight = 1
[[journeys.requests]]
name = "make"
method = "POST"
path = "/orders"
body = '{{"text":"{{unique}}","amount":{{amount}},"by":"{{people.name}}"}}'
refused = [409]
checks = [{{ pointer = "/echo", equals = "{{unique}}" }}]
capture = {{ id = "/order/id", version = "/order/version" }}
[[journeys.requests]]
name = "read"
path = "/orders/{{id}}"
headers = {{ x-echo = "{{unique}}" }}
expect = [200]
checks = [
  {{ pointer = "/order/id", equals = "{{id}}" }},
  {{ pointer = "/order/version", equals = "{{version}}" }},
]
"#
    );
    let path = folder.join("plan.toml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Runs a plan against a URL; gives the output and the result.
pub fn run(folder: &Path, url: &str, plan: &str) -> (Output, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubu-load"));
    command.args(["run", "--quiet", "--url", url, "--plan", plan, "--report"]);
    let output = command.arg(folder).output().unwrap();
    let result = std::fs::read(folder.join("result.json"));
    let result = result.map_or(Value::Null, |r| serde_json::from_slice(&r).unwrap());
    (output, result)
}
