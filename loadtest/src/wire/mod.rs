//! The harness's own HTTP client: connections that a user holds, tokens that it mints, answers as it reads them.

mod answer;
mod connection;
mod pages;
mod stream;
mod text;
mod token;
mod trust;

pub use answer::{
    BatchResult, Document, DocumentAnswer, DocumentLine, Event, EventPage, Op, Posting, Problem,
    Quota, QuotaPage, Summary, SummaryLedger, Sums, WorkItem, WorkPage, parse, serde_body,
};
pub(crate) use connection::PORTS_PER_ADDRESS;
pub use connection::{Answer, Connection, Local, Request, Target};
pub use pages::{Reader, get};
pub use text::{Dims, Text};
pub use token::{Claims, Minter};
pub use trust::trust;
pub(crate) use trust::trusted_file;
