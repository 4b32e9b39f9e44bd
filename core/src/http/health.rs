//! Whether the process lives, and whether it serves.

use hyper::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::HttpError;
use super::respond::Reply;
use super::worker::Worker;
use crate::engine::Engine;

/// The state of the server.
#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// Whether commands are taken.
    pub ready: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The newest durable record.
    pub durable: String,
    /// The version of the catalog in use.
    pub catalog: u16,
}

impl Readiness {
    /// How it is with this engine now.
    pub fn of(engine: &Engine) -> Self {
        let reason = engine.latched().map(ToString::to_string);
        Self {
            ready: reason.is_none(),
            reason,
            durable: engine.watermark().durable().to_string(),
            catalog: engine.catalogs().current().0.0,
        }
    }

    /// The status that says so.
    pub fn status(&self) -> StatusCode {
        if self.ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// Whether the process lives.
#[utoipa::path(
    get, path = "/healthz", tag = "operations", operation_id = "health",
    responses((status = 200, description = "It lives", content_type = "text/plain", body = String))
)]
pub(super) fn health(_worker: &Worker) -> Result<Reply, HttpError> {
    Ok(Reply::bytes(
        "text/plain",
        bytes::Bytes::from_static(b"ok\n"),
    ))
}

/// Whether commands are taken, and if not, why.
#[utoipa::path(
    get, path = "/readyz", tag = "operations", operation_id = "ready",
    responses(
        (status = 200, description = "Commands are taken", body = Readiness),
        (status = 503, description = "They are not, and why", body = Readiness),
    )
)]
pub(super) fn ready(worker: &Worker) -> Result<Reply, HttpError> {
    let readiness = Readiness::of(&worker.app.engine);
    worker.writer.json(readiness.status(), &readiness)
}
