//! `hubu restore`: a journal made anew from a backup, whole or up to a record, and proven by the state that it makes.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;
use hubu_core::config::{JournalPlace, Settings};
use hubu_core::engine::digest::{self, StateDigest};
use hubu_core::journal::{
    Copied, JournalReader, VerifyReport, copy_into, copy_into_folder, open_journal, open_reader,
};

use super::progress::Progress;
use super::serve::journal_settings;
use super::{CommandError, Config, hex};

const ABOUT: &str = "\
The settings say where the journal is made, in files or in PostgreSQL; it must be empty there, and so must the folders of
snapshots and archive. The whole backup is checked first. At the end the state that the backup makes, up to the last record
restored, and the state that the new journal makes are worked out apart, and must have the same digest.

Examples:
  hubu init fresh && hubu restore --config fresh/hubu.toml --from /backup/hubu
  hubu restore --config fresh/hubu.toml --from /backup/hubu --until 812345      leave out what came behind record 812345

Whoever had an answer for what is left out has to be told: it never happened.";

#[derive(Debug, Args)]
#[command(after_help = ABOUT)]
pub(crate) struct Restore {
    #[command(flatten)]
    config: Config,
    /// The folder of the backup, or of any journal in files that nobody writes
    #[arg(long, value_name = "FOLDER")]
    from: PathBuf,
    /// The last record to restore; all of them when it is left out
    #[arg(long, value_name = "SEQ", value_parser = clap::value_parser!(u64).range(1..))]
    until: Option<u64>,
}

impl Restore {
    pub(crate) fn run(self) -> Result<(), CommandError> {
        let settings = hubu_core::config::load(&self.config.config)?;
        for folder in [
            &settings.engine.snapshot_folder,
            &settings.views.archive_folder,
        ] {
            must_be_empty(folder)?;
        }
        let journal = journal_settings(&settings);
        if let Some(old) = &journal.old {
            must_be_empty(old)?;
        }
        let whole = hubu_core::journal::Settings {
            old: None,
            ..journal
        };
        let source = open_reader(&self.from.display().to_string(), &whole)?;
        let checked = check(&*source)?;
        println!(
            "{}: whole, records 1..={}, chain {}",
            self.from.display(),
            checked.last,
            hex(&checked.chain)
        );
        let until = self.until.unwrap_or(checked.last);
        if until > checked.last {
            let (last, from) = (checked.last, self.from.display());
            return Err(CommandError::Usage(format!(
                "--until {until}: {from} ends with record {last}"
            )));
        }
        let copied = copy(&*source, &settings, until)?;
        assert_eq!(copied.last, until, "what was asked for is there");
        self.prove(&*source, &settings, &checked, until)
    }

    /// Works out both states, each from its own journal.
    fn prove(
        &self,
        source: &dyn JournalReader,
        settings: &Settings,
        checked: &VerifyReport,
        until: u64,
    ) -> Result<(), CommandError> {
        let place = String::from(settings.journal.place.clone());
        let made = open_reader(&place, &journal_settings(settings))?;
        let report = check(&*made)?;
        eprintln!("working out the state that each makes");
        let there = digest::of_journal_until(&*made, until)?;
        let here = digest::of_journal_until(source, until)?;
        if there != here {
            let (wanted, found) = (hex(&here.sm3), hex(&there.sm3));
            return Err(CommandError::Damage(format!(
                "what was restored makes another state, {found}, than the backup, {wanted}; do not use it"
            )));
        }
        let StateDigest {
            sm3, rows, last, ..
        } = here;
        println!(
            "{:?}: records 1..={last}, rows {rows}",
            settings.journal.place
        );
        let is_same = report.chain == checked.chain;
        let about = if is_same { "the backup's" } else { "a new one" };
        println!("chain  {} ({about})", hex(&report.chain));
        println!("digest {}  of both", hex(&sm3));
        Ok(())
    }
}

/// Checks a whole journal, telling how far it has come.
fn check(journal: &dyn JournalReader) -> Result<VerifyReport, CommandError> {
    let mut progress = Progress::new("checked", journal.last());
    let report = journal.verify(&mut |batch| {
        progress.at(batch.last);
        true
    })?;
    Ok(report)
}

fn copy(
    source: &dyn JournalReader,
    settings: &Settings,
    until: u64,
) -> Result<Copied, CommandError> {
    let journal = journal_settings(settings);
    let mut progress = Progress::new("restored", until);
    let mut told = |last| progress.at(last);
    let JournalPlace::File(folder) = &settings.journal.place else {
        let place = String::from(settings.journal.place.clone());
        let mut target = open_journal(&place, &journal)?;
        return Ok(copy_into(source, &mut *target, until, &mut told)?);
    };
    must_be_empty(folder)?;
    let (copied, _) = copy_into_folder(source, folder, &journal, until, &mut told)?;
    Ok(copied)
}

fn must_be_empty(folder: &Path) -> Result<(), CommandError> {
    let is_empty = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == ErrorKind::NotFound => true,
        Err(error) => return Err(CommandError::file(folder)(error)),
    };
    if is_empty {
        return Ok(());
    }
    Err(CommandError::Usage(format!(
        "{} is not empty: restore into a data folder that was never used (`hubu init FOLDER` makes one)",
        folder.display()
    )))
}
