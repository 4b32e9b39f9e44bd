//! Waits for what ends the serving, and looks after idempotency keys, snapshots and figures meanwhile.

use std::sync::Arc;
use std::time::Duration;

use hubu_core::config::Engine as EngineSettings;
use hubu_core::engine::Engine;
use hubu_core::observe::Figures;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::CommandError;
use super::retention::{self, forget_old_keys};
use super::snapshots::Snapshots;

/// How often the samples of histograms are folded into their sums: they pile up until then, whether anybody reads
/// them or not.
const FOLD_EVERY: Duration = Duration::from_secs(5);

/// What ends the serving.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn new(runtime: &Runtime) -> Result<Self, CommandError> {
        let _inside = runtime.enter();
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for one of them; `often` is called every few seconds.
    ///
    /// # Errors
    /// A standby can't follow its journal any more, and only a new start helps; or what `often` says.
    pub(super) async fn wait(
        &mut self,
        engine: &Arc<Engine>,
        settings: &EngineSettings,
        figures: &Figures,
        mut often: impl FnMut() -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        let mut hours = tokio::time::interval(retention::EVERY);
        let mut folding = tokio::time::interval(FOLD_EVERY);
        let mut snapshots = Snapshots::new(engine, settings);
        let days = settings.retention_days;
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return Ok(()),
                _ = self.interrupt.recv() => return Ok(()),
                _ = hours.tick() => match forget_old_keys(engine, days) {
                    Ok(kept_from) => tracing::debug!(kept_from = kept_from.0, "old idempotency keys forgotten"),
                    Err(error) => tracing::warn!(%error, "cannot look after idempotency keys"),
                },
                () = snapshots.due() => snapshots.write(),
                _ = folding.tick() => {
                    figures.fold();
                    often()?;
                    // A primary that latches stays, for reads; a standby can be started anew.
                    if let Some(latched) = engine.latched().filter(|_| engine.is_standby()) {
                        return Err(CommandError::Standby(latched));
                    }
                }
            }
        }
    }
}
