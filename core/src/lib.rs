//! Hubu.

pub mod catalog;
