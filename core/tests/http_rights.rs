//! Rights over real sockets: amounts by role, four eyes in a round, roles that read nothing, and nothing told to strangers.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod http_support;

use http_support::{
    AGENCY, CLERK, COUNTY, Client, LOADER, OTHER_AGENCY, REVIEWER, Reply, Serving, Who, opening,
    payment, serve,
};
use serde_json::{Value, json};

const HEAD: Who<'static> = Who("head", "agency_head", COUNTY, Some(AGENCY));
/// The department of the lines, and another.
const DEPT: Who<'static> = Who("dept", "dept_reviewer+dept:101", COUNTY, None);
const OTHER_DEPT: Who<'static> = Who("dept2", "dept_reviewer+dept:102", COUNTY, None);
const LIMIT: &str = "10000000.00";

/// Loads a hundred million yuan, all planned; returns the indicator row.
fn load(serving: &Serving) -> String {
    let mut body = opening(AGENCY);
    body["lines"][0]["amount"] = json!("100000000.00");
    body["lines"][0]["fields"]["planned"] = json!("100000000.00");
    let mut loader = serving.client(LOADER);
    let reply = loader.ask("/v1/documents", &body);
    assert_eq!(reply.status, 201, "{reply:?}");
    let path = format!("/v1/quotas?ledger=IND&agency={AGENCY}");
    loader.get(&path).json()["items"][0]["row"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// A payment of these lines that waits for its signature.
fn reviewed(serving: &Serving, row: &str, amounts: &[&str]) -> String {
    let mut body = payment(row, amounts[0]);
    let line = body["lines"][0].clone();
    body["lines"] = amounts
        .iter()
        .map(|amount| {
            let mut line = line.clone();
            line["amount"] = json!(amount);
            line
        })
        .collect();
    let entered = serving.client(CLERK).ask("/v1/documents", &body);
    assert_eq!(entered.status, 201, "{entered:?}");
    let id = entered.json()["id"].as_str().unwrap().to_owned();
    let checked = json!({"fields": {"alerts_blocking": 0}});
    let reply = act(&mut serving.client(REVIEWER), &id, "review", &checked);
    assert_eq!(reply.status, 200, "{reply:?}");
    id
}

fn act(client: &mut Client, id: &str, step: &str, body: &Value) -> Reply {
    client.ask(&format!("/v1/documents/{id}/actions/{step}"), body)
}

fn sign(client: &mut Client, id: &str) -> Reply {
    act(
        client,
        id,
        "sign",
        &json!({"fields": {"alerts_unattached": 0}}),
    )
}

fn is_on_list(client: &mut Client, id: &str) -> bool {
    let list = client.get("/v1/work?limit=200").json();
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .any(|item| item["id"] == id)
}

#[test]
fn who_signs_hangs_on_the_sum_to_the_fen() {
    let serving = serve();
    let row = load(&serving);
    let (mut head, mut dept) = (serving.client(HEAD), serving.client(DEPT));
    let at = reviewed(&serving, &row, &[LIMIT]);
    let above = reviewed(&serving, &row, &["10000000.01"]);
    let summed = reviewed(&serving, &row, &["6000000.00", "4000000.01"]);
    for id in [&above, &summed] {
        let denied = sign(&mut head, id);
        assert_eq!(
            (denied.status, denied.code().as_str()),
            (403, "amount_denied")
        );
        let problem = denied.json();
        assert_eq!(
            (&problem["limit"], &problem["asked"]),
            (&json!(LIMIT), &json!("10000000.01"))
        );
        assert_eq!(problem["roles"], json!(["dept_reviewer"]));
        assert_eq!(
            problem["detail"],
            "your role may do this up to 10000000.00, and this is 10000000.01; who may: dept_reviewer"
        );
        let seen = head.get(&format!("/v1/documents/{id}")).json();
        assert_eq!(seen["actions"], json!(["reject"]));
        assert!(is_on_list(&mut dept, id));
    }
    // The department signs what is beyond the head, and that alone.
    assert!(!is_on_list(&mut dept, &at) && is_on_list(&mut head, &at));
    let denied = sign(&mut dept, &at);
    assert_eq!(
        (denied.status, denied.code().as_str()),
        (403, "amount_denied")
    );
    assert_eq!(denied.json()["roles"], json!(["agency_head"]));
    assert_eq!(sign(&mut head, &at).status, 200);
    assert_eq!(sign(&mut dept, &above).status, 200);
    serving.stop();
}

#[test]
fn a_department_signs_and_sends_back_for_its_own_agencies_alone() {
    let serving = serve();
    let row = load(&serving);
    let id = reviewed(&serving, &row, &["10000000.01"]);
    let back = json!({"fields": {"reason": "again"}});
    for who in [OTHER_DEPT, Who("dept3", "dept_reviewer", COUNTY, None)] {
        let mut other = serving.client(who);
        for reply in [sign(&mut other, &id), act(&mut other, &id, "reject", &back)] {
            assert_eq!((reply.status, reply.code().as_str()), (422, "guard_failed"));
            let detail = reply.json()["detail"].as_str().unwrap().to_owned();
            assert!(
                detail.contains("every line is your own agency's or department's"),
                "{detail}"
            );
        }
    }
    let sent_back = act(&mut serving.client(DEPT), &id, "reject", &back);
    assert_eq!(sent_back.status, 200, "{sent_back:?}");
    serving.stop();
}

#[test]
fn who_alone_may_seal_may_send_back() {
    let serving = serve();
    let row = load(&serving);
    let office = Who("office", "treasury_office", COUNTY, None);
    let back = json!({"fields": {"reason": "again"}});
    for (amount, status) in [("50000000.01", 200), ("50000000.00", 403)] {
        let id = reviewed(&serving, &row, &[amount]);
        assert_eq!(sign(&mut serving.client(DEPT), &id).status, 200);
        let reply = act(&mut serving.client(office), &id, "reject", &back);
        assert_eq!(reply.status, status, "{amount}: {reply:?}");
    }
    serving.stop();
}

#[test]
fn of_several_roles_the_highest_counts() {
    let serving = serve();
    let row = load(&serving);
    let id = reviewed(&serving, &row, &["10000000.01"]);
    let both = Who("both", "agency_head+dept_reviewer", COUNTY, Some(AGENCY));
    assert_eq!(sign(&mut serving.client(both), &id).status, 200);
    serving.stop();
}

#[test]
fn a_batch_is_held_to_the_limit_and_splitting_is_not_stopped() {
    let serving = serve();
    let row = load(&serving);
    let mut head = serving.client(HEAD);
    let id = reviewed(&serving, &row, &["10000000.01"]);
    let command = json!({"key": "one", "act": {"document": id, "transition": "sign", "fields": {"alerts_unattached": 0}}});
    let each = head
        .ask("/v1/batches", &json!({"commands": [command]}))
        .json();
    assert_eq!(
        each["results"][0]["problem"]["code"], "amount_denied",
        "{each}"
    );
    let whole = head.ask(
        "/v1/batches",
        &json!({"atomic": true, "commands": [command]}),
    );
    assert_eq!(
        (whole.status, whole.code().as_str()),
        (403, "amount_denied")
    );
    assert_eq!(whole.json()["index"], 0);
    // Two halves are two documents, each within the limit: a limit does not see that they belong together.
    for amount in ["5000000.01", "5000000.00"] {
        let half = reviewed(&serving, &row, &[amount]);
        assert_eq!(sign(&mut head, &half).status, 200);
    }
    serving.stop();
}

#[test]
fn nobody_takes_two_steps_of_one_round() {
    let serving = serve();
    let row = load(&serving);
    let many = |name| {
        Who(
            name,
            "agency_clerk+agency_reviewer+agency_head",
            COUNTY,
            Some(AGENCY),
        )
    };
    let entered = serving
        .client(many("one"))
        .ask("/v1/documents", &payment(&row, "5.00"))
        .json();
    let id = entered["id"].as_str().unwrap().to_owned();
    let checked = json!({"fields": {"alerts_blocking": 0}});
    let code = |reply: Reply| (reply.status, reply.code());
    let (mut one, mut two, mut three) = (
        serving.client(many("one")),
        serving.client(many("two")),
        serving.client(many("three")),
    );
    assert_eq!(
        code(act(&mut one, &id, "review", &checked)),
        (403, "creator_acts".into())
    );
    assert_eq!(act(&mut two, &id, "review", &checked).status, 200);
    assert_eq!(code(sign(&mut two, &id)), (403, "previous_acts".into()));
    assert_eq!(sign(&mut three, &id).status, 200);
    // A reviewer who may also seal: neither the creator nor the last, and still not.
    let sealer = Who("two", "payment_centre", COUNTY, None);
    let sealed = json!({"fields": {"certificate_valid": true}});
    let reply = act(&mut serving.client(sealer), &id, "seal", &sealed);
    assert_eq!(code(reply), (403, "acted_before".into()));
    let seen = serving
        .client(sealer)
        .get(&format!("/v1/documents/{id}"))
        .json();
    assert_eq!(seen["actions"], json!(["reject"]));
    let list = serving.client(sealer).get("/v1/work").json();
    assert_eq!(list["items"][0]["actions"], json!(["reject"]));
    // Sent back, it begins a new round: who reviewed before reviews again.
    let back = json!({"fields": {"reason": "again"}});
    assert_eq!(
        act(&mut serving.client(sealer), &id, "reject", &back).status,
        200
    );
    let matched = json!({"fields": {"payee_match": true}});
    assert_eq!(act(&mut one, &id, "submit", &matched).status, 200);
    assert_eq!(act(&mut two, &id, "review", &checked).status, 200);
    serving.stop();
}

#[test]
fn a_role_reads_what_is_named_and_nothing_else() {
    let serving = serve();
    let row = load(&serving);
    let id = serving
        .client(CLERK)
        .ask("/v1/documents", &payment(&row, "5.00"))
        .json()["id"]
        .clone();
    let document = format!("/v1/documents/{}", id.as_str().unwrap());
    let denied =
        |reply: Reply| assert_eq!((reply.status, reply.code().as_str()), (403, "role_denied"));
    let quota = format!("/v1/quotas/{row}");
    // Nobody's role, and an agency's without an agency.
    for who in [
        Who("x", "of_another_system", COUNTY, None),
        Who("y", "agency_clerk", COUNTY, None),
    ] {
        let mut stranger = serving.client(who);
        let summary = format!("/v1/divisions/{COUNTY}/summary");
        for path in [
            &*document,
            &*quota,
            "/v1/quotas",
            "/v1/work",
            "/v1/events",
            &*summary,
        ] {
            denied(stranger.get(path));
        }
        denied(stranger.ask("/v1/documents", &payment(&row, "1.00")));
    }
    let mut bank = serving.client(Who("bank", "agent_bank", COUNTY, None));
    assert_eq!(bank.get(&document).status, 200);
    denied(bank.get("/v1/events"));
    let opened = serving.client(LOADER).get("/v1/events?after=0").json();
    let opening = opened["events"]
        .as_array()
        .unwrap()
        .iter()
        .find(|event| event["type"] == "opening");
    let opening = opening.unwrap()["document"].as_str().unwrap().to_owned();
    assert_eq!(
        bank.get(&format!("/v1/documents/{opening}")).status,
        404,
        "not a payment"
    );
    serving.stop();
}

#[test]
fn who_may_not_know_of_a_document_is_told_that_there_is_none_whatever_they_send() {
    let serving = serve();
    let row = load(&serving);
    let id = serving
        .client(CLERK)
        .ask("/v1/documents", &payment(&row, "5.00"))
        .json()["id"]
        .clone();
    let id = id.as_str().unwrap();
    let mut other = serving.client(Who("wu", "agency_clerk", COUNTY, Some(OTHER_AGENCY)));
    let wrong = json!({"fields": {"no_such_field": 1}});
    let there = act(&mut other, id, "submit", &wrong);
    let nowhere = act(&mut other, "999999999", "submit", &wrong);
    assert_eq!((there.status, there.code()), (404, "not_found".into()));
    assert_eq!(there.json()["detail"], nowhere.json()["detail"]);
    let command = json!({"key": "k", "act": {"document": id, "transition": "submit", "fields": {"no_such_field": 1}}});
    let batch = other
        .ask("/v1/batches", &json!({"commands": [command]}))
        .json();
    assert_eq!(batch["results"][0]["problem"]["code"], "not_found");
    serving.stop();
}
