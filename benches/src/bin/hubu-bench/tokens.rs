//! What a bearer token costs: remembered, verified by each algorithm, and forty thousand new ones at once.
//!
//! Hits are measured where each memory keeps them, with the look at the clock that a request takes: the connection's, the
//! thread's, and the server's shared cache with all tokens in it, asked in a random order as many people ask; the bytes of
//! who asks have just come in, as those of a request have. A miss is the whole way from bytes to an actor in the cache.

use crate::scenario::{Task, median, tell};
use crate::world::Choice;
use crate::{Outcome, machine};
use hubu_core::access::{Bearer, Claims, Recent, SigningKey, Tokens, TrustedKeys};
use hubu_core::catalog::model::Catalog;
use hubu_core::catalog::sources::Sources;
use hubu_core::cipher::{Algorithm, PrivateKey, Signer};
use hubu_core::config::Auth;
use hubu_core::http::session::Session;
use serde_json::json;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// People of a province who log in together.
const PEOPLE: usize = 40_000;
/// Tokens verified in one round, and rounds.
const MISSES: usize = 2_000;
const ROUNDS: usize = 7;
const HITS: usize = 1_000_000;
/// Requests that come in together.
const GROUP: usize = 32;

const ALGORITHMS: [(&str, &str); 3] = [
    ("token_miss_hs256_us", "HS256"),
    ("token_miss_ed25519_us", "EdDSA"),
    ("token_miss_sm2_us", "SM2SM3"),
];

/// Those who sign, and what the server needs to believe them.
struct Site {
    auth: Auth,
    catalog: Arc<Catalog>,
    keys: [SigningKey; 3],
    _folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Outcome<Site> {
        let folder = tempfile::tempdir()?;
        let auth = Auth {
            hs256_secret: String::from("a-secret-for-benches-of-32-bytes-or-more").into(),
            hs256_secret_file: PathBuf::new(),
            key_folder: folder.path().into(),
            ..Auth::default()
        };
        let named = |algorithm: Algorithm| -> Outcome<SigningKey> {
            let key = PrivateKey::generate(algorithm)?;
            let file = folder.path().join(format!("{algorithm}.pem"));
            std::fs::write(file, key.public_key().to_pem())?;
            Ok(SigningKey::from_private(key).named(Some(algorithm.to_string())))
        };
        let keys = [
            SigningKey::from_settings(&auth)?,
            named(Algorithm::Ed25519)?,
            named(Algorithm::Sm2)?,
        ];
        let catalog = Catalog::from_sources(&Sources::read_dir(Path::new("config"))?)?;
        Ok(Site {
            auth,
            catalog: Arc::new(catalog),
            keys,
            _folder: folder,
        })
    }

    /// A server that has seen nobody yet.
    fn tokens(&self) -> Outcome<Tokens> {
        let keys = TrustedKeys::from_settings(&self.auth)?;
        Ok(Tokens::new(keys, self.catalog.clone(), 2 * PEOPLE))
    }

    fn sign(&self, key: usize, name: String) -> Outcome<Vec<u8>> {
        let now = now_seconds();
        let claims = Claims {
            jti: Some(format!("{name}-0123456789abcdef")),
            sub: name,
            roles: vec!["agency_clerk".into()],
            division: "420106000".into(),
            agency: Some("420106000000000000001".into()),
            iat: Some(now),
            exp: now + 86_400,
            ..Claims::default()
        };
        Ok(self.keys[key].sign(&claims)?.into_bytes())
    }
}

/// `token_*`.
pub(crate) fn run(task: &Task<'_>) -> Outcome<()> {
    let site = Site::new()?;
    if task.wants("token_hit_us") {
        hits(task, &site)?;
    }
    for (place, (key, name)) in ALGORITHMS.into_iter().enumerate() {
        if task.wants(key) {
            misses(task, &site, place, key, name)?;
        }
    }
    if task.wants("token_storm_sm2_s") {
        storm(task, &site)?;
    }
    Ok(())
}

fn now_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// Microseconds of one of `count` calls.
fn each_us(count: usize, mut call: impl FnMut() -> bool) -> Outcome<f64> {
    let start = Instant::now();
    let mut good = 0;
    for _ in 0..count {
        good += usize::from(black_box(call()));
    }
    let spent = start.elapsed();
    if good != count {
        return Err(format!("{} of {count} tokens were not known", count - good).into());
    }
    Ok(spent.as_secs_f64() * 1e6 / count as f64)
}

fn hits(task: &Task<'_>, site: &Site) -> Outcome<()> {
    let tokens = site.tokens()?;
    let people = task.size(PEOPLE, 200);
    let mut all = Vec::with_capacity(people);
    for number in 0..people {
        let token = site.sign(0, format!("clerk-{number}"))?;
        tokens.verify(&token, now_seconds())?;
        all.push(token);
    }
    let (session, recent) = (Session::new(), Recent::default());
    let first = tokens.verify(&all[0], now_seconds())?;
    session.remember(recent.put(&all[0], &first));
    let count = task.size(HITS, 1000);
    let mut seen: [Vec<f64>; 3] = Default::default();
    for round in 0..task.size(ROUNDS, 1) {
        let mut choice = Choice(round as u64);
        seen[0].push(each_us(count, || {
            let bearer = session.bearer(black_box(&all[0]), now_seconds());
            session.known(&tokens, bearer).is_some()
        })?);
        seen[1].push(each_us(count, || {
            let bearer = Bearer::alone(black_box(&all[0]), now_seconds());
            recent.get(&tokens, bearer).is_some()
        })?);
        seen[2].push(shared_us(&tokens, &all, &mut choice, count)?);
    }
    let [connection, thread, shared] = seen.map(|rounds| median(&rounds));
    let detail = [
        ("connection_us", json!(connection)),
        ("thread_us", json!(thread)),
        ("shared_us", json!(shared)),
        ("tokens", json!(people)),
        ("token_bytes", json!(all[0].len())),
    ];
    tell(
        "token_hit_us",
        connection.max(thread).max(shared),
        true,
        &detail,
    )
}

/// Microseconds of one of about `count` looks into the shared cache. The requests of a group come in before its clock
/// starts: their bytes are near then, and what is far is what the cache holds.
fn shared_us(tokens: &Tokens, all: &[Vec<u8>], choice: &mut Choice, count: usize) -> Outcome<f64> {
    let mut came = vec![Vec::new(); GROUP];
    let groups = count.div_ceil(GROUP);
    let mut spent_us = 0.0;
    for _ in 0..groups {
        for token in &mut came {
            token.clone_from(&all[choice.below(all.len())]);
        }
        let mut next = came.iter();
        spent_us += each_us(GROUP, || {
            let token = next.next().map(Vec::as_slice).unwrap_or_default();
            tokens.verify(token, now_seconds()).is_ok()
        })?;
    }
    Ok(spent_us / groups as f64)
}

fn misses(task: &Task<'_>, site: &Site, place: usize, key: &str, name: &str) -> Outcome<()> {
    let count = task.size(MISSES, 20);
    let mut rounds = Vec::new();
    let mut bytes = 0;
    for round in 0..task.size(ROUNDS, 1) {
        let tokens = site.tokens()?;
        let mut all = Vec::with_capacity(count);
        for number in 0..count {
            all.push(site.sign(place, format!("clerk-{round}-{number}"))?);
        }
        bytes = all[0].len();
        let mut next = all.iter();
        rounds.push(each_us(count, || {
            next.next()
                .is_some_and(|token| tokens.verify(token, now_seconds()).is_ok())
        })?);
    }
    let detail = [
        ("alg", json!(name)),
        ("token_bytes", json!(bytes)),
        ("rounds", json!(rounds)),
    ];
    tell(key, median(&rounds), true, &detail)
}

/// Everybody logs in at once, and every core verifies.
fn storm(task: &Task<'_>, site: &Site) -> Outcome<()> {
    let people = task.size(PEOPLE, 100);
    let threads = std::thread::available_parallelism()?.get();
    let mut seconds = Vec::new();
    for place in 0..site.keys.len() {
        let tokens = site.tokens()?;
        let mut all = Vec::with_capacity(people);
        for number in 0..people {
            all.push(site.sign(place, format!("clerk-{number}"))?);
        }
        let (next, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let start = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(token) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if tokens.verify(token, now_seconds()).is_err() {
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        seconds.push(start.elapsed().as_secs_f64());
        if refused.into_inner() > 0 {
            return Err("a good token was refused".into());
        }
    }
    let detail = [
        ("people", json!(people)),
        ("threads", json!(threads)),
        ("hs256_s", json!(seconds[0])),
        ("ed25519_s", json!(seconds[1])),
        (
            "resident_kib",
            json!(machine::process_kib(std::process::id(), "VmRSS")?),
        ),
    ];
    tell("token_storm_sm2_s", seconds[2], true, &detail)
}
