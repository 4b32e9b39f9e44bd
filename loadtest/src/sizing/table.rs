//! The sizing as people read it on a terminal.

use std::fmt::Write;

use super::size::Size;

/// The table as text.
pub fn table(size: &Size) -> String {
    let mut out = String::new();
    let source = &size.source;
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "{} as measured on {} ({} cores): think {} s, limit {:?}",
        source.plan,
        source.platform.cpu,
        source.platform.cores,
        source.think_seconds,
        source.limit.kind
    );
    if let Some(share) = source.harness_share {
        let _ = writeln!(
            out,
            "the harness took {:.0} % of the busy time there",
            share * 100.0
        );
    }
    for section in &size.sections {
        let _ = writeln!(out, "\n{}", section.title);
        for row in &section.rows {
            let _ = writeln!(out, "  {}: {}", row.label, row.value);
            if !row.note.is_empty() {
                let _ = writeln!(out, "      {}", row.note);
            }
        }
    }
    let _ = writeln!(out, "\nthe points beside the law");
    let _ = writeln!(
        out,
        "{:>10}{:>10}{:>10}{:>10}{:>9}{:>10}",
        "load", "N", "req/s", "law", "off %", "p99 ms"
    );
    for p in &size.points {
        let _ = writeln!(
            out,
            "{:>10}{:>10.2}{:>10.0}{:>10.0}{:>9.1}{:>10.1}  {}",
            p.load,
            p.n,
            p.rate,
            p.fitted,
            p.residual * 100.0,
            p.p99_ms,
            if p.held { "held" } else { "broke" }
        );
    }
    let word = if size.reasons.is_empty() {
        "WITHIN THE DATA"
    } else {
        "BEYOND THE DATA"
    };
    let _ = writeln!(out, "{word}");
    out
}
