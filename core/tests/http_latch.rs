//! When the journal can't be written: nothing more is answered "yes", reads go on, `readyz` says why. For want of room that
//! is until there is some.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "common/around.rs"]
mod around;
mod http_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use around::Around;
use http_support::{
    AGENCY, CLERK, Client, LOADER, OTHER_AGENCY, REVIEWER, Serving, Who, payment, serve_on,
};
use hubu_core::journal::JournalError;
use serde_json::json;

/// A server whose journal fails so while the flag is up.
fn serve_until(failure: fn() -> JournalError) -> (Serving, Arc<AtomicBool>) {
    let is_failing = Arc::new(AtomicBool::new(false));
    let flag = is_failing.clone();
    let serving = serve_on(
        |_| {},
        |inner| {
            let before = move || match flag.load(Ordering::Acquire) {
                true => Err(failure()),
                false => Ok(()),
            };
            Box::new(Around {
                inner,
                before: Box::new(before),
            })
        },
    );
    (serving, is_failing)
}

#[test]
fn a_latched_journal_refuses_commands_and_reads_go_on() {
    let (serving, is_broken) = serve_until(|| JournalError::Latched {
        reason: "the disk failed (test)".into(),
    });
    let row = serving.load(AGENCY);
    let mut clerk = serving.client(CLERK);
    assert_eq!(
        clerk.ask("/v1/documents", &payment(&row, "1.00")).status,
        201
    );

    is_broken.store(true, Ordering::Release);
    for _ in 0..2 {
        let reply = clerk.ask("/v1/documents", &payment(&row, "2.00"));
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (503, "journal_latched")
        );
        assert!(reply.head.contains("retry-after"), "{reply:?}");
    }
    let ready = clerk.get("/readyz");
    assert_eq!(ready.status, 503);
    assert!(
        ready.json()["reason"]
            .as_str()
            .unwrap()
            .contains("the disk failed"),
        "{ready:?}"
    );
    assert_eq!(clerk.get("/healthz").status, 200);

    // What was not made durable was undone, and what was durable is told again soon.
    let quota = loop {
        let reply = clerk.get(&format!("/v1/quotas/{row}"));
        if reply.status == 200 {
            break reply.json();
        }
        assert_eq!(reply.code(), "journal_latched");
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    assert_eq!(quota["decreasing"], json!("1.00"));
}

#[test]
fn a_full_disk_is_waited_for_and_nothing_is_lost_or_done_twice() {
    let (serving, is_full) = serve_until(|| JournalError::NoRoom {
        place: "/data/journal".into(),
        detail: "no space left on device (test)".into(),
    });
    let (row, other) = (serving.load(AGENCY), serving.load(OTHER_AGENCY));
    let mut clerk = serving.client(CLERK);
    is_full.store(true, Ordering::Release);
    let body = payment(&row, "2.00");
    for _ in 0..3 {
        let reply = clerk.post("/v1/documents", "the-key", &body);
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (503, "journal_latched")
        );
        assert!(reply.head.contains("retry-after"), "{reply:?}");
    }
    let ready = clerk.get("/readyz");
    assert_eq!(ready.status, 503);
    let reason = ready.json()["reason"].as_str().unwrap().to_owned();
    assert!(
        reason.contains("make room, and it goes on by itself"),
        "{reason}"
    );
    // What is durable is told; a row on which something hangs is not.
    let mut loader = serving.client(LOADER);
    let status = |client: &mut Client, row: &str| client.get(&format!("/v1/quotas/{row}")).status;
    assert_eq!(status(&mut loader, &other), 200);
    assert_eq!(status(&mut loader, &row), 503);

    is_full.store(false, Ordering::Release);
    let again = loop {
        let reply = clerk.post("/v1/documents", "the-key", &body);
        if reply.status != 503 {
            break reply;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(again.status, 201, "{again:?}");
    assert_eq!(clerk.get("/readyz").status, 200);
    let quota = clerk.get(&format!("/v1/quotas/{row}")).json();
    assert_eq!(quota["decreasing"], json!("2.00"), "once");
}

#[test]
fn a_denial_that_hangs_on_what_is_not_durable_is_not_told() {
    const SHUT: u8 = 1;
    const BROKEN: u8 = 2;
    let gate = Arc::new(AtomicU8::new(0));
    let own = gate.clone();
    let serving = serve_on(
        |_| {},
        |inner| {
            let before = move || {
                while own.load(Ordering::Acquire) == SHUT {
                    std::thread::sleep(Duration::from_millis(1));
                }
                match own.load(Ordering::Acquire) {
                    BROKEN => Err(JournalError::Latched {
                        reason: "the disk is full (test)".into(),
                    }),
                    _ => Ok(()),
                }
            };
            Box::new(Around {
                inner,
                before: Box::new(before),
            })
        },
    );
    let row = serving.load(AGENCY);
    let mut clerk = serving.client(CLERK);
    let entered = clerk.ask("/v1/documents", &payment(&row, "1.00")).json();
    let step = |step| {
        format!(
            "/v1/documents/{}/actions/{step}",
            entered["id"].as_str().unwrap()
        )
    };
    let steps = [
        ("review", json!({"alerts_blocking": 0})),
        ("reject", json!({"reason": "no"})),
    ]
    .map(|(name, fields)| (step(name), json!({"fields": fields})));
    let colleague = Who("colleague", REVIEWER.1, REVIEWER.2, REVIEWER.3);
    let people = [REVIEWER, colleague].map(|who| serving.client(who));

    // The review is decided and not durable; once reviewed, the document is the head's to reject.
    gate.store(SHUT, Ordering::Release);
    let newest = serving.engine.newest();
    let [review, reject] = std::thread::scope(|scope| {
        let mut asking = people
            .into_iter()
            .zip(&steps)
            .map(|(mut person, (path, body))| {
                let asked = scope.spawn(move || person.ask(path, body));
                while serving.engine.newest() == newest {
                    std::thread::sleep(Duration::from_millis(1));
                }
                asked
            });
        let asked = [asking.next().unwrap(), asking.next().unwrap()];
        std::thread::sleep(Duration::from_millis(200));
        gate.store(BROKEN, Ordering::Release);
        asked.map(|asked| asked.join().unwrap())
    });
    // There was no review, so nobody was told of one.
    assert_eq!(review.code(), "journal_latched");
    assert_eq!(reject.code(), "journal_latched");
}
