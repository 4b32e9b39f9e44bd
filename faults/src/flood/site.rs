//! The server under flood: a real `hubu serve` on a file journal in a folder of its own, with limits small enough
//! for a bound on its memory to mean something.

use super::wire::{Reply, Wire};
use crate::Outcome;
use crate::program;
use hubu_testkit::Program;
use serde_json::{Value, json};
use std::net::SocketAddr;

const COUNTY: &str = "420106000";
const AGENCY: &str = "420106000000000000001";

/// The limits that the server is given, and that bounds are worked out from.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) max_connections: usize,
    pub(super) requests_in_flight: usize,
    pub(super) bytes_in_flight: usize,
    pub(super) batch_bytes: usize,
    pub(super) header_bytes: usize,
    pub(super) header_seconds: u64,
    pub(super) body_seconds: u64,
    pub(super) idle_seconds: u64,
    pub(super) queue_bytes: usize,
    pub(super) tail_bytes: usize,
    pub(super) cache_bytes: usize,
}

impl Limits {
    pub(super) fn new(is_quick: bool) -> Limits {
        Limits {
            max_connections: if is_quick { 6_000 } else { 48_000 },
            requests_in_flight: 256,
            bytes_in_flight: 32 << 20,
            batch_bytes: 4 << 20,
            header_bytes: 16 << 10,
            header_seconds: 2,
            body_seconds: 3,
            idle_seconds: if is_quick { 6 } else { 30 },
            queue_bytes: 8 << 20,
            tail_bytes: 8 << 20,
            cache_bytes: 8 << 20,
        }
    }

    fn environment(&self) -> [(&'static str, usize); 11] {
        [
            ("HUBU_SERVER_MAX_CONNECTIONS", self.max_connections),
            ("HUBU_SERVER_REQUESTS_IN_FLIGHT", self.requests_in_flight),
            ("HUBU_SERVER_BYTES_IN_FLIGHT", self.bytes_in_flight),
            ("HUBU_SERVER_BATCH_LIMIT_BYTES", self.batch_bytes),
            ("HUBU_SERVER_HEADER_LIMIT_BYTES", self.header_bytes),
            (
                "HUBU_SERVER_HEADER_TIMEOUT_SECONDS",
                self.header_seconds as usize,
            ),
            (
                "HUBU_SERVER_BODY_TIMEOUT_SECONDS",
                self.body_seconds as usize,
            ),
            (
                "HUBU_SERVER_IDLE_TIMEOUT_SECONDS",
                self.idle_seconds as usize,
            ),
            ("HUBU_ENGINE_QUEUE_BYTES", self.queue_bytes),
            ("HUBU_ENGINE_TAIL_BYTES", self.tail_bytes),
            ("HUBU_VIEWS_CACHE_BYTES", self.cache_bytes),
        ]
    }
}

/// A server that serves, and the row that everybody pays from.
pub(super) struct Site {
    pub(super) address: SocketAddr,
    pub(super) metrics: SocketAddr,
    pub(super) limits: Limits,
    pub(super) token: String,
    pub(super) row: String,
    // The server ends before its folder goes.
    server: Program,
    site: hubu_testkit::Site,
}

impl Site {
    /// Makes a data folder, starts the server and loads one row with nine million yuan.
    pub(super) fn start(limits: Limits) -> Outcome<Site> {
        let quiet = [("HUBU_LOG_LEVEL", "warn")];
        let (hubu, catalog) = (program::hubu()?, program::catalog());
        let mut site = hubu_testkit::Site::new(&hubu, &catalog, &quiet)?;
        for (name, value) in limits.environment() {
            site.set(name, &value.to_string());
        }
        let mut site = Site {
            address: site.address,
            metrics: site.metrics,
            limits,
            token: String::new(),
            row: String::new(),
            server: site.serve()?,
            site,
        };
        site.load()?;
        Ok(site)
    }

    pub(super) fn process(&self) -> u32 {
        self.server.id()
    }

    fn load(&mut self) -> Outcome<()> {
        let admin = self.signed("loader", "system_admin")?;
        self.token = self.signed("clerk", "agency_clerk")?;
        let mut loader = Wire::open(self.address)?;
        let amount = "9000000.00";
        let line =
            json!({"amount": amount, "month": 3, "dims": dims(), "fields": {"planned": amount}});
        let body = json!({"type": "opening", "division": COUNTY, "fiscal_year": 2026,
            "transition": "load", "lines": [line]});
        let reply = loader.post("/v1/documents", &admin, "load", &body.to_string())?;
        if reply.status != 201 {
            return Err(format!("the row is not loaded: {reply:?}").into());
        }
        let path = format!("/v1/quotas?ledger=IND&agency={AGENCY}");
        let rows = loader.get(&path, &admin)?.json()?;
        let row = rows["items"][0]["row"].as_str();
        self.row = row.ok_or("there is no row")?.to_owned();
        Ok(())
    }

    fn signed(&self, name: &str, role: &str) -> Outcome<String> {
        let agency = (role == "agency_clerk").then_some(AGENCY);
        Ok(self.site.token(name, role, (COUNTY, agency))?)
    }

    /// A payment of so many 分 out of the row.
    pub(super) fn payment(&self, fen: i64) -> Value {
        let amount = format!("{}.{:02}", fen / 100, fen % 100);
        json!({
            "type": "payment", "division": COUNTY, "fiscal_year": 2026, "agency": AGENCY, "transition": "submit",
            "fields": {"purpose": "office", "payee": "Zhang", "payee_account": "6222", "payee_match": true},
            "lines": [{"amount": amount, "row": self.row, "month": 3, "to": {"dept_econ": "30201"}}],
        })
    }

    /// Enters one payment of 1 分 on a connection of its own.
    pub(super) fn pay(&self, key: &str) -> Outcome<Reply> {
        let body = self.payment(1).to_string();
        Wire::open(self.address)?.post("/v1/documents", &self.token, key, &body)
    }

    /// What all accepted payments have reserved of the row, in 分.
    pub(super) fn reserved(&self) -> Outcome<i64> {
        let path = format!("/v1/quotas/{}", self.row);
        let row = Wire::open(self.address)?.get(&path, &self.token)?.json()?;
        let text = row["decreasing"].as_str().ok_or("the row has no amount")?;
        let fen = text.replace('.', "").parse()?;
        Ok(fen)
    }

    /// The sum of a figure of `/metrics` over its labels.
    pub(super) fn figure(&self, name: &str) -> Outcome<f64> {
        let shown = Wire::open(self.metrics)?.get("/metrics", "")?;
        let text = String::from_utf8(shown.body)?;
        let values = text.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            let is_whole = rest.starts_with([' ', '{']);
            is_whole.then(|| rest.rsplit(' ').next()?.parse::<f64>().ok())?
        });
        Ok(values.sum())
    }
}

fn dims() -> Value {
    json!({
        "agency_code": AGENCY, "fund_type": "1", "source_type": "1", "budget_level": "4",
        "exp_func": "2010101", "office": "001", "dept": "101", "pro_code": "420106000000000000900",
        "gov_econ": "50201", "pay_mode": "1", "marks": "00",
    })
}
