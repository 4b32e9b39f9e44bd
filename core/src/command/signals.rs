//! Waits for what ends the serving, and looks after idempotency keys, snapshots, figures and keys for tokens meanwhile.

use std::time::Duration;

use hubu_core::config::Settings;
use hubu_core::http::app::App;
use hubu_core::net::tls::TlsKeeper;
use hubu_core::observe::Figures;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior};

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
    hang_up: Signal,
}

/// What is looked after while it serves.
pub(super) struct Served<'a> {
    pub(super) app: &'a App,
    pub(super) settings: &'a Settings,
    pub(super) figures: &'a Figures,
    /// Certificate and key, which are read anew when their files change.
    pub(super) tls: Option<&'a TlsKeeper>,
}

impl Signals {
    pub(super) fn new(runtime: &Runtime) -> Result<Self, CommandError> {
        let _inside = runtime.enter();
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one of them; `often` is called every few seconds, and keys are read anew as the settings say. A hang-up
    /// (SIGHUP) ends nothing: the files that may change while it serves are read anew.
    ///
    /// # Errors
    /// A standby can't follow its journal any more, and only a new start helps; or what `often` says.
    pub(super) async fn wait(
        &mut self,
        served: &Served<'_>,
        mut often: impl FnMut() -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        let Served {
            app,
            settings,
            figures,
            tls,
        } = *served;
        let look_at_tls = |is_asked| {
            if let Some(tls) = tls {
                tls.look(is_asked);
            }
        };
        let mut hours = tokio::time::interval(retention::EVERY);
        let mut folding = tokio::time::interval(FOLD_EVERY);
        let engine = &app.engine;
        let mut snapshots = Snapshots::new(engine, &settings.engine);
        let days = settings.engine.retention_days;
        let every = Duration::from_secs(u64::from(settings.auth.reload_seconds));
        // They were read at the start.
        let mut keys = tokio::time::interval_at(Instant::now() + every, every);
        keys.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return Ok(()),
                _ = self.interrupt.recv() => return Ok(()),
                _ = hours.tick() => match forget_old_keys(engine, days) {
                    Ok(kept_from) => tracing::debug!(kept_from = kept_from.0, "old idempotency keys forgotten"),
                    Err(error) => tracing::warn!(%error, "cannot look after idempotency keys"),
                },
                _ = keys.tick() => reload(app),
                _ = self.hang_up.recv() => {
                    tracing::info!("SIGHUP: reading keys, revocations and certificates anew");
                    reload(app);
                    look_at_tls(true);
                }
                () = snapshots.due() => snapshots.write(),
                _ = folding.tick() => {
                    figures.fold();
                    look_at_tls(false);
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

/// Reads keys and revocations anew; what is wrong with them is logged there, and the former ones stay.
fn reload(app: &App) {
    if let Ok(true) = app.tokens.reload() {
        tracing::debug!("remembered tokens are held against the new keys at their next use");
    }
}
