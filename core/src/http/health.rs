//! Whether the process lives, and whether it serves.

use std::time::Instant;

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
    /// `primary` or `standby`.
    pub role: &'static str,
    /// How old what is read here may be, in milliseconds; left out where it shows all that was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
    /// The newest durable record.
    pub durable: String,
    /// The version of the catalog in use.
    pub catalog: u16,
}

impl Readiness {
    /// How it is with this engine now.
    pub fn of(engine: &Engine) -> Self {
        let is_standby = engine.is_standby();
        let standing = || match engine.trouble() {
            None => "it is a standby: commands go to the primary".to_owned(),
            Some(trouble) => format!("it is a standby, and sees no news: {trouble}"),
        };
        let reason = engine.latched().map(|latched| latched.to_string());
        let reason = reason.or_else(|| is_standby.then(standing));
        let age = engine.behind(Instant::now()).map(|behind| behind.age);
        Self {
            ready: reason.is_none(),
            reason,
            role: if is_standby { "standby" } else { "primary" },
            age_ms: age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
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
        (status = 503, description = "They are not, and why; `role` tells a standby, which answers reads", body = Readiness),
    )
)]
pub(super) fn ready(worker: &Worker) -> Result<Reply, HttpError> {
    let readiness = Readiness::of(&worker.app.engine);
    worker.writer.json(readiness.status(), &readiness)
}
