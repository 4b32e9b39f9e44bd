//! A run: the parent starts worker processes, adds up what they report, shows progress, and settles the books.
//!
//! Users always work in processes of their own, even when one is enough: goose takes Ctrl-C for itself there, and the
//! parent stays free to stop them cleanly, to audit and to report.

mod crew;
mod limits;
mod outcome;
mod panel;
mod protocol;
mod show;
mod worker;

pub use limits::{lanes_for, raise_descriptors, workers_for};
pub use outcome::{Outcome, Setting, Share, play, run, settle_books};
pub use protocol::{Done, Order};
pub use show::Show;
pub use worker::work;
