//! The audit log: what is written of refusals and privileged acts, through the interface, and what shows when somebody
//! changes it afterwards.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod http_support;

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use http_support::audit::{files, read, refused};
use http_support::{
    AGENCY, CLERK, COUNTY, LOADER, OTHER_AGENCY, OTHER_COUNTY, Serving, Who, opening, payment,
    serve, serve_believing,
};
use hubu_core::access::Claims;
use hubu_core::audit::{AuditError, AuditLog, Entry, What, Whom, check};
use hubu_core::clock::Clock;
use serde_json::{Value, json};

/// The log's entries, once the server has stopped.
fn entries(serving: Serving) -> (tempfile::TempDir, Vec<Value>) {
    let folder = serving.stop();
    let found = read(&folder.path().join("audit"));
    (folder, found)
}

#[test]
fn every_refusal_of_access_is_written_with_who_asked_for_what() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let mut clerk = serving.client(CLERK);
    let id = clerk.ask("/v1/documents", &payment(&row, "1.00")).json()["id"].clone();
    let id = id.as_str().unwrap();

    let mut stranger = serving.stranger();
    assert_eq!(stranger.get("/v1/quotas").status, 401);
    stranger.headers = "Authorization: Bearer eyJhbGciOiJub25lIn0.e30.\r\n".into();
    assert_eq!(stranger.get("/v1/quotas").status, 401);
    let mut other = serving.client(Who("li", "treasury_office", OTHER_COUNTY, None));
    assert_eq!(other.get(&format!("/v1/documents/{id}")).status, 404);
    assert_eq!(other.get(&format!("/v1/quotas/{row}")).status, 404);
    let act = format!("/v1/documents/{id}/actions/review");
    assert_eq!(other.post(&act, "key-of-li", &json!({})).status, 404);
    assert_eq!(clerk.ask(&act, &json!({})).status, 403);
    // What is not there at all is nobody's to be refused, and a refusal for a reason of business is the journal's.
    assert_eq!(clerk.get("/v1/documents/999999999").status, 404);
    assert_eq!(
        clerk
            .ask("/v1/documents", &payment(&row, "99999.00"))
            .status,
        409
    );

    let (_folder, entries) = entries(serving);
    assert_eq!(refused(&entries, "token_missing").len(), 1);
    assert_eq!(refused(&entries, "token_invalid").len(), 1);
    let hidden = refused(&entries, "out_of_scope");
    assert_eq!(hidden.len(), 3, "{entries:#?}");
    assert_eq!(hidden[0]["who"]["name"], "li");
    assert_eq!(hidden[0]["who"]["division"], OTHER_COUNTY);
    assert_eq!(hidden[0]["request"], format!("GET /v1/documents/{id}"));
    assert_eq!(hidden[2]["key"], "key-of-li");
    let role = refused(&entries, "role_denied");
    assert_eq!(role.len(), 1);
    assert_eq!(role[0]["who"]["roles"], json!(["agency_clerk"]));
    assert_eq!(role[0]["request"], format!("POST {act}"));
    let all = entries.iter().filter(|entry| entry["what"] == "refused");
    assert_eq!(all.count(), 6, "{entries:#?}");
}

#[test]
fn a_batch_s_refused_commands_are_one_entry_that_names_the_first() {
    let serving = serve();
    let row = serving.load(AGENCY);
    let create = payment(&row, "1.00");
    let commands: Vec<Value> = (0..3)
        .map(|n| json!({"key": format!("k{n}"), "create": create}))
        .collect();
    let mut colleague = serving.client(Who("wang", "agency_clerk", COUNTY, Some(OTHER_AGENCY)));
    let body = json!({"atomic": false, "commands": commands});
    assert_eq!(colleague.ask("/v1/batches", &body).status, 200);
    let body = json!({"atomic": true, "commands": commands});
    assert_eq!(colleague.ask("/v1/batches", &body).status, 403);

    let (_folder, entries) = entries(serving);
    let found = refused(&entries, "agency_denied");
    assert_eq!(found.len(), 2, "{entries:#?}");
    assert_eq!(
        (&found[0]["count"], &found[0]["key"]),
        (&json!(3), &json!("k0"))
    );
    assert_eq!(
        (&found[1]["count"], &found[1]["key"]),
        (&Value::Null, &json!("k0"))
    );
}

#[test]
fn a_privileged_request_is_written_before_anything_is_done_for_it() {
    let serving = serve();
    let mut loader = serving.client(LOADER);
    assert_eq!(
        loader
            .post("/v1/documents", "load-1", &opening(AGENCY))
            .status,
        201
    );
    assert_eq!(loader.get("/v1/quotas").status, 200);
    assert_eq!(loader.get("/openapi.json").status, 200);
    assert_eq!(serving.client(CLERK).get("/v1/quotas").status, 200);

    let (_folder, entries) = entries(serving);
    let is_privileged = |entry: &&Value| entry["what"] == "privileged";
    let found: Vec<&Value> = entries.iter().filter(is_privileged).collect();
    // What anybody may ask without a token is no privilege.
    assert_eq!(found.len(), 2, "{entries:#?}");
    assert_eq!(found[0]["request"], "POST /v1/documents");
    assert_eq!(found[0]["key"], "load-1");
    assert_eq!(found[0]["who"]["roles"], json!(["system_admin"]));
}

/// A log of its own, at its fifth second.
fn log() -> (tempfile::TempDir, AuditLog) {
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::open(folder.path(), Clock::manual(5_000)).unwrap();
    (folder, log)
}

#[test]
fn strangers_beyond_so_many_a_second_are_counted_and_none_is_lost() {
    let (folder, log) = log();
    let entry = Entry::new(5_000, What::Refused, "token_missing");
    for _ in 0..1000 {
        log.note_refusal(Whom::Strangers, &entry).unwrap();
    }
    drop(log);
    let entries = read(folder.path());
    let alone = refused(&entries, "token_missing").len() as u64;
    let counted = refused(&entries, "more_strangers");
    assert_eq!(counted.len(), 1);
    assert_eq!(alone + counted[0]["count"].as_u64().unwrap(), 1000);
    assert!(alone < 1000);
}

#[test]
fn one_person_s_refusals_beyond_so_many_a_second_are_counted_by_name() {
    let (folder, log) = log();
    let entry = Entry::new(5_000, What::Refused, "role_denied");
    for _ in 0..1000 {
        log.note_refusal(Whom::person("li"), &entry).unwrap();
    }
    // Neither another person nor the privileged pay for it.
    for _ in 0..10 {
        log.note_refusal(Whom::person("wang"), &entry).unwrap();
    }
    for _ in 0..500 {
        log.note(&Entry::new(5_000, What::Privileged, "asks"))
            .unwrap();
    }
    drop(log);
    let entries = read(folder.path());
    let alone = refused(&entries, "role_denied").len() as u64;
    let counted = refused(&entries, "more_refusals");
    assert_eq!(counted.len(), 1, "{counted:?}");
    assert_eq!(counted[0]["who"], json!({"name": "li"}));
    assert_eq!(alone + counted[0]["count"].as_u64().unwrap(), 1010);
    assert!(alone < 100, "{alone}");
    let asked = entries.iter().filter(|entry| entry["why"] == "asks");
    assert_eq!(asked.count(), 500);
}

#[test]
fn whoever_shows_an_old_token_takes_no_line_from_the_person_whom_it_names() {
    let (folder, log) = log();
    let old = Entry::new(5_000, What::Refused, "token_expired");
    for _ in 0..1000 {
        log.note_refusal(Whom::former("li"), &old).unwrap();
    }
    let own = Entry::new(5_000, What::Refused, "role_denied");
    for _ in 0..10 {
        log.note_refusal(Whom::person("li"), &own).unwrap();
    }
    drop(log);
    let entries = read(folder.path());
    assert_eq!(refused(&entries, "role_denied").len(), 10);
    let alone = refused(&entries, "token_expired").len() as u64;
    let counted = refused(&entries, "more_former");
    assert_eq!(counted.len(), 1, "{counted:?}");
    assert_eq!(counted[0]["detail"], "of li");
    assert_eq!(counted[0]["who"], Value::Null, "nobody knows who it was");
    assert_eq!(alone + counted[0]["count"].as_u64().unwrap(), 1000);
    assert!(alone < 100, "{alone}");
}

#[test]
fn a_person_s_refusals_are_counted_together_whoever_they_act_for() {
    let serving = serve();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = now.as_secs();
    let (mut asked, path) = (0, format!("/v1/divisions/{COUNTY}/summary"));
    for delegator in ["zhang", "wang", "zhao"] {
        let claims = Claims {
            sub: "li".into(),
            delegated_by: Some(delegator.into()),
            delegated_until: Some(now + 300),
            iat: Some(now),
            ..Serving::claims(CLERK, now + 600)
        };
        let mut client = serving.client_with(&serving.sign(&claims));
        for _ in 0..40 {
            let reply = client.get(&path);
            assert_eq!((reply.status, reply.code().as_str()), (403, "role_denied"));
            asked += 1;
        }
    }
    let (_folder, entries) = entries(serving);
    // A line of its own says for whom it was asked.
    let alone = refused(&entries, "role_denied");
    let names = alone.iter().map(|entry| entry["who"]["name"].as_str());
    let mut names = names.map(Option::unwrap);
    assert!(names.all(|name| name.starts_with("li⇐")), "{alone:#?}");
    // A slow disk may leave none to be counted.
    let counted = refused(&entries, "more_refusals");
    let more = counted.iter().map(|line| {
        assert_eq!(line["who"], json!({"name": "li"}));
        line["count"].as_u64().unwrap()
    });
    assert_eq!(alone.len() as u64 + more.sum::<u64>(), asked);
}

#[test]
fn who_was_let_in_is_named_though_their_token_ends_before_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("revoked.toml");
    std::fs::write(&list, "").unwrap();
    let serving = serve_believing(|auth| auth.revocation_file = list.clone());
    let row = serving.load(AGENCY);
    let mut clerk = serving.client(CLERK);
    let id = clerk.ask("/v1/documents", &payment(&row, "1.00")).json()["id"].clone();
    let path = format!("/v1/documents/{}/actions/review", id.as_str().unwrap());
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: h\r\n{}Content-Type: application/json\r\nIdempotency-Key: late\r\n\
         Expect: 100-continue\r\nContent-Length: 2\r\n\r\n",
        clerk.headers
    );
    clerk.stream.write_all(head.as_bytes()).unwrap();
    // Whoever is told to go on was let in.
    let mut heard = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
    clerk.stream.read_exact(&mut heard).unwrap();
    assert_eq!(&heard[..13], b"HTTP/1.1 100 ");
    let revoked = format!("[[revoked]]\nsubject = \"{}\"\n", CLERK.0);
    std::fs::write(&list, revoked).unwrap();
    assert_eq!(serving.app.tokens.reload(), Ok(true));
    clerk.stream.write_all(b"{}").unwrap();
    let reply = clerk.hear();
    assert_eq!((reply.status, reply.code().as_str()), (403, "role_denied"));
    assert_eq!(clerk.get("/v1/work").status, 401, "and not again");

    let (_folder, entries) = entries(serving);
    let found = refused(&entries, "role_denied");
    assert_eq!(found.len(), 1, "{entries:#?}");
    assert_eq!(found[0]["who"]["name"], CLERK.0);
    assert_eq!(refused(&entries, "token_revoked").len(), 1);
}

#[test]
fn a_token_that_was_good_once_is_refused_with_its_holder_s_name_and_tells_it_to_nobody() {
    let serving = serve();
    let mut late = serving.client_with(&serving.token_until(CLERK, 1_000_000_000));
    let reply = late.get("/v1/quotas");
    assert_eq!(reply.status, 401);
    let said = reply.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        said.contains("expired") && !said.contains(CLERK.0),
        "{said}"
    );

    let (_folder, entries) = entries(serving);
    let found = refused(&entries, "token_expired");
    assert_eq!(found.len(), 1, "{entries:#?}");
    let detail = found[0]["detail"].as_str().unwrap();
    assert!(detail.ends_with(&format!("of {}", CLERK.0)), "{detail}");
}

/// A log of so many entries.
fn made(count: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let log = Arc::new(AuditLog::open(folder.path(), Clock::manual(1)).unwrap());
    for at in 0..count {
        log.note(&Entry::new(at, What::Refused, "role_denied"))
            .unwrap();
    }
    folder
}

#[test]
fn a_changed_moved_or_missing_line_shows() {
    let folder = made(6);
    assert_eq!(check(folder.path()).unwrap().entries, 6);
    let path = files(folder.path()).remove(0);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let forged = text.replacen("role_denied", "role_allowed", 1);
    let swapped = [
        lines[0], lines[2], lines[1], lines[3], lines[4], lines[5], "",
    ]
    .join("\n");
    let missing = [lines[0], lines[1], lines[3], lines[4], lines[5], ""].join("\n");
    for (other, line) in [(forged, 1), (swapped, 2), (missing, 3)] {
        std::fs::write(&path, other).unwrap();
        match check(folder.path()) {
            Err(AuditError::Damage { line: found, .. }) => assert_eq!(found, line),
            other => panic!("{other:?}"),
        }
    }
    // Without its first file the rest does not pass for a whole log.
    std::fs::rename(&path, folder.path().join("audit-00000000000000000004.log")).unwrap();
    assert!(matches!(
        check(folder.path()),
        Err(AuditError::Damage { .. })
    ));
}

#[test]
fn what_a_crash_tore_is_moved_aside_and_the_log_goes_on() {
    let whole = made(3);
    let path = files(whole.path()).remove(0);
    let bytes = std::fs::read(&path).unwrap();
    let first = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for cut in [first, first + 1, first + 90, bytes.len() - 1, bytes.len()] {
        std::fs::write(&path, &bytes[..cut]).unwrap();
        let kept = bytes[..cut].iter().filter(|byte| **byte == b'\n').count() as u64;
        let log = AuditLog::open(whole.path(), Clock::manual(1)).unwrap();
        log.note(&Entry::new(9, What::Server, "started")).unwrap();
        drop(log);
        let is_torn = bytes[cut - 1] != b'\n';
        let report = check(whole.path()).unwrap();
        assert_eq!(
            report.entries,
            kept + 1 + u64::from(is_torn),
            "cut at {cut}"
        );
        assert_eq!(report.torn_bytes, 0);
    }
    let names = std::fs::read_dir(whole.path()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let kept = names.filter(|name| name.starts_with("torn-")).count();
    assert!(kept > 0, "what was torn is kept as evidence");
}

#[test]
fn a_line_that_was_changed_is_no_crash_s_torn_end() {
    let folder = made(3);
    let path = files(folder.path()).remove(0);
    let bytes = std::fs::read(&path).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    for (other, line) in [
        (text.replacen("role_denied", "role_allowed", 1), 1),
        // Nor is one that has not even its form any more, while others behind it have.
        (text.replacen("\n2 ", "\nx ", 1), 2),
    ] {
        std::fs::write(&path, &other).unwrap();
        match AuditLog::open(folder.path(), Clock::manual(1)) {
            Err(AuditError::Damage { line: found, .. }) => assert_eq!(found, line),
            opened => panic!("{opened:?}"),
        }
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            other,
            "kept as it is"
        );
    }
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(check(folder.path()).unwrap().torn_files, 0);
    // What a crash leaves where one page reached the disk and the one before it did not.
    let first = text.find('\n').unwrap() + 1;
    let mut holed = bytes.clone();
    holed[first..first + 20].fill(0);
    std::fs::write(&path, &holed).unwrap();
    drop(AuditLog::open(folder.path(), Clock::manual(1)).unwrap());
    assert_eq!(check(folder.path()).unwrap().torn_files, 1);
}

#[test]
fn a_second_process_is_kept_out_and_a_damaged_log_stops_the_start() {
    let folder = made(3);
    let log = AuditLog::open(folder.path(), Clock::system()).unwrap();
    let second = AuditLog::open(folder.path(), Clock::system());
    assert!(matches!(second, Err(AuditError::Busy(_))), "{second:?}");
    drop(log);
    std::fs::remove_file(files(folder.path()).remove(0)).unwrap();
    std::fs::write(
        folder.path().join("audit-00000000000000000004.log"),
        "4 00 {}\n",
    )
    .unwrap();
    let opened = AuditLog::open(folder.path(), Clock::system());
    assert!(
        matches!(opened, Err(AuditError::Damage { .. })),
        "{opened:?}"
    );
}
