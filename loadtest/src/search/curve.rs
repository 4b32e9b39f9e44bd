//! `curve.json`: what a search or a sweep measured. docs/sizing.md lists its fields; a change of meaning raises [`SCHEMA`].

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::confidence::Knee;
use super::goal::{Bound, LoadKind};
use super::limit::{Facts, Limit};
use super::load::{End, Hunted};
use super::options::Options;
use super::point::{Limits, Point};
use super::verdict::{exit, limit, remarks};
use crate::audit::Settlement;
use crate::error::LoadError;
use crate::plan::Plan;
use crate::report::{Platform, no_proof};

/// Name and version of the file's format.
pub const SCHEMA: &str = "hubu-load-curve/1";

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// [`SCHEMA`].
    pub schema: String,
    /// The plan, without its load.
    pub plan: String,
    /// The server.
    pub url: String,
    /// What the load is counted in.
    pub kind: LoadKind,
    /// Whether it is a sweep without think time.
    pub is_sweep: bool,
    /// Mean think time in seconds, 0 in a sweep and in the open model.
    pub think_seconds: f64,
    /// What every step had to hold.
    pub limits: Limits,
    /// Seconds of a step that count.
    pub step_seconds: f64,
    /// Seconds before them that do not.
    pub settle_seconds: f64,
    /// What was said to be the most that it takes.
    pub bound: Bound,
    /// How long it took, the audit included.
    pub seconds: f64,
    /// Every step in the order in which it was measured.
    pub points: Vec<Point>,
    /// The knee.
    pub knee: Option<Knee>,
    /// What the limit was.
    pub limit: Limit,
    /// What else is to be known of it, one sentence each.
    pub remarks: Vec<String>,
    /// The server's resident memory before the first step, in bytes.
    pub server_memory_bytes: Option<u64>,
    /// Whether somebody stopped it before its time.
    pub was_interrupted: bool,
    /// The books of all steps settled.
    pub audit: Option<Settlement>,
    /// Why they were not, in words.
    pub audit_error: Option<String>,
    /// Why there is no audit, when there can be none.
    pub not_audited: Option<String>,
    /// Exit status.
    pub exit: u8,
    /// Whose processor was emulated, in words, when one was: then no figure here says how fast anything is.
    #[serde(default)]
    pub emulated: Option<String>,
    /// Where it ran.
    pub platform: Platform,
}

/// What the driver knows besides.
pub(super) struct Kept {
    pub(super) plan: Plan,
    pub(super) url: String,
    pub(super) is_own: bool,
    pub(super) is_local: bool,
    pub(super) server_memory_bytes: Option<u64>,
    pub(super) seconds: f64,
    pub(super) bound: Bound,
    pub(super) emulated: Option<String>,
    pub(super) platform: Platform,
}

impl Curve {
    /// Puts it together and judges it.
    pub(super) fn new(
        options: &Options,
        hunted: Hunted,
        audit: Option<Result<Settlement, String>>,
        kept: Kept,
    ) -> Self {
        let facts = Facts {
            is_local: kept.is_local,
            p99_ms: options.goal.limits.p99_ms,
        };
        let (audit, audit_error) = match audit {
            None => (None, None),
            Some(Ok(audit)) => (Some(audit), None),
            Some(Err(error)) => (None, Some(error)),
        };
        let is_thinking = kept.plan.open.is_none() && !options.is_sweep;
        let mut curve = Self {
            schema: SCHEMA.to_owned(),
            kind: match kept.plan.open {
                Some(_) => LoadKind::Arrivals,
                None => LoadKind::Users,
            },
            is_sweep: options.is_sweep,
            think_seconds: if is_thinking {
                kept.plan.think_seconds
            } else {
                0.0
            },
            plan: kept.plan.name,
            url: kept.url,
            limits: options.goal.limits.clone(),
            step_seconds: options.step_seconds,
            settle_seconds: options.settle_seconds,
            bound: kept.bound,
            seconds: kept.seconds,
            limit: limit(&hunted, facts),
            remarks: kept
                .emulated
                .iter()
                .map(|who| no_proof(who))
                .chain(remarks(&hunted.points, facts))
                .collect(),
            was_interrupted: hunted.end == End::Stopped,
            points: hunted.points,
            knee: hunted.knee,
            server_memory_bytes: kept.server_memory_bytes,
            audit,
            audit_error,
            not_audited: kept.is_own.then(|| crate::own::NOT_AUDITED.to_owned()),
            exit: 0,
            emulated: kept.emulated,
            platform: kept.platform,
        };
        curve.exit = exit(&curve, &hunted.end) as u8;
        curve
    }

    /// The largest load of which a step held.
    pub fn largest_held(&self) -> Option<f64> {
        let held = self.points.iter().filter(|p| p.held).map(|p| p.load);
        held.max_by(f64::total_cmp)
    }
}

/// Writes the file.
///
/// # Errors
/// It cannot be written.
pub fn write_curve(path: &Path, curve: &Curve) -> Result<(), LoadError> {
    let text = serde_json::to_string_pretty(curve).map_err(|e| LoadError::format("curve", e))?;
    std::fs::write(path, text + "\n").map_err(|e| LoadError::file(path, e))
}

/// Reads the file; a folder stands for the `curve.json` in it.
///
/// # Errors
/// It cannot be read, or is another schema's.
pub fn read_curve(path: &Path) -> Result<Curve, LoadError> {
    let path = if path.is_dir() {
        path.join("curve.json")
    } else {
        path.to_owned()
    };
    let text = std::fs::read_to_string(&path).map_err(|e| LoadError::file(&path, e))?;
    let bad = |reason: String| LoadError::format("curve", format!("{}: {reason}", path.display()));
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|e| bad(e.to_string()))?;
    let schema = value
        .get("schema")
        .and_then(|s| s.as_str())
        .unwrap_or_default();
    if schema != SCHEMA {
        return Err(bad(format!(
            "schema {schema:?}, want {SCHEMA:?}: measure it with hubu-load search"
        )));
    }
    serde_json::from_value(value).map_err(|e| bad(e.to_string()))
}
