//! A data folder with its addresses: where a server is started, killed and started again.

use super::server::Server;
use super::wire::Wire;
use crate::Outcome;
use crate::program;
use hubu_testkit::Site;
use serde_json::json;
use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The county of the trials, and its one agency.
pub(crate) const COUNTY: &str = "420106000";
pub(crate) const AGENCY: &str = "420106000000000000001";

/// See the module. The folder goes with the value.
pub(crate) struct Place(Site);

impl Deref for Place {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.0
    }
}

impl DerefMut for Place {
    fn deref_mut(&mut self) -> &mut Site {
        &mut self.0
    }
}

impl Place {
    /// Makes a data folder whose journal is at `journal`.
    pub(crate) fn new(journal: &str) -> Outcome<Place> {
        let settings = [
            ("HUBU_JOURNAL_PLACE", journal),
            ("HUBU_METRICS_LISTEN", ""),
            ("HUBU_LOG_FORMAT", "json"),
        ];
        let site = Site::new(&program::hubu()?, &program::catalog(), &settings)?;
        Ok(Place(site))
    }

    /// Another server for the same people: same settings, same secret, a folder of its own.
    pub(crate) fn beside(&self) -> Outcome<Place> {
        Ok(Place(self.0.beside()?))
    }

    /// A copy of this folder as it is now, listening elsewhere.
    pub(crate) fn copied(&self) -> Outcome<Place> {
        let other = self.beside()?;
        let (from, to) = (self.path("data"), other.path("data"));
        std::fs::remove_dir_all(&to)?;
        let copied = Command::new("cp").arg("-a").args([&from, &to]).status()?;
        match copied.success() {
            true => Ok(other),
            false => Err("the folder can't be copied".into()),
        }
    }

    pub(crate) fn listen_at(&mut self, address: SocketAddr) {
        self.address = address;
    }

    pub(crate) fn path(&self, inside: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(inside)
    }

    /// Runs one of its commands to the end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome<Output> {
        Ok(self.command().args(arguments).output()?)
    }

    /// Starts the server, and waits until it listens.
    pub(crate) fn serve(&self, options: &[&str]) -> Outcome<Server> {
        Server::start(self, options)
    }

    /// All that its servers have said.
    pub(crate) fn said(&self) -> String {
        self.0.said().unwrap_or_default()
    }

    /// A token of somebody of the agency, or of the county where the role is not an agency's.
    pub(crate) fn token(&self, name: &str, role: &str) -> Outcome<String> {
        let agency = (role == "agency_clerk").then_some(AGENCY);
        Ok(self.0.token(name, role, (COUNTY, agency))?)
    }

    /// Loads the agency with nine million yuan; gives the row that payments consume.
    pub(crate) fn load(&self) -> Outcome<String> {
        let mut loader = Wire::open(self.address, &self.token("loader", "system_admin")?)?;
        let dims = json!({
            "agency_code": AGENCY, "fund_type": "1", "source_type": "1", "budget_level": "4",
            "exp_func": "2010101", "office": "001", "dept": "101", "pro_code": "420106000000000000900",
            "gov_econ": "50201", "pay_mode": "1", "marks": "00",
        });
        let line = json!({"amount": "9000000.00", "month": 3, "dims": dims, "fields": {"planned": "9000000.00"}});
        let body = json!({"type": "opening", "division": COUNTY, "fiscal_year": 2026,
            "transition": "load", "lines": [line]});
        let loaded = loader.ask("POST", "/v1/documents", "load", &body.to_string())?;
        if loaded.status != 201 {
            return Err(format!("the load was refused: {}", loaded.body).into());
        }
        let rows = loader
            .get(&format!("/v1/quotas?ledger=IND&agency={AGENCY}"))?
            .body;
        let row = rows["items"][0]["row"]
            .as_str()
            .ok_or("no row was loaded")?;
        Ok(row.to_owned())
    }

    /// Whether the whole journal is in order, as `hubu verify` says.
    pub(crate) fn verify(&self) -> Outcome<bool> {
        let output = self.run(&["verify", "--config", "data/hubu.toml"])?;
        if !output.status.success() {
            println!("verify: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(output.status.success())
    }
}
