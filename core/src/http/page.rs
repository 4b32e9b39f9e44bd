//! The operators' port: `/metrics`, and `/healthz` and `/readyz` beside the traffic.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};

use super::app::App;
use super::health::Readiness;
use super::payload::Payload;
use super::respond::{Reply, Writer};
use crate::observe::Figures;

/// Answers on the operators' port.
pub struct Page {
    app: Arc<App>,
    figures: Figures,
    writer: Writer,
}

impl Page {
    /// The page of the calling thread.
    pub fn new(app: Arc<App>, figures: Figures) -> Self {
        let writer = Writer::new(app.limits.retry_after_seconds);
        Self {
            app,
            figures,
            writer,
        }
    }

    /// Answers one request.
    pub fn answer(&self, request: &Request<Incoming>) -> Response<Payload> {
        let reply = match request.uri().path() {
            "/metrics" => {
                self.look();
                let text = self.figures.render();
                Reply::bytes("text/plain; version=0.0.4; charset=utf-8", text.into())
            }
            "/healthz" => Reply::bytes("text/plain", Bytes::from_static(b"ok\n")),
            "/readyz" => {
                let readiness = Readiness::of(&self.app.engine);
                let reply = self.writer.json(readiness.status(), &readiness);
                reply.unwrap_or_else(|_| Reply::bytes("text/plain", Bytes::new()))
            }
            _ => {
                let mut reply = Reply::bytes(
                    "text/plain",
                    Bytes::from_static(b"/metrics /healthz /readyz\n"),
                );
                reply.status = StatusCode::NOT_FOUND;
                reply
            }
        };
        reply.into_response(None)
    }

    /// Reads what is counted elsewhere: once a scrape, so that commands do not pay for it.
    fn look(&self) {
        use std::sync::atomic::Ordering::Relaxed;
        let engine = &self.app.engine;
        let stats = engine.commit_stats();
        metrics::counter!("hubu_commit_batches_total").absolute(stats.batches.load(Relaxed));
        metrics::counter!("hubu_commit_records_total").absolute(stats.records.load(Relaxed));
        metrics::counter!("hubu_commit_bytes_total").absolute(stats.bytes.load(Relaxed));
        metrics::counter!("hubu_shed_total").absolute(stats.full.load(Relaxed));
        let (waits, waited_ns) = crate::sync::lock_waits();
        metrics::counter!("hubu_lock_waits_total").absolute(waits);
        metrics::counter!("hubu_lock_wait_microseconds_total").absolute(waited_ns / 1000);
        let (bytes, records) = engine.waiting();
        let (newest, durable) = (engine.newest().0, engine.watermark().durable());
        let census = engine.census();
        let gauges = [
            ("hubu_queue_bytes", bytes as u64),
            ("hubu_queue_records", records),
            ("hubu_watermark", durable),
            ("hubu_watermark_lag_records", newest.saturating_sub(durable)),
            ("hubu_rows", census.rows),
            ("hubu_open_documents", census.open_documents),
            ("hubu_retiring_documents", census.retiring_documents),
            ("hubu_idempotency_keys", census.keys),
            (
                "hubu_requests_in_flight",
                self.app.admission.requests() as u64,
            ),
            ("hubu_ready", u64::from(Readiness::of(engine).ready)),
            ("hubu_standby", u64::from(engine.is_standby())),
        ];
        let age = engine.behind(Instant::now()).map(|behind| behind.age);
        metrics::counter!("hubu_takeovers_total").increment(0);
        metrics::gauge!("hubu_read_age_seconds").set(age.unwrap_or_default().as_secs_f64());
        let marks = [
            ("live", self.app.live.mark()),
            ("archive", self.app.archive.mark()),
        ];
        for (view, mark) in marks {
            let lag = durable.saturating_sub(mark.durable());
            metrics::gauge!("hubu_view_lag_records", "view" => view).set(lag as f64);
        }
        for (name, value) in gauges {
            metrics::gauge!(name).set(value as f64);
        }
    }
}
