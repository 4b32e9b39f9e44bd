//! Commands over real sockets: what a client is told when they are accepted, repeated or refused.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod http_support;

use http_support::{AGENCY, CLERK, COUNTY, REVIEWER, payment, serve};
use serde_json::json;

#[test]
fn a_payment_is_entered_reviewed_and_read() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let mut clerk = serving.client(CLERK);
    let reply = clerk.ask("/v1/documents", &payment(&row, "123.45"));
    assert_eq!(reply.status, 201, "{reply:?}");
    assert!(reply.head.contains("etag: \"1\""), "{reply:?}");
    let answer = reply.json();
    assert_eq!(answer["type"], "payment");
    assert_eq!(answer["state"], "submitted");
    assert_eq!(answer["number"], "420106000-2026-PAY-000001");
    let id = answer["id"].as_str().unwrap();

    let quota = clerk.get(&format!("/v1/quotas/{row}")).json();
    assert_eq!(quota["ledger"], "IND");
    assert_eq!(quota["dims"]["agency_code"], AGENCY);
    assert_eq!(
        (&quota["decreasing"], &quota["available"]),
        (&json!("123.45"), &json!("876.55"))
    );

    let mut reviewer = serving.client(REVIEWER);
    let seen = reviewer.get(&format!("/v1/documents/{id}"));
    assert!(seen.head.contains("etag: \"1\""));
    let seen = seen.json();
    assert_eq!(seen["creator"], "clerk");
    assert_eq!(seen["fields"]["payee_match"], true);
    assert_eq!(seen["lines"][0]["amount"], "123.45");
    assert_eq!(seen["actions"], json!(["review", "reject"]));
    let path = format!("/v1/documents/{id}/actions/review");
    let reply = reviewer.ask(&path, &json!({"fields": {"alerts_blocking": 0}}));
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json()["state"], "agency_reviewed");
    assert_eq!(reply.json()["version"], 2);
    // Its number is in the document; a step's record doesn't know it, and null would say that there is none.
    assert!(reply.json().get("number").is_none(), "{reply:?}");
    let seen = reviewer.get(&format!("/v1/documents/{id}")).json();
    assert_eq!(seen["number"], answer["number"]);
    serving.stop();
}

#[test]
fn a_repeat_gets_the_first_answer_and_another_body_is_refused() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let mut clerk = serving.client(CLERK);
    let first = clerk.post("/v1/documents", "once", &payment(&row, "10.00"));
    let again = clerk.post("/v1/documents", "once", &payment(&row, "10.00"));
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.json(), again.json());
    let other = clerk.post("/v1/documents", "once", &payment(&row, "11.00"));
    assert_eq!((other.status, other.code().as_str()), (422, "key_reused"));
    // A refusal for a business reason is an answer too.
    let no = clerk.post("/v1/documents", "no", &payment(&row, "5000.00"));
    let no_again = clerk.post("/v1/documents", "no", &payment(&row, "5000.00"));
    assert_eq!(no.status, 409);
    assert_eq!(no.json(), no_again.json());
    let quota = clerk.get(&format!("/v1/quotas/{row}")).json();
    assert_eq!(quota["decreasing"], "10.00", "it took effect once");
    serving.stop();
}

#[test]
fn a_refusal_names_the_row_and_what_it_has() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let mut clerk = serving.client(CLERK);
    let reply = clerk.ask("/v1/documents", &payment(&row, "1000.01"));
    assert_eq!((reply.status, reply.code().as_str()), (409, "insufficient"));
    let problem = reply.json();
    assert_eq!(
        (&problem["available"], &problem["asked"]),
        (&json!("1000.00"), &json!("1000.01"))
    );
    assert_eq!(
        (&problem["row"], &problem["ledger"]),
        (&json!(row), &json!("IND"))
    );
    assert_eq!(problem["dims"]["agency_code"], AGENCY);
    assert!(
        problem["seq"].is_string(),
        "a decision has its place in the journal"
    );
    // Enough on the indicator, not in the plan.
    let reply = clerk.ask("/v1/documents", &payment(&row, "600.01"));
    assert_eq!(reply.status, 409, "{reply:?}");
    assert_eq!(reply.json()["ledger"], "PLN");
    serving.stop();
}

#[test]
fn messages_are_in_the_clients_language() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let mut clerk = serving.client(CLERK);
    clerk.headers = clerk
        .headers
        .replace("Accept-Language: en", "Accept-Language: zh-CN");
    let problem = clerk.ask("/v1/documents", &payment(&row, "1000.01")).json();
    assert_eq!(problem["title"], "可用额度不足");
    assert_eq!(problem["detail"], "可用额度1000.00元，申请1000.01元");
    let problem = clerk.ask("/v1/documents", &payment(&row, "1.001")).json();
    assert_eq!(problem["detail"], "lines[0].amount：金额须精确到分");
    serving.stop();
}

#[test]
fn separation_of_duties_and_versions_hold() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let mut clerk = serving.client(CLERK);
    let id = clerk.ask("/v1/documents", &payment(&row, "1.00")).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/v1/documents/{id}/actions/review");
    let review = json!({"fields": {"alerts_blocking": 0}});
    // The same person with the reviewer's role.
    let mut both = serving.client(http_support::Who(
        "clerk",
        "agency_reviewer",
        COUNTY,
        Some(AGENCY),
    ));
    let reply = both.ask(&path, &review);
    assert_eq!((reply.status, reply.code().as_str()), (403, "creator_acts"));
    // Not the role.
    let reply = clerk.ask(&path, &review);
    assert_eq!((reply.status, reply.code().as_str()), (403, "role_denied"));

    let mut reviewer = serving.client(REVIEWER);
    let headers = "Content-Type: application/json\r\nIdempotency-Key: m1\r\nIf-Match: \"7\"\r\n";
    let reply = reviewer.send("POST", &path, headers, review.to_string().as_bytes());
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (412, "stale_version")
    );
    assert_eq!(reply.json()["actual"], "1");
    let headers = "Content-Type: application/json\r\nIdempotency-Key: m2\r\nIf-Match: \"1\"\r\n";
    let reply = reviewer.send("POST", &path, headers, review.to_string().as_bytes());
    assert_eq!(reply.status, 200, "{reply:?}");
    // It has been reviewed: that step is over.
    let reply = reviewer.ask(&path, &review);
    assert_eq!((reply.status, reply.code().as_str()), (409, "wrong_state"));
    serving.stop();
}

#[test]
fn a_batch_gives_each_command_its_own_result() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let mut clerk = serving.client(CLERK);
    let send = |clerk: &mut http_support::Client, body: &serde_json::Value| {
        clerk.send(
            "POST",
            "/v1/batches",
            "Content-Type: application/json\r\n",
            body.to_string().as_bytes(),
        )
    };
    let body = json!({"commands": [
        {"key": "b1", "create": payment(&row, "5.00")},
        {"key": "b2", "create": payment(&row, "5000.00")},
        {"key": "b3", "create": payment(&row, "x")},
        {"key": "b1", "create": payment(&row, "5.00")},
        {"key": "b4", "act": {"document": "999999999", "transition": "review"}},
        {"key": "b5"},
    ]});
    let reply = send(&mut clerk, &body);
    assert_eq!(reply.status, 200, "{reply:?}");
    let results = reply.json()["results"].as_array().unwrap().clone();
    let statuses: Vec<_> = results
        .iter()
        .map(|r| r["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [201, 409, 422, 201, 404, 422]);
    assert_eq!(results[0]["answer"], results[3]["answer"]);
    assert_eq!(results[1]["problem"]["code"], "insufficient");

    let body = json!({"atomic": true, "commands": [
        {"key": "a1", "create": payment(&row, "5.00")},
        {"key": "a2", "create": payment(&row, "5000.00")},
    ]});
    let reply = send(&mut clerk, &body);
    assert_eq!((reply.status, reply.code().as_str()), (409, "insufficient"));
    assert_eq!(reply.json()["index"], 1);
    let quota = clerk.get(&format!("/v1/quotas/{row}")).json();
    assert_eq!(
        quota["decreasing"], "5.00",
        "nothing of the atomic batch took effect"
    );
    let empty = send(&mut clerk, &json!({"commands": []}));
    assert_eq!((empty.status, empty.code().as_str()), (422, "batch_form"));
    serving.stop();
}

#[test]
fn the_traceparent_is_kept_in_the_journal() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let mut clerk = serving.client(CLERK);
    clerk.headers += "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";
    let reply = clerk.ask("/v1/documents", &payment(&row, "1.00")).json();
    let seq = reply["seq"].as_str().unwrap().parse().unwrap();
    let record = serving.engine.record(hubu_kernel::ident::Seq(seq)).unwrap();
    assert_eq!(record.trace.unwrap()[..4], [0x4b, 0xf9, 0x2f, 0x35]);
    serving.stop();
}
