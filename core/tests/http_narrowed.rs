//! Service accounts over real sockets: a token that is narrowed to operations, types, divisions or reading gives no more than
//! that, on every route, and never more than its roles.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod http_support;

use std::time::{SystemTime, UNIX_EPOCH};

use http_support::{
    AGENCY, CLERK, COUNTY, Client, OTHER_AGENCY, OTHER_COUNTY, REVIEWER, Serving, Who, opening,
    payment, serve,
};
use hubu_core::access::{Claims, Only};
use hubu_core::http::route::ROUTES;
use serde_json::json;

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}

fn claims(who: Who<'_>) -> Claims {
    Claims {
        iat: Some(now()),
        ..Serving::claims(who, now() + 600)
    }
}

/// A connection of somebody whose token says this.
fn client(serving: &Serving, claims: &Claims) -> Client {
    serving.client_with(&serving.sign(claims))
}

fn enter(client: &mut Client, row: &str) -> String {
    let reply = client.ask("/v1/documents", &payment(row, "1.00"));
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()["id"].as_str().unwrap().to_owned()
}

/// A request of each route that needs a token.
fn ask_each(client: &mut Client, row: &str, id: &str) -> Vec<(&'static str, u16, String)> {
    let mut asked = Vec::new();
    for route in &ROUTES {
        let name = route.operation.name();
        let reply = match name {
            "createDocument" => client.ask("/v1/documents", &payment(row, "1.00")),
            "act" => client.ask(&format!("/v1/documents/{id}/actions/reject"), &json!({})),
            "batch" => client.ask("/v1/batches", &json!({"atomic": false, "commands": []})),
            "document" => client.get(&format!("/v1/documents/{id}")),
            "signing" => client.ask(&format!("/v1/documents/{id}/signing/reject"), &json!({})),
            "trace" => client.get(&format!("/v1/documents/{id}/trace")),
            "quota" => client.get(&format!("/v1/quotas/{row}")),
            "quotas" => client.get("/v1/quotas"),
            "work" => client.get("/v1/work"),
            "summary" => client.get(&format!("/v1/divisions/{COUNTY}/summary")),
            "events" => client.get("/v1/events"),
            _ => continue,
        };
        let code = if reply.status < 300 {
            String::new()
        } else {
            reply.code()
        };
        asked.push((name, reply.status, code));
    }
    assert_eq!(asked.len(), ROUTES.len() - 3, "all but the open ones");
    asked
}

fn with_only(only: Only) -> Claims {
    Claims {
        only: Some(only),
        ..claims(Who("service", "system_admin", COUNTY, None))
    }
}

fn list(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn a_service_account_asks_for_nothing_but_its_operations() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let id = enter(&mut serving.client(CLERK), &row);
    let free = ask_each(
        &mut client(
            &serving,
            &claims(Who("service", "system_admin", COUNTY, None)),
        ),
        &row,
        &id,
    );
    for allowed in free.iter().map(|(name, ..)| *name) {
        let only = Only {
            operations: list(&[allowed]),
            ..Only::default()
        };
        let asked = ask_each(&mut client(&serving, &with_only(only)), &row, &id);
        for (narrowed, free) in asked.iter().zip(&free) {
            if narrowed.0 == allowed {
                assert_eq!(narrowed, free, "it takes nothing else away");
            } else {
                assert_eq!(
                    (narrowed.1, narrowed.2.as_str()),
                    (403, "narrowed"),
                    "{allowed}: {}",
                    narrowed.0
                );
            }
        }
    }
    for only in [
        Only {
            operations: list(&[]),
            ..Only::default()
        },
        Only {
            operations: list(&["Work", ""]),
            ..Only::default()
        },
    ] {
        let asked = ask_each(&mut client(&serving, &with_only(only)), &row, &id);
        assert!(
            asked
                .iter()
                .all(|(_, status, code)| (*status, code.as_str()) == (403, "narrowed"))
        );
    }
    serving.stop();
}

#[test]
fn a_service_account_that_reads_changes_nothing() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let id = enter(&mut serving.client(CLERK), &row);
    let only = Only {
        read_only: true,
        ..Only::default()
    };
    let before = serving.engine.newest();
    let mut service = client(&serving, &with_only(only));
    for (name, status, code) in ask_each(&mut service, &row, &id) {
        let is_command = matches!(name, "createDocument" | "act" | "batch");
        assert_eq!(code == "narrowed", is_command, "{name}");
        // Who takes no step is told nothing that is signed for one.
        assert_eq!(status == 200, !is_command && name != "signing", "{name}");
    }
    assert_eq!(serving.engine.newest(), before);
    serving.stop();
}

#[test]
fn a_service_account_knows_nothing_but_its_types() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let id = enter(&mut serving.client(CLERK), &row);
    let of = |types: &[&str]| {
        with_only(Only {
            types: list(types),
            ..Only::default()
        })
    };
    let mut payments = client(&serving, &of(&["payment"]));
    let mut openings = client(&serving, &of(&["opening"]));
    let path = format!("/v1/documents/{id}");
    assert_eq!(
        (payments.get(&path).status, openings.get(&path).status),
        (200, 404)
    );
    let trace = format!("{path}/trace");
    assert_eq!(
        (payments.get(&trace).status, openings.get(&trace).status),
        (200, 404)
    );
    let act = format!("{path}/actions/review");
    assert_eq!(openings.ask(&act, &json!({})).status, 404);
    let reply = payments.ask("/v1/documents", &opening(OTHER_AGENCY));
    assert_eq!((reply.status, reply.code().as_str()), (403, "narrowed"));
    let types = |client: &mut Client| -> Vec<String> {
        let page = client.get("/v1/events?limit=100").json();
        let all = page["events"].as_array().unwrap().iter();
        all.filter_map(|event| event["type"].as_str().map(str::to_owned))
            .collect()
    };
    assert_eq!(types(&mut payments), ["payment"]);
    assert_eq!(types(&mut openings), ["opening"]);
    assert_eq!(
        openings.ask("/v1/documents", &opening(OTHER_AGENCY)).status,
        201
    );
    // The work list: a reviewer's, narrowed.
    for (types, count) in [(["payment"], 1), (["opening"], 0)] {
        let reviewer = Claims {
            only: Some(Only {
                types: list(&types),
                ..Only::default()
            }),
            ..claims(REVIEWER)
        };
        let work = client(&serving, &reviewer).get("/v1/work").json();
        assert_eq!(work["items"].as_array().unwrap().len(), count, "{types:?}");
    }
    // It takes away and never gives: a type that their roles may not enter stays so.
    let clerk = Claims {
        only: Some(Only {
            types: list(&["opening"]),
            ..Only::default()
        }),
        ..claims(Who("clerk", "agency_clerk", COUNTY, None))
    };
    let reply = client(&serving, &clerk).ask("/v1/documents", &opening(AGENCY));
    assert_eq!((reply.status, reply.code().as_str()), (403, "role_denied"));
    serving.stop();
}

#[test]
fn a_service_account_stays_in_its_divisions() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let id = enter(&mut serving.client(CLERK), &row);
    let city = Who("service", "auditor", "420100000", None);
    let of = |divisions: &[&str]| Claims {
        only: Some(Only {
            divisions: list(divisions),
            ..Only::default()
        }),
        ..claims(city)
    };
    let summary = |code: &str| format!("/v1/divisions/{code}/summary");
    let mut county = client(&serving, &of(&[COUNTY]));
    assert_eq!(county.get(&format!("/v1/documents/{id}")).status, 200);
    assert_eq!(county.get(&format!("/v1/quotas/{row}")).status, 200);
    assert_eq!(county.get(&summary(COUNTY)).status, 200);
    for path in [
        summary("420100000"),
        summary(OTHER_COUNTY),
        format!("/v1/quotas?division={OTHER_COUNTY}"),
        "/v1/quotas".into(),
        "/v1/work".into(),
    ] {
        let reply = county.get(&path);
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (403, "narrowed"),
            "{path}"
        );
    }
    let mut other = client(&serving, &of(&[OTHER_COUNTY]));
    assert_eq!(other.get(&format!("/v1/documents/{id}")).status, 404);
    assert_eq!(other.get(&format!("/v1/quotas/{row}")).status, 404);
    assert_eq!(other.get(&summary(OTHER_COUNTY)).status, 200);
    // A division outside of their own gives nothing.
    let mut away = client(&serving, &of(&["430000000", "420200000", "999999999"]));
    assert_eq!(away.get(&summary("420200000")).code(), "division_denied");
    assert_eq!(away.get(&summary(COUNTY)).code(), "narrowed");
    let mut clerk = client(
        &serving,
        &Claims {
            only: Some(Only {
                divisions: list(&[OTHER_COUNTY]),
                ..Only::default()
            }),
            ..claims(CLERK)
        },
    );
    let reply = clerk.ask("/v1/documents", &payment(&row, "1.00"));
    assert_eq!((reply.status, reply.code().as_str()), (403, "narrowed"));
    serving.stop();
}
