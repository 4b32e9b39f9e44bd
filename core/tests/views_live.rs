//! Work lists and rollups over a real engine, against what the engine's own rows and documents say.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod views_support;

use common::*;
use hubu_core::catalog::document::RoleSet;
use hubu_core::engine::Engine;
use hubu_core::engine::read::RowFilter;
use hubu_core::views::Views;
use hubu_core::views::rollup::Sums;
use hubu_core::views::worklist::{WorkItem, WorkQuery};
use hubu_kernel::ident::{Division, DocumentId, LedgerId};
use std::collections::BTreeMap;
use std::sync::Arc;
use views_support::*;

const PROVINCE: Division = Division(420_000_000);

fn start(folder: &std::path::Path) -> (Arc<Engine>, Views) {
    let engine = open_with(folder, followed());
    let views = Views::start(&engine, None).unwrap();
    (engine, views)
}

fn caught_up(engine: &Engine, views: &Views) {
    views
        .live()
        .mark()
        .wait_blocking(engine.newest().0)
        .unwrap();
}

/// The sums that the engine's rows of the county make, by ledger.
fn expected(engine: &Engine) -> BTreeMap<LedgerId, Sums> {
    let filter = RowFilter {
        division: COUNTY,
        agency: None,
        ledger: None,
        year: Some(YEAR),
    };
    let page = engine.rows(&filter, None, 1000);
    assert!(page.cursor.is_none());
    let mut sums = BTreeMap::<LedgerId, Sums>::new();
    for view in page.items {
        *sums.entry(view.row.ledger).or_default() += Sums::of_row(&view.row);
    }
    sums
}

fn check_sums(engine: &Engine, views: &Views) {
    caught_up(engine, views);
    let expected = expected(engine);
    assert!(expected.len() >= 4, "an opening touches many ledgers");
    let county = views.live().summary(COUNTY, YEAR).unwrap();
    assert_eq!(county.as_of, engine.newest().0);
    let own: BTreeMap<_, _> = county.ledgers.iter().map(|l| (l.ledger, l.own)).collect();
    assert_eq!(own, expected);
    let province = views.live().summary(PROVINCE, YEAR).unwrap();
    let below: BTreeMap<_, _> = province
        .ledgers
        .iter()
        .map(|l| (l.ledger, l.subtree))
        .collect();
    assert_eq!(below, expected, "there is nothing else in the province");
    assert!(province.ledgers.iter().all(|l| l.own == Sums::default()));
}

#[test]
fn sums_follow_the_rows_and_are_the_same_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, views) = start(folder.path());
    assert_eq!(views.live().summary(PROVINCE, YEAR).unwrap().ledgers, []);
    opened(&engine, 1, 900_000, 700_000);
    opened(&engine, 2, 123, 0);
    check_sums(&engine, &views);
    let paid = done(&engine, pay(&engine, 120_000)).document;
    check_sums(&engine, &views);
    walk_on(&engine, paid, 120_000, 5);
    done(&engine, pay(&engine, 80_000));
    refused(&engine, pay(&engine, 800_000));
    check_sums(&engine, &views);
    engine.close();
    views.finish();

    let (engine, views) = start(folder.path());
    check_sums(&engine, &views);
    done(&engine, pay(&engine, 10_000));
    opened(&engine, 3, 55, 5);
    check_sums(&engine, &views);
}

#[test]
fn views_that_start_under_load_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open_with(folder.path(), followed());
    opened(&engine, 1, 900_000, 900_000);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let _any_answer = answered(&engine, pay(&engine, 3));
                }
            });
        }
        for _ in 0..5 {
            std::thread::sleep(std::time::Duration::from_millis(30));
            let views = Views::start(&engine, None).unwrap();
            let summary = views.live().summary(COUNTY, YEAR).unwrap();
            assert!(summary.as_of > 0);
            // Indicator and plan are consumed together: at one record they agree.
            let catalog = catalog(&engine);
            let of = |name| {
                let id = catalog.ledger_named(name).unwrap().id;
                summary
                    .ledgers
                    .iter()
                    .find(|l| l.ledger == id)
                    .unwrap()
                    .subtree
                    .decreasing
            };
            assert_eq!(of("IND"), of("PLN"));
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let views = Views::start(&engine, None).unwrap();
    check_sums(&engine, &views);
}

fn work(engine: &Engine, views: &Views, role: &str, agency: Option<&str>) -> Vec<WorkItem> {
    caught_up(engine, views);
    let roles = catalog(engine).role_named(role).unwrap();
    let query = WorkQuery {
        roles,
        division: COUNTY,
        agency,
        kind: None,
        after: None,
        limit: 100,
    };
    let page = views.live().work(&query).unwrap();
    assert_eq!((page.next, page.as_of), (None, engine.newest().0));
    page.items
}

fn ids(items: &[WorkItem]) -> Vec<DocumentId> {
    items.iter().map(|item| item.id).collect()
}

#[test]
fn a_document_waits_for_the_role_of_its_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, views) = start(folder.path());
    opened(&engine, 1, 900_000, 900_000);
    let first = done(&engine, pay(&engine, 1_000)).document;
    engine.clock().advance(10);
    let second = done(&engine, pay(&engine, 2_000)).document;

    let waiting = work(&engine, &views, "agency_reviewer", Some(AGENCY));
    assert_eq!(ids(&waiting), [first, second], "oldest first");
    assert_eq!(
        (waiting[1].amount, &*waiting[1].creator, waiting[1].version),
        (2_000, "clerk", 1)
    );
    assert_eq!(waiting[1].waiting_since_ms, MARCH_MS + 10);
    assert_eq!(
        ids(&work(&engine, &views, "agency_reviewer", None)),
        [first, second]
    );
    assert_eq!(
        work(
            &engine,
            &views,
            "agency_reviewer",
            Some("420106000000000000009")
        ),
        []
    );
    assert_eq!(work(&engine, &views, "agency_head", None), []);
    assert_eq!(
        work(&engine, &views, "agency_clerk", None),
        [],
        "withdrawing is nobody's work"
    );

    engine.clock().advance(10);
    walk_on(&engine, first, 1_000, 1);
    assert_eq!(
        ids(&work(&engine, &views, "agency_reviewer", None)),
        [second]
    );
    let head = work(&engine, &views, "agency_head", Some(AGENCY));
    assert_eq!(
        (ids(&head), &*head[0].previous, head[0].version),
        (vec![first], "officer-0", 2)
    );

    let clerk = person(&catalog(&engine), "clerk", &["agency_clerk"]);
    done(&engine, act(&clerk, second, "withdraw", vec![]));
    assert_eq!(
        ids(&work(&engine, &views, "agency_clerk", None)),
        [second],
        "a draft is its clerks'"
    );
    engine.close();
    views.finish();

    let (engine, views) = start(folder.path());
    assert_eq!(
        work(&engine, &views, "agency_head", Some(AGENCY)),
        head,
        "as before the restart"
    );
    assert_eq!(ids(&work(&engine, &views, "agency_clerk", None)), [second]);
    assert_eq!(views.live().sizes().0, 2);
}

#[test]
fn pages_of_a_work_list_are_the_whole_list_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, views) = start(folder.path());
    opened(&engine, 1, 900_000, 900_000);
    let mut all = Vec::new();
    for n in 0..7 {
        engine.clock().advance(n % 2);
        let document = done(&engine, pay(&engine, 1)).document;
        all.push(document);
        if n % 3 == 0 {
            walk_on(&engine, document, 1, 1);
        }
    }
    caught_up(&engine, &views);
    // Both roles of one person: every document once, whichever list it stands in.
    let catalog = catalog(&engine);
    let roles = ["agency_reviewer", "agency_head"].map(|r| catalog.role_named(r).unwrap().0);
    let mut query = WorkQuery {
        roles: RoleSet(roles[0] | roles[1]),
        division: COUNTY,
        agency: Some(AGENCY),
        kind: catalog.type_named("payment").map(|kind| kind.id),
        after: None,
        limit: 2,
    };
    let mut seen = Vec::new();
    loop {
        let page = views.live().work(&query).unwrap();
        assert!(page.items.len() <= 2);
        seen.extend(page.items);
        query.after = page.next;
        if page.next.is_none() {
            break;
        }
    }
    assert!(seen.is_sorted_by_key(|item| (item.waiting_since_ms, item.id)));
    let mut found = ids(&seen);
    found.sort();
    all.sort();
    assert_eq!(found, all);
    query.kind = catalog.type_named("opening").map(|kind| kind.id);
    assert_eq!(views.live().work(&query).unwrap().items, []);
}
