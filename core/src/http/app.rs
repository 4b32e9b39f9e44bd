//! What all network threads share.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::admission::Admission;
use super::browser::Origins;
use super::limits::Rates;
use super::openapi;
use super::reader::Reader;
use crate::access::Tokens;
use crate::audit::AuditLog;
use crate::config::Server;
use crate::engine::Engine;
use crate::views::archive::Archive;
use crate::views::live::Live;

/// The server's shared parts.
pub struct App {
    /// The cell.
    pub engine: Arc<Engine>,
    /// Whom we believe.
    pub tokens: Tokens,
    /// How much may be under way.
    pub admission: Arc<Admission>,
    /// Where reads that touch the disk run.
    pub reader: Reader,
    /// Limits of the interface.
    pub limits: Limits,
    /// Ended documents.
    pub archive: Arc<Archive>,
    /// Work lists and sums.
    pub live: Arc<Live>,
    /// Where refusals and privileged acts are written down; `None` where the settings say so.
    pub audit: Option<Arc<AuditLog>>,
    /// How much one client, one person and one route may ask for.
    pub rates: Rates,
    pub(super) origins: Origins,
    pub(super) openapi: Bytes,
}

/// Limits that requests meet.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest body of one command, in bytes.
    pub body_bytes: usize,
    /// Largest body of a batch, in bytes.
    pub batch_bytes: usize,
    /// Time for a body.
    pub body_time: Duration,
    /// What `Retry-After` says.
    pub retry_after_seconds: u32,
}

impl App {
    /// Judges the settings that [`App::new`] would stumble over.
    ///
    /// # Errors
    /// The origins of `server.allowed_origins` are none.
    pub fn check(settings: &Server) -> Result<(), String> {
        Origins::new(&settings.allowed_origins).map(drop)
    }

    /// Puts the parts together. Called by the thread that opened the engine, as it starts the reading
    /// threads (see [`super::reader`]).
    ///
    /// # Errors
    /// The system gives no thread, or the origins of `server.allowed_origins` are none.
    pub fn new(
        engine: Arc<Engine>,
        (archive, live): (Arc<Archive>, Arc<Live>),
        tokens: Tokens,
        audit: Option<Arc<AuditLog>>,
        settings: &Server,
    ) -> std::io::Result<Self> {
        Ok(Self {
            engine,
            tokens,
            archive,
            live,
            audit,
            admission: Arc::new(Admission::new(
                settings.requests_in_flight,
                settings.bytes_in_flight,
                settings.batch_limit_bytes,
            )),
            reader: Reader::new(settings.reader_threads, settings.reader_queue)?,
            limits: Limits {
                body_bytes: settings.body_limit_bytes,
                batch_bytes: settings.batch_limit_bytes,
                body_time: Duration::from_secs(u64::from(settings.body_timeout_seconds)),
                retry_after_seconds: settings.retry_after_seconds,
            },
            openapi: openapi::document(),
            rates: Rates::none(),
            origins: Origins::new(&settings.allowed_origins).map_err(std::io::Error::other)?,
        })
    }

    /// With limits by client, person and route.
    #[must_use]
    pub fn limited(mut self, rates: Rates) -> Self {
        self.rates = rates;
        self
    }
}
