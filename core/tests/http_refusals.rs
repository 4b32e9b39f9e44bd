//! Requests that are not accepted, over real sockets: each status and its code.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod http_support;

use std::io::Write;

use http_support::{
    AGENCY, CLERK, COUNTY, Client, OTHER_AGENCY, OTHER_COUNTY, Who, payment, serve, serve_with,
};
use serde_json::{Value, json};

fn refused(client: &mut Client, body: &Value, status: u16, code: &str) {
    let reply = client.ask("/v1/documents", body);
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (status, code),
        "{reply:?}\n{body}"
    );
}

#[test]
fn without_a_good_token_nothing_is_told() {
    let serving = serve();
    let mut stranger = serving.stranger();
    for path in ["/v1/quotas", "/v1/documents/1", "/v1/quotas/1"] {
        let reply = stranger.get(path);
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (401, "unauthorized"),
            "{path}"
        );
        assert!(reply.head.contains("www-authenticate: bearer"));
    }
    stranger.headers = "Authorization: Bearer eyJhbGciOiJub25lIn0.e30.\r\n".into();
    assert_eq!(stranger.get("/v1/quotas").status, 401);
    let old = serving.token_until(CLERK, 1000);
    stranger.headers = format!("Authorization: Bearer {old}\r\nAccept-Language: en\r\n");
    let reply = stranger.get("/v1/quotas");
    assert_eq!(reply.status, 401);
    assert_eq!(reply.json()["detail"], "the token has expired");
    serving.stop();
}

#[test]
fn another_county_can_neither_be_seen_nor_touched() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let id = serving
        .client(CLERK)
        .ask("/v1/documents", &payment(&row, "1.00"))
        .json()["id"]
        .clone();
    let id = id.as_str().unwrap();
    let mut other = serving.client(Who("li", "budget_office", OTHER_COUNTY, None));
    let reply = other.get(&format!("/v1/quotas?division={COUNTY}"));
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (403, "division_denied")
    );
    assert_eq!(other.get(&format!("/v1/quotas/{row}")).status, 404);
    assert_eq!(other.get(&format!("/v1/documents/{id}")).status, 404);
    refused(&mut other, &payment(&row, "1.00"), 403, "division_denied");
    let reply = other.ask(&format!("/v1/documents/{id}/actions/review"), &json!({}));
    assert_eq!((reply.status, reply.code().as_str()), (404, "not_found"));

    let mut colleague = serving.client(Who("wang", "agency_clerk", COUNTY, Some(OTHER_AGENCY)));
    assert_eq!(colleague.get(&format!("/v1/quotas/{row}")).status, 404);
    let reply = colleague.get(&format!("/v1/quotas?agency={AGENCY}"));
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (403, "agency_denied")
    );
    refused(&mut colleague, &payment(&row, "1.00"), 403, "agency_denied");

    // The province reads downward and edits nothing there.
    let mut province = serving.client(Who("zhao", "budget_office", "420000000", None));
    assert_eq!(province.get(&format!("/v1/documents/{id}")).status, 200);
    refused(
        &mut province,
        &payment(&row, "1.00"),
        403,
        "division_denied",
    );
    serving.stop();
}

#[test]
fn bodies_are_held_to_their_form() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let mut clerk = serving.client(CLERK);
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut body = payment(&row, "1.00");
        change(&mut body);
        body
    };
    let unknown = changed(&|b| b["amout"] = json!("1.00"));
    refused(&mut clerk, &unknown, 422, "body_form");
    let reply = clerk.ask("/v1/documents", &unknown).json();
    assert!(
        reply["detail"]
            .as_str()
            .unwrap()
            .contains("unknown field `amout`"),
        "{reply}"
    );
    refused(
        &mut clerk,
        &changed(&|b| b["lines"][0]["monht"] = json!(3)),
        422,
        "body_form",
    );
    refused(
        &mut clerk,
        &changed(&|b| b["lines"][0]["month"] = json!(13)),
        422,
        "value",
    );
    refused(
        &mut clerk,
        &changed(&|b| b["fields"]["colour"] = json!("red")),
        422,
        "value",
    );
    refused(
        &mut clerk,
        &changed(&|b| b["fields"]["payee_match"] = json!("yes")),
        422,
        "value",
    );
    refused(
        &mut clerk,
        &changed(&|b| b["lines"][0]["to"]["colour"] = json!("1")),
        422,
        "value",
    );
    refused(
        &mut clerk,
        &changed(&|b| b["type"] = json!("gift")),
        422,
        "type_unknown",
    );
    refused(
        &mut clerk,
        &changed(&|b| b["transition"] = json!("fly")),
        422,
        "type_unknown",
    );
    refused(
        &mut clerk,
        &changed(&|b| b["division"] = json!("1")),
        422,
        "value",
    );
    for amount in [
        "1.001",
        "-1.00",
        "0.00",
        "1e3",
        "92233720368547758.08",
        "一",
    ] {
        refused(&mut clerk, &payment(&row, amount), 422, "value");
    }
    refused(
        &mut clerk,
        &changed(&|b| b["lines"][0]["amount"] = json!(1.0)),
        422,
        "body_form",
    );
    let quota = clerk.get(&format!("/v1/quotas/{row}")).json();
    assert_eq!(
        quota["decreasing"], "0.00",
        "nothing of all this was decided"
    );
    serving.stop();
}

#[test]
fn heads_and_lengths_are_held_to_their_limits() {
    let serving = serve_with(|server| {
        server.body_limit_bytes = 2048;
        server.header_limit_bytes = 8192;
        server.body_timeout_seconds = 1;
    });
    let json = "Content-Type: application/json\r\n";
    let post = |headers: &str, body: &[u8]| {
        // A connection each: one that was refused by its head alone is closed.
        let mut clerk = serving.client(CLERK);
        let reply = clerk.send("POST", "/v1/documents", headers, body);
        (reply.status, reply.code())
    };
    let keyed = format!("{json}Idempotency-Key: k\r\n");
    assert_eq!(post(json, b"{}"), (400, "idempotency_key".into()));
    assert_eq!(
        post(&format!("{json}Idempotency-Key: a b\r\n"), b"{}"),
        (400, "idempotency_key".into())
    );
    assert_eq!(
        post("Idempotency-Key: k\r\n", b"{}"),
        (415, "content_type".into())
    );
    assert_eq!(post(&keyed, b"{\"type\":"), (400, "body_syntax".into()));
    assert_eq!(post(&keyed, &[b' '; 3000]), (413, "body_too_large".into()));

    let mut clerk = serving.client(CLERK);
    let reply = clerk.send("PUT", "/v1/documents", "", b"");
    assert_eq!((reply.status, reply.code().as_str()), (405, "method"));
    assert!(reply.head.contains("allow: post"), "{reply:?}");
    assert_eq!(clerk.get("/v2/documents").status, 404);
    let reply = clerk.get("/v1/quotas?colour=red");
    assert_eq!((reply.status, reply.code().as_str()), (422, "value"));

    let mut long = serving.stranger();
    long.headers = format!("X-Long: {}\r\n", "x".repeat(20_000));
    let _ = write!(
        long.stream,
        "GET /healthz HTTP/1.1\r\nHost: h\r\n{}\r\n",
        long.headers
    );
    assert_eq!(long.hear().status, 431);

    let mut slow = serving.client(CLERK);
    let own = slow.headers.clone();
    write!(
        slow.stream,
        "POST /v1/documents HTTP/1.1\r\nHost: h\r\n{own}{keyed}Content-Length: 10\r\n\r\n{{"
    )
    .unwrap();
    let reply = slow.hear();
    assert_eq!((reply.status, reply.code().as_str()), (408, "body_slow"));
    serving.stop();
}

#[test]
fn readiness_and_the_description_need_no_token() {
    let serving = serve();
    let mut stranger = serving.stranger();
    assert_eq!(stranger.get("/healthz").body, b"ok\n");
    let ready = stranger.get("/readyz");
    assert_eq!((ready.status, &ready.json()["ready"]), (200, &json!(true)));
    let openapi = stranger.get("/openapi.json").json();
    assert!(openapi["openapi"].as_str().unwrap().starts_with("3."));
    assert!(openapi["paths"]["/v1/documents"]["post"].is_object());
    let moved = &openapi["components"]["schemas"]["Moved"];
    let required = moved["required"].as_array().unwrap();
    assert!(!required.contains(&json!("number")) && required.contains(&json!("seq")));
    assert_eq!(moved["properties"]["number"]["type"], "string", "{moved}");
    serving.stop();
}

#[test]
fn what_was_answered_is_there_after_a_restart() {
    let serving = serve();
    let row = serving.load(AGENCY);
    serving
        .client(CLERK)
        .ask("/v1/documents", &payment(&row, "5.00"));
    let durable = serving.engine.watermark().durable();
    let folder = serving.stop();
    let place = format!("file:{}", folder.path().join("journal").display());
    let journal = hubu_core::journal::open_journal(&place, &Default::default()).unwrap();
    assert_eq!(journal.last(), durable);
}
