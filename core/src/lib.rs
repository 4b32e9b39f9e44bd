//! Hubu (户部): the execution core of a public budget, as a library and as the server `hubu`.
//!
//! Reading order: [`catalog`] compiles what a budget is from `config/`; [`engine`] decides commands
//! and makes them durable in a [`journal`]; [`views`] tell of them. Pure rules stand in `hubu_kernel`.
//!
//! | feature | brings |
//! | --- | --- |
//! | `server` (default) | HTTP, access, settings, the program `hubu` |
//! | `postgres` (default) | the PostgreSQL journal and the standard tables |
//! | none | the engine alone, for a program of one's own: `core/examples/embed.rs` |
//!
//! ```
//! use hubu_core::catalog::sources::Sources;
//! use hubu_core::engine::Engine;
//! use hubu_core::engine::open::Options;
//! use hubu_core::journal::{Settings, open_journal};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let sources = Sources::read_dir("../config".as_ref())?;
//! let journal = open_journal(&folder.path().display().to_string(), &Settings::default())?;
//! let engine = Engine::open(journal, &sources, Options::default())?;
//!
//! // A new journal begins with the cell's secret and the catalog; both are durable by now.
//! assert_eq!(engine.watermark().durable(), 2);
//! let (_, catalog) = engine.catalogs().current();
//! assert!(catalog.type_named("payment").is_some());
//! engine.close();
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "server")]
pub mod access;
#[cfg(feature = "server")]
pub mod audit;
pub mod catalog;
pub mod cipher;
pub mod clock;
#[cfg(feature = "server")]
pub mod config;
pub mod database;
pub mod disk;
pub mod engine;
pub mod fields;
pub mod files;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "server")]
pub mod http;
pub mod journal;
#[cfg(feature = "server")]
pub mod net;
#[cfg(feature = "server")]
pub mod observe;
pub mod seal;
pub mod signing;
mod sync;
#[cfg(any(feature = "server", feature = "postgres"))]
pub mod tls;
pub mod views;
