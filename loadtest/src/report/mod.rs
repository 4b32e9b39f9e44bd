//! What a run came to: the verdict, a short table, one JSON file and one HTML page that needs nothing beside it.

mod chart;
mod html;
mod phases;
mod platform;
mod result;
mod table;
mod verdict;

pub use html::page;
pub use phases::PhaseFigures;
pub use platform::{Platform, platform};
pub use result::{
    ActionFigures, Harness, LATE_MS, Latency, RunFigures, RunResult, SCHEMA, read_result,
    write_result,
};
pub use table::{audit_table, table};
pub use verdict::{Exit, Verdict, judge};
