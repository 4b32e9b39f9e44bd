//! The figures: counters and histograms of the process in Prometheus' text form.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use super::{platform, process};

/// Bounds of times in seconds, from 50 µs to 10 s.
const SECONDS: [f64; 16] = [
    0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0,
    2.0, 10.0,
];

/// Bounds of batch sizes in records.
const RECORDS: [f64; 10] = [
    1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16_384.0, 65_536.0, 262_144.0,
];

/// The process's figures.
#[derive(Clone)]
pub struct Figures(PrometheusHandle);

/// Begins to count. Called once a process.
///
/// # Errors
/// This process counts already.
pub fn install() -> Result<Figures, BuildError> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_records".into()), &RECORDS)?;
    let recorder = builder.build_recorder();
    let figures = Figures(recorder.handle());
    metrics::set_global_recorder(recorder).map_err(BuildError::FailedToSetGlobalRecorder)?;
    describe();
    process::tell_build();
    platform::tell();
    Ok(figures)
}

impl Figures {
    /// All figures, as a scrape wants them.
    pub fn render(&self) -> String {
        process::look();
        self.0.render()
    }

    /// Folds what was recorded since the last time: to be called every few seconds, or samples pile up.
    pub fn fold(&self) {
        self.0.run_upkeep();
    }
}

/// What only grows, and what it counts.
const COUNTERS: &[(&str, &str)] = &[
    (
        "hubu_requests_total",
        "Requests answered, by route and status",
    ),
    (
        "hubu_connections_refused_total",
        "Connections refused because too many were open",
    ),
    (
        "hubu_limited_total",
        "Requests refused because too many came, by which limit",
    ),
    (
        "hubu_tls_handshakes_total",
        "TLS handshakes by result: full, resumed, failed, late",
    ),
    (
        "hubu_tls_reloads_total",
        "How often TLS certificate and key were read anew, by result: renewed, kept",
    ),
    (
        "hubu_tokens_verified_total",
        "Tokens that were verified and not remembered, by algorithm",
    ),
    (
        "hubu_key_reload_failures_total",
        "How often keys or revocations could not be read anew",
    ),
    (
        "hubu_break_glass_acts_total",
        "Requests under a break-glass role",
    ),
    (
        "hubu_audit_entries_total",
        "Entries of the audit log that are durable",
    ),
    (
        "hubu_audit_refused_entries_total",
        "Entries that the audit log did not take: full or broken",
    ),
    ("hubu_commit_batches_total", "Group commits made durable"),
    ("hubu_commit_records_total", "Records made durable"),
    ("hubu_commit_bytes_total", "Bytes of records made durable"),
    (
        "hubu_shed_total",
        "Commands refused because the queue to the journal was full",
    ),
    (
        "hubu_lock_waits_total",
        "Shards that another command held when they were wanted",
    ),
    (
        "hubu_lock_wait_microseconds_total",
        "Time waited for such shards",
    ),
    (
        "hubu_takeovers_total",
        "Times that this standby became the primary",
    ),
    (
        "hubu_cpu_microseconds_total",
        "Processor time of the process, user and system",
    ),
];

/// What goes up and down, and what it shows.
const GAUGES: &[(&str, &str)] = &[
    (
        "hubu_connections",
        "Connections open now, those of the operators' port not counted",
    ),
    (
        "hubu_operator_connections",
        "Connections open now to the operators' port",
    ),
    (
        "hubu_tls_certificate_expires_seconds",
        "When the TLS certificate ends, in seconds since 1970",
    ),
    ("hubu_token_keys", "Keys that tokens may be signed with"),
    (
        "hubu_token_revocations",
        "Entries of the list of what is revoked",
    ),
    (
        "hubu_keys_unreadable",
        "1 while keys or revocations can't be read and the former ones count",
    ),
    (
        "hubu_audit_broken",
        "1 once the audit log can't be written any more",
    ),
    ("hubu_requests_in_flight", "Requests under way now"),
    ("hubu_queue_records", "Records that wait for the journal"),
    ("hubu_queue_bytes", "Bytes that wait for the journal"),
    ("hubu_watermark", "Newest durable record"),
    (
        "hubu_watermark_lag_records",
        "Records decided and not yet durable",
    ),
    (
        "hubu_view_lag_records",
        "Durable records that a view has not taken yet",
    ),
    (
        "hubu_standard_tables_lag_records",
        "Durable records that the standard tables have not taken yet",
    ),
    ("hubu_rows", "Rows in memory"),
    ("hubu_open_documents", "Documents under way"),
    (
        "hubu_retiring_documents",
        "Documents that ended and are not in the archive yet",
    ),
    ("hubu_idempotency_keys", "Idempotency keys remembered"),
    ("hubu_ready", "1 while commands are taken"),
    (
        "hubu_standby",
        "1 while another server's journal is followed",
    ),
    (
        "hubu_read_age_seconds",
        "How old what is read may be; 0 where it shows all that was answered",
    ),
    ("hubu_resident_bytes", "Resident memory of the process"),
    (
        "hubu_build_info",
        "1; the labels say what the process was built from",
    ),
    (
        "hubu_platform_info",
        "1; the labels say what the process runs on, and whether that is emulated",
    ),
    (
        "hubu_journal_info",
        "1; the labels say where the journal is: file, or postgres with its version",
    ),
];

/// What is spread, and over what.
const HISTOGRAMS: &[(&str, &str)] = &[
    (
        "hubu_request_seconds",
        "Time from a request's head to its answer, by route",
    ),
    ("hubu_commit_batch_records", "Records of one group commit"),
    (
        "hubu_commit_sync_seconds",
        "Time to make one group commit durable",
    ),
];

fn describe() {
    for &(name, help) in COUNTERS {
        metrics::describe_counter!(name, help);
    }
    for &(name, help) in GAUGES {
        metrics::describe_gauge!(name, help);
    }
    for &(name, help) in HISTOGRAMS {
        metrics::describe_histogram!(name, help);
    }
}
