//! Seals (封签): signatures over the head of the journal's chain, one for every day and one for every month.
//!
//! The chain alone shows a change only to somebody who kept a chain value: who can write the whole journal can compute the
//! whole chain anew. A seal is that kept value, signed by a key that need not be where the journal is, so a public key is
//! enough to show later that not one record before it was changed, left out or put in.
//!
//! Reading order: `period` says which batch belongs to which day, `form` draws the file, `row` reads a folder of them,
//! `make` seals what is over, `check` holds them against a journal. The journal itself knows nothing of seals.
//! `docs/seal.md` says how to use them and what they do not prove.

mod check;
mod error;
mod form;
mod make;
mod period;
mod row;

pub use check::{Checker, Sealed};
pub use error::SealError;
pub use form::{SEAL_BYTES_MAX, Seal};
pub use make::{Order, make_seals};
pub use period::{Kind, Period};
pub use row::{Row, read_row};
