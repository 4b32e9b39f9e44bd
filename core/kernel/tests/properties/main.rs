//! The promises of the kernel, tried on arbitrary rows, documents and commands.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

mod control;
mod edges;
mod faults;
mod invariants;
mod memory;
mod model;
mod plan;
mod release;
mod strategies;
mod sums;
