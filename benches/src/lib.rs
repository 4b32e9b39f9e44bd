//! What the benches share: the commands and records that they measure.

pub mod samples;
