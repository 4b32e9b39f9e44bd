//! Hubu.
