//! The short table at the end of a run.

use std::fmt::Write;

use super::figures::ActionFigures;
use super::result::RunResult;
use crate::audit::Settlement;

/// The table as text.
pub fn table(result: &RunResult) -> String {
    let mut out = String::new();
    let (run, total) = (&result.run, &result.total);
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "{}  users {} (at work {}, connections opened {})  {:.0} s  {:.0} req/s (steady {:.0})",
        result.plan.name,
        run.users,
        run.users_at_work,
        run.connections_opened,
        run.seconds,
        run.rate,
        run.steady_rate
    );
    let _ = writeln!(
        out,
        "{:<24}{:>9}{:>9}{:>8}{:>6}{:>7}{:>9}{:>9}{:>9}{:>10}",
        "action",
        "requests",
        "done",
        "refused",
        "shed",
        "failed",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "max ms"
    );
    for action in result.actions.iter().chain([total]) {
        row(&mut out, action);
    }
    shape(&mut out, result);
    if let Some(why) = &result.not_audited {
        let _ = writeln!(out, "not audited: {why}");
    }
    result.audits.iter().for_each(|one| audit(&mut out, one));
    verdict(&mut out, result);
    out
}

/// Arrivals of the open model, and the phases of the load curve.
fn shape(out: &mut String, result: &RunResult) {
    if let Some(a) = result.run.arrived {
        let _ = writeln!(
            out,
            "arrivals {}: taken late {}, dropped {} (nobody was free)",
            a.due, a.late, a.dropped
        );
    }
    for phase in &result.run.phases {
        let recovered = match (phase.is_load, phase.recovered_seconds) {
            (false, _) => String::new(),
            (true, Some(seconds)) => format!("  recovered after {seconds:.0} s"),
            (true, None) => "  not recovered".into(),
        };
        let _ = writeln!(
            out,
            "phase {:<16} x{:<6} {:>5.0}-{:<5.0} s {:>8.0} req/s  p99 {:>8.1} ms  max {:>8.1} ms  shed {}  failed {}{recovered}",
            phase.name,
            phase.factor,
            phase.from,
            phase.to,
            phase.rate,
            phase.p99_ms,
            phase.max_ms,
            phase.shed,
            phase.failed
        );
    }
}

/// One audit as text.
pub fn audit_table(one: &Settlement) -> String {
    let mut out = String::new();
    audit(&mut out, one);
    out
}

fn audit(out: &mut String, audit: &Settlement) {
    let f = &audit.figures;
    let word = if audit.is_clean() { "CLEAN" } else { "FAILED" };
    let _ = writeln!(out, "audit {} ({:.1} s): {word}", audit.when, audit.seconds);
    let _ = writeln!(
        out,
        "  acknowledged {}  found {}  lost {}  doubled {}  misposted {}  refused {}, of these done {}",
        f.acknowledged, f.found, f.lost, f.doubled, f.misposted, f.refused, f.refused_but_done
    );
    let _ = writeln!(
        out,
        "  asked twice {}, contradictory {}  unknown {} resolved, {} not  rows compared {}  Σdebit {} Σcredit {} fen",
        f.repeated,
        f.contradictory,
        f.unknown_resolved,
        f.unresolved,
        f.rows_compared,
        f.debit,
        f.credit
    );
    for finding in &audit.findings {
        let _ = writeln!(
            out,
            "  {:?}: {}: {}",
            finding.fault, finding.what, finding.detail
        );
    }
}

fn verdict(out: &mut String, result: &RunResult) {
    let h = &result.harness;
    let _ = writeln!(
        out,
        "harness: {:.1} µs of CPU a request, {:.0} % of the machine, {:.1} KiB a user, begun late p99 {:.1} ms",
        h.cpu_us_per_request,
        h.cpu_share * 100.0,
        h.bytes_per_user as f64 / 1024.0,
        h.late_p99_ms
    );
    if let Some(why) = &h.bottleneck {
        let _ = writeln!(out, "WARNING: the harness was the bottleneck: {why}");
    }
    for failure in result.failures.iter().take(5) {
        let _ = writeln!(out, "failure: {failure}");
    }
    for reason in &result.verdict.reasons {
        let _ = writeln!(out, "FAILED: {reason}");
    }
    let _ = writeln!(
        out,
        "{}",
        if result.verdict.passed {
            "PASSED"
        } else {
            "NOT PASSED"
        }
    );
}

fn row(out: &mut String, a: &ActionFigures) {
    let l = &a.latency_ms;
    let _ = writeln!(
        out,
        "{:<24}{:>9}{:>9}{:>8}{:>6}{:>7}{:>9.1}{:>9.1}{:>9.1}{:>10.1}",
        a.name, a.requests, a.commands, a.refused, a.shed, a.failed, l.p50, l.p99, l.p999, l.max
    );
}
