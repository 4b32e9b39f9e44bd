//! A whole server in this process, and a client that sees every byte: what the HTTP tests share.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]
#![allow(dead_code, unreachable_pub)] // Each test file uses a part of it.

pub mod audit;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hubu_core::access::{Claims, SigningKey, Tokens, TrustedKeys};
use hubu_core::audit::AuditLog;
use hubu_core::catalog::sources::Sources;
use hubu_core::clock::Clock;
use hubu_core::config::{Auth, Limits, Server};
use hubu_core::engine::Engine;
use hubu_core::engine::open::Options;
use hubu_core::http::app::App;
use hubu_core::http::limits::Rates;
use hubu_core::journal::{Journal, Settings as JournalSettings, open_journal};
use hubu_core::net::{Prepared, Running};
use hubu_core::views::Views;
use hubu_core::views::archive::{Archive, ArchiveSettings};
use serde_json::{Value, json};

/// The county of the tests, and another one.
pub const COUNTY: &str = "420106000";
pub const OTHER_COUNTY: &str = "420107000";
/// An agency of the county, and another one.
pub const AGENCY: &str = "420106000000000000001";
pub const OTHER_AGENCY: &str = "420106000000000000002";

/// A server that serves.
pub struct Serving {
    pub engine: Arc<Engine>,
    pub address: SocketAddr,
    pub app: Arc<App>,
    running: Option<Running>,
    views: Option<Views>,
    key: SigningKey,
    folder: Option<tempfile::TempDir>,
}

/// Who asks: name, roles and their department (`one+another+dept:101`), division and agency.
#[derive(Clone, Copy)]
pub struct Who<'a>(pub &'a str, pub &'a str, pub &'a str, pub Option<&'a str>);

pub const LOADER: Who<'static> = Who("loader", "system_admin", COUNTY, None);
pub const CLERK: Who<'static> = Who("clerk", "agency_clerk", COUNTY, Some(AGENCY));
pub const REVIEWER: Who<'static> = Who("reviewer", "agency_reviewer", COUNTY, Some(AGENCY));

/// The catalog of the repository.
pub fn sources() -> Sources {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    Sources::read_dir(&config).unwrap()
}

pub fn serve() -> Serving {
    serve_with(|_| {})
}

/// A server on a file journal of its own, with other limits.
pub fn serve_with(change: impl FnOnce(&mut Server)) -> Serving {
    serve_on(change, |journal| journal)
}

/// As [`serve_with`], with limits by client, person and route.
pub fn serve_limited(change: impl FnOnce(&mut Server, &mut Limits)) -> Serving {
    let mut limits = Limits::default();
    let before = |server: &mut Server| change(server, &mut limits);
    let mut settings = Server::default();
    before(&mut settings);
    let rates = Rates::new(&limits, &settings).unwrap();
    serve_all(
        |server| {
            server.trusted_proxies = settings.trusted_proxies.clone();
            server.allowed_origins = settings.allowed_origins.clone();
        },
        |journal| journal,
        (rates, sources()),
        (|_| {}, |_| {}),
    )
}

/// As [`serve_with`], with the journal wrapped into another.
pub fn serve_on(
    change: impl FnOnce(&mut Server),
    wrap: impl FnOnce(Box<dyn Journal>) -> Box<dyn Journal>,
) -> Serving {
    let plain = (Rates::none(), sources());
    serve_all(change, wrap, plain, (|_| {}, |_| {}))
}

/// A server that believes other keys as well.
pub fn serve_believing(believe: impl FnOnce(&mut Auth)) -> Serving {
    let plain = (Rates::none(), sources());
    serve_all(|_| {}, |journal| journal, plain, (believe, |_| {}))
}

/// A server with another catalog, and an engine with other options.
pub fn serve_of(sources: Sources, adjust: impl FnOnce(&mut Options)) -> Serving {
    let other = (Rates::none(), sources);
    serve_all(|_| {}, |journal| journal, other, (|_| {}, adjust))
}

fn serve_all(
    change: impl FnOnce(&mut Server),
    wrap: impl FnOnce(Box<dyn Journal>) -> Box<dyn Journal>,
    (rates, sources): (Rates, Sources),
    (believe, adjust): (impl FnOnce(&mut Auth), impl FnOnce(&mut Options)),
) -> Serving {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Server {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        threads: 2,
        max_connections: 200,
        ..Server::default()
    };
    change(&mut settings);
    let mut auth = Auth {
        hs256_secret: "a-secret-for-tests-of-32-bytes-or-more".to_string().into(),
        hs256_secret_file: PathBuf::new(),
        ..Auth::default()
    };
    believe(&mut auth);
    let prepared: Prepared<Arc<App>> = Prepared::new(&settings).unwrap();
    let place = format!("file:{}", folder.path().join("journal").display());
    let small = JournalSettings {
        segment_bytes: 8 << 20,
        ..JournalSettings::default()
    };
    let journal = wrap(open_journal(&place, &small).unwrap());
    let archive =
        Archive::open(&folder.path().join("archive"), ArchiveSettings::default()).unwrap();
    let mut options = Options {
        tail_bytes: 8 << 20,
        archived: Some(archive.watermark()),
        ..Options::default()
    };
    adjust(&mut options);
    let engine = Arc::new(Engine::open(journal, &sources, options).unwrap());
    let views = Views::start(&engine, Some(archive)).unwrap();
    let catalog = engine.catalogs().current().1.clone();
    let tokens = Tokens::new(TrustedKeys::from_settings(&auth).unwrap(), catalog, 1000);
    let audit = AuditLog::open(&folder.path().join("audit"), Clock::system()).unwrap();
    let app = Arc::new(
        App::new(
            engine.clone(),
            (views.archive().unwrap().clone(), views.live().clone()),
            tokens,
            Some(Arc::new(audit)),
            &settings,
        )
        .unwrap()
        .limited(rates),
    );
    let running = prepared.serve(app.clone()).unwrap();
    let key = SigningKey::from_settings(&auth).unwrap();
    Serving {
        engine,
        address: running.address(),
        app,
        running: Some(running),
        views: Some(views),
        key,
        folder: Some(folder),
    }
}

impl Serving {
    pub fn token(&self, who: Who<'_>) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        self.token_until(who, now + 3600)
    }

    pub fn token_until(&self, who: Who<'_>, exp: u64) -> String {
        self.sign(&Self::claims(who, exp))
    }

    /// A token that says this.
    pub fn sign(&self, claims: &Claims) -> String {
        self.key.sign(claims).unwrap()
    }

    /// What a token of this person says.
    pub fn claims(who: Who<'_>, exp: u64) -> Claims {
        // Somebody with several roles has them parted by `+`, and so is a department.
        let Who(name, words, division, agency) = who;
        let dept = |word: &&str| word.starts_with("dept:");
        let (depts, roles): (Vec<&str>, Vec<&str>) = words.split('+').partition(dept);
        Claims {
            sub: name.into(),
            roles: roles.into_iter().map(Into::into).collect(),
            division: division.into(),
            agency: agency.map(Into::into),
            dept: depts
                .first()
                .and_then(|word| word.strip_prefix("dept:"))
                .map(Into::into),
            exp,
            ..Claims::default()
        }
    }

    /// A connection on which this person asks, in English.
    pub fn client(&self, who: Who<'_>) -> Client {
        self.client_with(&self.token(who))
    }

    /// A connection on which somebody asks with this token, in English.
    pub fn client_with(&self, token: &str) -> Client {
        Client {
            headers: format!("Authorization: Bearer {token}\r\nAccept-Language: en\r\n"),
            ..self.stranger()
        }
    }

    /// A connection without a token.
    pub fn stranger(&self) -> Client {
        Client::connect(self.address)
    }

    pub fn stop(mut self) -> tempfile::TempDir {
        self.running.take().unwrap().stop().unwrap();
        self.engine.close();
        self.views.take().unwrap().finish();
        self.folder.take().unwrap()
    }

    /// Loads 1000.00 for the agency, 600.00 of it planned for March; returns its IND row.
    pub fn load(&self, agency: &str) -> String {
        let mut loader = self.client(LOADER);
        let reply = loader.post("/v1/documents", &format!("load-{agency}"), &opening(agency));
        assert_eq!(reply.status, 201, "{reply:?}");
        let path = format!("/v1/quotas?ledger=IND&agency={agency}");
        loader.get(&path).json()["items"][0]["row"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            let _ = running.stop();
        }
    }
}

/// The dimensions of the agency's money.
pub fn dims(agency: &str) -> Value {
    json!({
        "agency_code": agency, "fund_type": "1", "source_type": "1", "budget_level": "4",
        "exp_func": "2010101", "office": "001", "dept": "101", "pro_code": "420106000000000000900",
        "gov_econ": "50201", "pay_mode": "1", "marks": "00",
    })
}

/// An opening indicator of the agency: it ends in the record that begins it.
pub fn opening(agency: &str) -> Value {
    let fields = json!({"planned": "600.00", "procurable": "0.00"});
    json!({
        "type": "opening", "division": COUNTY, "fiscal_year": 2026, "transition": "load",
        "lines": [{"amount": "1000.00", "month": 3, "dims": dims(agency), "fields": fields}],
    })
}

/// A payment out of a row, entered and submitted in one command.
pub fn payment(row: &str, amount: &str) -> Value {
    json!({
        "type": "payment", "division": COUNTY, "fiscal_year": 2026, "agency": AGENCY, "transition": "submit",
        "fields": {"purpose": "office", "payee": "Zhang", "payee_account": "6222", "payee_match": true},
        "lines": [{"amount": amount, "row": row, "month": 3, "to": {"dept_econ": "30201"}}],
    })
}

pub struct Client {
    pub stream: TcpStream,
    pub headers: String,
    count: u32,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// In lower case.
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// The code of a problem, which must look like one.
    pub fn code(&self) -> String {
        assert!(
            self.head.contains("content-type: application/problem+json"),
            "{self:?}"
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{self:?}");
        let code = problem["code"].as_str().unwrap().to_owned();
        assert_eq!(problem["type"], format!("urn:hubu:problem:{code}"));
        code
    }
}

impl Client {
    /// A connection without a token.
    pub fn connect(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Client {
            stream,
            headers: "Accept-Language: en\r\n".into(),
            count: 0,
        }
    }

    pub fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, "", b"")
    }

    /// A command in JSON under a key.
    pub fn post(&mut self, path: &str, key: &str, body: &Value) -> Reply {
        let headers = format!("Content-Type: application/json\r\nIdempotency-Key: {key}\r\n");
        self.send("POST", path, &headers, body.to_string().as_bytes())
    }

    /// A command under a key of its own.
    pub fn ask(&mut self, path: &str, body: &Value) -> Reply {
        self.count += 1;
        let key = format!("{:?}-{}", self.stream.local_addr().unwrap(), self.count);
        self.post(path, &key, body)
    }

    pub fn send(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> Reply {
        let (own, length) = (&self.headers, body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: h\r\n{own}{headers}Content-Length: {length}\r\n\r\n"
        );
        // In one piece; and a server that has answered a head alone may not wait for the body.
        let _ = self.stream.write_all(&[head.as_bytes(), body].concat());
        self.hear()
    }

    pub fn hear(&mut self) -> Reply {
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            if let Some(reply) = parse(&bytes) {
                return reply;
            }
            let count = self.stream.read(&mut chunk).unwrap();
            assert!(
                count > 0,
                "closed after {:?}",
                String::from_utf8_lossy(&bytes)
            );
            bytes.extend_from_slice(&chunk[..count]);
        }
    }
}

fn parse(bytes: &[u8]) -> Option<Reply> {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head.split("content-length: ").nth(1);
    let length: usize = match length {
        // 204 has no body and says no length.
        None if head.starts_with("http/1.1 204") => 0,
        length => length?.split("\r\n").next()?.parse().ok()?,
    };
    let body = bytes.get(end..end + length)?.to_vec();
    Some(Reply {
        status: head.get(9..12)?.parse().ok()?,
        head,
        body,
    })
}
