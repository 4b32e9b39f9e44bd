//! What the worked examples share: a server of their own, people who act over HTTP, and the books.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its part of it"
)]
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]

pub mod book;
pub mod flow;
pub mod server;
