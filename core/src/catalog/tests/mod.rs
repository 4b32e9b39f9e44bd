//! Tests of the catalog as a whole: what is in `config/`, and what the checker says of mistakes.

mod config;
mod guards;
mod keys;
mod mistakes;
mod rights;
mod succession;
