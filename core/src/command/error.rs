//! Why a command fails, and with which exit status.

use std::io;
use std::path::{Path, PathBuf};

use hubu_core::access::AccessError;
use hubu_core::audit::AuditError;
use hubu_core::catalog::error::{CatalogError, Mistake};
use hubu_core::cipher::CipherError;
use hubu_core::config::ConfigError;
use hubu_core::engine::error::EngineError;
use hubu_core::engine::watermark::Latched;
use hubu_core::fields::error::KeyFolderError;
use hubu_core::journal::JournalError;
use hubu_core::net::NetError;
use hubu_core::observe::LogError;
use hubu_core::seal::SealError;
use hubu_core::signing::register::RegisterError;
use hubu_core::tls::TlsError;
use hubu_core::views::error::ViewError;

/// A command's failure; its text is for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("the figures: {0}")]
    Figures(#[from] metrics_exporter_prometheus::BuildError),
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Signers(#[from] RegisterError),
    #[error(transparent)]
    Net(#[from] NetError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("{}", catalog_text(.0))]
    Catalog(#[from] CatalogError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Keys(#[from] KeyFolderError),
    #[error(transparent)]
    View(#[from] ViewError),
    #[error("this standby can't go on: {0}")]
    Standby(Latched),
    #[error("the views were started without their archive")]
    NoArchive,
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the system: {0}")]
    System(#[from] io::Error),
    #[error("{} found", count(*.0, "mistake"))]
    Mistakes(usize),
    #[cfg(feature = "postgres")]
    #[error("{} to mend before a journal is kept there", count(*.0, "fault"))]
    Faults(usize),
    #[error("the journal is damaged: {0}")]
    Damage(String),
    #[error(transparent)]
    Cipher(#[from] CipherError),
    #[error("{}: {fault}", path.display())]
    Secret { path: PathBuf, fault: String },
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl CommandError {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Usage(_) | Self::Log(_) | Self::Tls(_) => 2,
            Self::Seal(SealError::NotOver(_) | SealError::Period(_)) => 2,
            Self::Mistakes(_) | Self::Damage(_) | Self::Audit(AuditError::Damage { .. }) => 3,
            Self::Seal(error) if error.is_damage() => 3,
            #[cfg(feature = "postgres")]
            Self::Faults(_) => 3,
            Self::Journal(JournalError::Damage { .. })
            | Self::Engine(EngineError::Journal(JournalError::Damage { .. }))
            | Self::Engine(EngineError::Misfit { .. }) => 3,
            _ => 1,
        }
    }

    pub(crate) fn file(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::File {
            path: path.into(),
            source,
        }
    }
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn catalog_text(error: &CatalogError) -> String {
    let CatalogError::Mistakes(mistakes) = error else {
        return error.to_string();
    };
    let lines: Vec<String> = mistakes.iter().map(Mistake::to_string).collect();
    format!(
        "the catalog has {}:\n{}",
        count(mistakes.len(), "mistake"),
        lines.join("\n")
    )
}
