//! A server double for the harness's own tests: it speaks the contract for the document types that the journeys use,
//! keeps everything in memory, and lies on request.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code; each test file uses a part of it"
)]

pub mod effects;
pub mod http;
pub mod ledger;
pub mod model;
pub mod view;

/// How the double lies; `at` counts decided commands from 0, the loading included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// It does not.
    None,
    /// Says yes to one command and forgets it.
    Lose { at: u64 },
    /// Does one command twice.
    Double { at: u64 },
    /// Puts one fen too much on a row of one command.
    Mispost { at: u64 },
    /// Journals one fen too much in one command.
    MispostFeed { at: u64 },
    /// Answers one step with the version before it.
    StaleVersion { at: u64 },
    /// Answers every repeated key with another version.
    AnswerTwice,
    /// Says no to one command and does it.
    RefuseAndDo { at: u64 },
    /// Cuts the connection after doing one command, once.
    CutAfter { at: u64 },
    /// Lets somebody else review every plan just before the user who asks; that is no lie, only a stale work list.
    Overtake,
    /// Says to everybody who may review a plan that they may not.
    Deny,
}
