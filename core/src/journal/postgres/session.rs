//! Connections, and the small runtime that drives them, behind blocking calls.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio_postgres::error::{DbError, SqlState};

use crate::database::address::Address;
use crate::database::dial::{self, Lent, Pool, Wanted, refusal};
use crate::database::error::words;
use crate::database::family::FamilyChoice;
use crate::database::shown::shown;
use crate::journal::error::JournalError;
use crate::journal::setting::Settings;

/// How a statement failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The database answered "no": nothing was stored.
    Refused(String),
    /// The database has no room: nothing was stored.
    Full(String),
    /// No answer, or one that ended the session: nobody knows.
    Lost(String),
}

impl Failure {
    /// As an error, where refused and lost mean the same to the caller.
    pub(super) fn during(self, doing: &'static str) -> JournalError {
        match self {
            Self::Refused(detail) | Self::Lost(detail) => JournalError::Database { doing, detail },
            Self::Full(detail) => JournalError::NoRoom {
                place: "PostgreSQL".into(),
                detail,
            },
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(refusal) if refusal.code() == &SqlState::DISK_FULL && is_plain(refusal) => {
                Self::Full(refusal.message().to_owned())
            }
            Some(refusal) if is_plain(refusal) => Self::Refused(words(&error)),
            _ => Self::Lost(words(&error)),
        }
    }
}

/// Whether the session goes on. "FATAL" and "PANIC" end it, perhaps after the commit.
fn is_plain(refusal: &DbError) -> bool {
    refusal.severity() == "ERROR"
}

/// A runtime of one's own and a pool of connections on it.
pub(super) struct Session {
    /// Always there until `drop`.
    runtime: Option<Runtime>,
    pool: Pool,
    patience: Duration,
    family: FamilyChoice,
}

impl Session {
    /// Prepares at most `connections`; they are made when needed.
    pub(super) fn new(
        url: &str,
        settings: &Settings,
        connections: usize,
    ) -> Result<Self, JournalError> {
        let refuse = |reason: String| JournalError::Setting {
            value: shown(url),
            reason,
        };
        let address = Address::new(url, &settings.link);
        let address = address.map_err(|error| refuse(error.to_string()))?;
        let wanted = Wanted {
            name: format!("hubu cell {}", settings.cell),
            connections,
            patience: settings.patience,
            schema: settings.schema.as_deref(),
        };
        let pool = dial::pool(&address, wanted).map_err(|error| refuse(error.to_string()))?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| refuse(format!("no runtime for its connections: {error}")))?;
        Ok(Self {
            runtime: Some(runtime),
            pool,
            patience: settings.patience,
            family: settings.link.family,
        })
    }

    /// Which family the settings name, if any.
    pub(super) fn family(&self) -> FamilyChoice {
        self.family
    }

    /// As [`Session::run`], for statements that do no harm when they are run twice: a connection that was closed while nobody
    /// used it is replaced, and only the second failure counts.
    pub(super) fn ask<T, W, F>(&self, work: W) -> Result<T, Failure>
    where
        T: Send,
        W: Fn(Lent) -> F + Send + Sync,
        F: Future<Output = Result<T, Failure>> + Send,
    {
        match self.run(&work) {
            Err(Failure::Lost(_)) => self.run(&work),
            answer => answer,
        }
    }

    /// Runs statements to their end, or until patience does, and blocks the calling thread meanwhile.
    pub(super) fn run<T, W, F>(&self, work: W) -> Result<T, Failure>
    where
        T: Send,
        W: FnOnce(Lent) -> F + Send,
        F: Future<Output = Result<T, Failure>> + Send,
    {
        let work = async {
            let client = self.lend().await?;
            let answer = tokio::time::timeout(self.patience, work(client)).await;
            answer.unwrap_or_else(|_| Err(Failure::Lost("no answer in time".into())))
        };
        let Some(runtime) = &self.runtime else {
            return Err(Failure::Lost("the session is closed".into()));
        };
        // A thread that already drives a runtime may not drive a second one: a helper does it.
        if Handle::try_current().is_ok() {
            let helped = std::thread::scope(|scope| scope.spawn(|| runtime.block_on(work)).join());
            return helped
                .unwrap_or_else(|_| Err(Failure::Lost("the helper thread failed".into())));
        }
        runtime.block_on(work)
    }

    /// A connection that was not closed while nobody drove this runtime. Nothing has been sent through it yet, so that
    /// taking another one leaves no doubt about what this one did. After a failover the new one may lead to a server that lacks the
    /// last batches: the append itself demands that the journal ends where its writer left it.
    async fn lend(&self) -> Result<Lent, Failure> {
        let lost = |error| Failure::Lost(refusal(error));
        let client = self.pool.get().await.map_err(lost)?;
        // The first lets the runtime hear what the sockets have to say, the second lets the connection's task act on it.
        for _ in 0..2 {
            tokio::task::yield_now().await;
        }
        if !client.is_closed() {
            return Ok(client);
        }
        drop(client);
        self.pool.get().await.map_err(lost)
    }
}

impl Drop for Session {
    /// A runtime may not be waited for on a thread that drives another; nothing is under way here anyway.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
