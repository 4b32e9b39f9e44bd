//! TLS on the service port over real sockets: what is spoken, who is let in, what a new certificate changes, and what
//! a client that dawdles can hold up.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test may end where it can't go on.

mod tls_support;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use hubu_core::config::{Server, Tls};
use hubu_core::http::session::Session;
use hubu_core::net::tls::{TlsKeeper, Watched};
use hubu_core::net::{Answer, Handler, Handlers, Prepared, Running};
use hyper::body::Incoming;
use hyper::{Request, Response};
use rustls::HandshakeKind;
use tls_support::{Authority, TlsWire, der, open, settings, shake, shown};

/// Answers with the body it got, and whose certificate the client showed.
#[derive(Clone)]
struct Echo;

impl Handler for Echo {
    async fn answer(&self, session: &Session, request: Request<Incoming>) -> Answer {
        assert!(session.peer().is_some_and(|peer| peer.is_loopback()));
        let body = request.into_body().collect().await;
        let body = body.map(|body| body.to_bytes()).unwrap_or_default();
        let mut answer = Response::new(body.into());
        if let Some(subject) = session.certificate() {
            let value = subject.parse().unwrap();
            answer.headers_mut().insert("x-subject", value);
        }
        if session.is_tls() {
            answer.headers_mut().insert("x-tls", 1.into());
        }
        answer
    }
}

struct Echoes;

impl Handlers for Echoes {
    type Handler = Echo;

    fn handler(&self) -> Echo {
        Echo
    }
}

/// A server with TLS beside plain HTTP.
struct Serving {
    running: Running,
    keeper: Arc<TlsKeeper>,
}

impl Serving {
    fn tls(&self) -> SocketAddr {
        self.running.tls_address().unwrap()
    }
}

fn serve(tls: &Tls) -> Serving {
    serve_with(tls, |_| {})
}

fn serve_with(tls: &Tls, change: impl FnOnce(&mut Server)) -> Serving {
    let mut server = Server {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        threads: 2,
        max_connections: 300,
        ..Server::default()
    };
    change(&mut server);
    let keeper = TlsKeeper::new(tls).unwrap().unwrap();
    let prepared = Prepared::new(&server).unwrap();
    let running = prepared.serve_both(Echoes, Some(keeper.clone())).unwrap();
    Serving { running, keeper }
}

/// Asks and gives the answer's head and body.
fn ask(wire: &mut (impl Read + Write), body: &str) -> std::io::Result<String> {
    let length = body.len();
    let request = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n{body}");
    wire.write_all(request.as_bytes())?;
    let mut heard = Vec::new();
    let mut chunk = [0; 1024];
    loop {
        let text = String::from_utf8_lossy(&heard);
        if text
            .split_once("\r\n\r\n")
            .is_some_and(|(_, rest)| rest == body)
        {
            return Ok(text.into_owned());
        }
        match wire.read(&mut chunk)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            count => heard.extend_from_slice(&chunk[..count]),
        }
    }
}

#[test]
fn http_is_spoken_over_tls_1_3_beside_plain_http() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ca");
    let server = serve(&settings(&authority.sign("server", |_| {})));
    let mut wire = shake(server.tls(), &authority.client(None)).unwrap();
    for body in ["one", "two", ""] {
        let said = ask(&mut wire, body).unwrap();
        assert!(
            said.starts_with("HTTP/1.1 200") && said.contains("x-tls: 1"),
            "{said}"
        );
    }
    assert_eq!(
        wire.conn.protocol_version(),
        Some(rustls::ProtocolVersion::TLSv1_3)
    );
    assert_eq!(wire.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    let mut plain = TcpStream::connect(server.running.address()).unwrap();
    let said = ask(&mut plain, "plain").unwrap();
    assert!(!said.contains("x-tls"), "{said}");
    drop((wire, plain));
    assert_eq!(server.running.stop().unwrap(), 0);
}

#[test]
fn http2_is_spoken_to_who_offers_it() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ca");
    let server = serve(&settings(&authority.sign("server", |_| {})));
    let mut config = (*authority.client(None)).clone();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut wire = shake(server.tls(), &Arc::new(config)).unwrap();
    assert_eq!(wire.conn.alpn_protocol(), Some(&b"h2"[..]));
    wire.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .unwrap();
    let mut head = [0; 9];
    wire.read_exact(&mut head).unwrap();
    assert_eq!(
        head[3], 4,
        "the server's first frame is its settings: {head:?}"
    );
}

#[test]
fn older_tls_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ca");
    let server = serve(&settings(&authority.sign("server", |_| {})));
    let with = |version: &str| {
        let address = server.tls().to_string();
        let args = ["s_client", "-connect", &address, "-brief", version];
        let mut command = Command::new("openssl");
        let output = command.args(args).stdin(Stdio::null()).output();
        output.expect("OpenSSL's command line is needed: apt-get install openssl")
    };
    assert!(with("-tls1_3").status.success());
    let old = with("-tls1_2");
    let said = String::from_utf8_lossy(&old.stderr);
    assert!(
        !old.status.success() && said.contains("protocol version"),
        "{said}"
    );
}

#[test]
fn a_connection_that_slept_speaks_on() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ca");
    let server = serve(&settings(&authority.sign("server", |_| {})));
    let config = authority.client(None);
    let mut wires: Vec<TlsWire> = (0..50)
        .map(|_| shake(server.tls(), &config).unwrap())
        .collect();
    for round in 0..3 {
        for (number, wire) in wires.iter_mut().enumerate() {
            ask(wire, &format!("{round} of {number}")).unwrap();
        }
        // Longer than it takes to be told to sleep.
        std::thread::sleep(Duration::from_millis(1200));
    }
    assert_eq!(wires.len(), 50);
    // A body of many records, more than a turn, behind a sleep.
    let large = "x".repeat(300_000);
    ask(&mut wires[7], &large).unwrap();
}

#[test]
fn a_client_that_slept_is_told_when_the_server_goes() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ca");
    let server = serve(&settings(&authority.sign("server", |_| {})));
    let config = authority.client(None);
    let mut asleep = shake(server.tls(), &config).unwrap();
    ask(&mut asleep, "good night").unwrap();
    std::thread::sleep(Duration::from_millis(1200));
    let mut awake = shake(server.tls(), &config).unwrap();
    ask(&mut awake, "good morning").unwrap();
    assert_eq!(server.running.stop().unwrap(), 0);
    for wire in [&mut asleep, &mut awake] {
        // A cut without close_notify would be an error of kind UnexpectedEof.
        assert_eq!(wire.read(&mut [0; 16]).unwrap(), 0);
    }
}

#[test]
fn a_session_is_resumed_on_any_thread_and_nothing_is_sent_early() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ca");
    let server = serve(&settings(&authority.sign("server", |_| {})));
    let mut config = (*authority.client(None)).clone();
    config.enable_early_data = true;
    let config = Arc::new(config);
    let mut kinds = Vec::new();
    for _ in 0..16 {
        let mut wire = open(server.tls(), &config);
        assert!(wire.conn.early_data().is_none(), "a ticket allows 0-RTT");
        // With the answer comes the ticket.
        ask(&mut wire, "again").unwrap();
        kinds.push(wire.conn.handshake_kind().unwrap());
    }
    assert_eq!(kinds[0], HandshakeKind::Full);
    // The kernel spreads connections over both threads; neither remembers a session of its own.
    assert!(
        kinds[1..]
            .iter()
            .all(|kind| *kind == HandshakeKind::Resumed),
        "{kinds:?}"
    );
}

#[test]
fn a_new_certificate_serves_without_a_restart_and_a_broken_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ca");
    let first = authority.sign("server", |_| {});
    let old = der(&first.certificate);
    let server = serve(&settings(&first));
    let config = authority.client(None);
    let mut before = shake(server.tls(), &config).unwrap();
    ask(&mut before, "before").unwrap();
    assert_eq!(shown(&before), old);
    assert!(matches!(server.keeper.look(false), Watched::Same));
    // A change of its rights alone is seen as well: what could not be read before may be readable now.
    let rights = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(&first.key, rights).unwrap();
    assert!(matches!(server.keeper.look(false), Watched::Renewed));

    authority.sign("server", |_| {});
    let new = der(&first.certificate);
    assert_ne!(new, old);
    assert!(matches!(server.keeper.look(false), Watched::Renewed));
    let mut after = shake(server.tls(), &config).unwrap();
    assert_eq!(shown(&after), new);
    assert_eq!(
        after.conn.handshake_kind(),
        Some(HandshakeKind::Full),
        "a ticket of before would have led past the new certificate"
    );
    ask(&mut before, "still there").unwrap();
    ask(&mut after, "there").unwrap();

    // The key of another: a certificate that was copied in part, or before its key.
    std::fs::write(
        &first.key,
        std::fs::read(&authority.sign("other", |_| {}).key).unwrap(),
    )
    .unwrap();
    let Watched::Kept(error) = server.keeper.look(false) else {
        panic!("a pair that does not fit was taken");
    };
    assert!(
        error.to_string().contains("cannot be used together"),
        "{error}"
    );
    assert!(
        matches!(server.keeper.look(false), Watched::Same),
        "it is told once"
    );
    std::fs::write(&first.certificate, "no certificate").unwrap();
    assert!(matches!(server.keeper.look(false), Watched::Kept(_)));
    std::fs::remove_file(&first.key).unwrap();
    assert!(matches!(server.keeper.look(true), Watched::Kept(_)));
    let still = shake(server.tls(), &config).unwrap();
    assert_eq!(shown(&still), new);
}

#[test]
fn a_start_without_a_usable_pair_is_refused_with_words() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ca");
    let (one, other) = (
        authority.sign("one", |_| {}),
        authority.sign("other", |_| {}),
    );
    let mixed = Tls {
        key_file: other.key.clone(),
        ..settings(&one)
    };
    let error = TlsKeeper::new(&mixed).err().unwrap().to_string();
    assert!(
        error.contains("one.pem") && error.contains("other.key"),
        "{error}"
    );
    let missing = Tls {
        key_file: folder.path().join("nowhere.key"),
        ..settings(&one)
    };
    let error = TlsKeeper::new(&missing).err().unwrap().to_string();
    assert!(error.contains("nowhere.key: cannot be read"), "{error}");
    assert!(TlsKeeper::new(&Tls::default()).unwrap().is_none());
}

#[test]
fn where_client_certificates_are_demanded_nobody_gets_in_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ca");
    let services = Authority::new(folder.path(), "services");
    let pair = authority.sign("server", |_| {});
    let tls = Tls {
        client_ca_file: services.file("services"),
        ..settings(&pair)
    };
    let server = serve(&tls);
    let refused = |own: Option<&tls_support::Pair>| {
        // In TLS 1.3 the client is through before the server has looked: the refusal is what it reads first.
        let shaken = shake(server.tls(), &authority.client(own));
        shaken.and_then(|mut wire| ask(&mut wire, "x")).unwrap_err()
    };
    let none = refused(None).to_string();
    assert!(none.contains("CertificateRequired"), "{none}");
    let stranger = refused(Some(&authority.sign("stranger", |_| {}))).to_string();
    assert!(
        stranger.contains("UnknownCA") || stranger.contains("DecryptError"),
        "{stranger}"
    );
    let expired = services.sign("expired", |params| {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    let expired = refused(Some(&expired)).to_string();
    assert!(expired.contains("Expired"), "{expired}");

    let gateway = services.sign("pay-gateway", |_| {});
    let mut wire = shake(server.tls(), &authority.client(Some(&gateway))).unwrap();
    let said = ask(&mut wire, "x").unwrap();
    assert!(said.contains("x-subject: CN=pay-gateway"), "{said}");

    let asked = serve(&Tls {
        client_certificate_required: false,
        ..tls
    });
    let mut wire = shake(asked.tls(), &authority.client(None)).unwrap();
    assert!(!ask(&mut wire, "x").unwrap().contains("x-subject"));
}

#[test]
fn who_dawdles_in_a_handshake_is_cut_off_and_keeps_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ca");
    let tls = Tls {
        handshake_timeout_seconds: 5,
        handshakes_in_flight: 8,
        ..settings(&authority.sign("server", |_| {}))
    };
    let server = serve(&tls);
    let dawdling = |bytes: &[u8]| {
        let mut stream = TcpStream::connect(server.tls()).unwrap();
        stream.write_all(bytes).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
    };
    // Who has said nothing holds no turn, however many there are.
    let silent: Vec<TcpStream> = (0..100).map(|_| dawdling(b"")).collect();
    let config = authority.client(None);
    let begun = Instant::now();
    ask(&mut shake(server.tls(), &config).unwrap(), "x").unwrap();
    assert!(
        begun.elapsed() < Duration::from_millis(900),
        "{:?}",
        begun.elapsed()
    );
    // Who has said a little holds none either: the others come in while all of them are still there.
    let mut slow: Vec<TcpStream> = (0..8).map(|_| dawdling(&[22, 3, 1])).collect();
    ask(&mut shake(server.tls(), &config).unwrap(), "x").unwrap();
    assert!(
        slow.iter().all(is_open),
        "dawdlers were waited for: {:?}",
        begun.elapsed()
    );
    // And each is cut off when its time is over.
    for stream in &mut slow {
        let end = stream.read(&mut [0; 64]);
        assert!(is_end(&end), "{end:?}");
    }
    // What is no TLS at all ends at once.
    let mut plain = dawdling(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let mut said = Vec::new();
    let _ = plain.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
    drop(silent);
    assert_eq!(server.running.stop().unwrap(), 0);
}

/// Whether the other side has not closed it.
fn is_open(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let seen = stream.peek(&mut [0; 1]);
    stream.set_nonblocking(false).unwrap();
    matches!(seen, Err(error) if error.kind() == ErrorKind::WouldBlock)
}

/// Whether a read says that the other side has closed it, and not that nothing came.
fn is_end(read: &std::io::Result<usize>) -> bool {
    match read {
        Ok(count) => *count == 0,
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

#[test]
fn who_dawdles_in_a_handshake_holds_no_turn() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ca");
    let tls = Tls {
        handshake_timeout_seconds: 20,
        handshakes_in_flight: 1,
        ..settings(&authority.sign("server", |_| {}))
    };
    let server = serve_with(&tls, |server| server.threads = 1);
    let config = authority.client(None);
    let begin = |bytes: usize| {
        let mut wire = open(server.tls(), &config);
        let mut hello = Vec::new();
        wire.conn.write_tls(&mut hello).unwrap();
        let rest = hello.split_off(bytes.min(hello.len()));
        wire.sock.write_all(&hello).unwrap();
        (wire, rest)
    };
    // Some stop in the midst of their first message, some after it: those are answered, and never go on.
    let mut beginners: Vec<_> = (0..10).map(|_| begin(3)).collect();
    let mut answered: Vec<_> = (0..10).map(|_| begin(usize::MAX)).collect();
    for (wire, _) in &mut answered {
        assert_eq!(wire.sock.read(&mut [0; 1]).unwrap(), 1);
    }
    ask(&mut shake(server.tls(), &config).unwrap(), "x").unwrap();
    assert!(
        beginners.iter().all(|(wire, _)| is_open(&wire.sock)),
        "the one turn was theirs until they were cut off"
    );
    // Who goes on after all is served.
    let (mut wire, rest) = beginners.pop().unwrap();
    wire.sock.write_all(&rest).unwrap();
    ask(&mut wire, "late").unwrap();
}

#[test]
fn a_storm_of_handshakes_is_served_in_turns() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ca");
    let tls = Tls {
        handshakes_in_flight: 2,
        ..settings(&authority.sign("server", |_| {}))
    };
    let server = serve(&tls);
    let (config, address) = (authority.client(None), server.tls());
    let crowd: Vec<_> = (0..120)
        .map(|number| {
            let config = config.clone();
            std::thread::spawn(move || {
                let mut wire = shake(address, &config)?;
                ask(&mut wire, &format!("official {number}"))
            })
        })
        .collect();
    for official in crowd {
        official.join().unwrap().unwrap();
    }
    assert_eq!(server.running.stop().unwrap(), 0);
}
