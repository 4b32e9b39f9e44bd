//! Requests that two servers could read in two ways, from raw sockets: each is refused, and nothing that comes behind one
//! is taken for a request (request smuggling).
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test may end where it can't go on.

#[path = "common/frames.rs"]
mod frames;
mod http_support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use frames::Frames;
use http_support::{CLERK, Serving, serve};

/// What would be seen of a request that was smuggled: an answer that only this one gets.
const SMUGGLED: &str = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";

/// Sends bytes and reads until the server closes, or says no more for a while; what it said in lower case.
fn say(address: SocketAddr, text: &str) -> (String, bool) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let (mut heard, mut chunk) = (Vec::new(), [0; 4096]);
    let is_closed = loop {
        match stream.read(&mut chunk) {
            Ok(0) => break true,
            Ok(count) => heard.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break false,
            Err(_) => break true,
        }
    };
    (String::from_utf8_lossy(&heard).to_lowercase(), is_closed)
}

/// The statuses of the answers in what was heard.
fn statuses(heard: &str) -> Vec<u16> {
    let starts = heard.match_indices("http/1.1 ").map(|(at, _)| at + 9);
    starts
        .map(|at| heard[at..at + 3].parse().unwrap())
        .collect()
}

/// Bytes are refused, and what follows on the connection is no request.
fn refuses(server: &Serving, what: &str, text: &str, wanted: u16) {
    let (heard, is_closed) = say(server.address, &format!("{text}{SMUGGLED}"));
    assert_eq!(statuses(&heard), [wanted], "{what}: {heard}");
    assert!(is_closed, "{what}: the connection stays open");
    assert!(
        !heard.contains("server:") && !heard.contains("hyper"),
        "{what}: {heard}"
    );
}

/// As a command would be sent.
fn post(lines: &str) -> String {
    format!("POST /v1/documents HTTP/1.1\r\nHost: h\r\n{lines}\r\n")
}

#[test]
fn lengths_that_can_be_read_in_two_ways_are_refused() {
    let server = serve();
    for lines in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Content-Length: 4\r\nContent-Length: 4\r\n",
        "Content-Length: 4\r\nContent-Length: 40\r\n",
        "Content-Length: 4, 4\r\n",
        "Content-Length: +4\r\n",
        "Content-Length: -4\r\n",
        "Content-Length: 0x4\r\n",
        "Content-Length: 4 \x0b\r\n",
        "Content-Length:\r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding:\r\n",
    ] {
        refuses(&server, lines, &post(lines), 400);
    }
    let old = "POST /v1/documents HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    refuses(&server, "HTTP/1.0 with chunks", old, 400);
}

#[test]
fn lines_that_can_be_read_in_two_ways_are_refused() {
    let server = serve();
    for lines in [
        "X: y\n",
        "X: y\r\n\n",
        "X: y\n\r\n",
        "X: y\r\rZ: z\r\n",
        "X: a\r\n folded\r\n",
        "X: a\r\n\tTransfer-Encoding: chunked\r\n",
        "Content-Length : 4\r\n",
        "Transfer-Encoding : chunked\r\n",
        " Content-Length: 4\r\n",
        "Content-Length\r\n",
        ": x\r\n",
        "X\0: y\r\n",
        "X: y\0z\r\n",
        "X(y): z\r\n",
        "X y: z\r\n",
        "Transfer\u{2010}Encoding: chunked\r\n",
    ] {
        refuses(&server, lines, &post(lines), 400);
    }
    for line in [
        "GET /healthz HTTP/1.1\nHost: h\n\n",
        "\nGET /healthz HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET  /healthz HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /healthz  HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET\t/healthz HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /healthz HTTP/1.1 x\r\nHost: h\r\n\r\n",
        "GET /healthz HTTP/1.2\r\nHost: h\r\n\r\n",
        "GET /healthz HTTP/2.0\r\nHost: h\r\n\r\n",
        "GET /healthz http/1.1\r\nHost: h\r\n\r\n",
        "GET /healthz\r\n\r\n",
        "GET /heal\0thz HTTP/1.1\r\nHost: h\r\n\r\n",
        "G{T /healthz HTTP/1.1\r\nHost: h\r\n\r\n",
    ] {
        refuses(&server, line, line, 400);
    }
}

#[test]
fn what_is_refused_behind_a_good_request_is_answered_in_its_turn() {
    let server = serve();
    let text = format!(
        "{SMUGGLED}{}{SMUGGLED}",
        post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n")
    );
    let (heard, is_closed) = say(server.address, &text);
    assert_eq!(
        (statuses(&heard), is_closed),
        (vec![200, 400], true),
        "{heard}"
    );
    // The same behind a body, whose own bytes may look like anything.
    let body = "a\nContent-Length: 1\nTransfer-Encoding: chunked\n\n";
    let length = body.len();
    let text = format!(
        "{}{body}{SMUGGLED}X: y\nZ: z\r\n\r\n",
        post(&format!("Content-Length: {length}\r\n"))
    );
    let (heard, is_closed) = say(server.address, &text);
    assert_eq!(
        (statuses(&heard), is_closed),
        (vec![401, 200, 400], true),
        "{heard}"
    );
}

#[test]
fn chunks_are_read_to_the_letter_and_their_connection_ends() {
    let server = serve();
    let chunked = post("Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n");
    // A whole body: answered, and then the connection ends, so that nobody's idea of its end matters.
    let (heard, is_closed) = say(
        server.address,
        &format!("{chunked}2\r\n{{}}\r\n0\r\n\r\n{SMUGGLED}"),
    );
    assert_eq!((statuses(&heard), is_closed), (vec![401], true), "{heard}");
    assert!(heard.contains("connection: close"), "{heard}");

    let token = server.token(CLERK);
    let asks = |chunks: &str| {
        let head = format!(
            "POST /v1/documents HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: k\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        );
        say(server.address, &format!("{head}{chunks}{SMUGGLED}"))
    };
    for chunks in [
        "2\n{}\n0\n\n",
        "2\r\n{}0\r\n\r\n",
        "+2\r\n{}\r\n0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        "2 x\r\n{}\r\n0\r\n\r\n",
        "2;a\nb\r\n{}\r\n0\r\n\r\n",
        "FFFFFFFFFFFFFFFF0\r\n{}\r\n0\r\n\r\n",
        &format!("2;{}\r\n{{}}\r\n0\r\n\r\n", "x".repeat(20_000)),
    ] {
        let (heard, is_closed) = asks(chunks);
        let statuses = statuses(&heard);
        assert!(
            statuses.is_empty() || statuses == [400],
            "{chunks:?}: {heard}"
        );
        assert!(is_closed, "{chunks:?}");
    }
    let (heard, _) = asks("2;name=value\r\n{}\r\n0\r\nX-Trailer: y\r\n\r\n");
    assert_eq!(
        statuses(&heard),
        [422],
        "an extension and a trailer are read over: {heard}"
    );
}

#[test]
fn headers_that_decide_something_stand_once() {
    let server = serve();
    let token = server.token(CLERK);
    let once = format!(
        "Host: h\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: a\r\nIf-Match: \"1\"\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
    );
    let asks = |more: &str| {
        let text = format!("POST /v1/documents HTTP/1.1\r\n{once}{more}\r\n{{}}");
        say(server.address, &text)
    };
    let (heard, _) = asks("");
    assert_eq!(statuses(&heard), [422], "{heard}");
    for more in [
        format!("authorization: Bearer {token}\r\n"),
        "Authorization: Bearer x\r\n".into(),
        "Idempotency-Key: b\r\n".into(),
        "If-Match: \"2\"\r\n".into(),
        "Content-Type: text/plain\r\n".into(),
        "Host: other\r\n".into(),
        "traceparent: a\r\ntraceparent: b\r\n".into(),
    ] {
        let (heard, _) = asks(&more);
        assert_eq!(statuses(&heard), [400], "{more}: {heard}");
        assert!(heard.contains("\"header_repeated\""), "{more}: {heard}");
    }
    for host in ["", "Host: a/b\r\n", "Host: a b\r\n", "Host: a@b\r\n"] {
        let (heard, _) = say(
            server.address,
            &format!("GET /v1/work HTTP/1.1\r\n{host}\r\n"),
        );
        assert_eq!(statuses(&heard), [400], "{host}: {heard}");
        assert!(heard.contains("\"host\""), "{host}: {heard}");
    }
    // HTTP/1.0 needs none, and its connection ends.
    let (heard, is_closed) = say(server.address, "GET /healthz HTTP/1.0\r\n\r\n");
    assert!(heard.contains(" 200 ") && is_closed, "{heard}");
}

#[test]
fn no_path_leads_to_another_route() {
    let server = serve();
    let mut clerk = server.client(CLERK);
    for path in [
        "/v1/documents/../healthz",
        "/v1/%2e%2e/healthz",
        "/%68ealthz",
        "//healthz",
        "/./healthz",
        "/healthz/",
        "/healthz%00",
        "/healthz;x",
        "/v1//work",
        "/v1/work/",
        "/V1/work",
        "/v1%2fwork",
        "/v1/documents/%2e%2e/trace",
        "/v1/documents/1%2ftrace",
        "/v1/documents/1/trace/",
        "/v1/documents/1/actions/review/..",
        "/v1\\work",
    ] {
        let reply = clerk.get(path);
        assert!(matches!(reply.status, 404 | 422), "{path}: {reply:?}");
    }
    // A whole URL for a target stands for its path, wherever it points (RFC 9112 §3.2.2); nothing is fetched from there.
    let reply = clerk.get("http://elsewhere.example/healthz");
    assert_eq!((reply.status, &reply.body[..]), (200, &b"ok\n"[..]));
    for (method, target) in [
        ("CONNECT", "elsewhere.example:443"),
        ("OPTIONS", "*"),
        ("GET", "healthz"),
        ("GET", "healthz:80"),
        ("TRACE", "/healthz"),
    ] {
        let mut other = server.stranger();
        let reply = other.send(method, target, "", b"");
        assert!(
            matches!(reply.status, 404 | 405),
            "{method} {target}: {reply:?}"
        );
    }
    assert_eq!(clerk.get("/v1/work").status, 200, "the connection goes on");
}

/// A header as HPACK's literal without indexing, with a name of its own.
fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut block = vec![0, name.len() as u8];
    block.extend(name.as_bytes());
    block.push(value.len() as u8);
    block.extend(value.as_bytes());
    block
}

/// Asks over HTTP/2 with these headers; whether the answer was a 200, another, or none.
fn http2(server: &Serving, headers: &[(&str, &str)], body: &[u8]) -> Option<bool> {
    let mut frames = Frames::connect(server.address).unwrap();
    frames.settings(&[]);
    let block: Vec<u8> = headers.iter().flat_map(|(n, v)| literal(n, v)).collect();
    let end = u8::from(body.is_empty());
    let head: (u8, u8, u32, &[u8]) = (1, 4 | end, 1, &block);
    // At once: a request without a token is answered before its body is read, and only a body that is there can break it.
    match body {
        b"" => frames.send_at_once(&[head]),
        body => frames.send_at_once(&[head, (0, 1, 1, body)]),
    }
    frames.is_next_fine_within(Duration::from_secs(2))
}

#[test]
fn http2_has_no_second_way_to_say_where_a_request_ends() {
    let server = serve();
    let good = [
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", "h"),
        (":path", "/healthz"),
    ];
    assert_eq!(http2(&server, &good, b""), Some(true));
    let without = |name: &str| good.into_iter().filter(|h| h.0 != name).collect::<Vec<_>>();
    let with = |more: (&'static str, &'static str)| [&good[..], &[more]].concat();
    for headers in [
        with(("X-Upper", "y")),
        with(("connection", "close")),
        with(("transfer-encoding", "chunked")),
        with(("keep-alive", "x")),
        with(("upgrade", "h2c")),
        with(("te", "chunked")),
        with((":path", "/readyz")),
        with((":status", "200")),
        with((":unknown", "x")),
        with(("x", "a\r\nTransfer-Encoding: chunked")),
        with(("x", "a\0b")),
        with(("x y", "a")),
        without(":method"),
        without(":path"),
        without(":scheme"),
        [&[("x", "y")], &good[..]].concat(),
        [
            &without(":path")[..],
            &[(":path", "/healthz HTTP/1.1\r\nX: y")],
        ]
        .concat(),
        [&without(":path")[..], &[(":path", "")]].concat(),
        [&without(":method")[..], &[(":method", "G T")]].concat(),
    ] {
        assert_ne!(http2(&server, &headers, b""), Some(true), "{headers:?}");
    }
    let post = |length: &'static str| {
        let mut headers = good.to_vec();
        headers[0].1 = "POST";
        headers[3].1 = "/v1/documents";
        headers.push(("content-length", length));
        headers
    };
    // Shorter or longer than its body: the stream is broken, not read.
    for length in ["1", "9", "x", "+3", "3, 3"] {
        assert_eq!(http2(&server, &post(length), b"abc"), None, "{length}");
    }
    assert_eq!(
        http2(&server, &post("3"), b"abc"),
        Some(false),
        "401: there is no token"
    );
}
