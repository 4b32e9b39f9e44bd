//! TLS to the database, against a real PostgreSQL: who is believed and who is not, by libpq's words.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

mod support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use hubu_core::database::link::{Link, TlsMode};
use hubu_core::journal::postgres::PostgresJournal;
use hubu_core::journal::{Journal, JournalError, Settings};
use hubu_testkit::PgCluster;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use support::{append_to, check_from};

/// One who vouches for others.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    /// A certificate for a host or a person, and its key.
    fn issue(&self, name: &str, purpose: ExtendedKeyUsagePurpose) -> (String, String) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().unwrap();
        let made = params.signed_by(&key, &self.0).unwrap();
        (made.pem(), key.serialize_pem())
    }

    fn for_server(&self, name: &str) -> (String, String) {
        self.issue(name, ExtendedKeyUsagePurpose::ServerAuth)
    }

    fn file(&self, folder: &Path, name: &str) -> PathBuf {
        write(folder, name, &self.0.pem())
    }
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn settings(tls: TlsMode, root_file: Option<&Path>) -> Settings {
    Settings {
        patience: Duration::from_secs(10),
        force: true,
        link: Link {
            tls,
            root_file: root_file.map(Path::to_owned).unwrap_or_default(),
            ..Link::default()
        },
        ..Settings::default()
    }
}

fn url(cluster: &PgCluster, host: &str) -> String {
    format!("postgres://hubu@{host}:{}/postgres", cluster.port())
}

fn refusal(url: &str, settings: &Settings) -> String {
    match PostgresJournal::open(url, settings) {
        Ok(_) => panic!("it was opened"),
        Err(error @ (JournalError::Database { .. } | JournalError::Setting { .. })) => {
            error.to_string()
        }
        Err(other) => panic!("{other}"),
    }
}

fn sealed(cluster: &PgCluster) -> String {
    let ask =
        "SELECT count(*), min(s.version) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)
        WHERE s.ssl AND a.application_name = 'hubu cell 0'";
    cluster.sql(ask).unwrap()
}

#[test]
fn a_server_that_is_vouched_for_is_believed_and_another_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let (certificate, key) = ours.for_server("localhost");
    let cluster = PgCluster::start_sealed(&certificate, &key, None).unwrap();
    let root = ours.file(folder.path(), "root.pem");
    let wrong = theirs.file(folder.path(), "wrong.pem");

    // The name and the chain are right: everything that a journal does goes through TLS.
    let full = settings(TlsMode::VerifyFull, Some(&root));
    let mut journal = PostgresJournal::open(&url(&cluster, "localhost"), &full).unwrap();
    append_to(&mut journal, 10, 50);
    assert_eq!(check_from(&*journal.reader(), 1).unwrap(), 50);
    let found = sealed(&cluster);
    assert!(
        found.ends_with("|TLSv1.3") && !found.starts_with('0'),
        "{found}"
    );
    drop(journal);

    // The chain is right, the name is not.
    let by_number = url(&cluster, "127.0.0.1");
    let text = refusal(&by_number, &full);
    assert!(text.contains("not that of 127.0.0.1"), "{text}");
    let chain = settings(TlsMode::VerifyCa, Some(&root));
    drop(PostgresJournal::open(&by_number, &chain).unwrap());

    // Somebody else vouches for it: refused wherever anybody is asked.
    for mode in [TlsMode::VerifyFull, TlsMode::VerifyCa, TlsMode::Require] {
        let text = refusal(&url(&cluster, "localhost"), &settings(mode, Some(&wrong)));
        assert!(
            text.contains("nobody in the file of root certificates"),
            "{mode:?}: {text}"
        );
    }

    // Nobody is asked: encrypted all the same.
    for mode in [TlsMode::Require, TlsMode::Prefer] {
        let journal = PostgresJournal::open(&by_number, &settings(mode, None)).unwrap();
        assert!(!sealed(&cluster).starts_with('0'), "{mode:?}");
        drop(journal);
    }
    let clear = PostgresJournal::open(&by_number, &settings(TlsMode::Disable, None)).unwrap();
    assert!(sealed(&cluster).starts_with('0'), "{}", sealed(&cluster));
    drop(clear);

    // A URL says the same in libpq's words, and wins.
    let in_url = format!(
        "{}?sslmode=verify-full&sslrootcert={}",
        url(&cluster, "localhost"),
        root.display()
    );
    drop(PostgresJournal::open(&in_url, &settings(TlsMode::Disable, None)).unwrap());
}

#[test]
fn a_server_without_tls_is_refused_where_tls_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let root = Authority::new("ours").file(folder.path(), "root.pem");
    let cluster = PgCluster::start().unwrap();
    for mode in [TlsMode::Require, TlsMode::VerifyCa, TlsMode::VerifyFull] {
        let text = refusal(&cluster.url(), &settings(mode, Some(&root)));
        assert!(text.contains("has no TLS, which is asked for"), "{text}");
    }
    let mut journal =
        PostgresJournal::open(&cluster.url(), &settings(TlsMode::Prefer, None)).unwrap();
    append_to(&mut journal, 5, 5);
}

#[test]
fn certificates_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let url = "postgres://hubu@127.0.0.1:1/postgres";
    let text = refusal(url, &settings(TlsMode::VerifyFull, None));
    assert!(text.contains("root_certificate_file"), "{text}");
    let missing = folder.path().join("missing.pem");
    let text = refusal(url, &settings(TlsMode::VerifyCa, Some(&missing)));
    assert!(text.contains("missing.pem"), "{text}");
    let empty = write(folder.path(), "empty.pem", "nothing\n");
    let text = refusal(url, &settings(TlsMode::VerifyCa, Some(&empty)));
    assert!(text.contains("there is not a certificate in PEM"), "{text}");
    // A key that lost its newlines is not shown.
    let ours = Authority::new("ours");
    let (certificate, key) = ours.issue("clerk", ExtendedKeyUsagePurpose::ClientAuth);
    let key = key.replace(['\r', '\n'], "");
    let mut with = settings(TlsMode::Require, None);
    with.link.certificate_file = write(folder.path(), "own.pem", &certificate);
    with.link.key_file = write(folder.path(), "own.key", &key);
    let text = refusal(url, &with);
    assert!(text.contains("own.key: is damaged"), "{text}");
    assert!(!text.contains(&key[30..60]), "{text}");
}

#[test]
fn a_server_that_speaks_only_old_tls_is_refused() {
    let ours = Authority::new("ours");
    let (certificate, key) = ours.for_server("localhost");
    let mut cluster = PgCluster::start_sealed(&certificate, &key, None).unwrap();
    for setting in [
        "ssl_min_protocol_version = 'TLSv1'",
        "ssl_max_protocol_version = 'TLSv1.1'",
    ] {
        cluster.sql(&format!("ALTER SYSTEM SET {setting}")).unwrap();
    }
    cluster.stop_fast().unwrap();
    cluster.start_again().unwrap();
    let text = refusal(&cluster.url(), &settings(TlsMode::Require, None));
    assert!(
        text.contains("the handshake with 127.0.0.1 failed"),
        "{text}"
    );
    // 1.2 is the oldest that is spoken.
    cluster
        .sql("ALTER SYSTEM SET ssl_max_protocol_version = 'TLSv1.2'")
        .unwrap();
    cluster.stop_fast().unwrap();
    cluster.start_again().unwrap();
    let journal = PostgresJournal::open(&cluster.url(), &settings(TlsMode::Require, None)).unwrap();
    assert!(
        sealed(&cluster).ends_with("|TLSv1.2"),
        "{}",
        sealed(&cluster)
    );
    drop(journal);
}

#[test]
fn a_certificate_of_ones_own_opens_the_door_and_no_other_does() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let (certificate, key) = ours.for_server("localhost");
    let mut cluster = PgCluster::start_sealed(&certificate, &key, Some(&ours.0.pem())).unwrap();
    cluster
        .sql("CREATE ROLE clerk LOGIN; GRANT CREATE ON SCHEMA public TO clerk")
        .unwrap();
    cluster
        .let_in("hostssl all clerk 127.0.0.1/32 cert")
        .unwrap();
    let url = format!("postgres://clerk@localhost:{}/postgres", cluster.port());
    let root = ours.file(folder.path(), "root.pem");
    let with = |of: &Authority, name: &str| {
        let (certificate, key) = of.issue(name, ExtendedKeyUsagePurpose::ClientAuth);
        let mut settings = settings(TlsMode::VerifyFull, Some(&root));
        settings.link.certificate_file = write(folder.path(), "own.pem", &certificate);
        settings.link.key_file = write(folder.path(), "own.key", &key);
        settings
    };
    let none = refusal(&url, &settings(TlsMode::VerifyFull, Some(&root)));
    assert!(none.contains("certificate"), "{none}");
    refusal(&url, &with(&theirs, "clerk"));
    refusal(&url, &with(&ours, "somebody-else"));
    // Files are read for each connection: the ones that are right now count.
    let mut journal = PostgresJournal::open(&url, &with(&ours, "clerk")).unwrap();
    append_to(&mut journal, 5, 20);
}
