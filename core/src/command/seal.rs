//! `hubu seal`: signs the journal's chain, for every day and every month that is over and has no seal yet.

use std::path::PathBuf;

use clap::Args;
use hubu_core::cipher::Signer;
use hubu_core::clock::Clock;
use hubu_core::journal::open_reader;
use hubu_core::seal::{Kind, Order, Period, Seal as Made, make_seals, read_row};

use super::secrets::{UnlockArgs, public_key};
use super::serve::journal_settings;
use super::{CommandError, Config};

const ABOUT: &str = "\
The journal is only read; the server need not stop. Run it every day after midnight in Beijing (systemd timer or cron):
what was sealed already stays as it is. Copy the seals to where no administrator of the journal can write.

Examples:
  hubu key generate --out seal.key && hubu key public seal.key > seal.pem
  hubu seal --config hubu-data/hubu.toml --key seal.key
  hubu verify --config hubu-data/hubu.toml --seals hubu-data/seals --seal-key seal.pem";

#[derive(Debug, Args)]
#[command(after_help = ABOUT)]
pub(crate) struct Seal {
    #[command(flatten)]
    config: Config,
    /// The key that signs: a file of `hubu key generate`, or PEM; without it seal.key_file of the settings
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The last day (2026-03-01) or month (2026-03) to seal; it must be over. Without it, all that is over
    #[arg(long, value_name = "PERIOD", value_parser = str::parse::<Period>)]
    until: Option<Period>,
    /// Where keys change: the public key (PEM) of the newest seal; the first seal of the new key is made with it, and none later
    #[arg(long, value_name = "FILE")]
    previous_key: Option<PathBuf>,
    #[command(flatten)]
    unlock: UnlockArgs,
}

impl Seal {
    pub(crate) fn run(self) -> Result<(), CommandError> {
        let settings = hubu_core::config::load(&self.config.config)?;
        let file = self.key.unwrap_or_else(|| settings.seal.key_file.clone());
        if file.as_os_str().is_empty() {
            let text = "no key to seal with: give --key, or seal.key_file in the settings; make one with `hubu key generate`";
            return Err(CommandError::Usage(text.into()));
        }
        let key = self.unlock.load_or(&file, &settings.seal)?;
        let place = String::from(settings.journal.place.clone());
        let reader = open_reader(&place, &journal_settings(&settings))?;
        let order = Order {
            cell: settings.journal.cell,
            now_ms: Clock::system().now_ms(),
            until: self.until,
            before: self.previous_key.as_deref().map(public_key).transpose()?,
        };
        let folder = &settings.seal.folder;
        let made = make_seals(&*reader, folder, &key, &order)?;
        for seal in &made {
            println!(
                "{}: records to {}",
                folder.join(seal.file_name()).display(),
                seal.last
            );
        }
        warn_of_late(&made, order.now_ms);
        let mut newest = Vec::new();
        for kind in Kind::ALL {
            let row = read_row(folder, kind)?;
            let name = row.newest().map_or("none".into(), |n| n.period.to_string());
            newest.push(format!("the last {kind} sealed is {name}"));
        }
        println!(
            "{} made with the key {}; {}",
            made.len(),
            key.public_key().fingerprint(),
            newest.join(", ")
        );
        Ok(())
    }
}

/// Says which seals were made late: they vouch for what they found, and not for the days before.
fn warn_of_late(made: &[Made], now_ms: u64) {
    let is_late = |seal: &&Made| seal.period.is_long_over(now_ms);
    let late: Vec<&Made> = made.iter().filter(is_late).collect();
    if let [first, ..] = late[..] {
        eprintln!(
            "warning: {} made late (from {} on), more than two days after the end: whoever could write here meanwhile could have changed what it covers",
            late.len(),
            first.period
        );
    }
}
