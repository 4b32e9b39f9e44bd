//! TLS handshakes a second and core: Hubu beside `openssl s_server`, by the same client and with the same key.
//!
//! What counts is the processor time that the server spends, read from the system: a client makes about as much work as a
//! server, and on two cores it would be the client that is measured. One handshake is a connection, the handshake, the
//! ticket that the server sends after it, and the end of the connection; no request.

use crate::certificate::{Pair, shake};
use crate::scenario::{Task, median, room, tell};
use crate::server::Site;
use crate::{Outcome, client, machine};
use rcgen::SignatureAlgorithm;
use rustls::HandshakeKind;
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 5;
/// Handshakes of one round.
const COUNT: usize = 3_000;

/// Handshakes that a core of one server makes in a second, in the middle of the rounds.
struct Pace {
    full: f64,
    resumed: f64,
}

/// `handshakes` and its likes.
pub(crate) fn run(task: &Task<'_>) -> Outcome<()> {
    let (ours, theirs) = both(task, &rcgen::PKCS_ECDSA_P256_SHA256)?;
    let detail = [
        ("openssl", json!(theirs.full.round())),
        ("openssl_resumed", json!(theirs.resumed.round())),
        ("openssl_version", json!(version())),
    ];
    tell("handshakes", ours.full, true, &detail)?;
    tell("handshakes_resumed", ours.resumed, true, &detail)?;
    tell("handshakes_openssl", ours.full / theirs.full, true, &detail)?;
    let (ours, theirs) = both(task, &rcgen::PKCS_ED25519)?;
    let detail = [
        ("openssl", json!(theirs.full.round())),
        ("openssl_resumed", json!(theirs.resumed.round())),
    ];
    tell("handshakes_ed25519", ours.full, true, &detail)
}

/// Both servers with a key of this kind, in turns.
fn both(task: &Task<'_>, algorithm: &'static SignatureAlgorithm) -> Outcome<(Pace, Pace)> {
    let folder = tempfile::Builder::new()
        .prefix("tls-")
        .tempdir_in(room()?)?;
    let at = folder.path();
    let pair = Pair::make(at, algorithm)?;
    let journal = format!("file:{}", at.join("journal").display());
    let site = Site::lay_out(&at.join("site"), &journal)?;
    let hubu = site.with_tls(pair.clone()).serve()?;
    let openssl = Peer::start(at, &pair)?;
    let sides = [
        (hubu.process(), hubu.tls.ok_or("the server has no TLS")?),
        (openssl.process.id(), openssl.address),
    ];
    // By side, full and resumed.
    let mut rates = [const { [const { Vec::new() }; 2] }; 2];
    let count = task.size(COUNT, 20);
    // The first round warms both up and is not counted.
    for round in 0..=task.size(ROUNDS, 1) {
        for (side, rates) in sides.iter().zip(&mut rates) {
            for (resumes, rates) in [false, true].into_iter().zip(rates) {
                let rate = measure(*side, &pair, resumes, count)?;
                if round > 0 {
                    rates.push(rate);
                }
            }
        }
    }
    let pace = |[full, resumed]: &[Vec<f64>; 2]| Pace {
        full: median(full),
        resumed: median(resumed),
    };
    let (ours, theirs) = (pace(&rates[0]), pace(&rates[1]));
    eprintln!(
        "   a core: hubu {:>6.0} full {:>6.0} resumed, openssl {:>6.0} full {:>6.0} resumed",
        ours.full, ours.resumed, theirs.full, theirs.resumed
    );
    Ok((ours, theirs))
}

/// Makes handshakes one after the other; how many the server makes in a second of processor time.
fn measure(
    (process, address): (u32, SocketAddr),
    pair: &Pair,
    resumes: bool,
    count: usize,
) -> Outcome<f64> {
    let config = pair.client(resumes)?;
    let wanted = if resumes {
        // The first one brings the ticket.
        one(address, &config)?;
        HandshakeKind::Resumed
    } else {
        HandshakeKind::Full
    };
    let before = machine::process_seconds(process)?;
    for _ in 0..count {
        let kind = one(address, &config)?;
        if kind != wanted {
            return Err(format!("a handshake was {kind:?} and not {wanted:?}").into());
        }
    }
    let spent = machine::process_seconds(process)? - before;
    Ok(count as f64 / spent.max(0.001))
}

/// One handshake, its ticket, and the end.
fn one(
    address: SocketAddr,
    config: &std::sync::Arc<rustls::ClientConfig>,
) -> Outcome<HandshakeKind> {
    let mut wire = shake(address, config)?;
    while wire.conn.tls13_tickets_received() == 0 {
        wire.conn.read_tls(&mut wire.sock)?;
        wire.conn.process_new_packets()?;
    }
    wire.conn.send_close_notify();
    wire.conn.write_tls(&mut wire.sock)?;
    wire.conn.handshake_kind().ok_or("no handshake".into())
}

/// `openssl s_server`; dropping it kills the process.
struct Peer {
    process: Child,
    address: SocketAddr,
}

impl Peer {
    fn start(folder: &Path, pair: &Pair) -> Outcome<Peer> {
        let address = client::free_address()?;
        let log = std::fs::File::create(folder.join("openssl.log"))?;
        let process = Command::new("openssl")
            .args(["s_server", "-quiet", "-tls1_3", "-num_tickets", "1"])
            .args(["-accept", &address.to_string()])
            .arg("-cert")
            .arg(&pair.certificate)
            .arg("-key")
            .arg(&pair.key)
            // It ends when its input does.
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .map_err(|error| format!("openssl: {error}; apt-get install openssl"))?;
        let peer = Peer { process, address };
        let config = pair.client(false)?;
        let end = Instant::now() + Duration::from_secs(10);
        while one(address, &config).is_err() {
            if Instant::now() > end {
                return Err("openssl s_server does not come to serve".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(peer)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.process.kill();
        let _waited = self.process.wait();
    }
}

fn version() -> String {
    let said = Command::new("openssl").arg("version").output();
    said.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned())
        .unwrap_or_default()
}
