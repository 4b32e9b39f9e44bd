//! Tokens over real sockets: revoked while the connection stays open, delegated, for emergencies, and a storm of new ones.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access_support;
mod http_support;

use std::time::{SystemTime, UNIX_EPOCH};

use access_support::{jwk, pair, with_set};
use http_support::{
    AGENCY, CLERK, COUNTY, Client, LOADER, REVIEWER, Serving, Who, payment, serve, serve_believing,
};
use hubu_core::access::Claims;
use hubu_core::cipher::Algorithm;
use serde_json::{Value, json};

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

/// `person` with the roles of `who`, on whose behalf they act.
fn delegate(person: &str, who: Who<'_>) -> Claims {
    Claims {
        sub: person.into(),
        delegated_by: Some(who.0.into()),
        delegated_until: Some(now() + 300),
        ..claims(who)
    }
}

fn enter(client: &mut Client, row: &str) -> String {
    let reply = client.ask("/v1/documents", &payment(row, "1.00"));
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()["id"].as_str().unwrap().to_owned()
}

fn review(client: &mut Client, id: &str) -> (u16, String) {
    let fields = json!({"fields": {"alerts_blocking": 0}});
    let reply = client.ask(&format!("/v1/documents/{id}/actions/review"), &fields);
    let code = if reply.status == 200 {
        String::new()
    } else {
        reply.code()
    };
    (reply.status, code)
}

#[test]
fn a_revoked_token_is_refused_on_its_open_connection() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("revoked.toml");
    std::fs::write(&list, "").unwrap();
    let serving = serve_believing(|auth| auth.revocation_file = list.clone());
    let named = |jti: &str| Claims {
        jti: Some(jti.into()),
        ..claims(CLERK)
    };
    let (mut revoked, mut other) = (
        client(&serving, &named("t1")),
        client(&serving, &named("t2")),
    );
    for _ in 0..2 {
        assert_eq!(
            (revoked.get("/v1/work").status, other.get("/v1/work").status),
            (200, 200)
        );
    }
    std::fs::write(&list, "[[revoked]]\njti = \"t1\"\n").unwrap();
    assert_eq!(serving.app.tokens.reload(), Ok(true));
    let reply = revoked.get("/v1/work");
    assert_eq!((reply.status, reply.code().as_str()), (401, "unauthorized"));
    assert_eq!(reply.json()["detail"], "the token is revoked");
    assert_eq!(other.get("/v1/work").status, 200, "on the same threads");
    serving.stop();
}

#[test]
fn a_key_that_is_taken_away_ends_open_connections_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let (key, public) = pair(Algorithm::Sm2, Some("a"));
    let set = with_set(folder.path(), &[jwk(&public, "a", json!({}))]).jwks_file;
    let serving = serve_believing(|auth| auth.jwks_file = set.clone());
    let mut clerk = serving.client_with(&key.sign(&claims(CLERK)).unwrap());
    assert_eq!(clerk.get("/v1/work").status, 200);
    with_set(folder.path(), &[]);
    assert_eq!(serving.app.tokens.reload(), Ok(true));
    assert_eq!(clerk.get("/v1/work").status, 401);
    serving.stop();
}

#[test]
fn a_delegation_ends_on_its_open_connection() {
    let serving = serve();
    let short = Claims {
        delegated_until: Some(now() + 2),
        ..delegate("li", CLERK)
    };
    let mut li = client(&serving, &short);
    assert_eq!(li.get("/v1/work").status, 200);
    let ends = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while li.get("/v1/work").status == 200 {
        assert!(std::time::Instant::now() < ends, "it never ended");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(now() >= short.delegated_until.unwrap());
    assert_eq!(li.get("/v1/work").json()["detail"], "the token has expired");
    serving.stop();
}

#[test]
fn separation_of_duties_counts_delegator_and_delegate() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let id = enter(&mut client(&serving, &delegate("li", CLERK)), &row);
    let as_reviewer = |name| Who(name, "agency_reviewer", COUNTY, Some(AGENCY));
    // The delegator, the delegate in their own right, and anybody on behalf of either.
    for who in [
        claims(as_reviewer("clerk")),
        claims(as_reviewer("li")),
        delegate("wang", as_reviewer("clerk")),
        delegate("wang", as_reviewer("li")),
        delegate("li", REVIEWER),
        delegate("clerk", REVIEWER),
    ] {
        let found = review(&mut client(&serving, &who), &id);
        assert_eq!(found, (403, "creator_acts".into()), "{who:?}");
        let seen = client(&serving, &who)
            .get(&format!("/v1/documents/{id}"))
            .json();
        assert!(
            !seen["actions"]
                .as_array()
                .unwrap()
                .contains(&json!("review")),
            "{seen}"
        );
    }
    let mut wang = client(&serving, &delegate("wang", REVIEWER));
    assert_eq!(review(&mut wang, &id), (200, String::new()));
    // The next step is the next person's: neither who reviewed nor on whose behalf.
    for name in ["wang", "reviewer"] {
        let head = Who(name, "agency_head", COUNTY, Some(AGENCY));
        let body = json!({"fields": {"alerts_unattached": 0}});
        let reply = serving
            .client(head)
            .ask(&format!("/v1/documents/{id}/actions/sign"), &body);
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (403, "previous_acts"),
            "{name}"
        );
    }
    told_in_both_names(&serving, &id);
    serving.stop();
}

fn told_in_both_names(serving: &Serving, id: &str) {
    let mut loader = serving.client(LOADER);
    let trace = loader.get(&format!("/v1/documents/{id}/trace")).json();
    let document = &trace["document"];
    assert_eq!(
        (&document["creator"], &document["on_behalf_of"]),
        (&json!("li"), &json!("clerk"))
    );
    let who = |record: &Value| (record["actor"].clone(), record["on_behalf_of"].clone());
    let records: Vec<_> = trace["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(who)
        .collect();
    let both = |one: &str, other: &str| (json!(one), json!(other));
    assert_eq!(records, [both("li", "clerk"), both("wang", "reviewer")]);
    let mut province = serving.client(Who("auditor", "auditor", "420000000", None));
    let events = province.get("/v1/events?limit=100").json();
    let told: Vec<_> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(who)
        .collect();
    assert!(told.contains(&both("li", "clerk")) && told.contains(&both("wang", "reviewer")));
}

#[test]
fn what_was_entered_on_somebodys_behalf_is_theirs() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let mut li = client(&serving, &delegate("li", CLERK));
    let withdraw = |client: &mut Client, id: &str| {
        let reply = client.ask(&format!("/v1/documents/{id}/actions/withdraw"), &json!({}));
        if reply.status == 200 {
            "done".to_owned()
        } else {
            reply.code()
        }
    };
    let id = enter(&mut li, &row);
    // The delegation is over: li has nothing left of it, though li has such a role.
    let mut own = client(
        &serving,
        &claims(Who("li", "agency_clerk", COUNTY, Some(AGENCY))),
    );
    assert_eq!(withdraw(&mut own, &id), "not_creator");
    assert_eq!(withdraw(&mut serving.client(CLERK), &id), "done");
    let id = enter(&mut li, &row);
    assert_eq!(withdraw(&mut li, &id), "done");
    serving.stop();
}

#[test]
fn one_persons_key_is_one_key_on_whosever_behalf() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let second = Who("clerk2", CLERK.1, CLERK.2, CLERK.3);
    let mut ids = Vec::new();
    for who in [
        delegate("li", CLERK),
        delegate("li", second),
        claims(Who("li", CLERK.1, CLERK.2, CLERK.3)),
    ] {
        let reply = client(&serving, &who).post("/v1/documents", "the-key", &payment(&row, "1.00"));
        assert_eq!(reply.status, 201);
        ids.push(reply.json()["id"].clone());
    }
    assert!(
        ids.iter().all(|id| *id == ids[0]),
        "it took effect once: {ids:?}"
    );
    serving.stop();
}

#[test]
fn each_act_behind_broken_glass_is_marked() {
    let figures = hubu_core::observe::install_figures().unwrap();
    let serving = serve();
    let row = serving.load(AGENCY);
    let id = enter(&mut serving.client(CLERK), &row);
    let emergency = |name| Claims {
        reason: Some("洪水: both reviewers are away".into()),
        ..claims(Who(name, "emergency", COUNTY, Some(AGENCY)))
    };
    let no_reason = Claims {
        reason: None,
        ..emergency("li")
    };
    let reply = client(&serving, &no_reason).get("/v1/work");
    assert_eq!(reply.status, 401);
    // It lifts no rule: who entered it still does not review it.
    assert_eq!(
        review(&mut client(&serving, &emergency("clerk")), &id).1,
        "creator_acts"
    );
    let mut li = client(&serving, &emergency("li"));
    assert_eq!(li.get(&format!("/v1/documents/{id}")).status, 200);
    assert_eq!(review(&mut li, &id), (200, String::new()));

    let events = serving.client(LOADER).get("/v1/events?limit=100").json();
    let marked: Vec<_> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event.get("break_glass").is_some())
        .map(|event| {
            (
                event["actor"].clone(),
                event["kind"].clone(),
                event["break_glass"].clone(),
            )
        })
        .collect();
    let reason = json!("洪水: both reviewers are away");
    let mark = |actor: &str, kind: &str| (json!(actor), json!(kind), reason.clone());
    assert_eq!(marked, [mark("clerk", "refused"), mark("li", "decided")]);
    let trace = li.get(&format!("/v1/documents/{id}/trace")).json();
    assert_eq!(trace["records"][1]["break_glass"], reason);
    assert_eq!(trace["records"][0].get("break_glass"), None);
    // Reads count as well: one refused, one read, one review, one trace.
    let shown = figures.render();
    assert!(shown.contains("hubu_break_glass_acts_total 4"), "{shown}");
    serving.stop();
}

#[test]
fn a_storm_of_new_tokens_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let (sm2, sm2_public) = pair(Algorithm::Sm2, Some("sm2"));
    let (ed, ed_public) = pair(Algorithm::Ed25519, Some("ed"));
    let set = [
        jwk(&sm2_public, "sm2", json!({})),
        jwk(&ed_public, "ed", json!({})),
    ];
    let set = with_set(folder.path(), &set).jwks_file;
    let serving = serve_believing(|auth| auth.jwks_file = set);
    let mut settled = serving.client(CLERK);
    let (threads, each) = (18, 10);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (serving, key) = (&serving, if thread % 2 == 0 { &sm2 } else { &ed });
            scope.spawn(move || {
                let names = (0..each).map(|i| format!("clerk-{thread}-{i}"));
                let mut clients: Vec<Client> = names
                    .map(|name| Claims {
                        sub: name,
                        ..claims(CLERK)
                    })
                    .map(|claims| serving.client_with(&key.sign(&claims).unwrap()))
                    .collect();
                // All of them ask before anybody listens.
                for client in &mut clients {
                    use std::io::Write;
                    let head =
                        format!("GET /v1/work HTTP/1.1\r\nHost: h\r\n{}\r\n", client.headers);
                    client.stream.write_all(head.as_bytes()).unwrap();
                }
                for client in &mut clients {
                    assert_eq!(client.hear().status, 200);
                    assert_eq!(client.get("/v1/work").status, 200, "remembered by now");
                }
            });
        }
        for _ in 0..50 {
            assert_eq!(
                settled.get("/v1/work").status,
                200,
                "who was there before is served meanwhile"
            );
        }
    });
    serving.stop();
}
