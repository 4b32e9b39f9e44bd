//! The whole command over TLS: seed, run with workers of its own, audit; and whom it believes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod double;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use double::Lie;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

const PLAN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/plans/smoke.toml");
const DIVISIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/divisions.csv");

/// A double behind a door that speaks TLS; the certificate is its own authority.
struct Stand {
    folder: tempfile::TempDir,
    url: String,
    certificate: PathBuf,
    shaken: Arc<AtomicU64>,
    _runtime: tokio::runtime::Runtime,
}

fn certificate(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    let names = vec!["127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let [certificate, key] = ["pem", "key"].map(|kind| folder.join(format!("{name}.{kind}")));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (certificate, key)
}

fn stand() -> Stand {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate(folder.path(), "server");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let shaken = Arc::new(AtomicU64::new(0));
    let url = runtime.block_on(async {
        let double = double::http::start(Lie::None).await;
        let behind: SocketAddr = double.url.trim_start_matches("http://").parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        tokio::spawn(forward(
            listener,
            acceptor(&certificate, &key),
            behind,
            shaken.clone(),
        ));
        url
    });
    Stand {
        folder,
        url,
        certificate,
        shaken,
        _runtime: runtime,
    }
}

fn acceptor(certificate: &Path, key: &Path) -> TlsAcceptor {
    let chain = CertificateDer::from_pem_file(certificate).unwrap();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn forward(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    behind: SocketAddr,
    shaken: Arc<AtomicU64>,
) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (acceptor, shaken) = (acceptor.clone(), shaken.clone());
        tokio::spawn(async move {
            // A client that does not believe the certificate leaves here.
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            shaken.fetch_add(1, Ordering::Relaxed);
            let mut double = TcpStream::connect(behind).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut double).await;
        });
    }
}

impl Stand {
    fn call(&self, ca: Option<&Path>, arguments: &[&str]) -> Output {
        let secret = self.folder.path().join("secret");
        std::fs::write(&secret, "a secret for tests only\n").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubu-load"));
        command
            .arg(arguments[0])
            .arg("--report")
            .arg(self.folder.path());
        command
            .args(["--url", &self.url, "--quiet", "--secret"])
            .arg(secret);
        if let Some(ca) = ca {
            command.arg("--ca").arg(ca);
        }
        command.args(&arguments[1..]).output().unwrap()
    }
}

const SEED: [&str; 7] = [
    "seed",
    "--divisions",
    DIVISIONS,
    "--agencies",
    "60",
    "--rows",
    "1200",
];

#[test]
fn a_run_over_tls_is_seeded_played_and_audited() {
    let stand = stand();
    let ca = Some(&*stand.certificate);
    let seeded = stand.call(ca, &SEED);
    assert!(seeded.status.success(), "{seeded:?}");
    let before = stand.shaken.load(Ordering::Relaxed);
    let played = stand.call(ca, &["run", "--plan", PLAN, "--workers", "2"]);
    let said = String::from_utf8_lossy(&played.stdout) + String::from_utf8_lossy(&played.stderr);
    assert_eq!(played.status.code(), Some(0), "{said}");
    let result = std::fs::read(stand.folder.path().join("result.json")).unwrap();
    let result: Value = serde_json::from_slice(&result).unwrap();
    assert_eq!(result["total"]["failed"], 0, "{said}");
    assert!(result["total"]["requests"].as_u64() > Some(50), "{said}");
    // Each connection that the workers opened was a handshake here; the audit made some more.
    let opened = result["run"]["connections_opened"].as_u64().unwrap();
    assert!(opened > 0 && stand.shaken.load(Ordering::Relaxed) - before >= opened);
    let again = stand.call(ca, &["audit", "--when", "again"]);
    assert_eq!(again.status.code(), Some(0), "{again:?}");
}

#[test]
fn a_server_that_is_not_believed_is_not_spoken_to() {
    let stand = stand();
    let (other, _) = certificate(stand.folder.path(), "other");
    let refused = stand.call(Some(&other), &SEED);
    assert!(!refused.status.success(), "{refused:?}");
    assert_eq!(stand.shaken.load(Ordering::Relaxed), 0);
    for (ca, words) in [
        (None, "wants --ca FILE"),
        (Some(PathBuf::from("/nowhere/ca.pem")), "/nowhere/ca.pem"),
        (
            Some(stand.folder.path().join("server.key")),
            "no certificate in it",
        ),
    ] {
        let refused = stand.call(ca.as_deref(), &SEED);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains(words), "{said}");
    }
}
