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
use hubu_core::audit::AuditLog;
use hubu_core::catalog::error::CatalogError;
use hubu_core::catalog::model::Catalog;
use hubu_core::catalog::rights;
use hubu_core::catalog::sources::Sources;
use hubu_core::clock::Clock;
use hubu_core::config::{Server, Settings, Signatures};
use hubu_core::engine::Engine;
use hubu_core::engine::error::EngineError;
use hubu_core::engine::group::GroupLimits;
use hubu_core::engine::open::Options;
use hubu_core::fields::keyring::Fields;
use hubu_core::http::app::App;
use hubu_core::http::limits::Rates;
use hubu_core::journal::{JournalError, open_journal, open_watch};
use hubu_core::net::tls::TlsKeeper;
use hubu_core::net::{Prepared, Running};
use hubu_core::observe::{Figures, install_figures, install_log};
use hubu_core::signing::register::Register;
use hubu_core::views::Views;
use hubu_core::views::archive::{Archive, ArchiveSettings};

use super::signals::{Served, Signals};
use super::tables::Tables;
use super::{CommandError, Config, fields};

/// What the operators' port is made of.
type PageParts = (Arc<App>, Figures);

/// How often a standby looks whether an empty journal was begun.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Connections of the operators' port.
const PAGE_CONNECTIONS: usize = 64;

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    config: Config,
    /// Follow the PostgreSQL journal that another server writes, answer reads, and take over when it is gone
    #[arg(long)]
    standby: bool,
}

impl Serve {
    pub(crate) fn run(self) -> Result<(), CommandError> {
        let settings = hubu_core::config::load(&self.config.config)?;
        install_log(&settings.log)?;
        let figures = install_figures()?;
        let tls = TlsKeeper::new(&settings.tls)?;
        let main = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let mut signals = Signals::new(&main)?;
        let prepared: Prepared<Arc<App>> = Prepared::new(&settings.server)?;
        let page = prepare_page(&settings)?;
        let signers = open_signers(&settings.signatures)?;
        let (engine, mut views) = open_cell(&settings, signers, self.standby)?;
        let mut tables = Tables::default();
        tables.begin(&engine, &settings, &mut views)?;
        let audit = open_audit(&settings)?;
        let app = Arc::new(make_app(&engine, &views, audit.clone(), &settings)?);
        let page = page
            .map(|page| page.serve((app.clone(), figures.clone())))
            .transpose()?;
        // A copy stays here: what holds files must be dropped by this thread (see `hubu_core::net`).
        let running = prepared.serve_both(app.clone(), tls.clone())?;
        tell(&running, page.as_ref());
        if let Some(audit) = &audit {
            audit.server("started", env!("CARGO_PKG_VERSION"));
        }
        let mut keys = fields::Follow::new(&settings);
        let often = || {
            keys.look(&engine);
            refresh(engine.signers());
            tables.begin(&engine, &settings, &mut views)
        };
        let served = Served {
            app: &app,
            settings: &settings,
            figures: &figures,
            tls: tls.as_deref(),
        };
        let ended = main.block_on(signals.wait(&served, often));
        stop(running, page, &engine)?;
        drop(app);
        views.finish();
        if let Some(audit) = audit {
            audit.server("stopped", "");
        }
        tracing::info!(durable = engine.watermark().durable(), "stopped");
        ended
    }
}

fn tell(running: &Running, page: Option<&Running>) {
    let plan = running.plan();
    tracing::info!(
        address = %running.address(),
        tls = running.tls_address().map(|address| address.to_string()),
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
fn open_cell(
    settings: &Settings,
    signers: Arc<Register>,
    standby: bool,
) -> Result<(Arc<Engine>, Views), CommandError> {
    let archive = ArchiveSettings {
        cache_bytes: settings.views.cache_bytes,
        ..ArchiveSettings::default()
    };
    let archive = Archive::open(&settings.views.archive_folder, archive)?;
    let start = Instant::now();
    let engine = match standby {
        true => follow_engine(settings, &signers, archive.watermark())?,
        false => open_engine(settings, &signers, archive.watermark())?,
    };
    tracing::info!(
        journal = ?settings.journal.place,
        records = engine.replayed(),
        standby = engine.is_standby(),
        seconds = start.elapsed().as_secs_f64(),
        "journal replayed"
    );
    fields::expect_key(settings, &engine.fields(), engine.catalogs().current().1)?;
    let start = Instant::now();
    let engine = Arc::new(engine);
    let views = Views::start(&engine, Some(archive))?;
    tracing::info!(seconds = start.elapsed().as_secs_f64(), "views are whole");
    Ok((engine, views))
}

fn open_engine(
    settings: &Settings,
    signers: &Arc<Register>,
    archived: u64,
) -> Result<Engine, CommandError> {
    let sources = Sources::read_dir(&settings.catalog.folder)?;
    // Held against what is offered alone: an older catalog in the journal stays as it was.
    let faults = rights::faults(&Catalog::from_sources(&sources)?);
    if !faults.is_empty() {
        return Err(CatalogError::Mistakes(faults).into());
    }
    let place = String::from(settings.journal.place.clone());
    let fields = fields::keeping(settings, &sources)?;
    let journal = open_journal(&place, &journal_settings(settings))?;
    Ok(Engine::open(
        journal,
        &sources,
        options(settings, signers, archived, fields),
    )?)
}

/// An engine that follows another's journal. Where nobody has begun it yet, this server does, or waits for the one
/// that is about to.
fn follow_engine(
    settings: &Settings,
    signers: &Arc<Register>,
    archived: u64,
) -> Result<Engine, CommandError> {
    let place = String::from(settings.journal.place.clone());
    let journal = journal_settings(settings);
    let until = Instant::now() + 2 * journal.lease;
    loop {
        let watch = open_watch(&place, &journal)?;
        let options = options(settings, signers, archived, fields::keys(settings)?);
        match Engine::follow(watch, options) {
            Err(EngineError::Empty) => {}
            followed => return Ok(followed?),
        }
        match open_engine(settings, signers, archived) {
            Err(CommandError::Journal(JournalError::Busy { .. })) if Instant::now() < until => {
                std::thread::sleep(LOOK_EVERY);
            }
            opened => return opened,
        }
    }
}

/// The register of signers, or an empty one.
fn open_signers(signatures: &Signatures) -> Result<Arc<Register>, CommandError> {
    let file = &signatures.signers_file;
    if file.as_os_str().is_empty() {
        return Ok(Arc::default());
    }
    let register = Register::open(file)?;
    tracing::info!(file = %file.display(), keys = register.current().len(), "signers");
    Ok(Arc::new(register))
}

/// Reads the register of signers again where it changed. One that can't be read is told once, and the
/// last good one goes on: a slip of the pen must not stop every office from signing.
fn refresh(register: &Register) {
    match register.refresh() {
        Ok(None) => {}
        Ok(Some(keys)) => tracing::info!(keys, "the register of signers was read anew"),
        Err(error) => tracing::error!(%error, "the register of signers stays as it was"),
    }
}

fn options(settings: &Settings, signers: &Arc<Register>, archived: u64, fields: Fields) -> Options {
    Options {
        signers: Arc::clone(signers),
        limits: GroupLimits {
            bytes: settings.engine.queue_bytes,
            records: settings.engine.queue_records,
        },
        tail_bytes: settings.engine.tail_bytes,
        renew_every: Duration::from_secs(u64::from(settings.journal.lease_seconds)) / 3,
        clock: Clock::system(),
        archived: Some(archived),
        snapshots: Some(settings.engine.snapshot_folder.clone()),
        fields,
        ..Options::default()
    }
}

/// The journal's settings, as ours say.
pub(super) fn journal_settings(settings: &Settings) -> hubu_core::journal::Settings {
    let journal = &settings.journal;
    hubu_core::journal::Settings {
        cell: journal.cell,
        segment_bytes: journal.segment_bytes,
        old: Some(&journal.old_segments_folder)
            .filter(|folder| !folder.as_os_str().is_empty())
            .cloned(),
        lease: Duration::from_secs(u64::from(journal.lease_seconds)),
        patience: Duration::from_secs(u64::from(journal.patience_seconds)),
        compress: journal.compress,
        link: settings
            .database
            .link(&journal.password, &journal.password_file),
        ..hubu_core::journal::Settings::default()
    }
}

/// The audit log, unless it is off.
fn open_audit(settings: &Settings) -> Result<Option<Arc<AuditLog>>, CommandError> {
    let folder = &settings.audit.folder;
    if folder.as_os_str().is_empty() {
        tracing::warn!(
            "audit.folder is empty: refusals and privileged acts are written down nowhere"
        );
        return Ok(None);
    }
    Ok(Some(Arc::new(AuditLog::open(folder, Clock::system())?)))
}

fn make_app(
    engine: &Arc<Engine>,
    views: &Views,
    audit: Option<Arc<AuditLog>>,
    settings: &Settings,
) -> Result<App, CommandError> {
    let archive = views.archive().cloned().ok_or(CommandError::NoArchive)?;
    let rates = Rates::new(&settings.limits, &settings.server).map_err(CommandError::Usage)?;
    let keys = TrustedKeys::from_settings(&settings.auth)?;
    let catalog = engine.catalogs().current().1.clone();
    let tokens = Tokens::new(keys, catalog, settings.auth.token_cache_entries);
    Ok(App::new(
        engine.clone(),
        (archive, views.live().clone()),
        tokens,
        audit,
        &settings.server,
    )?
    .limited(rates))
}
