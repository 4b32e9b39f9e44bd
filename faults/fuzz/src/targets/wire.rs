//! Any bytes on a connection of a whole server: each answer is one that may be, and none of them says that the server failed.

use super::{Setup, kind, sources};
use crate::Outcome;
use hubu_core::access::{Claims, SigningKey, Tokens, TrustedKeys};
use hubu_core::config::{Auth, Server};
use hubu_core::engine::Engine;
use hubu_core::engine::open::Options;
use hubu_core::http::app::App;
use hubu_core::journal::{Settings, open_journal};
use hubu_core::net::{Prepared, Running};
use hubu_core::views::Views;
use hubu_core::views::archive::{Archive, ArchiveSettings};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Stands in an input for a token that is good.
const TOKEN: &[u8] = b"$TOKEN";

/// The longest wait for an answer, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server of its own, for as long as the process lives.
struct Serving {
    address: SocketAddr,
    token: String,
    _running: Running,
    _views: Views,
    _folder: tempfile::TempDir,
}

fn serve() -> Outcome<Serving> {
    let folder = tempfile::tempdir()?;
    let server = Server {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        threads: 1,
        max_connections: 64,
        ..Server::default()
    };
    let auth = Auth {
        hs256_secret: "a-secret-for-tests-of-32-bytes-or-more".to_owned().into(),
        hs256_secret_file: PathBuf::new(),
        ..Auth::default()
    };
    let prepared: Prepared<Arc<App>> = Prepared::new(&server)?;
    let place = folder.path().join("journal").display().to_string();
    let settings = Settings {
        segment_bytes: 4 << 20,
        ..Settings::default()
    };
    let archive = Archive::open(&folder.path().join("archive"), ArchiveSettings::default())?;
    let options = Options {
        tail_bytes: 8 << 20,
        archived: Some(0),
        ..Options::default()
    };
    let engine = Arc::new(Engine::open(
        open_journal(&place, &settings)?,
        &sources()?,
        options,
    )?);
    let views = Views::start(&engine, Some(archive))?;
    let catalog = engine.catalogs().current().1.clone();
    let tokens = Tokens::new(TrustedKeys::from_settings(&auth)?, catalog, 1000);
    let archive = views.archive().ok_or("no archive")?.clone();
    let app = App::new(
        engine.clone(),
        (archive, views.live().clone()),
        tokens,
        None,
        &server,
    )?;
    let running = prepared.serve(Arc::new(app))?;
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)?
        .as_secs();
    let claims = Claims {
        sub: "loader".into(),
        roles: vec!["system_admin".into(), "agency_clerk".into()],
        division: "420106000".into(),
        agency: None,
        dept: None,
        exp: now + 1_000_000,
        ..Claims::default()
    };
    let token = SigningKey::from_settings(&auth)?.sign(&claims)?;
    Ok(Serving {
        address: running.address(),
        token,
        _running: running,
        _views: views,
        _folder: folder,
    })
}

/// A request of the usual kind.
fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    let text = format!(
        "{method} {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer $TOKEN\r\nIdempotency-Key: k\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    text.into_bytes()
}

pub(super) fn bytes() -> Outcome<Setup> {
    let serving = serve()?;
    let opening = r#"{"type":"opening","division":"420106000","fiscal_year":2026,"transition":"load","lines":[{"amount":"9.00","month":3,"dims":{"fund_type":"1"}}]}"#;
    let mut seeds = vec![
        request("POST", "/v1/documents", opening),
        request("POST", "/v1/documents/1/actions/review", "{}"),
        request("POST", "/v1/batches", r#"{"commands":[{"key":"a","act":{"document":"1","transition":"review"}}]}"#),
        request("DELETE", "/v1/documents", ""),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec(),
        b"POST /v1/documents HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n0\r\n\r\n".to_vec(),
        [request("GET", "/healthz", ""), request("GET", "/readyz", "")].concat(),
    ];
    for path in [
        "/v1/documents/1",
        "/v1/documents/1/trace",
        "/v1/quotas/1",
        "/v1/quotas?limit=3&cursor=1",
        "/v1/work?cursor=1.2",
        "/v1/divisions/420106000/summary?fiscal_year=2026",
        "/v1/events?after=0&limit=2",
        "/openapi.json",
    ] {
        seeds.push(request("GET", path, ""));
    }
    Ok(Setup {
        seeds,
        words: super::bytes_of(&[
            "$TOKEN",
            "\r\n",
            "\r\n\r\n",
            "Content-Length: 0",
            "Content-Length: 18446744073709551615",
            "Transfer-Encoding: chunked",
            "Expect: 100-continue",
            "HTTP/1.0",
            "HTTP/2.0",
            "Connection: upgrade",
            "Upgrade: h2c",
            "GET ",
            "POST ",
            "%00",
            "?limit=0",
            "?cursor=18446744073709551615",
            "?after=18446744073709551615",
            "?fiscal_year=65535",
            "/v1/quotas/4294967295",
            "If-Match: \"1\"",
            "Accept-Language: en",
            "traceparent: 00-",
            "/v1/documents/18446744073709551615",
            "Authorization: Bearer ",
        ]),
        memory: None,
        run: Box::new(move |input| exchange(&serving, input)),
    })
}

/// Sends, says that no more comes, and reads to the end.
fn exchange(serving: &Serving, input: &[u8]) -> u64 {
    let mut sent = Vec::with_capacity(input.len() + serving.token.len());
    let mut rest = input;
    while let Some(at) = rest.windows(TOKEN.len()).position(|window| window == TOKEN) {
        sent.extend_from_slice(&rest[..at]);
        sent.extend_from_slice(serving.token.as_bytes());
        rest = &rest[at + TOKEN.len()..];
    }
    sent.extend_from_slice(rest);
    let stream = TcpStream::connect(serving.address);
    assert!(stream.is_ok(), "it takes connections: {stream:?}");
    let Ok(mut stream) = stream else { return 0 };
    let _timely = stream.set_read_timeout(Some(PATIENCE));
    // It may answer and close before all was sent.
    let _sent = stream.write_all(&sent);
    let _ended = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => {
            let timed_out = matches!(
                error.kind(),
                std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
            );
            assert!(!timed_out, "no end of the answer came");
        }
    }
    judge(&answer)
}

/// The statuses of all answers; HTTP/2 is not looked into.
fn judge(answer: &[u8]) -> u64 {
    let mut statuses = Vec::new();
    let mut rest = answer;
    while let Some(line) = rest.strip_prefix(b"HTTP/1.") {
        let status = line
            .get(2..5)
            .and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u16>().ok());
        assert!(
            status.is_some_and(|status| (100..500).contains(&status)),
            "{}",
            String::from_utf8_lossy(&line[..line.len().min(300)])
        );
        statuses.push(status);
        let Some(end) = rest.windows(4).position(|window| window == b"\r\n\r\n") else {
            break;
        };
        let head = String::from_utf8_lossy(&rest[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| {
            line.strip_prefix("content-length:")?
                .trim()
                .parse::<usize>()
                .ok()
        });
        rest = rest
            .get(end + 4 + length.unwrap_or(0)..)
            .unwrap_or_default();
    }
    kind(statuses)
}
