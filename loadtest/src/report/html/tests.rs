//! The page of a made-up run with everything in it.

use std::path::Path;

use super::page;
use crate::audit::Finding;
use crate::report::judge;
use crate::report::sample::full as result;

#[test]
fn everything_is_on_the_page_and_nothing_comes_from_elsewhere() {
    let mut result = result(1);
    result.audits[0].findings.push(Finding {
        fault: crate::audit::Fault::Lost,
        what: "payment <1>".into(),
        detail: "gone".into(),
    });
    let page = page(&result, Path::new("/nowhere")).unwrap();
    for part in [
        "✗ 未通过",
        "NOT PASSED",
        "the server had 63 open at the least while 64 users worked",
        "4711",
        "worker 1 &lt;died&gt;",
        "payment &lt;1&gt;",
        "10,000.00",
        "+123.45",
        "2026-12-31",
        "payment.submit",
        "p99.9",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // Users, throughput, latency over time, its distribution, by action; five of the server; each in two sizes.
    assert_eq!(page.matches("<svg").count(), 20);
    for foreign in ["<script", "href=", "src=", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let (zh, en) = (
        page.matches("class=\"zh").count(),
        page.matches("class=\"en").count(),
    );
    assert_eq!(zh, en, "whatever is said is said in both languages");
    assert!(zh > 60, "{zh}");
}

#[test]
fn a_page_without_server_and_audit_is_a_page() {
    let mut result = result(1);
    (result.server, result.not_audited) = (None, Some("another system".into()));
    result.audits.clear();
    result.seconds.clear();
    let page = page(&result, Path::new("/nowhere")).unwrap();
    assert!(page.contains("were not scraped") && page.contains("another system"));
    assert_eq!(
        page.matches("<svg").count(),
        4,
        "the distribution and the actions"
    );
}

#[test]
fn connections_that_the_server_lacks_break_the_run() {
    let mut result = result(1);
    result.run.deaths.clear();
    result.total.failed = 0;
    result.plan.thresholds = crate::plan::Thresholds::default();
    let verdict = judge(&result);
    assert_eq!(
        (verdict.exit, verdict.reasons.len()),
        (10, 1),
        "{verdict:?}"
    );
    if let Some(open) = result.server.as_mut().and_then(|s| s.open.as_mut()) {
        open.least = 64;
    }
    assert!(judge(&result).passed);
    // A server of ours that does not count them is as bad: nobody knows then.
    if let Some(server) = result.server.as_mut() {
        server.open = None;
        server.seconds.iter_mut().for_each(|s| s.connections = None);
    }
    assert!(judge(&result).reasons[0].contains("hubu_connections"));
}

#[test]
fn an_emulated_run_is_no_proof_of_speed() {
    let mut result = result(1);
    result.run.deaths.clear();
    result.total.failed = 0;
    result.plan.thresholds = crate::plan::Thresholds::default();
    if let Some(server) = result.server.as_mut() {
        if let Some(open) = server.open.as_mut() {
            open.least = 64;
        }
        let how = "built for loongarch64, run by a x86_64 kernel".to_owned();
        let vendor = "GenuineIntel".to_owned();
        server.platform = [("emulated".into(), how), ("cpu_vendor".into(), vendor)].into();
    }
    result.verdict = judge(&result);
    assert!(!result.verdict.passed);
    assert_eq!(result.verdict.exit, 16, "{:?}", result.verdict);
    let page = page(&result, Path::new("/nowhere")).unwrap();
    assert!(page.contains("EMULATED, NO PROOF OF SPEED"));
    assert!(page.contains("run by a x86_64 kernel"));
    // Books that are wrong are worse.
    result.audits[0].figures.lost = 1;
    assert_eq!(judge(&result).exit, 11);
    // The harness looks at its own processor as well.
    result.audits[0].figures.lost = 0;
    result.server = None;
    result.platform.emulated = "built for aarch64, run by a x86_64 kernel".into();
    assert_eq!(judge(&result).exit, 16);
}
