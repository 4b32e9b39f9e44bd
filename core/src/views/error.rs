//! What can go wrong in a view. A view that fails stops; the engine goes on, and the view can be rebuilt.

use crate::engine::error::EngineError;
use crate::engine::watermark::Latched;
use crate::journal::codec::error::CodecError;
use crate::journal::{JournalError, remedy};
use hubu_kernel::ident::DocumentId;
use std::io::ErrorKind;

/// Why a view can't be built or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The engine could not be read.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The journal could not be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A record can't be read.
    #[error("record {seq}: {source}")]
    Record {
        /// Where it stands.
        seq: u64,
        /// What is wrong.
        source: CodecError,
    },
    /// The archive's store failed.
    #[error("the archive's store: {}", store_text(.0))]
    Store(#[from] fjall::Error),
    /// The archive was not built from this journal: delete its folder, and it is built anew.
    #[error("the archive is not this journal's ({0}): delete its folder, and it is built anew")]
    Foreign(String),
    /// What the archive holds can't be read: delete its folder, and it is built anew.
    #[error("the archive is damaged at {place}: delete its folder, and it is built anew")]
    Damaged {
        /// Which key.
        place: String,
    },
    /// A document that ended is neither in the engine nor in the archive.
    #[error("document {} ended with record {seq} and is not kept: was the engine opened with the archive's watermark?", document.0)]
    Lost {
        /// Which.
        document: DocumentId,
        /// Its last record.
        seq: u64,
    },
    /// The view has stopped; the log says why.
    #[error("the view has stopped: {0}")]
    Stopped(#[from] Latched),
    /// The system refused something.
    #[error("can't {doing}: {source}{}", remedy(source))]
    System {
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The database of the standard tables failed.
    #[cfg(feature = "postgres")]
    #[error("standard tables: {0}")]
    Database(String),
}

/// What the store said, and what to do.
fn store_text(error: &fjall::Error) -> String {
    let refusal = match error {
        fjall::Error::Io(refusal) => Some(refusal),
        fjall::Error::Storage(fjall::LsmError::Io(refusal)) => Some(refusal),
        _ => None,
    };
    match (error, refusal.map(|refusal| (refusal, remedy(refusal)))) {
        (fjall::Error::Locked, _) => "another process has it open; stop that one first".into(),
        (_, Some((refusal, remedy)))
            if refusal.kind() != ErrorKind::NotFound && !remedy.is_empty() =>
        {
            format!("{refusal}{remedy}")
        }
        _ => format!(
            "{error:?}; if the disk is sound, delete the archive's folder, and it is built anew"
        ),
    }
}
