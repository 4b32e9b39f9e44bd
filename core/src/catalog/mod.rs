//! The budget as data (配置): `config/` parsed, checked and compiled once, at start.
//!
//! A leaf: it imports the kernel's types and nothing else of ours. The engine asks it which step a
//! document may take, which rows a line touches and which postings follow; it never asks what the
//! process is about.
//!
//! Reading order: [`model`] is the whole; [`document`] is one document type; [`ledger`], [`dimension`]
//! and [`division`] are what its rows are made of; [`bag`] and [`key`] turn a line into row keys;
//! [`guard`] judges what is not arithmetic; [`role`] and [`limit`] say who may read and up to which amount who may act;
//! [`sources`] are the files as bytes, and [`check`] reads them.

pub mod bag;
pub mod calendar;
pub mod check;
pub mod dimension;
pub mod division;
pub mod document;
pub mod error;
pub mod guard;
mod guard_check;
mod guard_value;
pub mod key;
pub mod ledger;
pub mod limit;
pub mod model;
mod parse;
mod reader;
pub mod rights;
pub mod role;
pub mod sources;
pub mod succession;

#[cfg(test)]
mod tests;
