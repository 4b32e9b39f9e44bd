//! `hubu backup`: the journal, which is all there is to lose, copied while the server goes on.

use std::path::PathBuf;

use clap::Args;
use hubu_core::journal::{Settings, copy_into_folder, open_reader};

use super::progress::Progress;
use super::serve::journal_settings;
use super::{CommandError, Config, hex};

const ABOUT: &str = "\
What is copied is the journal, batch by batch, each checked against the chain; a journal in PostgreSQL becomes one in files.
A folder that holds an earlier backup of the same journal is gone on with. The server need not stop.

Not copied: settings, secret and catalog folder (keep them with the backup, apart from the data), snapshots and archive
(they are made anew from the journal).

Examples:
  hubu backup --config hubu-data/hubu.toml --to /backup/hubu
  hubu restore --config fresh/hubu.toml --from /backup/hubu

The chain value that is printed proves the backup later: keep it elsewhere.";

#[derive(Debug, Args)]
#[command(after_help = ABOUT)]
pub(crate) struct Backup {
    #[command(flatten)]
    config: Config,
    /// The folder to copy into: a new one, or that of an earlier backup
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
}

impl Backup {
    pub(crate) fn run(self) -> Result<(), CommandError> {
        let settings = hubu_core::config::load(&self.config.config)?;
        let place = String::from(settings.journal.place.clone());
        let journal = journal_settings(&settings);
        let source = open_reader(&place, &journal)?;
        let mut progress = Progress::new("copied", source.last());
        // A backup stands in one folder.
        let whole = Settings {
            old: None,
            ..journal
        };
        let (copied, chain) =
            copy_into_folder(&*source, &self.to, &whole, u64::MAX, &mut |last| {
                progress.at(last);
            })?;
        println!(
            "{}: records 1..={}, of them {} new ({} batches, {} bytes)",
            self.to.display(),
            copied.last,
            copied.last - copied.before,
            copied.batches,
            copied.bytes
        );
        println!("chain  {}", hex(&chain));
        Ok(())
    }
}
