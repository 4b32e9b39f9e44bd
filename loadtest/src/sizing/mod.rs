//! What to buy, from what was measured: a curve of `hubu-load search`, a question in users and years, and beside the
//! answer the formulas that tenders use, so that a reader sees where paper and measurement differ and by what factor.
//!
//! Law is Gunther's; fit finds it in points, solve is its algebra; measured takes points and costs out of a curve;
//! input is the question, paper the formulas; reach says how far the data carries, need does the arithmetic of years;
//! size puts it together, rows and sections say it in both languages, beside puts paper and measurement in one
//! unit; table and page show it. Statistics alone: nothing here drives
//! a server or reads a clock.

mod beside;
mod fit;
mod input;
mod law;
mod measured;
mod need;
mod page;
mod paper;
mod reach;
mod rows;
mod sections;
mod size;
mod solve;
mod table;

pub use beside::Beside;
pub use fit::{Fit, Interval, LOADS_MIN, Seen, fit};
pub use input::{Given, Question};
pub use law::Law;
pub use measured::{Cost, Costs, costs, seen};
pub use need::Year;
pub use page::page;
pub use paper::Paper;
pub use reach::{Carried, Reach};
pub use rows::Row;
pub use sections::{Line, Section};
pub use size::{Fitted, SCHEMA, Shown, Size, Source, size};
pub use table::table;
