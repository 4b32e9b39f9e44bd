//! The latch of a writer: after the first failure nothing more is written, and everybody is told of it. A lack of room is
//! none, as long as nothing was written.

use super::error::JournalError;

/// Why nothing is written any more, if so.
#[derive(Debug, Default)]
pub(crate) struct Latch(Option<String>);

impl Latch {
    /// Whether a failure has shut it.
    pub(crate) fn is_shut(&self) -> bool {
        self.0.is_some()
    }

    /// Refuses once it is shut.
    pub(crate) fn pass(&self) -> Result<(), JournalError> {
        match &self.0 {
            None => Ok(()),
            Some(reason) => Err(JournalError::Latched {
                reason: reason.clone(),
            }),
        }
    }

    /// Shuts it if that failed.
    pub(crate) fn note(&mut self, done: Result<(), JournalError>) -> Result<(), JournalError> {
        if let Err(error) = &done
            && !matches!(error, JournalError::NoRoom { .. })
        {
            tracing::error!(%error, "the journal is latched");
            self.0 = Some(error.to_string());
        }
        done
    }
}
