//! Ranges and relations between settings that the types cannot say.

use std::net::SocketAddr;
use std::path::Path;

use super::error::ConfigError;
use super::place::JournalPlace;
use super::settings::Settings;

/// Accepts the settings, or lists everything that is out of range.
pub(super) fn check(settings: &Settings) -> Result<(), ConfigError> {
    let mut faults = Vec::new();
    check_server(settings, &mut faults);
    check_state(settings, &mut faults);
    check_auth(settings, &mut faults);
    check_journal(settings, &mut faults);
    check_tls(settings, &mut faults);
    check_addresses(settings, &mut faults);
    check_database(settings, &mut faults);
    if faults.is_empty() {
        Ok(())
    } else {
        Err(ConfigError::Range(faults))
    }
}

fn check_journal(settings: &Settings, faults: &mut Vec<String>) {
    let old = &settings.journal.old_segments_folder;
    if let JournalPlace::File(folder) = &settings.journal.place
        && old == folder
    {
        faults.push("journal.old_segments_folder: another folder than journal.place".into());
    }
}

fn check_tls(settings: &Settings, faults: &mut Vec<String>) {
    let tls = &settings.tls;
    let mut expect = |is_fine: bool, text: &str| {
        if !is_fine {
            faults.push(text.to_string());
        }
    };
    let has_pair =
        !tls.certificate_file.as_os_str().is_empty() && !tls.key_file.as_os_str().is_empty();
    expect(
        tls.listen.is_empty() || tls.listen.parse::<SocketAddr>().is_ok(),
        "tls.listen: an address such as 0.0.0.0:8443, or empty",
    );
    expect(
        tls.listen.is_empty() || has_pair,
        "tls.listen: it needs tls.certificate_file and tls.key_file",
    );
    expect(
        tls.handshake_timeout_seconds >= 1,
        "tls.handshake_timeout_seconds: at least 1",
    );
    expect(
        (1..=65_536).contains(&tls.handshakes_in_flight),
        "tls.handshakes_in_flight: 1 to 65536",
    );
    let limits = &settings.limits;
    expect(
        limits.client_burst >= 1 && limits.token_burst >= 1,
        "limits.client_burst, limits.token_burst: at least 1",
    );
}

/// Each port has an address of its own: the system would spread connections over those that share one.
fn check_addresses(settings: &Settings, faults: &mut Vec<String>) {
    let mut taken: Vec<(&str, SocketAddr)> = vec![("server.listen", settings.server.listen)];
    for (name, text) in [
        ("tls.listen", &settings.tls.listen),
        ("metrics.listen", &settings.metrics.listen),
    ] {
        let Ok(address) = text.parse::<SocketAddr>() else {
            continue;
        };
        // With port 0 the system gives each another one.
        let same = taken.iter().find(|(_, other)| *other == address);
        if let Some((other, _)) = same.filter(|_| address.port() != 0) {
            faults.push(format!("{name}: another address than {other}"));
        }
        taken.push((name, address));
    }
}

fn check_database(settings: &Settings, faults: &mut Vec<String>) {
    let database = &settings.database;
    let is_set = |path: &Path| !path.as_os_str().is_empty();
    if is_set(&database.client_certificate_file) != is_set(&database.client_key_file) {
        faults.push("database.client_certificate_file and client_key_file: both or neither".into());
    }
    for (section, password, file) in [
        (
            "journal",
            &settings.journal.password,
            &settings.journal.password_file,
        ),
        (
            "standard_tables",
            &settings.standard_tables.password,
            &settings.standard_tables.password_file,
        ),
    ] {
        if !password.reveal().is_empty() && is_set(file) {
            faults.push(format!(
                "{section}.password and {section}.password_file: one of them"
            ));
        }
    }
}

fn check_server(settings: &Settings, faults: &mut Vec<String>) {
    let server = &settings.server;
    let mut expect = |is_fine: bool, text: &str| {
        if !is_fine {
            faults.push(text.to_string());
        }
    };
    expect(server.threads <= 1024, "server.threads: at most 1024");
    expect(
        (1..=1_000_000).contains(&server.max_connections),
        "server.max_connections: 1 to 1000000",
    );
    expect(
        (8192..=1 << 20).contains(&server.header_limit_bytes),
        "server.header_limit_bytes: 8192 to 1048576",
    );
    expect(
        server.body_limit_bytes >= 1024,
        "server.body_limit_bytes: at least 1024",
    );
    expect(
        server.batch_limit_bytes >= server.body_limit_bytes,
        "server.batch_limit_bytes: not below server.body_limit_bytes",
    );
    expect(
        server.bytes_in_flight / 8 >= server.batch_limit_bytes,
        "server.bytes_in_flight: not below 8 times server.batch_limit_bytes: what is read of a batch is larger than its body",
    );
    expect(
        server.requests_in_flight >= 1,
        "server.requests_in_flight: at least 1",
    );
    expect(
        server.header_timeout_seconds >= 1,
        "server.header_timeout_seconds: at least 1",
    );
    expect(
        server.body_timeout_seconds >= 1,
        "server.body_timeout_seconds: at least 1",
    );
    expect(
        server.idle_timeout_seconds >= 1,
        "server.idle_timeout_seconds: at least 1",
    );
    expect(
        server.connection_age_seconds >= 1,
        "server.connection_age_seconds: at least 1",
    );
    expect(
        (1..=256).contains(&server.reader_threads),
        "server.reader_threads: 1 to 256",
    );
    expect(server.reader_queue >= 1, "server.reader_queue: at least 1");
    let metrics = &settings.metrics.listen;
    expect(
        metrics.is_empty() || metrics.parse::<SocketAddr>().is_ok(),
        "metrics.listen: an address such as 127.0.0.1:9464, or empty",
    );
}

fn check_state(settings: &Settings, faults: &mut Vec<String>) {
    let mut expect = |is_fine: bool, text: &str| {
        if !is_fine {
            faults.push(text.to_string());
        }
    };
    let engine = &settings.engine;
    expect(
        engine.queue_bytes >= 1 << 20,
        "engine.queue_bytes: at least 1048576",
    );
    expect(
        engine.queue_records >= 8192,
        "engine.queue_records: at least 8192, one whole batch",
    );
    expect(
        (1..=3660).contains(&engine.retention_days),
        "engine.retention_days: 1 to 3660",
    );
    let journal = &settings.journal;
    expect(journal.cell >= 1, "journal.cell: at least 1");
    expect(
        (1 << 20..=1 << 36).contains(&journal.segment_bytes),
        "journal.segment_bytes: 1048576 to 68719476736",
    );
    expect(
        (1..=3600).contains(&journal.patience_seconds),
        "journal.patience_seconds: 1 to 3600",
    );
    expect(
        (3..=3600).contains(&journal.lease_seconds),
        "journal.lease_seconds: 3 to 3600",
    );
}

fn check_auth(settings: &Settings, faults: &mut Vec<String>) {
    let mut expect = |is_fine: bool, text: &str| {
        if !is_fine {
            faults.push(text.to_string());
        }
    };
    let auth = &settings.auth;
    let secret = auth.hs256_secret.reveal();
    expect(
        secret.is_empty() || secret.len() >= 32,
        "auth.hs256_secret: at least 32 bytes (a shorter one can be guessed)",
    );
    expect(
        (1..=100_000_000).contains(&auth.token_cache_entries),
        "auth.token_cache_entries: 1 to 100000000",
    );
    expect(
        (1..=3600).contains(&auth.reload_seconds),
        "auth.reload_seconds: 1 to 3600",
    );
    expect(
        auth.leeway_seconds <= 300,
        "auth.leeway_seconds: at most 300 (set the clocks instead)",
    );
    expect(
        (1..=3660).contains(&auth.delegation_days_max),
        "auth.delegation_days_max: 1 to 3660",
    );
    expect(
        (1..=1440).contains(&auth.break_glass_minutes_max),
        "auth.break_glass_minutes_max: 1 to 1440",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ports_do_not_share_an_address() {
        let faults = |server: &str, tls: &str, metrics: &str| {
            let mut settings = Settings::default();
            settings.server.listen = server.parse().unwrap();
            settings.tls.listen = tls.into();
            settings.metrics.listen = metrics.into();
            let mut faults = Vec::new();
            check_addresses(&settings, &mut faults);
            faults
        };
        let (one, other) = ("127.0.0.1:8080", "127.0.0.1:8443");
        assert_eq!(faults(one, other, "127.0.0.1:9464").len(), 0);
        assert_eq!(faults(one, "", "").len(), 0);
        assert_eq!(faults("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0").len(), 0);
        assert_eq!(
            faults(one, one, ""),
            ["tls.listen: another address than server.listen"]
        );
        assert_eq!(
            faults(one, other, other),
            ["metrics.listen: another address than tls.listen"]
        );
    }
}
