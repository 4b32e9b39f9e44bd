//! PgBouncer in transaction mode between Hubu and PostgreSQL: what goes beyond the journal's own suite (`journal_suite.rs`), the
//! standard tables, the standby, a whole server; and what is said when nobody told Hubu of the pooler.
#![cfg(all(feature = "server", feature = "postgres"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]

mod http_support;
mod site;
mod support;

use std::time::{Duration, Instant};

use http_support::payment;
use hubu_core::database::link::Link;
use hubu_core::journal::postgres::{PostgresJournal, PostgresWatch};
use hubu_core::journal::{Journal, Seen, Settings, Watch};
use hubu_testkit::{PgCluster, Pooler};
use site::{Site, Wire, load};
use support::{append, append_to, check_from};

fn behind() -> (PgCluster, Pooler) {
    let cluster = PgCluster::start().unwrap();
    let pooler = Pooler::start(cluster.port()).unwrap();
    (cluster, pooler)
}

fn settings(pooler: bool) -> Settings {
    Settings {
        patience: Duration::from_secs(10),
        link: Link {
            pooler,
            ..Link::default()
        },
        ..Settings::default()
    }
}

#[test]
fn a_standby_watches_and_takes_over_through_a_pooler() {
    let (_cluster, pooler) = behind();
    let settings = settings(true);
    let mut watch = PostgresWatch::open(&pooler.url(), &settings).unwrap();
    let mut old = PostgresJournal::open(&pooler.url(), &settings).unwrap();
    append_to(&mut old, 5, 10);
    let (last, is_free) = (10, false);
    assert_eq!(watch.look().unwrap(), Seen { last, is_free });
    let first = old.epoch();
    drop(old);
    assert!(watch.look().unwrap().is_free);
    let mut new = watch.take_over().unwrap();
    assert_eq!((new.last(), new.epoch()), (10, first + 1));
    append_to(&mut *new, 5, 15);
    assert_eq!(check_from(&*watch.reader(), 1).unwrap(), 15);
}

#[test]
fn a_server_pays_and_fills_the_standard_tables_through_a_pooler() {
    let (cluster, pooler) = behind();
    let url = pooler.url();
    let site = Site::new(&[
        ("HUBU_JOURNAL_PLACE", &url),
        ("HUBU_STANDARD_TABLES_URL", &url),
        ("HUBU_DATABASE_POOLER", "true"),
    ]);
    let server = site.serve();
    let row = load(&site);
    let mut clerk = Wire::open(&site, &site.token("clerk", "agency_clerk"));
    for at in 0..40 {
        let body = payment(&row, "1.00").to_string();
        let key = format!("pay-{at}");
        let (status, answer) = clerk.ask("POST", "/v1/documents", &key, &body).unwrap();
        assert_eq!(status, 201, "{answer}");
    }
    let end = Instant::now() + Duration::from_secs(60);
    let loaded = || {
        let ask = "SELECT count(*), sum(amt) FROM hubu_standard_1.document WHERE doc_type_code = 'payment'";
        cluster.sql(ask).unwrap_or_default()
    };
    while loaded() != "40|40.00" {
        assert!(Instant::now() < end, "{}: {}", loaded(), site.said());
        std::thread::sleep(Duration::from_millis(50));
    }
    // Nothing of Hubu's stays in the connections that others get next.
    let left = "SELECT count(*) FROM pg_class WHERE relpersistence = 't'";
    assert_eq!(cluster.sql(left).unwrap(), "0");
    server.kill();
    let mut verify = site.command();
    verify.args(["verify", "--config", "data/hubu.toml"]);
    let output = verify.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_pooler_that_nobody_told_of_is_named() {
    let (_cluster, pooler) = behind();
    let refused = PostgresJournal::open(&pooler.url(), &settings(false)).and_then(|mut journal| {
        // Sooner or later a statement meets a connection that does not know it: the pooler opens its others by and by.
        let end = Instant::now() + Duration::from_secs(60);
        (1..)
            .take_while(|_| Instant::now() < end)
            .try_for_each(|at| append(&mut journal, at, at))
    });
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("database.pooler = true"), "{text}");
}
