//! Placeholder until the crate's owner lands it.
