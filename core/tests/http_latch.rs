//! When the journal can't be written: nothing more is answered "yes", reads go on, `readyz` says why.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "common/around.rs"]
mod around;
mod http_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use around::Around;
use http_support::{AGENCY, CLERK, payment, serve_on};
use hubu_core::journal::JournalError;
use serde_json::json;

#[test]
fn a_latched_journal_refuses_commands_and_reads_go_on() {
    let is_broken = Arc::new(AtomicBool::new(false));
    let flag = is_broken.clone();
    let serving = serve_on(
        |_| {},
        |inner| {
            let before = move || match flag.load(Ordering::Acquire) {
                true => Err(JournalError::Latched {
                    reason: "the disk is full (test)".into(),
                }),
                false => Ok(()),
            };
            Box::new(Around {
                inner,
                before: Box::new(before),
            })
        },
    );
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
            .contains("the disk is full"),
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
