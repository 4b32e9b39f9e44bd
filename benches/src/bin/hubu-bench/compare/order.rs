//! What a crowd is told, and what it has to show: one JSON line each way.

use hubu_load::world::Recipe;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;
use std::path::PathBuf;

/// Connections from one source address. Linux offers 28,232 ports by default, and finds one slowly once half are taken.
pub(crate) const PORTS: usize = 10_000;

/// One row that is paid from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hand {
    /// The server's id of the indicator row.
    pub(crate) row: u64,
    /// The same row as the book names it: [`hubu_load::world::RowKey`] as a number.
    pub(crate) key: u64,
    /// Division of its agency.
    pub(crate) division: u32,
    /// The agency that pays.
    pub(crate) agency: String,
}

/// What a process of clerks is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    /// `host:port` of the server.
    pub(crate) address: String,
    /// File with the secret that tokens are signed with.
    pub(crate) secret: PathBuf,
    /// Number of the run, the same in all books of a system.
    pub(crate) run: u32,
    /// Number of this process, in its keys.
    pub(crate) worker: u16,
    /// Number of its first clerk.
    pub(crate) first: usize,
    /// Clerks, each on a connection of its own.
    pub(crate) clerks: usize,
    /// The rows. A few: each clerk has one and belongs to its agency. Many: each payment is from any of them, by a clerk
    /// of its agency.
    pub(crate) hands: Vec<Hand>,
    /// Whether each clerk keeps to one row.
    pub(crate) is_fixed: bool,
    /// Mean think time, spread evenly over half of it to one and a half; 0 for none.
    pub(crate) think_seconds: f64,
    /// Unix milliseconds when the window begins in which is counted; the crowd is there before.
    pub(crate) begins_ms: u64,
    /// Over how long before the window the clerks come.
    pub(crate) ramp_seconds: f64,
    /// How long all of them work before the window.
    pub(crate) warm_seconds: f64,
    /// The window.
    pub(crate) seconds: f64,
    /// Source address of its first [`PORTS`] connections; each further so many have the next one.
    pub(crate) source: Ipv4Addr,
    /// Where the book goes.
    pub(crate) book: PathBuf,
    /// What the world was made from, for the book.
    pub(crate) recipe: Recipe,
    /// Where the server's feed stood after the loading, for the book.
    pub(crate) seeded_to: u64,
    /// Seed of its choices.
    pub(crate) seed: u64,
}

/// What it saw.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Payments acknowledged in the window.
    pub(crate) commands: u64,
    /// Refused for reasons of business, at any time.
    pub(crate) refused: u64,
    /// Shed, at any time.
    pub(crate) shed: u64,
    /// Neither done nor refused nor shed, at any time; a connection that could not be had included.
    pub(crate) failed: u64,
    /// Connections that were open when the window began.
    pub(crate) connected: u64,
    /// From when each was due, of those that were due in the window, in µs: a histogram as [`hubu_load::measure::encode`] writes it.
    pub(crate) latency: String,
    /// Processor time of this process in the window.
    pub(crate) cpu_seconds: f64,
    /// A few failures in words.
    pub(crate) failures: Vec<String>,
}
