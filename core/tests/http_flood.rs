//! Clients that announce much and send little, read nothing, come back at once, or misuse HTTP/2: none of them
//! takes what others need.
#![cfg(feature = "server")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]

#[path = "common/around.rs"]
mod around;
#[path = "common/frames.rs"]
mod frames;
mod http_support;

use around::Around;
use frames::Frames;
use http_support::{AGENCY, CLERK, Client, LOADER, Serving, payment, serve_on, serve_with};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

const MIB: usize = 1 << 20;

/// A journal that stands still while the gate is shut.
#[derive(Default, Clone)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn set(&self, is_shut: bool) {
        *self.0.0.lock().unwrap() = is_shut;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let is_shut = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(is_shut, |is_shut| *is_shut).unwrap());
    }
}

/// A server that works on one request at a time, on a journal with a gate.
fn serve_one_at_a_time() -> (Serving, Gate) {
    let gate = Gate::default();
    let inside = gate.clone();
    let serving = serve_on(
        |server| server.requests_in_flight = 1,
        |inner| {
            let before = Box::new(move || {
                inside.pass();
                Ok(())
            });
            Box::new(Around { inner, before })
        },
    );
    (serving, gate)
}

/// Sends a command without waiting for its answer.
fn begin(client: &mut Client, key: &str, body: &Value) {
    let (own, body) = (&client.headers, body.to_string());
    let request = format!(
        "POST /v1/documents HTTP/1.1\r\nHost: h\r\n{own}Content-Type: application/json\r\n\
         Idempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    client.stream.write_all(request.as_bytes()).unwrap();
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn too_much_at_once_is_shed_and_there_is_room_again() {
    let (serving, gate) = serve_one_at_a_time();
    let row = serving.load(AGENCY);
    let (mut first, mut second) = (serving.client(CLERK), serving.client(CLERK));
    gate.set(true);
    begin(&mut first, "first", &payment(&row, "1.00"));
    until("the first is not worked on", || {
        serving.app.admission.requests() == 1
    });
    let reply = second.ask("/v1/documents", &payment(&row, "2.00"));
    assert_eq!((reply.status, reply.code().as_str()), (503, "shed"));
    assert!(reply.head.contains("retry-after: 1"), "{reply:?}");
    gate.set(false);
    assert_eq!(first.hear().status, 201, "what was let in is answered");
    until("there is no room again", || {
        second.ask("/v1/documents", &payment(&row, "2.00")).status == 201
    });
    let quota = second.get(&format!("/v1/quotas/{row}")).json();
    assert_eq!(quota["decreasing"], "3.00", "what was shed has no effect");
    serving.stop();
}

#[test]
fn who_comes_back_too_early_waits_and_others_on_the_connection_do_not() {
    let (serving, gate) = serve_one_at_a_time();
    let row = serving.load(AGENCY);
    let (mut first, mut early) = (serving.client(CLERK), serving.client(CLERK));
    gate.set(true);
    begin(&mut first, "first", &payment(&row, "1.00"));
    until("the first is not worked on", || {
        serving.app.admission.requests() == 1
    });
    let start = Instant::now();
    assert_eq!(early.ask("/v1/documents", &json!({})).status, 503);
    gate.set(false);
    assert_eq!(first.hear().status, 201);

    // Somebody else behind the same gateway is judged for himself.
    let own = std::mem::take(&mut early.headers);
    let token = serving.token(LOADER);
    early.headers = format!("Authorization: Bearer {token}\r\n");
    assert_eq!(early.ask("/v1/documents", &json!({})).status, 422);
    early.headers = own;
    let reply = early.ask("/v1/documents", &payment(&row, "1.00"));
    assert_eq!((reply.status, reply.code().as_str()), (503, "shed"));
    assert!(
        start.elapsed() >= Duration::from_secs(1),
        "the answer came before the time was over: {:?}",
        start.elapsed()
    );
    let reply = early.ask("/v1/documents", &payment(&row, "1.00"));
    assert_eq!(reply.status, 201, "{reply:?}");
    serving.stop();
}

#[test]
fn bodies_that_are_announced_and_do_not_come_take_no_room() {
    let serving = serve_with(|server| {
        server.batch_limit_bytes = MIB;
        server.bytes_in_flight = 2 * MIB;
    });
    let row = serving.load(AGENCY);
    let mut slow: Vec<_> = (0..8).map(|_| serving.client(CLERK)).collect();
    for client in &mut slow {
        let own = client.headers.clone();
        let head = format!(
            "POST /v1/batches HTTP/1.1\r\nHost: h\r\n{own}Content-Type: application/json\r\n\
             Content-Length: {MIB}\r\n\r\n{{"
        );
        client.stream.write_all(head.as_bytes()).unwrap();
    }
    until("they are not all waited for", || {
        serving.app.admission.bytes() >= 8 * 1024
    });
    let mut clerk = serving.client(CLERK);
    for _ in 0..20 {
        let reply = clerk.ask("/v1/documents", &payment(&row, "1.00"));
        assert_eq!(reply.status, 201, "{reply:?}");
    }
    // What does come is counted, and there is no room for all of it.
    for client in &mut slow {
        let _ = client.stream.write_all(&vec![b' '; MIB / 2]);
        assert!(serving.app.admission.bytes() <= MIB * 3 / 2);
    }
    until("nobody is refused", || slow.iter_mut().any(is_refused));
    drop(slow);
    until("bytes are not given back", || {
        serving.app.admission.bytes() == 0
    });
    serving.stop();
}

/// Whether it was answered 503, or cut off after that with the answer still on its way.
fn is_refused(client: &mut Client) -> bool {
    let soon = Some(Duration::from_millis(20));
    client.stream.set_read_timeout(soon).unwrap();
    let mut start = [0; 12];
    match client.stream.read_exact(&mut start) {
        Ok(()) => start.ends_with(b"503"),
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

/// Makes the feed long.
fn fill(serving: &Serving, row: &str) {
    let mut clerk = serving.client(CLERK);
    for round in 0..20 {
        let command = |at| {
            let key = format!("{round}-{at}");
            json!({"key": key, "create": payment(row, "0.01")})
        };
        let commands: Vec<_> = (0..100).map(command).collect();
        let body = json!({"atomic": false, "commands": commands});
        assert_eq!(clerk.ask("/v1/batches", &body).status, 200);
    }
}

#[test]
fn answers_that_nobody_takes_are_counted_and_given_up() {
    let serving = serve_with(|server| {
        server.batch_limit_bytes = MIB;
        server.bytes_in_flight = 2 * MIB;
        server.body_timeout_seconds = 3;
    });
    let row = serving.load(AGENCY);
    fill(&serving, &row);
    let mut frames = Frames::connect(serving.address).unwrap();
    // No window: nothing of any answer's body may be sent.
    frames.settings(&[(4, 0)]);
    let authorization = format!("Bearer {}", serving.token(CLERK));
    for _ in 0..40 {
        frames.get("/v1/events?limit=1000", &authorization);
    }
    let mut fine = 0;
    for _ in 0..40 {
        fine += u32::from(frames.is_next_fine().expect("an answer"));
        assert!(serving.app.admission.bytes() <= MIB, "half of what may be");
    }
    assert!(
        (1..40).contains(&fine),
        "{fine} of 40 were answered with a page"
    );
    assert!(
        serving.app.admission.bytes() > MIB / 2,
        "they wait to be taken"
    );
    assert!(frames.is_closed(), "it is cut");
    until("bytes are not given back", || {
        serving.app.admission.bytes() == 0
    });
    assert_eq!(
        serving.client(CLERK).get("/v1/events?limit=1000").status,
        200
    );
    serving.stop();
}

#[test]
fn a_batch_of_next_to_nothing_is_refused_before_it_is_read() {
    let serving = serve_with(|server| {
        server.batch_limit_bytes = MIB;
        server.bytes_in_flight = 8 * MIB;
    });
    let row = serving.load(AGENCY);
    let mut clerk = serving.client(CLERK);
    let lines = vec!["{\"amount\":\"1\"}"; 60_000].join(",");
    let create = format!(
        "{{\"type\":\"payment\",\"division\":\"1\",\"fiscal_year\":1,\"lines\":[{lines}]}}"
    );
    let body = format!("{{\"commands\":[{{\"key\":\"k\",\"create\":{create}}}]}}");
    let headers = "Content-Type: application/json\r\n";
    let reply = clerk.send("POST", "/v1/batches", headers, body.as_bytes());
    assert_eq!((reply.status, reply.code().as_str()), (422, "value"));
    fill(&serving, &row);
    assert_eq!(serving.app.admission.bytes(), 0);
    serving.stop();
}

#[test]
fn http2_streams_that_are_reset_at_once_end_the_connection() {
    let serving = serve_with(|_| {});
    let mut frames = Frames::connect(serving.address).unwrap();
    frames.settings(&[]);
    for _ in 0..20_000 {
        let stream = frames.get("/readyz", "Bearer x");
        frames.reset(stream);
        if frames.is_broken() {
            break;
        }
    }
    assert!(frames.is_closed(), "it goes on and on");
    assert_eq!(serving.stranger().get("/readyz").status, 200);
    serving.stop();
}

#[test]
fn http2_headers_without_end_end_the_connection() {
    let serving = serve_with(|_| {});
    let mut frames = Frames::connect(serving.address).unwrap();
    frames.settings(&[]);
    frames.open_headers_once();
    for _ in 0..10_000 {
        frames.continuation(&[0x40, 1, b'x', 1, b'y']);
        if frames.is_broken() {
            break;
        }
    }
    assert!(frames.is_closed(), "it goes on and on");
    assert_eq!(serving.stranger().get("/readyz").status, 200);
    serving.stop();
}

#[test]
fn json_however_deep_is_refused_as_json() {
    let serving = serve_with(|_| {});
    let mut clerk = serving.client(CLERK);
    let headers = "Content-Type: application/json\r\nIdempotency-Key: deep\r\n";
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for prefix in ["", "{\"fields\":", "{\"lines\":", "{\"colour\":"] {
            let depth = 30_000;
            let body = format!("{prefix}{}{}", open.repeat(depth), close.repeat(depth));
            let reply = clerk.send("POST", "/v1/documents", headers, body.as_bytes());
            assert!(
                matches!(reply.status, 400 | 422),
                "{prefix}{open}: {reply:?}"
            );
        }
    }
    serving.stop();
}
