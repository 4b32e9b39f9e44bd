//! `hubu check`: every mistake in settings and catalog.

use std::path::PathBuf;

use clap::Args;
use hubu_core::catalog::check::check;
use hubu_core::catalog::rights;
use hubu_core::catalog::sources::Sources;
use hubu_core::http::app::App;
use hubu_core::http::limits::Rates;
use hubu_core::net::tls::TlsKeeper;

use super::{CommandError, Config, fields};

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    config: Config,
    /// Check this catalog alone, without settings
    #[arg(long, value_name = "FOLDER")]
    catalog: Option<PathBuf>,
}

impl Check {
    pub(crate) fn run(self) -> Result<(), CommandError> {
        let (folder, settings) = match self.catalog {
            Some(folder) => (folder, None),
            None => {
                let settings = hubu_core::config::load(&self.config.config)?;
                // What a start would stumble over: certificate and key, rates and proxies, origins.
                TlsKeeper::new(&settings.tls)?;
                Rates::new(&settings.limits, &settings.server).map_err(CommandError::Usage)?;
                App::check(&settings.server).map_err(CommandError::Usage)?;
                println!("{}: fine", self.config.config.display());
                (settings.catalog.folder.clone(), Some(settings))
            }
        };
        let sources = Sources::read_dir(&folder)?;
        let checked = check(&sources).and_then(|catalog| {
            let faults = rights::faults(&catalog);
            if faults.is_empty() {
                Ok(catalog)
            } else {
                Err(faults)
            }
        });
        match checked {
            Ok(catalog) => {
                println!(
                    "{}: fine: {} document types, {} ledgers, {} divisions",
                    folder.display(),
                    catalog.types.len(),
                    catalog.ledgers.len(),
                    catalog.divisions.len()
                );
                if let Some(settings) = settings {
                    println!("{}", fields::checked(&settings, &catalog)?);
                }
                Ok(())
            }
            Err(mistakes) => {
                for mistake in &mistakes {
                    println!("{}/{mistake}", folder.display());
                }
                Err(CommandError::Mistakes(mistakes.len()))
            }
        }
    }
}
