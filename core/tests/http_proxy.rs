//! Hubu behind a proxy that ends TLS for it, as one that speaks TLCP or TLS with SM suites would: HAProxy as Debian has it.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test may end where it can't go on.

mod http_support;
mod tls_support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use http_support::{AGENCY, CLERK, Serving, Who, payment, serve, serve_limited};
use hubu_testkit::{Program, debian_program};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use socket2::{Domain, Socket, Type};
use std::sync::Arc;
use tls_support::{Authority, TlsWire};

/// A proxy in front of a server; it ends with the test.
struct Proxy {
    address: SocketAddr,
    config: Arc<rustls::ClientConfig>,
    _program: Program,
    _folder: tempfile::TempDir,
}

fn proxy(behind: SocketAddr) -> Proxy {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ca");
    let pair = authority.sign("server", |_| {});
    let both = folder.path().join("both.pem");
    let read = |path: &Path| std::fs::read(path).unwrap();
    std::fs::write(&both, [read(&pair.certificate), read(&pair.key)].concat()).unwrap();
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let settings = folder.path().join("haproxy.cfg");
    // docs/tls.md shows the same to people.
    let text = format!(
        "global\n    maxconn 200\n    ssl-default-bind-options ssl-min-ver TLSv1.3\n\
         defaults\n    mode http\n    timeout connect 5s\n    timeout client 60s\n    timeout server 60s\n    option forwardfor\n\
         frontend officials\n    bind {address} ssl crt {} alpn h2,http/1.1\n    default_backend hubu\n\
         backend hubu\n    server hubu {behind}\n",
        both.display()
    );
    std::fs::write(&settings, text).unwrap();
    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    let mut command = Command::new(debian_program("haproxy", "haproxy").unwrap());
    command.arg("-db").arg("-f").arg(&settings);
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    let program = Program::from(command.spawn().unwrap());
    let end = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(address).is_err() {
        let said = std::fs::read_to_string(folder.path().join("log")).unwrap();
        assert!(
            Instant::now() < end,
            "haproxy does not come to serve: {said}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    Proxy {
        address,
        config: authority.client(None),
        _program: program,
        _folder: folder,
    }
}

impl Proxy {
    /// A connection from 127.0.0.`last`.
    fn connect_from(&self, last: u8) -> TlsWire {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let own = SocketAddr::from(([127, 0, 0, last], 0));
        socket.bind(&own.into()).unwrap();
        socket.connect(&self.address.into()).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(self.config.clone(), name).unwrap();
        StreamOwned::new(connection, TcpStream::from(socket))
    }
}

/// Asks; the status, the head in lower case and the body.
fn ask(wire: &mut TlsWire, head: &str, body: &str) -> (u16, String, String) {
    let length = body.len();
    let text = format!("{head}\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}");
    wire.write_all(text.as_bytes()).unwrap();
    let (mut heard, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&heard).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head.split("content-length: ").nth(1);
            let length: usize = length.unwrap().lines().next().unwrap().parse().unwrap();
            if body.len() >= length {
                return (head[9..12].parse().unwrap(), head, body.to_owned());
            }
        }
        let count = wire.read(&mut chunk).unwrap();
        assert!(count > 0, "closed after {text:?}");
        heard.extend_from_slice(&chunk[..count]);
    }
}

fn bearer(server: &Serving, who: Who<'_>) -> String {
    format!(
        "Authorization: Bearer {}\r\nAccept-Language: en",
        server.token(who)
    )
}

#[test]
fn payments_are_made_through_a_proxy_that_ends_tls() {
    let server = serve();
    let row = server.load(AGENCY);
    let proxy = proxy(server.address);
    let mut wire = proxy.connect_from(2);
    let who = bearer(&server, CLERK);
    let body = payment(&row, "12.34").to_string();
    let head = format!(
        "POST /v1/documents HTTP/1.1\r\n{who}\r\nContent-Type: application/json\r\nIdempotency-Key: p1\r\nX-Request-Id: desk-1"
    );
    let (status, said, first) = ask(&mut wire, &head, &body);
    assert_eq!(status, 201, "{first}");
    assert!(said.contains("x-request-id: desk-1"), "{said}");
    // On the same connection, and on another: once is once.
    assert_eq!(ask(&mut wire, &head, &body).2, first);
    assert_eq!(ask(&mut proxy.connect_from(3), &head, &body).2, first);
    let (status, said, _) = ask(&mut wire, "GET /v1/work HTTP/1.1", "");
    assert_eq!(status, 401, "{said}");
}

#[test]
fn what_a_proxy_says_of_its_clients_counts_only_where_it_is_named() {
    let burst = |trusted: &str| {
        let server = serve_limited(|server, limits| {
            server.trusted_proxies = trusted.into();
            (limits.client_per_second, limits.client_burst) = (1, 3);
        });
        let proxy = proxy(server.address);
        let who = bearer(&server, CLERK);
        // 127.0.0.2 asks four times and says each time that it is another; then 127.0.0.3 asks once.
        let mut loud = proxy.connect_from(2);
        let mut statuses: Vec<u16> = (0..4)
            .map(|number| {
                let lie = format!("X-Forwarded-For: 10.0.0.{number}");
                ask(
                    &mut loud,
                    &format!("GET /v1/work HTTP/1.1\r\n{who}\r\n{lie}"),
                    "",
                )
                .0
            })
            .collect();
        let quiet = format!("GET /v1/work HTTP/1.1\r\n{who}");
        statuses.push(ask(&mut proxy.connect_from(3), &quiet, "").0);
        statuses
    };
    assert_eq!(burst("127.0.0.1"), [200, 200, 200, 429, 200]);
    // Not named: all that come through it are one client.
    assert_eq!(burst(""), [200, 200, 200, 429, 429]);
}
