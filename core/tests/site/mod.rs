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
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A data folder, and the addresses that its server listens at.
pub struct Site {
    pub folder: tempfile::TempDir,
    pub address: SocketAddr,
    pub metrics: SocketAddr,
    /// Settings that differ from `hubu.toml`, as environment variables.
    settings: Vec<(&'static str, String)>,
}

impl Site {
    pub fn new(settings: &[(&'static str, &str)]) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
        let made = Command::new(env!("CARGO_BIN_EXE_hubu"))
            .args(["init", "data", "--catalog", config.to_str().unwrap()])
            .current_dir(folder.path())
            .status();
        assert!(made.unwrap().success());
        // Both at once, so that they differ.
        let free = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [address, metrics] = free.map(|listener| listener.local_addr().unwrap());
        let settings = settings
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        Site {
            folder,
            address,
            metrics,
            settings: settings.collect(),
        }
    }

    /// Another server for the same people, with the same settings and a folder of its own.
    pub fn beside(&self) -> Site {
        let settings: Vec<_> = self.settings.iter().map(|(n, v)| (*n, &**v)).collect();
        let other = Site::new(&settings);
        let secret = |site: &Site| site.folder.path().join("data/secret");
        std::fs::copy(secret(self), secret(&other)).unwrap();
        other
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubu"));
        command
            .current_dir(self.folder.path())
            .env("HUBU_SERVER_LISTEN", self.address.to_string())
            .env("HUBU_METRICS_LISTEN", self.metrics.to_string())
            .env("HUBU_JOURNAL_LEASE_SECONDS", "3")
            .env("HUBU_JOURNAL_SEGMENT_BYTES", "16777216")
            .envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the server; what it says is in the file `log`.
    pub fn serve(&self) -> Program {
        self.serve_as(&[])
    }

    /// As [`Site::serve`], with options.
    pub fn serve_as(&self, options: &[&str]) -> Program {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let log = File::options().create(true).append(true).open(self.log());
            let child = self
                .command()
                .args(["serve", "--config", "data/hubu.toml"])
                .args(options)
                .stderr(log.unwrap())
                .spawn();
            let mut child = Program::from(child.unwrap());
            // A database's lease outlives the killed writer for a moment: then a start is refused.
            while child.try_wait().unwrap().is_none() {
                assert!(Instant::now() < end, "it does not serve");
                if TcpStream::connect(self.address).is_ok() {
                    return child;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// All that its servers have said so far.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap()
    }

    pub fn token(&self, name: &str, role: &str) -> String {
        let mut command = self.command();
        command.args([
            "token",
            "--config",
            "data/hubu.toml",
            "--sub",
            name,
            "--role",
            role,
        ]);
        command.args(["--division", COUNTY]);
        if role == "agency_clerk" {
            command.args(["--agency", AGENCY]);
        }
        String::from_utf8(command.output().unwrap().stdout)
            .unwrap()
            .trim()
            .to_owned()
    }
}

/// A connection of somebody.
pub struct Wire {
    stream: BufReader<TcpStream>,
    token: String,
}

impl Wire {
    pub fn open(site: &Site, token: &str) -> Wire {
        let stream = TcpStream::connect(site.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream.set_nodelay(true).unwrap();
        Wire {
            stream: BufReader::new(stream),
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
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Idempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).ok()?;
        let mut line = String::new();
        self.stream.read_line(&mut line).ok().filter(|n| *n > 0)?;
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let mut length = 0;
        let mut head = String::new();
        loop {
            line.clear();
            self.stream.read_line(&mut line).ok().filter(|n| *n > 0)?;
            if line == "\r\n" {
                break;
            }
            let line = line.to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        Some((status, head, serde_json::from_slice(&body).unwrap()))
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
