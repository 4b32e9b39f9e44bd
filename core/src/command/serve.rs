//! `hubu serve`: start-up in order, then waiting, then the way down in the opposite order.
//!
//! The order is bound by private descriptor tables (see [`hubu_core::net`]): signals are set up first, as
//! their handler may run on any thread; then the network threads part their tables; only then are
//! journal and archive opened.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use hubu_core::access::{Tokens, TrustedKeys};
use hubu_core::catalog::sources::Sources;
use hubu_core::clock::Clock;
use hubu_core::config::{Engine as EngineSettings, Journal, Server, Settings};
use hubu_core::engine::Engine;
use hubu_core::engine::group::GroupLimits;
use hubu_core::engine::open::Options;
use hubu_core::http::app::App;
use hubu_core::journal::open_journal;
use hubu_core::net::{Prepared, Running};
use hubu_core::observe::{Figures, install_figures, install_log};
use hubu_core::views::Views;
use hubu_core::views::archive::{Archive, ArchiveSettings};
#[cfg(feature = "postgres")]
use hubu_core::views::standard::StandardSettings;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::retention::{self, forget_old_keys};
use super::snapshots::Snapshots;
use super::{CommandError, Config};

/// What the operators' port is made of.
type PageParts = (Arc<App>, Figures);

/// How often the samples of histograms are folded into their sums.
const FOLD_EVERY: Duration = Duration::from_secs(5);

/// Connections of the operators' port.
const PAGE_CONNECTIONS: usize = 64;

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    config: Config,
}

impl Serve {
    pub(crate) fn run(self) -> Result<(), CommandError> {
        let settings = hubu_core::config::load(&self.config.config)?;
        install_log(&settings.log)?;
        let figures = install_figures()?;
        let main = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let mut signals = Signals::new(&main)?;
        let prepared: Prepared<Arc<App>> = Prepared::new(&settings.server)?;
        let page = prepare_page(&settings)?;
        let (engine, views) = open_cell(&settings)?;
        let app = Arc::new(make_app(&engine, &views, &settings)?);
        let page = page
            .map(|page| page.serve((app.clone(), figures.clone())))
            .transpose()?;
        // A copy stays here: what holds files must be dropped by this thread (see `hubu_core::net`).
        let running = prepared.serve(app.clone())?;
        tell(&running, page.as_ref());
        main.block_on(signals.wait(&engine, &settings.engine, &figures));
        stop(running, page, &engine)?;
        drop(app);
        views.finish();
        tracing::info!(durable = engine.watermark().durable(), "stopped");
        Ok(())
    }
}

fn tell(running: &Running, page: Option<&Running>) {
    let plan = running.plan();
    tracing::info!(
        address = %running.address(),
        metrics = page.map(|page| page.address().to_string()),
        threads = plan.threads,
        max_connections = plan.max_connections,
        private_tables = plan.is_private,
        "serving"
    );
}

/// The way down: no new connections, requests in flight finish, what was decided becomes durable.
fn stop(running: Running, page: Option<Running>, engine: &Engine) -> Result<(), CommandError> {
    let start = Instant::now();
    tracing::info!("stopping: finishing what is under way");
    let cut = running.stop()?;
    if cut > 0 {
        tracing::warn!(
            connections = cut,
            "cut off: they did not finish in server.drain_timeout_seconds"
        );
    }
    engine.close();
    if let Some(page) = page {
        page.stop()?;
    }
    tracing::info!(
        seconds = start.elapsed().as_secs_f64(),
        "nothing is under way any more"
    );
    Ok(())
}

fn prepare_page(settings: &Settings) -> Result<Option<Prepared<PageParts>>, CommandError> {
    if settings.metrics.listen.is_empty() {
        return Ok(None);
    }
    let listen: SocketAddr = settings
        .metrics
        .listen
        .parse()
        .map_err(|_| CommandError::Usage("metrics.listen is no address".into()))?;
    let server = Server {
        listen,
        threads: 1,
        max_connections: PAGE_CONNECTIONS,
        drain_timeout_seconds: 1,
        ..settings.server.clone()
    };
    Ok(Some(Prepared::new(&server)?))
}

/// Journal, engine and views, with the archive's word for what it holds already.
fn open_cell(settings: &Settings) -> Result<(Arc<Engine>, Views), CommandError> {
    let archive = ArchiveSettings {
        cache_bytes: settings.views.cache_bytes,
        ..ArchiveSettings::default()
    };
    let archive = Archive::open(&settings.views.archive_folder, archive)?;
    let engine = Arc::new(open_engine(settings, archive.watermark())?);
    let start = Instant::now();
    #[cfg_attr(not(feature = "postgres"), expect(unused_mut))]
    let mut views = Views::start(&engine, Some(archive))?;
    #[cfg(feature = "postgres")]
    {
        let url = settings.standard_tables.url.reveal();
        if !url.is_empty() {
            let standard = StandardSettings::new(url, settings.journal.cell);
            views.project(&engine, standard)?;
        }
    }
    tracing::info!(seconds = start.elapsed().as_secs_f64(), "views are whole");
    Ok((engine, views))
}

fn open_engine(settings: &Settings, archived: u64) -> Result<Engine, CommandError> {
    let start = Instant::now();
    let sources = Sources::read_dir(&settings.catalog.folder)?;
    let place = String::from(settings.journal.place.clone());
    let journal = open_journal(&place, &journal_settings(&settings.journal))?;
    let options = Options {
        limits: GroupLimits {
            bytes: settings.engine.queue_bytes,
            records: settings.engine.queue_records,
        },
        tail_bytes: settings.engine.tail_bytes,
        renew_every: Duration::from_secs(u64::from(settings.journal.lease_seconds)) / 3,
        clock: Clock::system(),
        archived: Some(archived),
        snapshots: Some(settings.engine.snapshot_folder.clone()),
        ..Options::default()
    };
    let engine = Engine::open(journal, &sources, options)?;
    tracing::info!(
        journal = ?settings.journal.place,
        records = engine.replayed(),
        seconds = start.elapsed().as_secs_f64(),
        "journal replayed"
    );
    Ok(engine)
}

/// The journal's settings, as ours say.
pub(super) fn journal_settings(journal: &Journal) -> hubu_core::journal::Settings {
    hubu_core::journal::Settings {
        cell: journal.cell,
        segment_bytes: journal.segment_bytes,
        lease: Duration::from_secs(u64::from(journal.lease_seconds)),
        patience: Duration::from_secs(u64::from(journal.patience_seconds)),
        compress: journal.compress,
        ..hubu_core::journal::Settings::default()
    }
}

fn make_app(engine: &Arc<Engine>, views: &Views, settings: &Settings) -> Result<App, CommandError> {
    let archive = views.archive().cloned().ok_or(CommandError::NoArchive)?;
    let keys = TrustedKeys::from_settings(&settings.auth)?;
    let catalog = engine.catalogs().current().1.clone();
    let tokens = Tokens::new(keys, catalog, settings.auth.token_cache_entries);
    Ok(App::new(
        engine.clone(),
        (archive, views.live().clone()),
        tokens,
        &settings.server,
    )?)
}

/// What ends the serving.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new(runtime: &Runtime) -> Result<Self, CommandError> {
        let _inside = runtime.enter();
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for one of them, and looks after idempotency keys, snapshots and figures meanwhile: samples
    /// pile up until they are folded, whether anybody reads them or not.
    async fn wait(&mut self, engine: &Arc<Engine>, settings: &EngineSettings, figures: &Figures) {
        let mut hours = tokio::time::interval(retention::EVERY);
        let mut folding = tokio::time::interval(FOLD_EVERY);
        let mut snapshots = Snapshots::new(engine, settings);
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = hours.tick() => match forget_old_keys(engine, settings.retention_days) {
                    Ok(kept_from) => tracing::debug!(kept_from = kept_from.0, "old idempotency keys forgotten"),
                    Err(error) => tracing::warn!(%error, "cannot look after idempotency keys"),
                },
                () = snapshots.due() => snapshots.write(),
                _ = folding.tick() => figures.fold(),
            }
        }
    }
}
