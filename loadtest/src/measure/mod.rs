//! Counting and timing: what users did, how long each request took from the moment it was due, and what the harness
//! itself cost.

mod action;
mod cpu;
mod meter;
mod total;

pub use action::Action;
pub use cpu::{Usage, usage};
pub use meter::{Fate, Meter, Tick};
pub use total::{ActionTotal, Second, Totals, decode, encode};
