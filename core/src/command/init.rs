//! `hubu init`: a data folder with all that `hubu serve` needs.

use std::path::{Path, PathBuf};

use clap::Args;
use hubu_core::catalog::model::Catalog;
use hubu_core::catalog::sources::Sources;
use hubu_core::cipher::AeadKind;
use hubu_core::config::DEFAULT_TEXT;
use hubu_core::fields::folder;
use hubu_core::files;

use super::CommandError;

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The folder to make
    #[arg(default_value = "hubu-data")]
    folder: PathBuf,
    /// The catalog to copy into it: ledgers, document types, divisions
    #[arg(long, default_value = "config", value_name = "FOLDER")]
    catalog: PathBuf,
}

impl Init {
    pub(crate) fn run(self) -> Result<(), CommandError> {
        let settings = self.folder.join("hubu.toml");
        if settings.exists() {
            let text = format!(
                "{} is there already: nothing was changed",
                settings.display()
            );
            return Err(CommandError::Usage(text));
        }
        let sources = Sources::read_dir(&self.catalog)?;
        // A data folder with a catalog that can't be used would only fail later.
        Catalog::from_sources(&sources)?;
        make_folder(&self.folder)?;
        let catalog = self.folder.join("catalog");
        for folder in ["", "classes", "documents"] {
            make_folder(&catalog.join(folder))?;
            for (path, text) in sources.in_folder(folder) {
                write(&catalog.join(path), text, 0o644)?;
            }
        }
        write(&self.folder.join("secret"), &secret()?, 0o600)?;
        folder::add(&self.folder.join("field-keys"), AeadKind::Sm4Gcm)?;
        write(&settings, DEFAULT_TEXT, 0o644)?;
        let path = settings.display();
        println!(
            "{} is ready. Next:\n  hubu serve --config {path}",
            self.folder.display()
        );
        Ok(())
    }
}

fn make_folder(path: &Path) -> Result<(), CommandError> {
    files::make_folder(path, 0o777).map_err(CommandError::file(path))
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), CommandError> {
    files::write_new(path, text.as_bytes(), mode).map_err(CommandError::file(path))
}

/// 32 bytes from the system's generator, as hex.
fn secret() -> Result<String, CommandError> {
    let mut bytes = [0_u8; 32];
    let mut filled = 0;
    while filled < bytes.len() {
        let flags = rustix::rand::GetRandomFlags::empty();
        let rest = &mut bytes[filled..];
        filled += rustix::rand::getrandom(rest, flags).map_err(std::io::Error::from)?;
    }
    Ok(bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .chain(["\n".into()])
        .collect())
}
