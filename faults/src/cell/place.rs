//! A data folder with its addresses: where a server is started, killed and started again.

use super::server::Server;
use super::wire::Wire;
use crate::Outcome;
use serde_json::json;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The county of the trials, and its one agency.
pub(crate) const COUNTY: &str = "420106000";
pub(crate) const AGENCY: &str = "420106000000000000001";

/// The setting that differs from server to server.
const LISTEN: &str = "HUBU_SERVER_LISTEN";

/// See the module. The folder goes with the value.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    pub(crate) address: SocketAddr,
    settings: Vec<(String, String)>,
    /// Words before the program's name, such as those that put it into a network namespace.
    pub(crate) before: Vec<String>,
}

impl Place {
    /// Makes a data folder whose journal is at `journal`.
    pub(crate) fn new(journal: &str) -> Outcome<Place> {
        let folder = tempfile::Builder::new().prefix("hubu-faults-").tempdir()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut place = Place {
            folder,
            address,
            settings: Vec::new(),
            before: Vec::new(),
        };
        place.set("HUBU_JOURNAL_PLACE", journal);
        place.set("HUBU_JOURNAL_LEASE_SECONDS", "3");
        place.set("HUBU_JOURNAL_SEGMENT_BYTES", "16777216");
        place.set("HUBU_METRICS_LISTEN", "");
        place.set("HUBU_LOG_FORMAT", "json");
        place.listen_at(address);
        let catalog = std::env::current_dir()?.join("config");
        let made = place.run(&["init", "data", "--catalog", &catalog.to_string_lossy()])?;
        match made.status.success() {
            true => Ok(place),
            false => Err(format!("init failed: {}", String::from_utf8_lossy(&made.stderr)).into()),
        }
    }

    /// Another server for the same people: same settings, same secret, a folder of its own.
    pub(crate) fn beside(&self) -> Outcome<Place> {
        let mut other = Place::new("file:journal")?;
        for (name, value) in self.settings.iter().filter(|(name, _)| name != LISTEN) {
            other.set(name, value);
        }
        std::fs::copy(self.path("data/secret"), other.path("data/secret"))?;
        Ok(other)
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

    /// Sets a setting, as an environment variable.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.into(), value.into()));
    }

    pub(crate) fn listen_at(&mut self, address: SocketAddr) {
        self.address = address;
        self.set(LISTEN, &address.to_string());
    }

    pub(crate) fn path(&self, inside: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(inside)
    }

    /// The program `hubu`, which is built beside this one.
    pub(crate) fn command(&self) -> Outcome<Command> {
        let hubu = std::env::current_exe()?.with_file_name("hubu");
        if !hubu.exists() {
            return Err(format!("{} is missing: build hubu-core first", hubu.display()).into());
        }
        let mut command = match self.before.split_first() {
            None => Command::new(hubu),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(hubu);
                command
            }
        };
        let settings = self.settings.iter().map(|(name, value)| (name, value));
        command.current_dir(self.folder.path()).envs(settings);
        Ok(command)
    }

    /// Runs one of its commands to the end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome<Output> {
        Ok(self.command()?.args(arguments).output()?)
    }

    /// Starts the server, and waits until it listens.
    pub(crate) fn serve(&self, options: &[&str]) -> Outcome<Server> {
        Server::start(self, options)
    }

    /// All that its servers have said.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// A token of somebody of the agency, or of the county where the role is not an agency's.
    pub(crate) fn token(&self, name: &str, role: &str) -> Outcome<String> {
        let mut arguments = vec![
            "token",
            "--config",
            "data/hubu.toml",
            "--sub",
            name,
            "--role",
            role,
        ];
        arguments.extend(["--division", COUNTY]);
        if role == "agency_clerk" {
            arguments.extend(["--agency", AGENCY]);
        }
        let output = self.run(&arguments)?;
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
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
