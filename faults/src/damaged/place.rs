//! A data folder, how a server opens it, and the truth that it must show then.

use super::alarm;
use super::world::World;
use crate::Outcome;
use crate::world::MARCH_MS;
use hubu_core::catalog::sources::Sources;
use hubu_core::clock::Clock;
use hubu_core::engine::Engine;
use hubu_core::engine::digest::{self, StateDigest};
use hubu_core::engine::open::Options;
use hubu_core::engine::read::Found;
use hubu_core::journal::{Settings, open_journal, open_reader};
use hubu_core::views::Views;
use hubu_core::views::archive::{Archive, ArchiveSettings};
use hubu_kernel::document::Document;
use hubu_kernel::ident::DocumentId;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Small, so that a journal soon has several; large enough for the first batch, which holds the catalog.
const SEGMENT_BYTES: u64 = 512 << 10;

/// The longest wait for views of a small journal, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A data folder: `journal`, `archive` and `snapshots`, as `hubu serve` keeps them.
#[derive(Clone, Debug)]
pub(crate) struct Place(pub(crate) PathBuf);

/// What a data folder must show.
#[derive(Clone, Debug)]
pub(crate) struct Truth {
    pub(crate) state: StateDigest,
    /// Every document that ended.
    pub(crate) ended: Vec<Arc<Document>>,
}

/// A cell that is open.
pub(crate) struct Cell {
    pub(crate) engine: Arc<Engine>,
    views: Views,
}

impl Place {
    pub(crate) fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }

    pub(crate) fn archive(&self) -> PathBuf {
        self.0.join("archive")
    }

    pub(crate) fn snapshots(&self) -> PathBuf {
        self.0.join("snapshots")
    }

    /// As `hubu serve` does it; an error is in the words that it would end with.
    pub(crate) fn open(&self) -> Result<Cell, String> {
        let settings = ArchiveSettings {
            commit_after: Duration::from_secs(3600),
            ..ArchiveSettings::default()
        };
        let archive =
            Archive::open(&self.archive(), settings).map_err(|error| error.to_string())?;
        let sources = sources().map_err(|error| error.to_string())?;
        let journal = open_journal(&text(&self.journal()), &journal_settings());
        let journal = journal.map_err(|error| error.to_string())?;
        let options = Options {
            clock: Clock::manual(MARCH_MS),
            tail_bytes: 8 << 20,
            archived: Some(archive.watermark()),
            snapshots: Some(self.snapshots()),
            ..Options::default()
        };
        let engine = Engine::open(journal, &sources, options).map_err(|error| error.to_string())?;
        let engine = Arc::new(engine);
        match Views::start(&engine, Some(archive)) {
            Ok(views) => Ok(Cell { engine, views }),
            Err(error) => {
                engine.close();
                Err(error.to_string())
            }
        }
    }

    /// The state that the journal makes, read from its first record.
    pub(crate) fn digest(&self) -> Result<StateDigest, String> {
        let reader = open_reader(&text(&self.journal()), &journal_settings());
        let reader = reader.map_err(|error| error.to_string())?;
        digest::of_journal(&*reader).map_err(|error| error.to_string())
    }

    /// A copy of the folder, links as links.
    pub(crate) fn copy_to(&self, to: &Path) -> Outcome<Place> {
        copy(&self.0, to)?;
        Ok(Place(to.to_owned()))
    }

    /// The journal's segments, in order.
    pub(crate) fn segments(&self) -> Outcome<Vec<PathBuf>> {
        files(&self.journal(), "segment")
    }

    /// The snapshots, oldest first.
    pub(crate) fn snapshot_files(&self) -> Outcome<Vec<PathBuf>> {
        files(&self.snapshots(), "snapshot")
    }
}

impl Cell {
    pub(crate) fn world(&self, keys: u64) -> World {
        World::new(&self.engine, keys)
    }

    pub(crate) fn snapshot(&self, place: &Place) -> Outcome<()> {
        self.engine.write_snapshot(&place.snapshots())?;
        Ok(())
    }

    /// The state now, and the documents named, which have ended.
    pub(crate) fn truth(&self, ended: &[DocumentId]) -> Outcome<Truth> {
        self.wait()?;
        let state = self
            .engine
            .digest()
            .ok_or("the state does not stand still")?;
        let ended = ended
            .iter()
            .map(|id| self.ended(*id)?.ok_or_else(|| "it has not ended".into()));
        Ok(Truth {
            state,
            ended: ended.collect::<Outcome<_>>()?,
        })
    }

    /// Whether this is the truth; `Err` is a refusal that came only when something was read.
    pub(crate) fn check(&self, truth: &Truth) -> Result<Result<(), String>, String> {
        self.wait().map_err(|error| error.to_string())?;
        if self.engine.digest().as_ref() != Some(&truth.state) {
            return Ok(Err(format!(
                "the state at record {} is another",
                self.engine.newest().0
            )));
        }
        for document in &truth.ended {
            let found = self.ended(document.id).map_err(|error| error.to_string())?;
            if found.as_ref() != Some(document) {
                return Ok(Err(format!(
                    "document {} is another: {found:?}",
                    document.id.0
                )));
            }
        }
        Ok(Ok(()))
    }

    /// Closes as `SIGTERM` does.
    pub(crate) fn close(self) {
        self.engine.close();
        self.views.finish();
    }

    fn ended(&self, id: DocumentId) -> Outcome<Option<Arc<Document>>> {
        match self.engine.document(id).0 {
            Found::Here(document) => Ok(Some(document)),
            _ => Ok(self.views.archive().ok_or("no archive")?.get(id)?),
        }
    }

    /// Until the archive has taken all there is.
    fn wait(&self) -> Outcome<()> {
        let mark = self.views.archive().ok_or("no archive")?.mark();
        let end = Instant::now() + PATIENCE;
        while mark.durable() < self.engine.newest().0 {
            if let Some(latched) = mark.latched() {
                return Err(latched.0.to_string().into());
            }
            // A thread that panicked raises no mark.
            if alarm::rang() || Instant::now() > end {
                return Err("the archive's thread does not go on".into());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

fn journal_settings() -> Settings {
    Settings {
        cell: 1,
        segment_bytes: SEGMENT_BYTES,
        ..Settings::default()
    }
}

fn sources() -> Outcome<Sources> {
    Ok(Sources::read_dir(Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../config"
    )))?)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn files(folder: &Path, ending: &str) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == ending)
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn copy(from: &Path, to: &Path) -> Outcome<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
