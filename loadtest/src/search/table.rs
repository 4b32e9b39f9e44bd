//! The curve as people read it.

use std::fmt::Write;

use super::curve::Curve;
use super::goal::LoadKind;
use super::point::{Point, Stage};

/// One step in a line, for whoever watches.
pub(super) fn line(point: &Point, kind: LoadKind) -> String {
    let unit = match kind {
        LoadKind::Users => "users",
        LoadKind::Arrivals => "arrivals/s",
    };
    let word = if point.held { "held" } else { "broke" };
    format!(
        "step {:>2} {:<9} {:>9} {unit}  {:>8.0} req/s  p50 {:>7.1}  p99 {:>8.1} ms  {word}{}",
        point.step,
        stage(point.stage),
        point.load,
        point.rate,
        point.p50_ms,
        point.p99_ms,
        if point.held {
            String::new()
        } else {
            format!(": {}", point.broke.join(", "))
        }
    )
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Ladder => "ladder",
        Stage::Bisection => "between",
        Stage::Repeat => "again",
        Stage::Sweep => "sweep",
    }
}

/// The table as text: steps by load, then the knee and the limit.
pub fn table(curve: &Curve) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "{} against {}: {} steps of {} s (and {} s before each), think {} s",
        curve.plan,
        curve.url,
        curve.points.len(),
        curve.step_seconds,
        curve.settle_seconds,
        curve.think_seconds
    );
    let load = match curve.kind {
        LoadKind::Users => "users",
        LoadKind::Arrivals => "arrivals/s",
    };
    let _ = writeln!(
        out,
        "{load:>10}{:>9}{:>8}{:>9}{:>9}{:>10}{:>7}{:>6}{:>9}{:>9}{:>9}{:>8}  ",
        "req/s",
        "N",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "failed",
        "shed",
        "harness",
        "server",
        "machine",
        "MiB"
    );
    let mut points: Vec<&Point> = curve.points.iter().collect();
    points.sort_by(|a, b| a.load.total_cmp(&b.load).then(a.step.cmp(&b.step)));
    points.iter().for_each(|p| row(&mut out, p));
    let _ = writeln!(
        out,
        "N: requests under way (Little); harness, server, machine: cores busy; MiB: the server's memory"
    );
    verdict(&mut out, curve, load);
    out
}

fn row(out: &mut String, p: &Point) {
    let cores = |c: Option<f64>| c.map_or("-".into(), |c| format!("{c:.2}"));
    let memory = p
        .server_memory_bytes
        .map_or("-".into(), |b| format!("{:.0}", b as f64 / 1048576.0));
    let _ = writeln!(
        out,
        "{:>10}{:>9.0}{:>8.1}{:>9.2}{:>9.1}{:>10.1}{:>7}{:>6}{:>9}{:>9}{:>9}{:>8}  {}",
        p.load,
        p.rate,
        p.concurrency,
        p.p50_ms,
        p.p99_ms,
        p.p999_ms,
        p.failed,
        p.shed,
        cores(p.harness_cores),
        cores(p.server_cores),
        cores(p.machine_cores),
        memory,
        if p.held {
            "held".into()
        } else {
            format!("BROKE: {}", p.broke.join(", "))
        }
    );
}

fn verdict(out: &mut String, curve: &Curve, load: &str) {
    match &curve.knee {
        Some(knee) => {
            let _ = writeln!(
                out,
                "knee: {} {load} hold ({} of {}), {} break ({} of {}); {:.0} req/s, p99 {:.1} ms; from {} to {} with {:.1} % confidence",
                knee.load,
                knee.held.0,
                knee.held.1,
                knee.broken,
                knee.broke.0,
                knee.broke.1,
                knee.rate,
                knee.p99_ms,
                knee.low,
                knee.high,
                knee.confidence * 100.0
            );
        }
        None => {
            let held = curve.largest_held();
            let held = held.map_or("none".into(), |l| format!("{l} {load}"));
            let _ = writeln!(out, "no knee; the largest load that held: {held}");
        }
    }
    let _ = writeln!(out, "limit: {:?}: {}", curve.limit.kind, curve.limit.why);
    for remark in &curve.remarks {
        let _ = writeln!(out, "  {remark}");
    }
    if let Some(why) = &curve.not_audited {
        let _ = writeln!(out, "not audited: {why}");
    }
    if let Some(error) = &curve.audit_error {
        let _ = writeln!(out, "FAILED: the audit could not be done: {error}");
    }
    if let Some(audit) = &curve.audit {
        out.push_str(&crate::report::audit_table(audit));
    }
}
