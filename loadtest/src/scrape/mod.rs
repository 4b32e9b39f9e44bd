//! The server's own view, beside the client's: its Prometheus metrics, scraped once a second while users work.
//!
//! Nothing is believed for it: the verdict comes from what users saw and from the audit. The one figure that counts is
//! how many connections are open, since only the server can tell whether a user's is. [`text`] takes the exposition
//! apart, [`snapshot`] picks the figures that we know, [`second`] is what passed between two of them, [`view`] the whole
//! run's, and [`scraper`] asks.

mod buckets;
mod scraper;
mod second;
mod snapshot;
mod text;
mod view;

pub(crate) use scraper::parts;
pub use scraper::{Scraper, Watched};
pub use second::ServerSecond;
pub(crate) use snapshot::emulated;
pub(crate) use text::parse;
pub use view::{OpenConnections, ServerView};
