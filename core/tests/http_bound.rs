//! A service's token that is bound to its client certificate, over real TLS: stolen, it is worth nothing.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod http_support;
mod tls_support;

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64ct::{Base64UrlUnpadded, Encoding};
use http_support::audit::{read, refused};
use http_support::{CLERK, Serving, serve};
use hubu_core::access::{Claims, Confirmation, Thumbprint};
use hubu_core::config::{Server, Tls};
use hubu_core::http::app::App;
use hubu_core::net::Prepared;
use hubu_core::net::tls::TlsKeeper;
use rustls::HandshakeKind;
use serde_json::Value;
use tls_support::{Authority, der, open, settings, shake};

/// Asks for the work list; the status.
fn ask(wire: &mut (impl Read + Write), token: &str) -> u16 {
    let head = format!(
        "GET /v1/work HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    wire.write_all(head.as_bytes()).unwrap();
    let mut heard = Vec::new();
    // A connection that ends without close_notify has still answered.
    let _ = wire.read_to_end(&mut heard);
    String::from_utf8_lossy(&heard)[9..12].parse().unwrap()
}

/// A token of the clerk's that says this as well.
fn token(server: &Serving, cnf: Option<Confirmation>) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    server.sign(&Claims {
        cnf,
        ..Serving::claims(CLERK, now.as_secs() + 600)
    })
}

#[test]
fn a_stolen_token_is_worth_nothing_without_the_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ca");
    let gateway = authority.sign("gateway", |_| {});
    let other = authority.sign("other", |_| {});
    let tls = Tls {
        client_ca_file: authority.file("ca"),
        client_certificate_required: false,
        ..settings(&authority.sign("server", |_| {}))
    };
    let server = serve();
    let listening = Server {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        threads: 1,
        max_connections: 50,
        ..Server::default()
    };
    let prepared: Prepared<Arc<App>> = Prepared::new(&listening).unwrap();
    let keeper = TlsKeeper::new(&tls).unwrap().unwrap();
    let running = prepared
        .serve_both(server.app.clone(), Some(keeper))
        .unwrap();
    let address = running.tls_address().unwrap();

    let own = Thumbprint::of(&der(&gateway.certificate));
    let bound = token(&server, Some(Confirmation::to(&own)));
    let by = |own| shake(address, &authority.client(own)).unwrap();
    assert_eq!(ask(&mut by(Some(&gateway)), &bound), 200);
    assert_eq!(ask(&mut by(Some(&other)), &bound), 401);
    assert_eq!(ask(&mut by(None), &bound), 401);
    let mut plain = std::net::TcpStream::connect(running.address()).unwrap();
    assert_eq!(ask(&mut plain, &bound), 401);
    // Who is resumed is who shook hands before.
    let client = authority.client(Some(&gateway));
    assert_eq!(ask(&mut open(address, &client), &bound), 200);
    let mut again = open(address, &client);
    assert_eq!(ask(&mut again, &bound), 200);
    assert_eq!(again.conn.handshake_kind(), Some(HandshakeKind::Resumed));
    assert_eq!(ask(&mut by(None), &token(&server, None)), 200);
    running.stop().unwrap();

    let stopped = server.stop();
    let entries = read(&stopped.path().join("audit"));
    let unbound = refused(&entries, "token_unbound");
    // In the order in which they came: with another's certificate, without one, and without TLS.
    let shown = unbound.iter().map(|entry| entry["certificate"].as_str());
    let shown: Vec<Option<&str>> = shown.collect();
    assert_eq!(shown, [Some("CN=other"), None, None]);
    for entry in unbound {
        assert_eq!(entry["request"], "GET /v1/work");
        assert_eq!(entry["who"], Value::Null, "the thief is nobody we know");
        let detail = entry["detail"].as_str().unwrap();
        assert!(detail.ends_with(&format!("of {}", CLERK.0)), "{detail}");
    }
    assert_eq!(entries.len(), 3, "who is let in is not: {entries:#?}");
}

#[test]
fn the_program_signs_tokens_that_are_bound() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Authority::new(folder.path(), "ca").sign("gateway", |_| {});
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../config");
    let hubu = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubu"));
        let run = command.args(arguments).current_dir(folder.path()).output();
        run.unwrap()
    };
    assert!(
        hubu(&["init", "data", "--catalog", config])
            .status
            .success()
    );
    let token = |file: &str| {
        let who = [
            "--sub",
            "gateway",
            "--role",
            "auditor",
            "--division",
            "420106000",
        ];
        let more = ["token", "--config", "data/hubu.toml", "--certificate", file];
        hubu(&[&more[..], &who[..]].concat())
    };
    let signed = token("gateway.pem");
    let signed = String::from_utf8(signed.stdout).unwrap();
    let claims = signed.split('.').nth(1).unwrap();
    let claims: Claims =
        serde_json::from_slice(&Base64UrlUnpadded::decode_vec(claims).unwrap()).unwrap();
    let own = Thumbprint::of(&der(&gateway.certificate));
    assert_eq!(claims.cnf, Some(Confirmation::to(&own)));
    let none = token("gateway.key");
    assert_eq!(none.status.code(), Some(2));
    let words = String::from_utf8(none.stderr).unwrap();
    assert!(
        words.contains("gateway.key") && words.contains("certificate in PEM"),
        "{words}"
    );
}
