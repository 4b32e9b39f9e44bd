//! The program whose operations on the archive are recorded: it ends documents, round after round, and says what is
//! committed. It starts anew now and then, so that opening and what goes on behind it are recorded too.

use crate::Outcome;
use crate::world::{self, Ask, Kind, MARCH_MS, Part, Step};
use clap::Args;
use hubu_core::clock::Clock;
use hubu_core::engine::Engine;
use hubu_core::engine::answer::Answer;
use hubu_core::engine::open::Options;
use hubu_core::journal::{Settings, open_journal};
use hubu_core::views::Views;
use hubu_core::views::archive::{Archive, ArchiveSettings};
use hubu_kernel::ident::DocumentId;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Writes an archive.
#[derive(Args)]
pub(crate) struct Writer {
    folder: PathBuf,
    #[arg(long)]
    rounds: usize,
}

/// Rounds between two starts.
const START_EVERY: usize = 6;

/// Longer than any commit takes, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(120);

struct Cell {
    engine: Arc<Engine>,
    views: Views,
}

/// Where the archive stands in the folder.
pub(super) fn archive_in(folder: &Path) -> PathBuf {
    folder.join("archive")
}

/// A commit for every batch.
pub(super) fn eager() -> ArchiveSettings {
    ArchiveSettings {
        commit_bytes: 1,
        commit_after: Duration::from_secs(3600),
        ..ArchiveSettings::default()
    }
}

impl Writer {
    pub(crate) fn run(&self) -> Outcome<bool> {
        let mut cell = open(&self.folder)?;
        for round in 0..self.rounds {
            if round % START_EVERY == START_EVERY - 1 {
                cell.close();
                cell = open(&self.folder)?;
            }
            cell.end_some(round)?;
            println!("committed {}", cell.commit()?);
        }
        cell.close();
        Ok(true)
    }
}

fn open(folder: &Path) -> Outcome<Cell> {
    let archive = Archive::open(&archive_in(folder), eager())?;
    let journal = folder.join("journal").display().to_string();
    let settings = Settings {
        segment_bytes: 4 << 20,
        ..Settings::default()
    };
    let options = Options {
        clock: Clock::manual(MARCH_MS),
        tail_bytes: 1 << 20,
        archived: Some(archive.watermark()),
        fields: world::fields(),
        ..Options::default()
    };
    let engine = Engine::open(
        open_journal(&journal, &settings)?,
        &world::sources(),
        options,
    )?;
    let engine = Arc::new(engine);
    let views = Views::start(&engine, Some(archive))?;
    Ok(Cell { engine, views })
}

impl Cell {
    /// Documents of one record, and documents of two.
    fn end_some(&self, round: usize) -> Outcome<()> {
        let kinds = [Kind::Opening, Kind::Payment, Kind::Payment];
        for (at, kind) in kinds.into_iter().enumerate() {
            let county = round % world::COUNTIES;
            let (projects, fen) = match kind {
                Kind::Opening => (world::PROJECTS, 1_000),
                _ => (1 + (round + at) % world::PROJECTS, 1),
            };
            let parts = (0..projects).map(|project| Part {
                from: project,
                to: project,
                fen,
            });
            let entered = Ask::Enter {
                kind,
                county,
                parts: parts.collect(),
                submit: true,
            };
            let document = self.take(
                &entered,
                &format!("enter-{round}-{at}"),
                kind == Kind::Opening,
            )?;
            if kind == Kind::Opening {
                continue;
            }
            let paid = Ask::Act {
                county,
                document,
                step: Step::Pay,
                version: None,
            };
            self.take(&paid, &format!("pay-{round}-{at}"), true)?;
        }
        Ok(())
    }

    /// The document that was moved; says where it ended.
    fn take(&self, ask: &Ask, key: &str, ends: bool) -> Outcome<DocumentId> {
        let ticket = self.engine.submit(ask.command(key))?;
        self.engine.watermark().wait_blocking(ticket.seq.0)?;
        match ticket.answer {
            Some(Answer::Done(done)) => {
                if ends {
                    println!("ended {} {}", done.document.0, done.seq.0);
                }
                Ok(done.document)
            }
            other => Err(format!("{key} came to {other:?}").into()),
        }
    }

    /// Waits until all that ended is on disk; the archive's watermark.
    fn commit(&self) -> Outcome<u64> {
        let archive = self.views.archive().ok_or("no archive")?;
        let newest = self.engine.newest().0;
        let end = std::time::Instant::now() + PATIENCE;
        while archive.watermark() < newest {
            if std::time::Instant::now() > end {
                return Err("the archive does not commit".into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(archive.watermark())
    }

    fn close(self) {
        self.engine.close();
        self.views.finish();
    }
}
