//! What every answer says for browsers and logs, and who is told to come more slowly.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test may end where it can't go on.

mod http_support;

use std::collections::BTreeSet;

use http_support::{CLERK, REVIEWER, Reply, serve, serve_limited, serve_with};

/// The value of a header, where the answer has it once.
fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    let wanted = format!("{name}: ");
    let mut values = reply
        .head
        .lines()
        .filter_map(|line| line.strip_prefix(&wanted));
    let value = values.next();
    assert_eq!(values.next(), None, "{name} stands twice: {reply:?}");
    value
}

#[test]
fn every_answer_keeps_browsers_and_caches_away() {
    let server = serve();
    let mut clerk = server.client(CLERK);
    let mut stranger = server.stranger();
    let replies = [
        clerk.get("/v1/work"),
        clerk.get("/v1/quotas/1"),
        clerk.get("/openapi.json"),
        clerk.get("/healthz"),
        clerk.get("/nowhere"),
        clerk.send("DELETE", "/v1/work", "", b""),
        clerk.post("/v1/documents", "k", &serde_json::json!({})),
        stranger.get("/v1/work"),
    ];
    for reply in &replies {
        for (name, value) in [
            ("cache-control", "no-store"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'",
            ),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(header(reply, name), Some(value), "{reply:?}");
        }
        assert!(header(reply, "x-request-id").is_some(), "{reply:?}");
        // What this is and which version of it is nobody's business; without TLS there is nothing to insist on.
        for name in ["server", "x-powered-by", "via", "strict-transport-security"] {
            assert_eq!(header(reply, name), None, "{reply:?}");
        }
        assert!(!reply.head.contains("access-control-"), "{reply:?}");
        let version = env!("CARGO_PKG_VERSION");
        let is_description = reply.body.starts_with(b"{\"openapi\"");
        let text = String::from_utf8_lossy(&reply.body);
        assert!(is_description || !text.contains(version), "{reply:?}");
    }
    let statuses: BTreeSet<u16> = replies.iter().map(|reply| reply.status).collect();
    assert!(statuses.len() >= 5, "answers of many kinds: {statuses:?}");
}

#[test]
fn a_request_has_one_name_in_answer_and_problem() {
    let server = serve();
    let mut clerk = server.client(CLERK);
    let own = clerk.send("GET", "/v1/quotas/1", "X-Request-Id: Desk-7.4_a\r\n", b"");
    assert_eq!(header(&own, "x-request-id"), Some("desk-7.4_a"));
    assert_eq!(own.json()["request_id"], "Desk-7.4_a");
    let mut names = BTreeSet::new();
    for foreign in [
        "",
        "X-Request-Id: a b\r\n",
        "X-Request-Id: {\"a\":1}\r\n",
        "X-Request-Id: a\r\nX-Request-Id: b\r\n",
    ] {
        let reply = clerk.send("GET", "/v1/quotas/1", foreign, b"");
        let name = header(&reply, "x-request-id").unwrap().to_owned();
        assert_eq!(reply.json()["request_id"], name.as_str());
        assert!(
            name.len() == 17 && name.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'),
            "{name}"
        );
        names.insert(name);
    }
    assert_eq!(names.len(), 4, "each has its own");
    let hops = "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 10.0.0.7\r\nX-Request-Id: b-1\r\n";
    let reply = clerk.send("GET", "/v1/quotas/1", hops, b"");
    assert_eq!(reply.json()["request_id"], "b-1", "another header twice");
}

const PREFLIGHT: &str = "Origin: https://desk.example\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\n";

#[test]
fn a_foreign_page_is_told_nothing() {
    let server = serve();
    let mut clerk = server.client(CLERK);
    let asked = clerk.send("OPTIONS", "/v1/documents", PREFLIGHT, b"");
    assert_eq!(asked.status, 405, "{asked:?}");
    let read = clerk.send("GET", "/v1/work", "Origin: https://desk.example\r\n", b"");
    assert_eq!(read.status, 200);
    assert!(!asked.head.contains("access-control-") && !read.head.contains("access-control-"));
}

#[test]
fn a_page_of_an_origin_that_is_let_in_may_ask() {
    let server = serve_with(|server| server.allowed_origins = "https://desk.example".into());
    let mut clerk = server.client(CLERK);
    let asked = clerk.send("OPTIONS", "/v1/documents", PREFLIGHT, b"");
    let origin = "access-control-allow-origin";
    assert_eq!(asked.status, 204, "{asked:?}");
    assert_eq!(header(&asked, origin), Some("https://desk.example"));
    assert_eq!(
        header(&asked, "access-control-allow-methods"),
        Some("get, post")
    );
    assert!(
        header(&asked, "access-control-allow-headers")
            .unwrap()
            .contains("idempotency-key")
    );
    assert_eq!(header(&asked, "access-control-allow-credentials"), None);
    for (path, status) in [("/v1/work", 200), ("/v1/quotas/1", 404)] {
        let read = clerk.send("GET", path, "Origin: https://desk.example\r\n", b"");
        assert_eq!(
            (read.status, header(&read, origin)),
            (status, Some("https://desk.example"))
        );
        assert_eq!(header(&read, "vary"), Some("origin"));
    }
    let other = clerk.send(
        "OPTIONS",
        "/v1/documents",
        &PREFLIGHT.replace("desk", "evil"),
        b"",
    );
    assert_eq!((other.status, header(&other, origin)), (405, None));
    let other = clerk.send("GET", "/v1/work", "Origin: https://evil.example\r\n", b"");
    assert_eq!((other.status, header(&other, origin)), (200, None));
}

#[test]
fn a_loud_client_is_told_to_wait_and_a_quiet_one_is_served() {
    let server = serve_limited(|server, limits| {
        server.trusted_proxies = "127.0.0.1".into();
        (limits.client_per_second, limits.client_burst) = (1, 5);
    });
    let mut clerk = server.client(CLERK);
    let mut from = |client: &str, path: &str| {
        clerk.send("GET", path, &format!("X-Forwarded-For: {client}\r\n"), b"")
    };
    let statuses: Vec<u16> = (0..8)
        .map(|_| from("10.9.9.9", "/v1/work").status)
        .collect();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429, 429, 429]);
    let refused = from("10.9.9.9", "/v1/work");
    assert_eq!(refused.code(), "too_many_requests");
    assert_eq!(header(&refused, "retry-after"), Some("1"));
    assert_eq!(from("10.9.9.8", "/v1/work").status, 200);
    // What is no request of ours is counted like one.
    let statuses: Vec<u16> = (0..7)
        .map(|_| from("10.9.9.7", "/nowhere").status)
        .collect();
    assert_eq!(statuses, [404, 404, 404, 404, 404, 429, 429]);
    assert_eq!(from("10.9.9.7", "/v1/work").status, 429);
    assert_eq!(
        from("10.9.9.9", "/healthz").status,
        200,
        "health is looked at however loud it is"
    );
    // Another address of the same IPv6 household is the same client.
    for _ in 0..5 {
        assert_eq!(from("2001:db8:1:2::1", "/v1/work").status, 200);
    }
    assert_eq!(from("2001:db8:1:2:ffff::2", "/v1/work").status, 429);
    assert_eq!(from("2001:db8:1:3::1", "/v1/work").status, 200);
}

#[test]
fn what_a_client_says_of_itself_changes_no_limit() {
    let server =
        serve_limited(|_, limits| (limits.client_per_second, limits.client_burst) = (1, 3));
    let mut clerk = server.client(CLERK);
    let mut statuses = Vec::new();
    for number in 0..5 {
        let lie = format!("X-Forwarded-For: 10.0.0.{number}\r\nForwarded: for=10.0.0.{number}\r\n");
        statuses.push(clerk.send("GET", "/v1/work", &lie, b"").status);
    }
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
}

#[test]
fn a_person_is_limited_on_all_his_connections_and_nobody_else_is() {
    let server = serve_limited(|_, limits| {
        (limits.token_per_second, limits.token_burst) = (1, 4);
        limits.routes_per_second = "POST /v1/batches = 1".into();
    });
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(server.client(CLERK).get("/v1/work").status);
    }
    assert_eq!(statuses, [200, 200, 200, 200, 429, 429]);
    let mut reviewer = server.client(REVIEWER);
    assert_eq!(reviewer.get("/v1/work").status, 200);
    let batch = serde_json::json!({"commands": []});
    assert_ne!(reviewer.post("/v1/batches", "a", &batch).status, 429);
    let refused = reviewer.post("/v1/batches", "b", &batch);
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (429, "too_many_requests")
    );
    assert_eq!(reviewer.get("/v1/work").status, 200);
}

#[test]
fn who_guesses_at_tokens_is_not_listened_to_and_those_who_are_in_stay() {
    let server = serve_limited(|_, limits| limits.bad_tokens_per_minute = 5);
    let mut clerk = server.client(CLERK);
    assert_eq!(clerk.get("/v1/work").status, 200);
    let mut guesser = server.stranger();
    let mut statuses = Vec::new();
    for number in 0..8 {
        let guess = format!("Authorization: Bearer {}{number}\r\n", server.token(CLERK));
        statuses.push(guesser.send("GET", "/v1/work", &guess, b"").status);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 401, 429, 429]);
    assert_eq!(
        clerk.get("/v1/work").status,
        200,
        "a token that is known is believed"
    );
    // From this address a token that was never seen is not looked at for a while, good or not.
    assert_eq!(server.client(REVIEWER).get("/v1/work").status, 429);
    assert_eq!(guesser.get("/healthz").status, 200);
    assert_eq!(
        guesser.get("/v1/work").status,
        401,
        "who shows no token guesses at none"
    );
}
