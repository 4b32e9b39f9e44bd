//! A server as people run it, a process of its own, and a connection to it that may break.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its part of it"
)]

use crate::http_support::{AGENCY, COUNTY, dims};
use hubu_testkit::Program;
use serde_json::{Value, json};
use std::ops::Deref;
use std::path::Path;

/// A data folder with the repository's catalog, and the addresses that its server listens at.
pub struct Site(hubu_testkit::Site);

impl Deref for Site {
    type Target = hubu_testkit::Site;

    fn deref(&self) -> &hubu_testkit::Site {
        &self.0
    }
}

impl Site {
    pub fn new(settings: &[(&'static str, &str)]) -> Site {
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
        let hubu = Path::new(env!("CARGO_BIN_EXE_hubu"));
        Site(hubu_testkit::Site::new(hubu, &config, settings).unwrap())
    }

    /// Another server for the same people, with the same settings and a folder of its own.
    pub fn beside(&self) -> Site {
        Site(self.0.beside().unwrap())
    }

    /// Sets or changes a setting for what is started from now on.
    pub fn set(&mut self, name: &'static str, value: &str) {
        self.0.set(name, value);
    }

    /// Starts the server; what it says is in the file `log`.
    pub fn serve(&self) -> Program {
        self.serve_as(&[])
    }

    /// As [`Site::serve`], with options.
    pub fn serve_as(&self, options: &[&str]) -> Program {
        self.0.serve_as(options).unwrap()
    }

    /// All that its servers have said so far.
    pub fn said(&self) -> String {
        self.0.said().unwrap()
    }

    pub fn token(&self, name: &str, role: &str) -> String {
        let agency = role.starts_with("agency_").then_some(AGENCY);
        self.0.token(name, role, (COUNTY, agency)).unwrap()
    }
}

/// A connection of somebody.
pub struct Wire {
    wire: hubu_testkit::Wire,
    token: String,
}

impl Wire {
    pub fn open(site: &Site, token: &str) -> Wire {
        Wire {
            wire: hubu_testkit::Wire::open(site.address).unwrap(),
            token: token.to_owned(),
        }
    }

    /// The status and body, or nothing when the connection broke before the whole answer was here.
    pub fn ask(&mut self, method: &str, path: &str, key: &str, body: &str) -> Option<(u16, Value)> {
        let (status, _, body) = self.ask_all(method, path, key, body)?;
        Some((status, body))
    }

    /// As [`Wire::ask`], with the headers, in lower case.
    pub fn ask_all(
        &mut self,
        method: &str,
        path: &str,
        key: &str,
        body: &str,
    ) -> Option<(u16, String, Value)> {
        let token = &self.token;
        let headers = format!("Authorization: Bearer {token}\r\nIdempotency-Key: {key}\r\n");
        let reply = self.wire.ask(method, path, &headers, body).ok()?;
        let body = serde_json::from_slice(&reply.body).unwrap();
        Some((reply.status, reply.head, body))
    }
}

/// Loads one agency with nine million yuan; gives the row of its indicator.
pub fn load(site: &Site) -> String {
    let mut loader = Wire::open(site, &site.token("loader", "system_admin"));
    let line = json!({"amount": "9000000.00", "month": 3, "dims": dims(AGENCY),
        "fields": {"planned": "9000000.00"}});
    let body = json!({"type": "opening", "division": COUNTY, "fiscal_year": 2026,
        "transition": "load", "lines": [line]});
    let (status, answer) = loader
        .ask("POST", "/v1/documents", "load", &body.to_string())
        .unwrap();
    assert_eq!(status, 201, "{answer}");
    let path = format!("/v1/quotas?ledger=IND&agency={AGENCY}");
    let (_, rows) = loader.ask("GET", &path, "-", "").unwrap();
    rows["items"][0]["row"].as_str().unwrap().to_owned()
}
