//! A process that Hubu has never heard of: one file more, and it runs over HTTP. Nothing of it is in Rust.
#![cfg(feature = "server")]
#![allow(clippy::expect_used, reason = "a test that can't go on ends here")]

mod worked;

use serde_json::{Value, json};
use worked::flow::Office;
use worked::server::{Server, copy_catalog, hubu};

/// Donations that an agency receives become money it may spend (捐赠收入追加).
const DONATION: &str = r#"
id = 900
name = "donation"
zh = "捐赠收入追加"
en = "Donation received"
series = "DON"
initial = "draft"
agency = true

[states]
draft = "草稿"
declared = "已申报"
accepted = "已入账"

[entry]
roles = ["agency_clerk"]
accepts = ["donor"]

[fields.donor]
id = 1
zh = "捐赠人"
kind = "text"
max = 80

[fields.reason]
id = 2
zh = "退回原因"
kind = "text"

[fields.received]
id = 3
zh = "到账金额"
kind = "amount"

[effects]
rows.SRC = { set = { source_type = "2" } }
rows.IND = { set = { source_type = "2" } }
rows.INDP = { set = { source_type = "2" } }
rows.CPL = { set = { source_type = "2" } }
moves = [{ grant = "SRC" }, { consume_now = "SRC" }, { grant = "IND" }, { grant = "INDP" }]
postings = [{ debit = "IND", credit = "SRC" }, { debit = "INDP", credit = "CPL" }]

[[transitions]]
name = "declare"
zh = "申报"
from = "draft"
to = "declared"
phase = "reserve"
roles = ["agency_clerk"]
requires = ["donor"]
edits_lines = true

[[transitions]]
name = "accept"
zh = "入账"
from = "declared"
to = "accepted"
phase = "final"
roles = ["treasury_office"]
not_creator = true
asks = ["received"]

[[transitions.guards]]
cel = "doc.received == doc.amount"
zh = "到账金额须等于捐赠金额"
en = "what was received is the amount of the donation"

[[transitions]]
name = "reject"
zh = "退回"
from = "declared"
to = "draft"
phase = "release"
roles = ["treasury_office"]
asks = ["reason"]
"#;

#[test]
fn a_new_document_type_is_a_file_and_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = folder.path().join("config");
    copy_catalog(&catalog);
    let file = catalog.join("documents/donation.toml");

    // A first draft with a mistake is refused with its file and line.
    std::fs::write(
        &file,
        DONATION.replace("doc.received ==", "doc.recieved =="),
    )
    .expect("written");
    let said = hubu(&["check", "--catalog", catalog.to_str().expect("a path")]);
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let line = 1 + DONATION
        .lines()
        .position(|line| line.contains("doc.received"))
        .expect("there");
    assert!(!said.status.success());
    assert!(
        text.contains(&format!("documents/donation.toml:{line}: ")),
        "{text}"
    );
    assert!(text.contains("no field `recieved`"), "{text}");

    std::fs::write(&file, DONATION).expect("written");
    let server = Server::start(&catalog);
    run(&Office::new(&server, "420106000", 2026));
}

fn run(office: &Office<'_>) {
    let clerk = office.person("agency_clerk", 0);
    let treasury = office.person("treasury_office", 1);
    let line = |agency: &str| {
        json!({ "amount": "88000.00", "dims": {
            "agency_code": agency, "fund_type": "6", "source_type": "2", "budget_level": "4",
            "exp_func": "2010101", "office": "003", "dept": "105", "pro_code": "420106260000000000009",
            "gov_econ": "50201", "pay_mode": "5", "marks": "00",
        } })
    };
    let body = |fields: Value, agency: &str| {
        json!({ "type": "donation", "division": office.division, "fiscal_year": office.year,
            "agency": office.agency, "transition": "declare", "fields": fields, "lines": [line(agency)] })
    };
    let post = |body: &Value| office.server.post(&clerk, "/v1/documents", body);

    let missing = post(&body(json!({}), &office.agency));
    assert_eq!(missing.body["code"], "field_missing", "{missing:?}");
    let other = post(&body(json!({ "donor": "校友会" }), "420106000000000000018"));
    assert_eq!(
        other.body["code"], "guard_failed",
        "another agency's row: {other:?}"
    );

    let declared = post(&body(json!({ "donor": "校友会" }), &office.agency));
    assert_eq!(declared.status, 201, "{declared:?}");
    assert_eq!(declared.text("number"), "420106000-2026-DON-000001");
    let id = declared.text("id");
    let amounts = |name: &str| office.rows(Some("IND"))[0][name].clone();
    assert_eq!(
        (amounts("increasing"), amounts("available")),
        (json!("88000.00"), json!("0.00"))
    );

    let own = office.act(&id, "accept", &clerk, json!({ "received": "88000.00" }));
    assert_eq!(own.body["code"], "role_denied", "{own:?}");
    let less = office.act(&id, "accept", &treasury, json!({ "received": "87999.99" }));
    assert_eq!(less.body["code"], "guard_failed", "{less:?}");
    let back = office.act(&id, "reject", &treasury, json!({ "reason": "未到账" }));
    assert_eq!((back.status, back.text("state")), (200, "draft".to_owned()));
    let again = office.act(&id, "declare", &clerk, json!({}));
    assert_eq!(again.status, 200, "{again:?}");
    let accepted = office.act(&id, "accept", &treasury, json!({ "received": "88000.00" }));
    assert_eq!(
        (accepted.status, accepted.text("state")),
        (200, "accepted".to_owned()),
        "{accepted:?}"
    );

    assert_eq!(
        (amounts("approved"), amounts("available")),
        (json!("88000.00"), json!("88000.00"))
    );
    let source = &office.rows(Some("SRC"))[0];
    assert_eq!(
        (&source["used"], &source["credit"]),
        (&json!("88000.00"), &json!("88000.00"))
    );
}
