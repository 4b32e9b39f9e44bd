//! Opening an engine: recover, begin the journal where it is empty, put the catalog to use, start the journal's thread.

use crate::catalog::error::CatalogError;
use crate::catalog::model::Catalog;
use crate::catalog::sources::Sources;
use crate::catalog::succession::{check_marks, check_succession};
use crate::clock::Clock;
use crate::disk::{Disk, OsDisk};
use crate::engine::Engine;
use crate::engine::commit::{Commit, Committer};
use crate::engine::error::EngineError;
use crate::engine::group::{Group, GroupLimits, Writer};
use crate::engine::once::Namer;
use crate::engine::recover::Recovered;
use crate::engine::replay;
use crate::engine::snapshot;
use crate::engine::standby::{Following, Standing};
use crate::engine::veil::Veil;
use crate::fields::keyring::Fields;
use crate::journal::{Batch, Journal, JournalReader, Watch, codec, push_record};
use crate::signing::register::Register;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicU64};
use arc_swap::ArcSwap;
use hubu_kernel::ident::CatalogVersion;
use hubu_kernel::record::{Body, Once, Record};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How an engine is run.
#[derive(Debug)]
pub struct Options {
    /// The most that waits for the journal.
    pub limits: GroupLimits,
    /// Bytes of durable batches kept in memory for views; 0 where none follows.
    pub tail_bytes: usize,
    /// How often an idle journal renews its right to write.
    pub renew_every: Duration,
    /// Where `now` comes from.
    pub clock: Clock,
    /// Ended documents wait in memory until an archive took them; up to this record it has them already.
    pub archived: Option<u64>,
    /// Where snapshots stand: the newest that is of use shortens the start.
    pub snapshots: Option<PathBuf>,
    /// What they stand on, and where a new cell's secret comes from.
    pub disk: Arc<dyn Disk>,
    /// Who may sign documents.
    pub signers: Arc<Register>,
    /// No thread commits: the caller does, with [`Engine::step`].
    pub stepped: bool,
    /// What becomes of sensitive fields. Without keys a journal is replayed all the same: only showing needs them.
    pub fields: Fields,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            limits: GroupLimits {
                bytes: 64 << 20,
                records: 200_000,
            },
            tail_bytes: 0,
            renew_every: Duration::from_secs(1),
            clock: Clock::system(),
            archived: None,
            snapshots: None,
            disk: Arc::new(OsDisk),
            signers: Arc::default(),
            stepped: false,
            fields: Fields::default(),
        }
    }
}

impl Engine {
    /// Opens a cell: its state is what `journal` says, and `sources` become its catalog.
    ///
    /// # Errors
    /// When the journal is damaged or can't be written, or the catalog has mistakes or may not follow
    /// the one in use.
    pub fn open(
        mut journal: Box<dyn Journal>,
        sources: &Sources,
        options: Options,
    ) -> Result<Engine, EngineError> {
        let reader: Arc<dyn JournalReader> = Arc::from(journal.reader());
        let mut recovered = restore(&*reader, &options)?;
        begin(&mut *journal, &mut recovered, sources, &options)?;
        let group = gather(&recovered, &options, journal.payload_max());
        group.freshness.set(journal.held_until());
        let (stepped, renew_every) = (options.stepped, options.renew_every);
        Engine::assemble((recovered, reader, group), options, |commit, _| {
            let writer = Writer::new(journal);
            match stepped {
                true => Ok(Committer::Stepped(Some((commit, writer)))),
                false => Committer::spawn(move || commit.run(writer, renew_every)),
            }
        })
    }

    /// Opens a cell whose journal another server writes: see [`crate::engine::standby`]. The catalog is the journal's.
    /// A thread follows it, also where the options say `stepped`.
    ///
    /// # Errors
    /// When the journal is empty, damaged or can't be read.
    pub fn follow(mut watch: Box<dyn Watch>, options: Options) -> Result<Engine, EngineError> {
        let looked = Instant::now();
        watch.look()?;
        let reader: Arc<dyn JournalReader> = Arc::from(watch.reader());
        let recovered = restore(&*reader, &options)?;
        if recovered.catalogs.newest().is_none() {
            return Err(EngineError::Empty);
        }
        let group = gather(&recovered, &options, watch.payload_max());
        group.set_standby(true);
        group.freshness.set(Some(looked));
        let (renew_every, archives) = (options.renew_every, options.archived.is_some());
        let next_catalog = recovered.catalogs.next();
        Engine::assemble((recovered, reader, group), options, |commit, standing| {
            let following = Following::new(commit, watch, (standing, next_catalog, archives));
            Committer::spawn(move || following.run(renew_every))
        })
    }

    /// Puts the parts together; `committer` makes of them who commits.
    fn assemble(
        (recovered, reader, group): (Recovered, Arc<dyn JournalReader>, Arc<Group>),
        options: Options,
        committer: impl FnOnce(Commit, Arc<Standing>) -> Result<Committer, EngineError>,
    ) -> Result<Engine, EngineError> {
        let Recovered {
            shards,
            catalogs,
            secret,
            replayed,
            ..
        } = recovered;
        let state = Arc::new(ArcSwap::from_pointee(shards));
        let standing = Arc::new(Standing::default());
        let commit = Commit {
            group: Arc::clone(&group),
            state: Arc::clone(&state),
            reader: Arc::clone(&reader),
            archived: options.archived,
        };
        let committer = committer(commit, Arc::clone(&standing))?;
        let secret = secret.unwrap_or_default();
        Ok(Engine {
            state,
            group,
            reader,
            catalogs,
            namer: Namer::new(secret),
            veil: Veil::new(options.fields, secret),
            clock: options.clock,
            horizon: AtomicU64::new(0),
            archives: AtomicBool::new(options.archived.is_some()),
            archived: AtomicU64::new(options.archived.unwrap_or(0)),
            replayed,
            disk: options.disk,
            standing,
            signers: options.signers,
            committer: Mutex::new(committer),
        })
    }
}

/// The state that the journal says, from a snapshot on where there is one of use.
fn restore(reader: &dyn JournalReader, options: &Options) -> Result<Recovered, EngineError> {
    let restored = match &options.snapshots {
        Some(folder) => snapshot::newest(&*options.disk, folder, options.archived, reader)?,
        None => None,
    };
    let (mut recovered, from) = restored.unwrap_or_else(|| (Recovered::empty(options.archived), 1));
    if let Some(archived) = options.archived
        && archived > reader.last()
    {
        return Err(EngineError::JournalShort {
            by: "the archive".into(),
            holds: archived,
            last: reader.last(),
        });
    }
    recovered.replay(reader, from)?;
    Ok(recovered)
}

fn gather(recovered: &Recovered, options: &Options, payload_max: u64) -> Arc<Group> {
    let bytes = usize::try_from(payload_max).unwrap_or(usize::MAX);
    let limits = GroupLimits {
        bytes: options.limits.bytes.min(bytes),
        ..options.limits
    };
    Arc::new(Group::new(recovered.last, limits, options.tail_bytes))
}

/// Writes what must stand in the journal before the first command.
fn begin(
    journal: &mut dyn Journal,
    recovered: &mut Recovered,
    sources: &Sources,
    options: &Options,
) -> Result<(), EngineError> {
    let now_ms = options.clock.now_ms().max(recovered.last_ms);
    let mut bodies = Vec::new();
    if recovered.secret.is_none() {
        let mut secret = [0; 16];
        let drawn = options.disk.draw(&mut secret);
        drawn.map_err(|source| EngineError::System {
            doing: "draw a secret",
            source,
        })?;
        recovered.secret = Some(secret);
        bodies.push(Body::Genesis { secret });
    }
    let packed = sources.to_bytes();
    let offered = replay::compile(recovered.catalogs.next().0, &packed)?;
    if recovered
        .catalogs
        .newest()
        .is_none_or(|newest| newest.digest != offered.digest)
    {
        follow(recovered, &offered)?;
        let version = recovered.catalogs.next();
        let sources: Arc<[u8]> = Arc::from(packed);
        recovered
            .catalogs
            .push(Arc::new(offered), Arc::clone(&sources));
        bodies.push(Body::Catalog { version, sources });
    }
    if bodies.is_empty() {
        return Ok(());
    }
    let first = recovered.last + 1;
    recovered.last += bodies.len() as u64;
    let payload = pack(bodies, now_ms);
    journal.append(&Batch {
        first,
        last: recovered.last,
        payload: &payload,
    })?;
    Ok(())
}

fn follow(recovered: &Recovered, offered: &Catalog) -> Result<(), EngineError> {
    let catalogs = &recovered.catalogs;
    let Some(newest) = catalogs.newest() else {
        return Ok(());
    };
    let refused = |error: CatalogError| EngineError::Succession(error.to_string());
    check_succession(newest, offered).map_err(refused)?;
    // Documents live on under the versions before it, and their values stand where those put them.
    for older in 1..catalogs.current().0.0 {
        let older = catalogs.version(CatalogVersion(older));
        check_marks(older, offered).map_err(refused)?;
    }
    Ok(())
}

fn pack(bodies: Vec<Body>, time_ms: u64) -> Vec<u8> {
    let mut payload = Vec::new();
    for body in bodies {
        let record = Record {
            time_ms,
            actor: Arc::from("system"),
            once: Once::default(),
            trace: None,
            body,
        };
        let mut bytes = Vec::new();
        codec::encode(&record, &mut bytes);
        push_record(&mut payload, &bytes);
    }
    payload
}
