//! The audit log (审计日志): who was refused and what the privileged did, one line each, chained by SM3 like the journal.
//!
//! What was decided stands in the journal, refusals for a business reason among it, and is not written here again.
//! Here stands what never reaches the journal: tokens that are not believed, acts and reads outside of somebody's scope,
//! every request of a privileged role, and what the server itself did. A line is durable before the answer that it is
//! about leaves.
//!
//! Reading order: `entry` is what a line says, `line` how it is written and chained, `folder` the files, `crowd` who gets
//! no line of their own, `log` the thread that writes them, `check` reads them again. `docs/audit.md` draws the format.

mod check;
mod crowd;
mod entry;
mod error;
mod folder;
mod line;
mod log;

pub use check::{Report, check};
pub use crowd::Whom;
pub use entry::{Entry, What, Who};
pub use error::{AuditError, Unwritten};
pub use log::{AuditLog, Ticket};
