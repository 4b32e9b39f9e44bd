//! What a run came to: the verdict, a short table, one JSON file and one HTML page that needs nothing beside it.

mod chart;
mod figures;
mod html;
mod kept;
mod phases;
// The server's own: the harness does without hubu-core, and judges by the same rule.
#[path = "../../../core/src/observe/emulator.rs"]
mod emulator;
mod platform;
mod processor;
mod result;
#[cfg(test)]
pub(crate) mod sample;
mod table;
mod verdict;

pub use figures::{ActionFigures, CurvePoint, Latency};
pub use html::page;
pub use kept::{PLAN_AS_PLAYED, read_result, schema, write_plan, write_result};
pub use phases::PhaseFigures;
pub use platform::{Build, Platform, platform};
pub(crate) use processor::Told;
pub use result::{Harness, LATE_MS, RunFigures, RunResult, SCHEMA};
pub use table::{audit_table, table};
pub use verdict::{Exit, Verdict, judge};
pub(crate) use verdict::{emulated, no_proof};
