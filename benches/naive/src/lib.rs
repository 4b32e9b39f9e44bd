//! The servers that Hubu is compared with: the same payments, answered with the same bodies, by PostgreSQL alone.
//!
//! [`Mode::RowLock`] is the common way: a transaction a command, `SELECT … FOR UPDATE` on the quota rows. It is written
//! as well as that way goes: two round trips a payment, prepared statements, one statement for all writes, rows locked
//! by ascending id. [`Mode::Batched`] is the best that SQL alone does: what arrived meanwhile goes to one PL/pgSQL function
//! and is committed together.
//!
//! Both leave out work that Hubu does: they believe the bearer token, know no document types, guards or roles, number
//! documents by a sequence, post to no counter-accounts and keep no plan by months. What is left out is in their favour.
//!
//! They are audited as Hubu is: they tell rows, sums, documents and events as Hubu does.
//!
//! Reading order: `schema.sql`, [`payment`], [`row_lock`], [`batched`], [`answer`], [`read`], [`server`].

pub mod answer;
pub mod batched;
pub mod error;
pub mod money;
pub mod payment;
pub mod read;
pub mod row_lock;
pub mod rows;
pub mod server;
pub mod token;
pub mod world;

use std::fmt;

/// How payments become durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// One transaction a command, rows locked by `SELECT … FOR UPDATE`.
    RowLock,
    /// Many commands in one transaction, by a function in the database.
    Batched,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::RowLock => "row-lock",
            Mode::Batched => "batched",
        })
    }
}
