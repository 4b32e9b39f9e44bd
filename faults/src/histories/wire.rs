//! One client's connection, which may break at any byte.

use serde_json::Value;
use std::net::SocketAddr;
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
            headers: format!("Idempotency-Key: {key}\r\n"),
            body: body.to_string(),
        }
    }
}

/// See the module; connected anew where it must be.
pub(crate) struct Wire {
    address: SocketAddr,
    wire: Option<hubu_testkit::Wire>,
}

impl Wire {
    pub(crate) fn new(address: SocketAddr) -> Wire {
        Wire {
            address,
            wire: None,
        }
    }

    /// The status and the body; nothing when the whole answer did not arrive, and then nobody knows.
    pub(crate) fn ask(&mut self, request: &Request) -> Option<(u16, Value)> {
        let answer = self.try_ask(request);
        if answer.is_none() {
            self.wire = None;
        }
        answer
    }

    fn try_ask(&mut self, request: &Request) -> Option<(u16, Value)> {
        let wire = match self.wire.take() {
            Some(open) => open,
            None => hubu_testkit::Wire::open_within(self.address, ANSWER_MAX).ok()?,
        };
        let token = &request.token;
        let headers = format!("Authorization: Bearer {token}\r\n{}", request.headers);
        let wire = self.wire.insert(wire);
        let reply = wire.ask(request.method, &request.path, &headers, &request.body);
        let reply = reply.ok()?;
        Some((reply.status, serde_json::from_slice(&reply.body).ok()?))
    }
}
