//! One scenario: what it is asked for, how large it is, and how it tells what it saw.

use crate::report::Measured;
use crate::{
    Outcome, bulk, ciphers, compare, connection, handshake, harness, http, https, peers, prove,
    quota_row, recover, signed, sustained, tokens,
};
use serde_json::{Map, Value};

/// How large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// As promised.
    Full,
    /// As small as it goes, to see that it runs.
    Smoke,
}

/// What is asked of one process.
pub(crate) struct Task<'a> {
    pub(crate) name: &'a str,
    pub(crate) keys: &'a [String],
    pub(crate) scale: Scale,
}

impl Task<'_> {
    /// Whether this figure is wanted.
    pub(crate) fn wants(&self, key: &str) -> bool {
        self.keys.iter().any(|wanted| wanted == key)
    }

    /// One of two sizes.
    pub(crate) fn size<T>(&self, full: T, smoke: T) -> T {
        if self.scale == Scale::Full {
            full
        } else {
            smoke
        }
    }
}

/// Tells the parent of a figure.
pub(crate) fn tell(
    key: impl Into<String>,
    value: f64,
    sound: bool,
    detail: &[(&str, Value)],
) -> Outcome<()> {
    let detail: Map<String, Value> = detail
        .iter()
        .map(|(name, value)| (String::from(*name), value.clone()))
        .collect();
    println!(
        "{}",
        serde_json::to_string(&Measured {
            key: key.into(),
            value,
            sound,
            detail
        })?
    );
    Ok(())
}

/// Runs the scenario of this name.
pub(crate) fn run(task: &Task<'_>) -> Outcome<()> {
    match task.name {
        "bulk_file" => bulk::on_files(task),
        "bulk_pg" => bulk::on_postgres(task),
        "sustained" => sustained::run(task),
        "fields" => crate::fields::run(task),
        "http_file" => http::on_files(task),
        "http_pg" => http::on_postgres(task),
        "ciphers" => ciphers::run(task),
        "compare" => compare::figures(task),
        "connection" => connection::run(task),
        "handshakes" => handshake::run(task),
        "https_file" => https::run(task),
        "harness" => harness::run(task),
        "prove" => prove::run(task),
        "crowds" => prove::crowds(task),
        "peers" => peers::run(task),
        "recover" => recover::run(task),
        "signed" => signed::run(task),
        "quota_row" => quota_row::run(task),
        "tokens" => tokens::run(task),
        name => Err(format!("no scenario `{name}`").into()),
    }
}

/// The middle of what was seen.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

/// A folder on the disk that journals are measured on: `/tmp` may be memory.
pub(crate) fn room() -> Outcome<std::path::PathBuf> {
    let room = std::env::var_os("HUBU_BENCH_ROOM")
        .map_or_else(|| "target/bench".into(), std::path::PathBuf::from);
    std::fs::create_dir_all(&room)?;
    Ok(room.canonicalize()?)
}
