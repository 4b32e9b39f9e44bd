//! Ciphers on one core, in turns with OpenSSL's command line on the same machine: SM2, SM3, SM4-GCM, and the journal's chain.
//!
//! Both count processor time, not time on the wall: a busy machine slows both down and changes little. OpenSSL is Debian's
//! `openssl speed`. OpenSSL 3.0 has no SM4-GCM; beside ours stands its SM4-CTR, which encrypts without a tag.

use crate::Outcome;
use crate::scenario::{Task, median, tell};
use hubu_core::cipher::{Aead, AeadKind, Algorithm, PrivateKey, Signer};
use hubu_core::journal::{GENESIS, chain_value};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;
use sm3::{Digest, Sm3};
use std::hint::black_box;
use std::process::Command;

/// Bytes that are hashed or encrypted at once: OpenSSL's largest by default.
const BLOCK: usize = 16 << 10;
/// A batch of the journal under load, in bytes.
const BATCH: usize = 64 << 10;

/// One figure: ours by name, and what OpenSSL calls the same.
struct Pair<'a> {
    key: &'static str,
    openssl: &'static [&'static str],
    /// Which number of OpenSSL's last line.
    field: usize,
    /// What one turn of `ours` counts for: operations, or megabytes.
    each: f64,
    /// What OpenSSL's number is divided by.
    unit: f64,
    ours: Box<dyn FnMut() + 'a>,
}

/// `sm2_verify`, `sm2_sign`, `sm3_mb_s`, `sm4_gcm_mb_s`, `chain_mb_s`.
pub(crate) fn run(task: &Task<'_>) -> Outcome<()> {
    let key = PrivateKey::generate(Algorithm::Sm2)?;
    let message = [7; 100];
    let signature = key.sign(&message)?;
    let aead = Aead::new(AeadKind::Sm4Gcm, &[7; 16])?;
    let (block, batch) = (vec![7; BLOCK], vec![7; BATCH]);
    let mega = |bytes: usize| bytes as f64 / 1e6;
    let mut pairs = [
        Pair {
            key: "sm2_verify",
            openssl: &["sm2"],
            field: 5,
            each: 1.0,
            unit: 1.0,
            ours: Box::new(|| {
                black_box(key.public_key().verify(&message, &signature)).unwrap_or_default();
            }),
        },
        Pair {
            key: "sm2_sign",
            openssl: &["sm2"],
            field: 4,
            each: 1.0,
            unit: 1.0,
            ours: Box::new(|| {
                black_box(key.sign(&message)).ok();
            }),
        },
        Pair {
            key: "sm3_mb_s",
            openssl: &["-bytes", "16384", "-evp", "sm3"],
            field: 3,
            each: mega(BLOCK),
            unit: 1e6,
            ours: Box::new(|| {
                black_box(Sm3::digest(black_box(&block)));
            }),
        },
        Pair {
            key: "sm4_gcm_mb_s",
            openssl: &["-bytes", "16384", "-evp", "sm4-ctr"],
            field: 3,
            each: mega(BLOCK),
            unit: 1e6,
            ours: Box::new(|| {
                black_box(aead.seal(&[1; 12], b"", black_box(&block)));
            }),
        },
        Pair {
            key: "chain_mb_s",
            openssl: &["-bytes", "16384", "-evp", "sm3"],
            field: 3,
            each: mega(BATCH),
            unit: 1e6,
            ours: Box::new(|| {
                black_box(chain_value(&GENESIS, &[0; 56], black_box(&batch)));
            }),
        },
    ];
    for pair in pairs.iter_mut().filter(|pair| task.wants(pair.key)) {
        in_turns(task, pair)?;
    }
    Ok(())
}

fn in_turns(task: &Task<'_>, pair: &mut Pair<'_>) -> Outcome<()> {
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..task.size(5, 1) {
        let our = pair.each * rate(task.size(1.0, 0.05), &mut *pair.ours);
        let their = openssl(pair.openssl, pair.field)? / pair.unit;
        eprintln!("   {}: {our:.1}, OpenSSL {their:.1}", pair.key);
        ratios.push(our / their);
        ours.push(our);
        theirs.push(their);
    }
    let detail = [
        ("openssl", json!(median(&theirs))),
        ("share_of_openssl", json!(median(&ratios))),
        ("openssl_speed", json!(pair.openssl.join(" "))),
        ("openssl_version", json!(version()?)),
        ("rounds", json!(ours.len())),
    ];
    tell(pair.key, median(&ours), true, &detail)
}

/// How often a second of this thread's processor time, measured for that long.
fn rate(seconds: f64, turn: &mut dyn FnMut()) -> f64 {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    };
    turn();
    let (began, mut turns) = (now(), 0_u32);
    loop {
        for _ in 0..16 {
            turn();
        }
        turns += 16;
        let spent = now() - began;
        if spent >= seconds {
            return f64::from(turns) / spent;
        }
    }
}

/// A number of the last line that `openssl speed -mr` says, such as `+F7:0:256:CurveSM2:1860.8:1395.4`, counted from 0.
fn openssl(what: &[&str], field: usize) -> Outcome<f64> {
    let output = Command::new("openssl")
        .args(["speed", "-seconds", "1", "-mr"])
        .args(what)
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = said.lines().rfind(|line| line.starts_with("+F"));
    let number = line.and_then(|line| line.split(':').nth(field));
    let number = number.ok_or_else(|| format!("openssl speed {}: {said}", what.join(" ")))?;
    Ok(number.parse()?)
}

fn version() -> Outcome<String> {
    let output = Command::new("openssl").arg("version").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
