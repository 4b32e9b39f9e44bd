//! The comparison as a table for a terminal.

use std::fmt::Write;

use super::{Difference, Judgement, Line};

/// The table.
pub fn text(difference: &Difference) -> String {
    let mut out = String::new();
    for one in &difference.differs {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "not the same: {one}");
    }
    let _ = writeln!(
        out,
        "{:<34}{:>12}{:>12}{:>9}{:>12}  ",
        "", "before", "after", "change", "noise +-"
    );
    difference.lines.iter().for_each(|l| row(&mut out, l));
    let _ = writeln!(
        out,
        "{} worse, {} better, past noise",
        difference.worse, difference.better
    );
    out
}

fn row(out: &mut String, line: &Line) {
    let change = if line.before.abs() > 1e-9 {
        format!("{:+.1} %", 100.0 * (line.after / line.before - 1.0))
    } else if line.after.abs() > 1e-9 {
        "new".into()
    } else {
        "0.0 %".into()
    };
    let noise = line.noise.map_or("?".into(), digits);
    let word = match line.judgement {
        Judgement::Better => "BETTER",
        Judgement::Worse => "WORSE",
        Judgement::Same => "same",
        Judgement::NotJudged => "not judged",
    };
    let name = format!("{}, {}", line.name, line.unit);
    let (before, after) = (digits(line.before), digits(line.after));
    let _ = writeln!(
        out,
        "{name:<34}{before:>12}{after:>12}{change:>9}{noise:>12}  {word}"
    );
}

/// As many decimals as a reader needs.
fn digits(value: f64) -> String {
    match value.abs() {
        v if v >= 1_000.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
