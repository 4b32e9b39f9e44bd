//! Two runs side by side: what got better or worse, and whether by more than noise.
//!
//! [`noise`] says how far a figure can be trusted, from how it moved within its own run; [`lines`] are the figures that
//! are compared; [`differ`] what else is not the same; [mod@text] a table of it. docs/result.md explains the method.
//!
//! What one run cannot show is how much two runs of the same thing differ for reasons outside both (another neighbour on
//! the machine, a fuller disk). Each figure therefore also has a floor: a smaller change is none.

mod differ;
mod lines;
mod noise;
mod text;

pub use text::text;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::LoadError;
use crate::report::RunResult;

/// Name and version of the comparison's format.
pub const SCHEMA: &str = "hubu-load-diff/1";

/// How a figure changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// By more than noise, to the good.
    Better,
    /// By more than noise, to the bad.
    Worse,
    /// Not by more than noise.
    Same,
    /// There is too little to tell noise from change, or the figure is only information.
    NotJudged,
}

/// One figure of both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// What it is.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// In the earlier run.
    pub before: f64,
    /// In the later one.
    pub after: f64,
    /// How large a change may be and still be noise, in the unit; `null` when it cannot be told.
    pub noise: Option<f64>,
    /// What that makes of it.
    pub judgement: Judgement,
}

/// The comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// Name and version of the format.
    pub schema: String,
    /// How many figures are worse.
    pub worse: usize,
    /// How many are better.
    pub better: usize,
    /// What was not the same to begin with: plan, users, world, platform, builds; in words.
    pub differs: Vec<String>,
    /// Figures.
    pub lines: Vec<Line>,
}

/// Compares two results.
///
/// # Errors
/// One of them has no requests, or they have no action in common.
pub fn compare(before: &RunResult, after: &RunResult) -> Result<Difference, LoadError> {
    let wrong = |reason: &str| LoadError::format("diff", reason);
    for (name, result) in [("earlier", before), ("later", after)] {
        if result.total.requests == 0 {
            return Err(wrong(&format!("the {name} run made no request")));
        }
    }
    let is_common = |name: &str| after.actions.iter().any(|a| a.name == name);
    if !before.actions.iter().any(|a| is_common(&a.name)) {
        return Err(wrong("the two runs have no action in common"));
    }
    let lines = lines::lines(before, after);
    let count = |judgement| lines.iter().filter(|l| l.judgement == judgement).count();
    Ok(Difference {
        schema: SCHEMA.to_owned(),
        worse: count(Judgement::Worse),
        better: count(Judgement::Better),
        differs: differ::differ(before, after)?,
        lines,
    })
}

#[cfg(test)]
mod tests;
