//! What is read over real sockets: work lists, sums, the feed, traces, archived documents.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod http_support;

use http_support::{
    AGENCY, CLERK, COUNTY, Client, LOADER, OTHER_AGENCY, OTHER_COUNTY, REVIEWER, Who, opening,
    payment, serve,
};
use serde_json::json;

/// An agency of the other county.
const FAR_AGENCY: &str = "420107000000000000001";
const PROVINCE: Who<'static> = Who("zhao", "supervision_office", "420000000", None);

#[test]
fn work_waits_for_the_role_that_may_take_the_next_step() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let mut clerk = serving.client(CLERK);
    let ids: Vec<_> = (0..3)
        .map(|_| clerk.ask("/v1/documents", &payment(&row, "1.50")).json()["id"].clone())
        .collect();
    let mut reviewer = serving.client(REVIEWER);
    let first = reviewer.get("/v1/work?limit=2").json();
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let item = &first["items"][0];
    assert_eq!((&item["id"], &item["amount"]), (&ids[0], &json!("1.50")));
    assert_eq!(
        (&item["actions"], &item["agency"]),
        (&json!(["review", "reject"]), &json!(AGENCY))
    );
    assert!(item["waiting_since"].as_str().unwrap().ends_with('Z'));
    let cursor = first["cursor"].as_str().unwrap();
    let rest = reviewer
        .get(&format!("/v1/work?limit=2&cursor={cursor}"))
        .json();
    assert_eq!(rest["items"][0]["id"], ids[2]);
    assert_eq!(rest["cursor"], json!(null));
    // Not the clerk's work, nor another agency's.
    assert_eq!(clerk.get("/v1/work").json()["items"], json!([]));
    let mut other = serving.client(Who("wu", "agency_reviewer", COUNTY, Some(OTHER_AGENCY)));
    assert_eq!(other.get("/v1/work").json()["items"], json!([]));
    assert_eq!(other.get(&format!("/v1/work?agency={AGENCY}")).status, 403);
    serving.stop();
}

#[test]
fn sums_reach_from_the_county_to_the_province() {
    let serving = serve();
    serving.load(AGENCY);
    serving.load(OTHER_AGENCY);
    let mut province = serving.client(PROVINCE);
    let summary = province
        .get("/v1/divisions/420000000/summary?fiscal_year=2026")
        .json();
    let of = |name: &str| {
        let ledgers = summary["ledgers"].as_array().unwrap();
        ledgers
            .iter()
            .find(|ledger| ledger["ledger"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(of("IND")["subtree"]["approved"], "2000.00");
    assert_eq!(of("IND")["own"]["approved"], "0.00");
    assert_eq!(of("PLN")["subtree"]["rows"], 2);
    let mut county = serving.client(LOADER);
    let own = county
        .get(&format!("/v1/divisions/{COUNTY}/summary?fiscal_year=2026"))
        .json();
    assert_eq!(own["division"], COUNTY);
    let denied = county.get("/v1/divisions/420000000/summary");
    assert_eq!(
        (denied.status, denied.code().as_str()),
        (403, "division_denied")
    );
    assert_eq!(county.get("/v1/divisions/123/summary").status, 404);
    serving.stop();
}

#[test]
fn the_feed_tells_everything_in_order_and_each_only_what_is_theirs() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let mut clerk = serving.client(CLERK);
    let entered = clerk.ask("/v1/documents", &payment(&row, "2.00")).json();
    let refused = clerk.ask("/v1/documents", &payment(&row, "9999.00")).json();
    let mut province = serving.client(PROVINCE);
    let page = province.get("/v1/events?after=0&limit=1000").json();
    let events = page["events"].as_array().unwrap();
    let seqs: Vec<u64> = events
        .iter()
        .map(|e| e["seq"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(seqs.is_sorted(), "{seqs:?}");
    let event = events
        .iter()
        .find(|event| event["seq"] == entered["seq"])
        .unwrap();
    assert_eq!(
        (&event["kind"], &event["state"]),
        (&json!("decided"), &json!("submitted"))
    );
    assert_eq!(event["ops"][0]["operation"], "reserve_consume");
    let event = events
        .iter()
        .find(|event| event["seq"] == refused["seq"])
        .unwrap();
    assert_eq!(
        (&event["kind"], &event["code"]),
        (&json!("refused"), &json!("insufficient"))
    );
    let loaded = events
        .iter()
        .find(|event| event["type"] == "opening")
        .unwrap();
    assert_eq!(
        (
            &loaded["postings"][0]["debit"],
            &loaded["postings"][0]["credit"]
        ),
        (&json!("IND"), &json!("SRC"))
    );
    let next = page["next"].as_str().unwrap();
    assert_eq!(
        province.get(&format!("/v1/events?after={next}")).json()["events"],
        json!([])
    );

    let mut other = serving.client(Who("li", "agency_clerk", OTHER_COUNTY, Some(FAR_AGENCY)));
    let seen = other.get("/v1/events?after=0").json();
    let kinds: Vec<_> = seen["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["kind"].clone())
        .collect();
    assert!(kinds.iter().all(|kind| kind == "catalog"), "{seen}");
    let mine = clerk.get("/v1/events?after=0").json();
    assert!(
        mine["events"]
            .as_array()
            .unwrap()
            .iter()
            .any(|e| e["document"] == entered["id"])
    );
    serving.stop();
}

/// The id of the document that loaded the rows.
fn loaded(loader: &mut Client) -> String {
    let events = loader.get("/v1/events?after=0").json();
    let mut events = events["events"].as_array().unwrap().iter();
    let loaded = events.find(|event| event["type"] == "opening").unwrap();
    loaded["document"].as_str().unwrap().to_owned()
}

#[test]
fn a_trace_shows_every_record_and_its_vouchers() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let mut loader = serving.client(LOADER);
    let opening = loaded(&mut loader);
    let path = format!("/v1/documents/{}/trace", opening);
    let trace = loader.get(&path);
    assert_eq!(trace.status, 200, "{trace:?}");
    let trace = trace.json();
    let record = &trace["records"][0];
    assert_eq!(
        (&record["actor"], &record["to"]),
        (&json!("loader"), &json!("loaded"))
    );
    let voucher = &record["vouchers"][0];
    assert_eq!(
        (&voucher["division"], &voucher["fiscal_year"]),
        (&json!(COUNTY), &json!(2026))
    );
    assert_eq!(voucher["postings"][0]["amount"], "1000.00");
    assert_eq!(voucher["postings"][0]["debit_row"], row);
    let mut other = serving.client(Who("li", "agency_clerk", OTHER_COUNTY, Some(FAR_AGENCY)));
    assert_eq!(other.get(&path).status, 404);
    serving.stop();
}

#[test]
fn a_document_that_ended_is_read_from_the_archive() {
    let serving = serve();
    serving.load(AGENCY);
    let mut loader = serving.client(LOADER);
    let opening = loaded(&mut loader);
    let seen = loader.get(&format!("/v1/documents/{opening}")).json();
    assert_eq!(
        (&seen["state"], &seen["actions"]),
        (&json!("loaded"), &json!([]))
    );
    assert_eq!(seen["lines"][0]["fields"]["planned"], "600.00");
    let reply = loader.ask(&format!("/v1/documents/{opening}/actions/load"), &json!({}));
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (409, "document_ended")
    );
    serving.stop();
}

#[test]
fn a_document_is_found_at_once_after_the_answer_that_ended_it() {
    let serving = serve();
    let mut loader = serving.client(LOADER);
    for at in 0..30 {
        let reply = loader.post("/v1/documents", &format!("{at}"), &opening(AGENCY));
        assert_eq!(reply.status, 201, "{reply:?}");
        let id = reply.json()["id"].clone();
        let found = loader.get(&format!("/v1/documents/{}", id.as_str().unwrap()));
        assert_eq!(found.status, 200, "{at}: {found:?}");
    }
    serving.stop();
}
