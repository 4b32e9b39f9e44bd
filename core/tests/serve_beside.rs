//! What `hubu serve` does beside answering: snapshots at intervals that shorten the next start, and the
//! standard tables with the gauge that says how far behind they are.
#![cfg(feature = "server")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]

mod http_support;
mod site;

use http_support::{AGENCY, payment};
use site::{Site, Wire, load};
use std::path::Path;
use std::time::{Duration, Instant};

/// Looks again and again until there is something to see.
fn await_some<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn pay(clerk: &mut Wire, row: &str, key: &str) -> serde_json::Value {
    let body = payment(row, "1.00").to_string();
    let (status, answer) = clerk.ask("POST", "/v1/documents", key, &body).unwrap();
    assert_eq!(status, 201, "{answer}");
    answer
}

fn whole_snapshots(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, |files| {
        let name = |file: std::io::Result<std::fs::DirEntry>| file.unwrap().file_name();
        let whole = |name: &std::ffi::OsString| name.to_string_lossy().ends_with(".snapshot");
        files.map(name).filter(whole).count()
    })
}

/// How many records the last start read from the journal.
fn replayed(site: &Site) -> u64 {
    let said = site.said();
    let last = said
        .lines()
        .rfind(|line| line.contains("journal replayed"))
        .unwrap();
    let event: serde_json::Value = serde_json::from_str(last).unwrap();
    event["records"].as_u64().unwrap()
}

#[test]
fn a_snapshot_is_written_in_time_and_the_next_start_begins_from_it() {
    let site = Site::new(&[
        ("HUBU_ENGINE_SNAPSHOT_INTERVAL_SECONDS", "1"),
        ("HUBU_LOG_FORMAT", "json"),
    ]);
    let folder = site.folder.path().join("data/snapshots");
    let server = site.serve();
    let row = load(&site);
    let token = site.token("clerk", "agency_clerk");
    let mut clerk = Wire::open(&site, &token);
    let first: Vec<_> = (0..20)
        .map(|at| pay(&mut clerk, &row, &format!("first-{at}")))
        .collect();
    let before = whole_snapshots(&folder);
    await_some("no snapshot came", || {
        (whole_snapshots(&folder) > before).then_some(())
    });
    server.kill();
    assert!(!site.said().contains("starting from a snapshot"));

    // Without them everything would be replayed: the genesis, the catalog, the load, twenty payments.
    let server = site.serve();
    assert!(site.said().contains("starting from a snapshot"));
    assert!(replayed(&site) < 20, "{}", replayed(&site));
    let mut clerk = Wire::open(&site, &token);
    for (at, answer) in first.iter().enumerate() {
        assert_eq!(&pay(&mut clerk, &row, &format!("first-{at}")), answer);
    }
    pay(&mut clerk, &row, "one-more");
    let (_, quota) = clerk
        .ask("GET", &format!("/v1/quotas/{row}"), "-", "")
        .unwrap();
    assert_eq!(quota["decreasing"], "21.00");
    server.kill();

    // Snapshots are a short cut and no truth: without them the same state comes from the journal alone.
    std::fs::remove_dir_all(&folder).unwrap();
    let server = site.serve();
    assert!(replayed(&site) > 20, "{}", replayed(&site));
    let (_, again) = Wire::open(&site, &token)
        .ask("GET", &format!("/v1/quotas/{row}"), "-", "")
        .unwrap();
    assert_eq!(again, quota);
    server.kill();
}

/// The value of a figure of `/metrics`, if it is shown.
#[cfg(feature = "postgres")]
fn figure(site: &Site, name: &str) -> Option<u64> {
    let mut operator = http_support::Client::connect(site.metrics);
    let shown = String::from_utf8(operator.get("/metrics").body).unwrap();
    let value = shown
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
    value.map(|value: f64| value as u64)
}

#[test]
#[cfg(feature = "postgres")]
fn the_standard_tables_fall_behind_a_database_that_is_away_and_catch_up() {
    const LAG: &str = "hubu_standard_tables_lag_records";
    let mut database = hubu_testkit::PgCluster::start().unwrap();
    let site = Site::new(&[("HUBU_STANDARD_TABLES_URL", &database.url())]);
    let server = site.serve();
    let row = load(&site);
    let mut clerk = Wire::open(&site, &site.token("clerk", "agency_clerk"));
    pay(&mut clerk, &row, "before");
    let consumed = format!(
        "SELECT decreasing_amt FROM hubu_standard_1.quota_row WHERE agency_code = '{AGENCY}' AND ledger_code = 'IND'"
    );
    let loaded = |database: &hubu_testkit::PgCluster, amount: &str| {
        await_some("the tables did not come so far", || {
            (figure(&site, LAG)? == 0).then_some(())?;
            let told = database.sql(&consumed).ok()?;
            (told.trim() == amount).then_some(())
        });
    };
    loaded(&database, "1.00");

    database.stop_immediate().unwrap();
    for at in 0..10 {
        pay(&mut clerk, &row, &format!("meanwhile-{at}"));
    }
    await_some("the lag did not show", || {
        figure(&site, LAG).filter(|lag| *lag >= 10)
    });
    pay(&mut clerk, &row, "not-waited-for");

    database.start_again().unwrap();
    loaded(&database, "12.00");
    server.kill();
}
