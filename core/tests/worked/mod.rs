//! What the worked examples share: a server of their own, people who act over HTTP, and the books.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its part of it"
)]

pub mod book;
pub mod flow;
pub mod server;
