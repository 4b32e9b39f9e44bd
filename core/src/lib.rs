//! Hubu (户部): the execution core of a public budget, as a library and as the server `hubu`.

#[cfg(feature = "server")]
pub mod access;
pub mod catalog;
pub mod clock;
#[cfg(feature = "server")]
pub mod config;
pub mod engine;
#[cfg(feature = "server")]
pub mod http;
pub mod journal;
#[cfg(feature = "server")]
pub mod net;
#[cfg(feature = "server")]
pub mod observe;
mod sync;
pub mod views;
