//! What operators see: the log (日志输出) and the figures (指标监控).
//!
//! Both are set up once, by `main`; everything else only speaks to `tracing` and `metrics`, so that an
//! embedder chooses its own.

mod emulator;
mod figures;
mod log;
mod platform;
mod process;

pub use figures::{Figures, install as install_figures};
pub use log::{LogError, install as install_log};
