//! The server killed with SIGKILL under load, again and again: nothing acknowledged is lost or doubled.
//!
//! The clients keep their own log of what was acknowledged. After each restart every acknowledged
//! command is repeated under its key and must give the answer it gave; what was on its way when the
//! server died is settled by repeating it; and the row must hold exactly the sum.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]
#![cfg(feature = "server")]

mod http_support;

use http_support::{AGENCY, COUNTY, dims, payment};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const CLIENTS: usize = 6;
const KILLS: usize = 3;

/// A command of a client: its key, its amount in 分, and the answer where one came.
struct Sent {
    key: String,
    fen: i64,
    answer: Option<Value>,
}

struct Site {
    folder: tempfile::TempDir,
    place: String,
    address: SocketAddr,
}

impl Site {
    fn new(place: &str) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
        let made = Command::new(env!("CARGO_BIN_EXE_hubu"))
            .args(["init", "data", "--catalog", config.to_str().unwrap()])
            .current_dir(folder.path())
            .status();
        assert!(made.unwrap().success());
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        Site {
            folder,
            place: place.to_owned(),
            address,
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubu"));
        command
            .current_dir(self.folder.path())
            .env("HUBU_SERVER_LISTEN", self.address.to_string())
            .env("HUBU_METRICS_LISTEN", "")
            .env("HUBU_JOURNAL_PLACE", &self.place)
            .env("HUBU_JOURNAL_LEASE_SECONDS", "3")
            .env("HUBU_JOURNAL_SEGMENT_BYTES", "16777216");
        command
    }

    fn serve(&self) -> Child {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let mut child = self
                .command()
                .args(["serve", "--config", "data/hubu.toml"])
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
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

    fn token(&self, name: &str, role: &str) -> String {
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
struct Wire {
    stream: BufReader<TcpStream>,
    token: String,
}

impl Wire {
    fn open(site: &Site, token: &str) -> Wire {
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
    fn ask(&mut self, method: &str, path: &str, key: &str, body: &str) -> Option<(u16, Value)> {
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
        loop {
            line.clear();
            self.stream.read_line(&mut line).ok().filter(|n| *n > 0)?;
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        Some((status, serde_json::from_slice(&body).unwrap()))
    }

    fn pay(&mut self, row: &str, sent: &Sent) -> Option<Value> {
        let amount = format!("{}.{:02}", sent.fen / 100, sent.fen % 100);
        let body = payment(row, &amount).to_string();
        let (status, answer) = self.ask("POST", "/v1/documents", &sent.key, &body)?;
        assert_eq!(status, 201, "{answer}");
        Some(answer)
    }
}

fn load(site: &Site) -> String {
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

/// Pays until the connection breaks.
fn run_client(site: &Site, token: &str, row: &str, name: String) -> Vec<Sent> {
    let mut wire = Wire::open(site, token);
    let mut log = Vec::new();
    loop {
        let mut sent = Sent {
            key: format!("{name}-{}", log.len()),
            fen: 1 + log.len() as i64 % 7,
            answer: None,
        };
        sent.answer = wire.pay(row, &sent);
        let broke = sent.answer.is_none();
        log.push(sent);
        if broke {
            return log;
        }
    }
}

/// Repeats everything and compares: the sum in 分 that the row must hold.
fn settle(site: &Site, token: &str, row: &str, log: &mut [Sent]) -> i64 {
    let mut wire = Wire::open(site, token);
    let mut documents = HashSet::new();
    for sent in log.iter_mut() {
        let answer = wire.pay(row, sent).unwrap();
        if let Some(first) = &sent.answer {
            assert_eq!(
                &answer, first,
                "{} was acknowledged with another answer",
                sent.key
            );
        }
        let document = answer["id"].as_str().unwrap().to_owned();
        assert!(
            documents.insert(document),
            "{} shares its document",
            sent.key
        );
        sent.answer = Some(answer);
    }
    log.iter().map(|sent| sent.fen).sum()
}

fn kill_again_and_again(place: &str) {
    let site = Site::new(place);
    let mut server = site.serve();
    let row = load(&site);
    let token = site.token("clerk", "agency_clerk");
    let mut log: Vec<Sent> = Vec::new();
    for round in 0..KILLS {
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    let (site, token, row) = (&site, &token, &row);
                    scope.spawn(move || run_client(site, token, row, format!("{round}-{client}")))
                })
                .collect();
            std::thread::sleep(Duration::from_millis(400 + 150 * round as u64));
            server.kill().unwrap();
            server.wait().unwrap();
            clients
                .into_iter()
                .for_each(|client| log.extend(client.join().unwrap()));
        });
        let acknowledged = log.iter().filter(|sent| sent.answer.is_some()).count();
        assert!(
            acknowledged > CLIENTS,
            "the kill came into real work, not before it"
        );
        server = site.serve();
        let sum = settle(&site, &token, &row, &mut log);
        let (_, quota) = Wire::open(&site, &token)
            .ask("GET", &format!("/v1/quotas/{row}"), "-", "")
            .unwrap();
        assert_eq!(
            quota["decreasing"],
            format!("{}.{:02}", sum / 100, sum % 100)
        );
    }
    server.kill().unwrap();
    server.wait().unwrap();
    std::thread::sleep(Duration::from_millis(3200));
    let verify = site
        .command()
        .args(["verify", "--config", "data/hubu.toml"])
        .status();
    assert!(verify.unwrap().success(), "the journal is whole");
}

#[test]
fn a_killed_server_on_a_file_loses_nothing_acknowledged() {
    kill_again_and_again("file:journal");
}

#[test]
#[cfg(feature = "postgres")]
fn a_killed_server_on_postgresql_loses_nothing_acknowledged() {
    let cluster = hubu_testkit::PgCluster::start().unwrap();
    kill_again_and_again(&cluster.url());
}
