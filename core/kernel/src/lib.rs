//! Hubu's pure core (内核): what a budget allows, decided from values alone.
//!
//! No clock, no I/O, no randomness, no dependency: `now`, ids and rows come in as arguments, so the
//! same input gives the same state on every machine, in replay and in simulation.
//!
//! Reading order: [`money`] and [`ident`] name the values, [`actor`] the people; [`row`] is one line of control and
//! [`operation`] what may happen to it; [`effect`] says which operations a step of a document means;
//! [`document`], [`transition`] and [`record`] are what people pass along, how it moves and what is
//! journalled of it; [`decide`] judges and changes nothing, [`evolve`] changes and never judges.
//! [`invariant`] states the promises as checks.
#![no_std]
#![forbid(unsafe_code)]
extern crate alloc;

pub mod actor;
pub mod decide;
pub mod document;
pub mod effect;
pub mod evolve;
pub mod ident;
pub mod invariant;
pub mod money;
pub mod operation;
pub mod posting;
pub mod record;
pub mod rejection;
pub mod row;
pub mod schedule;
pub mod signature;
pub mod transition;
