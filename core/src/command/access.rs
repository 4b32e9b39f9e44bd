//! `hubu access`: who may do what, as a table.

use std::path::PathBuf;

use clap::Args;
use hubu_core::catalog::model::Catalog;
use hubu_core::catalog::sources::Sources;
use hubu_core::http::access_table::AccessTable;

use super::{CommandError, Config};

#[derive(Debug, Args)]
pub(crate) struct Access {
    #[command(flatten)]
    config: Config,
    /// Show this catalog, without settings
    #[arg(long, value_name = "FOLDER")]
    catalog: Option<PathBuf>,
}

impl Access {
    pub(crate) fn run(self) -> Result<(), CommandError> {
        let folder = match self.catalog {
            Some(folder) => folder,
            None => hubu_core::config::load(&self.config.config)?.catalog.folder,
        };
        let catalog = Catalog::from_sources(&Sources::read_dir(&folder)?)?;
        print!("{}", AccessTable::of(&catalog).render(&catalog));
        Ok(())
    }
}
