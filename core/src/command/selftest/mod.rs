//! `hubu selftest`: a course of commands drawn from one number, with a clock, a cell, an epoch and a secret that are always the
//! same, and a journal that is meant to be the same bytes on every machine. Run it on a new kind of processor and compare what
//! it prints with another machine's: equal lines show that nothing in the course depends on the processor (确定性).

mod course;
mod fixed;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use hubu_core::catalog::sources::Sources;
use hubu_core::clock::Clock;
use hubu_core::engine::Engine;
use hubu_core::engine::digest::{self, StateDigest};
use hubu_core::engine::open::Options;
use hubu_core::journal::file::{FileJournal, FileReader};
use hubu_core::journal::{JournalReader, Settings};
use sm3::{Digest, Sm3};

use self::course::Course;
use self::fixed::FixedDisk;
use super::{CommandError, hex};

/// When every course begins: 2026-06-01 09:00 in Beijing, in milliseconds since 1970-01-01 UTC.
const BEGIN_MS: u64 = 1_780_275_600_000;

/// Small, so that a course fills some.
const SEGMENT_BYTES: u64 = 4 << 20;

#[derive(Debug, Args)]
pub(crate) struct Selftest {
    /// The folder to make, for the journal; it must not be there yet
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,
    /// The catalog to use; the journal begins with it, so that only runs with the same one are equal
    #[arg(long, default_value = "config", value_name = "FOLDER")]
    catalog: PathBuf,
    /// What the course is drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many commands
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(100..=10_000_000))]
    commands: u64,
}

impl Selftest {
    pub(crate) fn run(self) -> Result<(), CommandError> {
        if self.folder.exists() {
            let text = format!(
                "{} is there already: name a folder to make",
                self.folder.display()
            );
            return Err(CommandError::Usage(text));
        }
        let sources = Sources::read_dir(&self.catalog)?;
        let engine = self.open(&sources)?;
        let told = Course::new(&engine, self.seed)?.run(self.commands)?;
        let here = engine
            .digest()
            .ok_or_else(|| wrong("commands kept coming"))?;
        engine.close();
        drop(engine);

        let reader = FileReader::open(Arc::new(self.disk()), &self.folder, &settings())?;
        let report = reader.verify(&mut |_| true)?;
        same(
            "read from the journal",
            &here,
            &digest::of_journal(&reader)?,
        )?;
        let again = self.open(&sources)?;
        let recovered = again.digest().ok_or_else(|| wrong("commands came"))?;
        same("recovered by an engine", &here, &recovered)?;
        again.close();

        println!(
            "{} on {}, seed {}",
            env!("CARGO_PKG_VERSION"),
            env!("HUBU_TARGET"),
            self.seed
        );
        println!(
            "commands {}  done {}  refused {}  repeated {}",
            self.commands, told.done, told.refused, told.repeated
        );
        println!(
            "records {}  batches {}  bytes {}",
            report.last, report.batches, report.bytes
        );
        println!("journal {}", hex(&sum_of(&self.folder)?));
        println!("chain   {}", hex(&report.chain));
        println!("digest  {}", hex(&here.sm3));
        Ok(())
    }

    fn disk(&self) -> FixedDisk {
        FixedDisk::new(self.seed)
    }

    fn open(&self, sources: &Sources) -> Result<Engine, CommandError> {
        let disk = Arc::new(self.disk());
        let journal = FileJournal::open_on(Arc::clone(&disk) as _, &self.folder, &settings())?;
        let options = Options {
            clock: Clock::manual(BEGIN_MS),
            disk,
            stepped: true,
            ..Options::default()
        };
        Ok(Engine::open(Box::new(journal), sources, options)?)
    }
}

fn settings() -> Settings {
    Settings {
        cell: 1,
        segment_bytes: SEGMENT_BYTES,
        ..Settings::default()
    }
}

fn wrong(what: &str) -> CommandError {
    CommandError::Damage(format!("the self-test failed: {what}"))
}

fn same(how: &str, one: &StateDigest, other: &StateDigest) -> Result<(), CommandError> {
    if !one.unbalanced.is_empty() || one.broken_rows > 0 {
        return Err(wrong("the books do not balance"));
    }
    match one == other {
        true => Ok(()),
        false => Err(wrong(&format!("the state {how} is another one"))),
    }
}

/// SM3 over the segments in their order. Whoever has the lock is named in its file, which is left out.
fn sum_of(folder: &Path) -> Result<[u8; 32], CommandError> {
    let mut segments = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(CommandError::file(folder))? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "segment") {
            segments.push(path);
        }
    }
    segments.sort();
    let (mut sum, mut bytes) = (Sm3::new(), vec![0; 1 << 20]);
    for path in segments {
        let mut file = File::open(&path).map_err(CommandError::file(&path))?;
        loop {
            match file.read(&mut bytes).map_err(CommandError::file(&path))? {
                0 => break,
                read => sum.update(&bytes[..read]),
            }
        }
    }
    Ok(sum.finalize().into())
}
