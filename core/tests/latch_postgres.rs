//! A server whose database goes away and comes back: it stays latched until it is restarted, and tells what is durable
//! as soon as that can be read again.
#![cfg(all(feature = "server", feature = "postgres"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]

mod http_support;
mod site;

use http_support::payment;
use hubu_testkit::PgCluster;
use site::{Site, Wire, load};
use std::time::{Duration, Instant};

#[test]
fn reads_go_on_when_the_database_is_back_and_commands_do_not() {
    let mut database = PgCluster::start().unwrap();
    let site = Site::new(&[
        ("HUBU_JOURNAL_PLACE", &database.url()),
        ("HUBU_JOURNAL_PATIENCE_SECONDS", "5"),
    ]);
    let server = site.serve();
    let row = load(&site);
    let mut clerk = Wire::open(&site, &site.token("clerk", "agency_clerk"));
    let mut pay = |key: &str| {
        let body = payment(&row, "1.00").to_string();
        clerk.ask("POST", "/v1/documents", key, &body).unwrap()
    };
    assert_eq!(pay("before").0, 201);

    database.stop_immediate().unwrap();
    for key in ["away-1", "away-2"] {
        let (status, answer) = pay(key);
        assert_eq!((status, &answer["code"]), (503, &"journal_latched".into()));
    }
    database.start_again().unwrap();

    let end = Instant::now() + Duration::from_secs(60);
    let mut reader = Wire::open(&site, &site.token("clerk", "agency_clerk"));
    let quota = loop {
        let path = format!("/v1/quotas/{row}");
        let (status, answer) = reader.ask("GET", &path, "-", "").unwrap();
        if status == 200 {
            break answer;
        }
        assert_eq!(answer["code"], "journal_latched");
        assert!(Instant::now() < end, "the row is told no more");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(quota["decreasing"], "1.00");
    assert_eq!(pay("after").0, 503);
    assert_eq!(reader.ask("GET", "/readyz", "-", "").unwrap().0, 503);
    server.kill();
}
