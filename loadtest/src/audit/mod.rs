//! The audit: settles the harness's own book against the server, after a run and again after a restart.
//!
//! 1. Commands without an answer are asked again with their key ([`resolve`]).
//! 2. The event feed is walked from the end of seeding: every acknowledged command must be there once, with the
//!    effects that the harness computed; every refused one must not be ([`events`]).
//! 3. The rows of every agency, and every other row that the feed names, are read: each must hold its opening, the
//!    acknowledged effects and those of other clients in the feed, and no more ([`rows`]).
//! 4. The sums of the whole tree must be the openings and what was done, ledger by ledger, and debits credits
//!    ([`sums`]): rows that nobody touched cannot have changed either.
//! 5. A sample of documents is read back by id ([`sample`]).

mod arithmetic;
mod events;
mod finding;
mod resolve;
mod rows;
mod sample;
mod settle;
mod sums;

pub use arithmetic::{Amounts, LedgerMove, LedgerSums};
pub use finding::{Fault, Figures, Finding, Findings, Settlement};
pub use settle::{Against, settle};
