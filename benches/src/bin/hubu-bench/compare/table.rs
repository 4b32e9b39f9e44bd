//! A comparison as text.

use super::outcome::{Audit, Cell, Comparison, Goal};
use super::search::Held;
use super::system::System;
use std::fmt::Write;

/// All of it; writing to a string can't fail.
pub(super) fn table(comparison: &Comparison) -> String {
    let mut out = String::new();
    let (p, s) = (&comparison.platform, &comparison.settings);
    let _ = writeln!(
        out,
        "{}, {} cores, kernel {}, {}; write and sync of 4 KiB {:.2} ms; commit {}",
        p.cpu, p.cores, p.kernel, p.disk, p.sync_ms, p.build.commit
    );
    let _ = writeln!(
        out,
        "{} rows, {} indicators; {} slices of {} s each, in turns; {:.0} s in all",
        s.rows, s.indicators, s.rounds, s.seconds, comparison.total_seconds
    );
    for facts in &comparison.systems {
        let _ = writeln!(out, "  {}  {}", facts.letter, facts.name);
    }
    let _ = writeln!(
        out,
        "\n{:<8} {:<2} {:>11} {:>5} {:>10} {:>17} {:>8} {:>8} {:>8} {:>9} {:>9} {:>7}",
        "load",
        "",
        "connections",
        "size",
        "payments/s",
        "lowest-highest",
        "x c",
        "p50 ms",
        "p99 ms",
        "server us",
        "client us",
        "others"
    );
    comparison.cells.iter().for_each(|c| cell(&mut out, c));
    if !comparison.users.is_empty() {
        let (think, p99) = (s.think_seconds, s.p99_ms);
        let _ = writeln!(
            out,
            "\nusers held, one hot row, think time {think} s, p99 <= {p99} ms from due"
        );
    }
    comparison
        .users
        .iter()
        .for_each(|held| users(&mut out, comparison, held));
    out.push('\n');
    for one in &comparison.audits {
        let _ = writeln!(out, "{}", audit(one));
    }
    comparison.goals.iter().for_each(|one| goal(&mut out, one));
    if comparison.was_interrupted {
        out.push_str("stopped before its end\n");
    }
    out
}

fn cell(out: &mut String, cell: &Cell) {
    let size = match cell.best.size {
        0 => "-".into(),
        size => size.to_string(),
    };
    let _ = writeln!(
        out,
        "{:<8} {:<2} {:>11} {size:>5} {:>10.0} {:>17} {:>8} {:>8.2} {:>8.2} {:>9.1} {:>9.1} {:>6.1}%",
        cell.load.name(),
        cell.system.letter(),
        cell.best.connections,
        cell.rate,
        format!("{:.0}-{:.0}", cell.rate_min, cell.rate_max),
        times(cell.ratio),
        cell.p50_ms,
        cell.p99_ms,
        cell.cpu_us,
        cell.client_cpu_us,
        cell.bystanders_share * 100.0
    );
    let (refused, unsound) = (
        cell.slices.iter().map(|s| s.refused).sum::<u64>(),
        cell.unsound(),
    );
    if refused + unsound > 0 {
        let _ = writeln!(out, "         refused {refused}, failed or shed {unsound}");
    }
    let failures = cell.slices.iter().flat_map(|slice| &slice.failures);
    failures.take(3).for_each(|failure| {
        let _ = writeln!(out, "         {failure}");
    });
}

fn users(out: &mut String, comparison: &Comparison, held: &Held) {
    let broke = held
        .broke_at
        .map_or(String::from("more were not tried"), |broke| {
            format!("{broke} were not held")
        });
    let _ = writeln!(
        out,
        "  {}  {:>7}  {:>8} x c  ({broke})",
        held.system.letter(),
        held.users,
        times(comparison.users_ratio(held))
    );
}

/// A ratio, or a dash.
pub(super) fn times(ratio: Option<f64>) -> String {
    ratio.map_or("-".into(), |ratio| format!("{ratio:.1}"))
}

/// One line of an audit.
pub(super) fn audit(audit: &Audit) -> String {
    let letter = audit.system.letter();
    let Some(settlement) = &audit.settlement else {
        let why = audit.error.as_deref().unwrap_or_default();
        return format!("audit {letter}: COULD NOT BE DONE: {why}");
    };
    let f = &settlement.figures;
    let word = if audit.is_clean { "clean" } else { "FAILED" };
    let mut line = format!(
        "audit {letter}: {word}: {} acknowledged = {} found, lost {}, doubled {}, misposted {}, refused but done {}, \
         unresolved {}; {} rows compared; {:.0} s",
        f.acknowledged,
        f.found,
        f.lost,
        f.doubled,
        f.misposted,
        f.refused_but_done,
        f.unresolved,
        f.rows_compared,
        settlement.seconds
    );
    for finding in settlement.findings.iter().take(3) {
        let _ = write!(
            line,
            "\n  {:?}: {}: {}",
            finding.fault, finding.what, finding.detail
        );
    }
    line
}

fn goal(out: &mut String, goal: &Goal) {
    let word = if goal.is_met { "met" } else { "NOT MET" };
    let _ = writeln!(
        out,
        "goal  {}: {:<8} {:>6.1} x {}  (>= {})  {word}",
        goal.system.letter(),
        goal.of,
        goal.value,
        System::RowLock.letter(),
        goal.goal
    );
}
