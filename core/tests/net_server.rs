//! The network floor over real sockets: keep-alive, HTTP/2, limits, time-outs, drain.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use hubu_core::config::Server;
use hubu_core::http::session::Session;
use hubu_core::net::{Answer, Handler, Handlers, Prepared, Running};
use hyper::body::Incoming;
use hyper::{Request, Response};

/// Answers with the body it got; waits first when the path says how long in milliseconds.
#[derive(Clone)]
struct Echo;

impl Handler for Echo {
    async fn answer(&self, _session: &Session, request: Request<Incoming>) -> Answer {
        if let Ok(wait_ms) = request.uri().path()[1..].parse() {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
        let body = request
            .into_body()
            .collect()
            .await
            .map(|b| b.to_bytes())
            .unwrap_or_default();
        Response::new(body.into())
    }
}

struct Echoes;

impl Handlers for Echoes {
    type Handler = Echo;

    fn handler(&self) -> Echo {
        Echo
    }
}

fn settings() -> Server {
    Server {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        threads: 2,
        max_connections: 100,
        ..Server::default()
    }
}

fn serve(settings: &Server) -> Running {
    Prepared::new(settings).unwrap().serve(Echoes).unwrap()
}

fn connect(server: &Running) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    stream
}

fn ask(stream: &mut TcpStream, path: &str, body: &str) {
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
}

/// One answer of HTTP/1.1 with a Content-Length: its head and its body.
fn hear(stream: &mut TcpStream) -> (String, String) {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
        let mut one = [0; 1];
        assert_eq!(stream.read(&mut one).unwrap(), 1, "closed after {bytes:?}");
        bytes.push(one[0]);
    };
    let head = String::from_utf8(bytes[..head_end].to_vec())
        .unwrap()
        .to_ascii_lowercase();
    let length = head
        .split("content-length: ")
        .nth(1)
        .unwrap()
        .split("\r\n")
        .next()
        .unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

fn is_closed(stream: &mut TcpStream) -> bool {
    matches!(stream.read(&mut [0; 1]), Ok(0) | Err(_))
}

#[test]
fn a_connection_is_kept_for_many_requests() {
    let server = serve(&settings());
    let mut stream = connect(&server);
    for count in 0..3 {
        ask(&mut stream, "/", &format!("body {count}"));
        let (head, body) = hear(&mut stream);
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert_eq!(body, format!("body {count}"));
    }
    assert_eq!(server.stop().unwrap(), 0);
}

#[test]
fn http2_is_spoken_to_who_opens_with_its_preface() {
    let server = serve(&settings());
    let mut stream = connect(&server);
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .unwrap();
    // An empty SETTINGS frame: length 0, type 4, no flags, stream 0.
    stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).unwrap();
    let mut head = [0; 9];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(head[3], 4, "the server's first frame is its SETTINGS");
    drop(stream);
    server.stop().unwrap();
}

#[test]
fn a_connection_too_many_is_told_to_come_back() {
    let server = serve(&Server {
        max_connections: 2,
        ..settings()
    });
    let mut held: Vec<_> = (0..2).map(|_| connect(&server)).collect();
    for stream in &mut held {
        ask(stream, "/", "x");
        hear(stream);
    }
    let mut refused = connect(&server);
    let (head, _) = hear(&mut refused);
    assert!(
        head.starts_with("http/1.1 503") && head.contains("retry-after: 1"),
        "{head}"
    );
    assert!(is_closed(&mut refused));
    held.clear();
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        let mut again = connect(&server);
        let _ = again.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        if hear(&mut again).0.starts_with("http/1.1 200") {
            break;
        }
        assert!(Instant::now() < end, "the places were not given back");
    }
    server.stop().unwrap();
}

#[test]
fn a_head_too_long_is_refused() {
    let server = serve(&Server {
        header_limit_bytes: 8192,
        ..settings()
    });
    let mut stream = connect(&server);
    let padding = "x".repeat(20_000);
    let _ = write!(stream, "GET / HTTP/1.1\r\nHost: h\r\nX: {padding}\r\n\r\n");
    let (head, _) = hear(&mut stream);
    assert!(head.starts_with("http/1.1 431"), "{head}");
    server.stop().unwrap();
}

#[test]
fn a_slow_head_and_an_idle_connection_are_closed() {
    let server = serve(&Server {
        header_timeout_seconds: 1,
        idle_timeout_seconds: 3,
        ..settings()
    });
    let (mut slow, mut idle) = (connect(&server), connect(&server));
    ask(&mut idle, "/", "x");
    hear(&mut idle);
    let start = Instant::now();
    slow.write_all(b"GET / HTTP/1.1\r\nHost:").unwrap();
    assert!(is_closed(&mut slow));
    let slow_seconds = start.elapsed().as_secs_f64();
    assert!(is_closed(&mut idle));
    let idle_seconds = start.elapsed().as_secs_f64();
    assert!(
        slow_seconds < idle_seconds - 1.0,
        "{slow_seconds} {idle_seconds}"
    );
    server.stop().unwrap();
}

#[test]
fn a_quiet_connection_sleeps_and_wakes() {
    let server = serve(&settings());
    let mut stream = connect(&server);
    // Silent before its first request as well as between two.
    for count in 0..3 {
        std::thread::sleep(Duration::from_millis(900));
        ask(&mut stream, "/", &format!("body {count}"));
        assert_eq!(hear(&mut stream).1, format!("body {count}"));
    }
    // The second half of a request comes when everything else has gone to sleep.
    ask(&mut stream, "/", "whole");
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: h\r\nConte")
        .unwrap();
    assert_eq!(hear(&mut stream).1, "whole");
    std::thread::sleep(Duration::from_millis(900));
    stream.write_all(b"nt-Length: 4\r\n\r\nhalf").unwrap();
    assert_eq!(hear(&mut stream).1, "half");
    std::thread::sleep(Duration::from_millis(900));
    assert_eq!(server.stop().unwrap(), 0);
    assert!(
        is_closed(&mut stream),
        "a sleeping connection is let go at once"
    );
}

#[test]
fn a_large_answer_is_taken_slowly() {
    let server = serve(&settings());
    let mut stream = connect(&server);
    let body = "x".repeat(8 << 20);
    let mut sender = stream.try_clone().unwrap();
    let sending = std::thread::spawn(move || ask(&mut sender, "/", &body));
    std::thread::sleep(Duration::from_millis(1500));
    let (_, heard) = hear(&mut stream);
    assert_eq!(heard.len(), 8 << 20);
    sending.join().unwrap();
    server.stop().unwrap();
}

#[test]
fn a_large_answer_that_nobody_takes_is_given_up() {
    let server = serve(&Server {
        body_timeout_seconds: 1,
        ..settings()
    });
    let mut stream = connect(&server);
    let length = 32 << 20;
    let body = "x".repeat(length);
    let mut sender = stream.try_clone().unwrap();
    let sending = std::thread::spawn(move || ask(&mut sender, "/", &body));
    sending.join().unwrap();
    std::thread::sleep(Duration::from_secs(4));
    let mut taken = 0;
    let mut chunk = vec![0; 1 << 16];
    while let Ok(count @ 1..) = stream.read(&mut chunk) {
        taken += count;
    }
    assert!(taken < length, "the server waited for its reader");
    server.stop().unwrap();
}

#[test]
fn an_old_connection_closes_after_its_request() {
    let server = serve(&Server {
        connection_age_seconds: 1,
        ..settings()
    });
    let mut stream = connect(&server);
    ask(&mut stream, "/1600", "x");
    let (head, _) = hear(&mut stream);
    assert!(head.contains("connection: close"), "{head}");
    assert!(is_closed(&mut stream));
    server.stop().unwrap();
}

#[test]
fn a_drain_finishes_requests_and_refuses_new_ones() {
    let server = serve(&settings());
    let address = server.address();
    let (mut busy, mut idle) = (connect(&server), connect(&server));
    ask(&mut idle, "/", "x");
    hear(&mut idle);
    ask(&mut busy, "/600", "in flight");
    std::thread::sleep(Duration::from_millis(100));
    let stopping = std::thread::spawn(move || server.stop().unwrap());
    assert!(is_closed(&mut idle), "an idle connection is let go at once");
    let end = Instant::now() + Duration::from_millis(400);
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < end, "nobody new is let in");
    }
    let (head, body) = hear(&mut busy);
    assert!(head.contains("connection: close"), "{head}");
    assert_eq!(body, "in flight");
    assert_eq!(stopping.join().unwrap(), 0);
}

#[test]
fn a_drain_has_an_end() {
    let server = serve(&Server {
        drain_timeout_seconds: 1,
        ..settings()
    });
    let mut busy = connect(&server);
    ask(&mut busy, "/60000", "x");
    std::thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    assert_eq!(server.stop().unwrap(), 1, "one connection was cut off");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn an_address_in_use_is_an_error_that_names_it() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap();
    let prepared = Prepared::new(&Server {
        listen: address,
        ..settings()
    })
    .unwrap();
    let error = prepared.serve(Echoes).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains(&address.to_string()), "{error}");
}
