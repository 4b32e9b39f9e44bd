//! A server as people run it, a process of its own: its data folder, its addresses, its starts and its people.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Program;

/// Longer than any start should take, a lease to wait for included.
const START_WITHIN: Duration = Duration::from_secs(120);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// A data folder, and the addresses that its server listens at. The folder goes with it.
#[derive(Debug)]
pub struct Site {
    /// Holds `data`, the data folder, and `log`, what the servers said.
    pub folder: tempfile::TempDir,
    /// Where it answers.
    pub address: SocketAddr,
    /// Where it shows its figures.
    pub metrics: SocketAddr,
    /// Words before the program's name, such as those that put it into a network namespace.
    pub before: Vec<String>,
    hubu: PathBuf,
    catalog: PathBuf,
    settings: Vec<(&'static str, String)>,
}

impl Site {
    /// Makes a data folder with the program `hubu` and a catalog; `settings` are environment variables and differ from
    /// `hubu.toml`.
    ///
    /// # Errors
    /// The program cannot be run or refuses.
    pub fn new(hubu: &Path, catalog: &Path, settings: &[(&'static str, &str)]) -> io::Result<Site> {
        let folder = tempfile::tempdir()?;
        let catalog = std::path::absolute(catalog)?;
        let made = Command::new(hubu)
            .args(["init", "data", "--catalog"])
            .arg(&catalog)
            .current_dir(folder.path())
            .output()?;
        if !made.status.success() {
            let words = String::from_utf8_lossy(&made.stderr);
            return Err(io::Error::other(format!("hubu init: {words}")));
        }
        // Both at once, so that they differ.
        let free = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        let [address, metrics] = free.map(|free| free.and_then(|free| free.local_addr()));
        let settings = settings
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        Ok(Site {
            folder,
            address: address?,
            metrics: metrics?,
            before: Vec::new(),
            hubu: hubu.to_owned(),
            catalog,
            settings: settings.collect(),
        })
    }

    /// Another server for the same people: the same settings, secret and field key, a folder and addresses of its own.
    ///
    /// # Errors
    /// As [`Site::new`].
    pub fn beside(&self) -> io::Result<Site> {
        let settings: Vec<_> = self.settings.iter().map(|(n, v)| (*n, &**v)).collect();
        let other = Site::new(&self.hubu, &self.catalog, &settings)?;
        let secret = |site: &Site| site.folder.path().join("data/secret");
        std::fs::copy(secret(self), secret(&other))?;
        let key = |site: &Site| site.folder.path().join("data/field-keys/1.key");
        std::fs::copy(key(self), key(&other))?;
        Ok(other)
    }

    /// Sets or changes a setting, as an environment variable, for what is started from now on.
    pub fn set(&mut self, name: &'static str, value: &str) {
        self.settings.retain(|(known, _)| *known != name);
        self.settings.push((name, value.to_owned()));
    }

    /// The program with the site's settings; `--config data/hubu.toml` belongs behind its subcommand.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = match self.before.split_first() {
            None => Command::new(&self.hubu),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(&self.hubu);
                command
            }
        };
        command
            .current_dir(self.folder.path())
            .env("HUBU_SERVER_LISTEN", self.address.to_string())
            .env("HUBU_METRICS_LISTEN", self.metrics.to_string())
            .env("HUBU_JOURNAL_LEASE_SECONDS", "3")
            .env("HUBU_JOURNAL_SEGMENT_BYTES", "16777216")
            .envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the server and does not wait for it; what it says is in the file `log`.
    ///
    /// # Errors
    /// It cannot be run.
    pub fn start(&self) -> io::Result<Program> {
        self.start_as(&[])
    }

    /// As [`Site::start`], with options.
    ///
    /// # Errors
    /// As [`Site::start`].
    pub fn start_as(&self, options: &[&str]) -> io::Result<Program> {
        let log = File::options().create(true).append(true).open(self.log())?;
        let mut command = self.command();
        command.args(["serve", "--config", "data/hubu.toml"]);
        command.args(options);
        command.stdin(Stdio::null()).stderr(log);
        Ok(Program::from(command.spawn()?))
    }

    /// Starts the server until it answers: a database's lease outlives a killed writer for a moment, and a start is
    /// refused then.
    ///
    /// # Errors
    /// It does not come to answer, with its last words.
    pub fn serve(&self) -> io::Result<Program> {
        self.serve_as(&[])
    }

    /// As [`Site::serve`], with options.
    ///
    /// # Errors
    /// As [`Site::serve`].
    pub fn serve_as(&self, options: &[&str]) -> io::Result<Program> {
        let end = Instant::now() + START_WITHIN;
        loop {
            let mut child = self.start_as(options)?;
            while child.try_wait()?.is_none() {
                if TcpStream::connect(self.address).is_ok() {
                    return Ok(child);
                }
                if Instant::now() > end {
                    return Err(self.failure());
                }
                std::thread::sleep(BETWEEN_LOOKS);
            }
            if Instant::now() > end {
                return Err(self.failure());
            }
        }
    }

    /// All that its servers have said so far.
    ///
    /// # Errors
    /// None was started yet.
    pub fn said(&self) -> io::Result<String> {
        std::fs::read_to_string(self.log())
    }

    /// A token of somebody: their name, role and division, and their agency where they belong to one.
    ///
    /// # Errors
    /// With the program's words.
    pub fn token(
        &self,
        name: &str,
        role: &str,
        (division, agency): (&str, Option<&str>),
    ) -> io::Result<String> {
        let mut command = self.command();
        command.args(["token", "--config", "data/hubu.toml", "--sub", name]);
        command.args(["--role", role, "--division", division]);
        if let Some(agency) = agency {
            command.args(["--agency", agency]);
        }
        let output = command.output()?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(io::Error::other(format!("hubu token: {words}")));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn failure(&self) -> io::Error {
        let said = self.said().unwrap_or_default();
        let lines: Vec<&str> = said.lines().collect();
        let tail = lines[lines.len().saturating_sub(8)..].join("\n");
        io::Error::other(format!("hubu does not come to serve:\n{tail}"))
    }
}
