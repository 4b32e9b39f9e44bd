//! One person's connection, which may break.

use crate::Outcome;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;

/// How long an answer is waited for, unless the caller has more patience.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);

/// See the module.
pub(crate) struct Wire {
    wire: hubu_testkit::Wire,
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
        Wire::open_within(address, token, ANSWER_WITHIN)
    }

    /// With another patience.
    pub(crate) fn open_within(
        address: SocketAddr,
        token: &str,
        patience: Duration,
    ) -> std::io::Result<Wire> {
        Ok(Wire {
            wire: hubu_testkit::Wire::open_within(address, patience)?,
            token: token.to_owned(),
        })
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
        let token = &self.token;
        let headers = format!("Authorization: Bearer {token}\r\nIdempotency-Key: {key}\r\n");
        let reply = self.wire.ask(method, path, &headers, body)?;
        let stale = reply
            .head
            .lines()
            .find_map(|line| line.strip_prefix("hubu-stale:"));
        Ok(Reply {
            status: reply.status,
            stale: stale.map(|said| said.trim().to_owned()),
            body: serde_json::from_slice(&reply.body).unwrap_or(Value::Null),
        })
    }
}
