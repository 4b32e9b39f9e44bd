//! The verdict: thresholds and audit, and the exit status that says which of them failed.

use serde::{Deserialize, Serialize};

use super::platform::Platform;
use super::result::RunResult;

/// Exit statuses of `hubu-load`; clap uses 2 for wrong options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Thresholds and audit hold.
    Passed = 0,
    /// The work could not be done.
    Error = 1,
    /// A threshold of the plan was broken; the audit is clean.
    Threshold = 10,
    /// The audit failed, or could not be done.
    Audit = 11,
    /// A worker died or the run was stopped before its time; what was acknowledged is audited and clean.
    Incomplete = 12,
    /// `diff` found something worse, past noise.
    Worse = 13,
    /// `size` was asked for more than its measured curve carries.
    BeyondData = 14,
    /// `search` ended without the server's limit: everything held, or something else was in the way first.
    NoLimit = 15,
    /// The audit is clean, but a processor was played by an emulator: no time of this run proves anything.
    Emulated = 16,
}

/// Whether a run passed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Verdict {
    /// Whether everything holds.
    pub passed: bool,
    /// Exit status.
    pub exit: u8,
    /// What does not hold, one sentence each.
    pub reasons: Vec<String>,
    /// Whose processor was emulated, in words, when one was: such a run never passes, whatever it measured.
    #[serde(default)]
    pub emulated: Option<String>,
}

/// Judges a result by its plan's thresholds and its audits.
pub fn judge(result: &RunResult) -> Verdict {
    let audit = audit_reasons(result);
    let threshold = threshold_reasons(result);
    let mut incomplete: Vec<String> = result.run.deaths.clone();
    if result.run.was_interrupted {
        incomplete.push("stopped before its time".into());
    }
    let server = result.server.as_ref();
    let server = server.and_then(|s| s.platform.get("emulated"));
    let emulated = emulated(server.map(String::as_str), &result.platform);
    let exit = match (
        audit.is_empty(),
        incomplete.is_empty(),
        threshold.is_empty(),
    ) {
        (false, _, _) => Exit::Audit,
        (_, false, _) => Exit::Incomplete,
        _ if emulated.is_some() => Exit::Emulated,
        (_, _, false) => Exit::Threshold,
        _ => Exit::Passed,
    };
    let words = |who: &String| no_proof(who);
    let reasons: Vec<String> = audit
        .into_iter()
        .chain(incomplete)
        .chain(emulated.iter().map(words))
        .chain(threshold)
        .collect();
    Verdict {
        passed: exit == Exit::Passed,
        exit: exit as u8,
        reasons,
        emulated,
    }
}

/// What that means, in words.
pub(crate) fn no_proof(who: &str) -> String {
    format!("emulated, no proof of speed: {who}")
}

/// Whose processor an emulator played: the server says so of itself, and the harness looks at its own.
pub(crate) fn emulated(server: Option<&str>, harness: &Platform) -> Option<String> {
    let parts = [
        ("the server", server.unwrap_or_default()),
        ("the harness", &harness.emulated),
    ];
    let parts = parts.iter().filter(|(_, how)| !how.is_empty());
    let parts: Vec<String> = parts.map(|(who, how)| format!("{who} ({how})")).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn audit_reasons(result: &RunResult) -> Vec<String> {
    let mut reasons: Vec<String> = result
        .audit_errors
        .iter()
        .map(|e| format!("the audit could not be done: {e}"))
        .collect();
    for audit in result.audits.iter().filter(|a| !a.is_clean()) {
        let f = &audit.figures;
        reasons.push(format!(
            "audit {}: acknowledged {} found {} lost {} doubled {} misposted {} refused but done {} contradictory {} unresolved {}",
            audit.when, f.acknowledged, f.found, f.lost, f.doubled, f.misposted, f.refused_but_done, f.contradictory, f.unresolved
        ));
    }
    if result.audits.is_empty() && reasons.is_empty() && result.not_audited.is_none() {
        reasons.push("nothing was audited".into());
    }
    reasons
}

fn threshold_reasons(result: &RunResult) -> Vec<String> {
    let (limits, total) = (&result.plan.thresholds, &result.total);
    let mut reasons = Vec::new();
    let mut most = |name: &str, is: f64, limit: Option<f64>| {
        if let Some(limit) = limit.filter(|limit| is > *limit) {
            reasons.push(format!("{name} {} is more than {limit}", short(is)));
        }
    };
    let share = |part: u64| part as f64 / total.requests.max(1) as f64;
    most("p99_ms", total.latency_ms.p99, limits.p99_ms);
    most("p999_ms", total.latency_ms.p999, limits.p999_ms);
    most("failed", total.failed as f64, Some(limits.failed as f64));
    most("shed_share", share(total.shed), limits.shed_share);
    most("refused_share", share(total.refused), limits.refused_share);
    if let Some(arrived) = result.run.arrived {
        let dropped = arrived.dropped as f64 / arrived.due.max(1) as f64;
        most("dropped_share", dropped, limits.dropped_share);
    }
    if let Some(limit) = limits.recovery_seconds {
        for phase in result.run.phases.iter().filter(|p| p.is_load) {
            match phase.recovered_seconds {
                Some(seconds) => most("recovery_seconds", seconds, Some(limit)),
                None => most(
                    "recovery_seconds (never within the run)",
                    f64::INFINITY,
                    Some(limit),
                ),
            }
        }
    }
    if let Some(least) = limits.rate_min.filter(|least| result.run.rate < *least) {
        reasons.push(format!("rate {:.1} is less than {least}", result.run.rate));
    }
    reasons.extend(connection_reasons(result));
    if total.requests == 0 {
        reasons.push("no request was made".into());
    }
    reasons
}

/// A figure with as many decimals as it needs.
fn short(value: f64) -> String {
    match value {
        v if v.fract() == 0.0 => format!("{v}"),
        v if v >= 0.01 => format!("{v:.3}"),
        v => format!("{v:.6}"),
    }
}

/// Users whose connection the server did not have: only it can tell. A server of somebody else's need not.
fn connection_reasons(result: &RunResult) -> Option<String> {
    let server = result.server.as_ref()?;
    if let Some(open) = server.open {
        return (open.least < open.wanted).then(|| {
            format!(
                "connections: the server had {} open at the least while {} users worked",
                open.least, open.wanted
            )
        });
    }
    let tells = server.seconds.iter().any(|s| s.connections.is_some());
    let is_ours = result.not_audited.is_none();
    (is_ours && !tells && !server.seconds.is_empty())
        .then(|| "connections: the server's metrics do not count them (hubu_connections)".into())
}
