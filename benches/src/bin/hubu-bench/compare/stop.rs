//! Ctrl-C and SIGTERM: the slice under way ends, the books are settled, the report is written.

use crate::Outcome;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::signal::unix::{SignalKind, signal};

/// A flag that becomes true at the first signal. Later ones change nothing: servers of ours are running, and are ended in
/// order.
pub(super) fn watch() -> Outcome<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (mut interrupted, mut ended) = {
        let _inside = runtime.enter();
        (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        )
    };
    std::thread::spawn(move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = interrupted.recv() => {}
                    _ = ended.recv() => {}
                }
                told.store(true, Ordering::Relaxed);
                eprintln!("stopping: the slice under way ends, then the books are settled");
            }
        });
    });
    Ok(stop)
}
