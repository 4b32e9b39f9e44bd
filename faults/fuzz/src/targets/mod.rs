//! The targets: plain functions of bytes. Each panics when something does not hold; what it answers tells inputs apart, so
//! that a driver without coverage can still see that one of them did something new.

mod access;
mod catalog;
mod codec;
mod commands;
mod http;
mod journal;
mod money;
mod plans;
mod snapshot;
mod wire;

use crate::Outcome;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Takes an input; what it answers tells it apart from others.
type Run = Box<dyn FnMut(&[u8]) -> u64>;

/// A target ready to run.
pub(crate) struct Setup {
    /// Inputs of the usual kind.
    pub(crate) seeds: Vec<Vec<u8>>,
    /// Words of its language.
    pub(crate) words: Vec<Vec<u8>>,
    /// The function.
    pub(crate) run: Run,
    /// How many bytes it may hold for one byte of input; `None` where that is not judged.
    pub(crate) memory: Option<usize>,
}

/// A parser and how to get at it.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) make: fn() -> Outcome<Setup>,
}

macro_rules! targets {
    ($($name:literal: $make:path,)*) => {
        /// All of them.
        pub(crate) const ALL: &[Target] = &[$(Target { name: $name, make: $make },)*];
    };
}

targets!(
    "amount": money::amount,
    "day": money::day,
    "record": codec::record,
    "document": codec::document,
    "records_in_a_batch": codec::framing,
    "batch_header": journal::header,
    "journal_file": journal::folder,
    "snapshot": snapshot::file,
    "snapshot_shard": snapshot::shard,
    "archive_block": snapshot::block,
    "headers": http::headers,
    "query": http::query,
    "create_body": http::create,
    "act_body": http::act,
    "batch_body": http::batch,
    "http_bytes": wire::bytes,
    "token": access::token,
    "claims": access::claims_signed,
    "key_set": access::key_set,
    "key_pem": access::key_pem,
    "revocations": access::revocations,
    "catalog_file": catalog::file,
    "catalog_packed": catalog::packed,
    "settings_file": catalog::settings,
    "plan_file": plans::plan,
    "own_plan_file": plans::own,
    "duration": plans::duration,
    "commands": commands::commands,
);

/// The target of this name.
pub(crate) fn named(name: &str) -> Outcome<&'static Target> {
    let found = ALL.iter().find(|target| target.name == name);
    found.ok_or_else(|| format!("no target {name}: `hubu-fuzz list` names them").into())
}

/// A number for an answer.
fn kind(answer: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    answer.hash(&mut hasher);
    hasher.finish()
}

/// An error's text without its numbers and quotations: what kind of error it is.
fn kind_of_text(text: &str) -> u64 {
    let mut quoted = false;
    let words: String = text
        .chars()
        .filter(|c| {
            quoted ^= matches!(c, '"' | '`' | '\'');
            !quoted && !c.is_ascii_digit()
        })
        .collect();
    kind(words)
}

/// Texts as words or seeds.
fn bytes_of(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// The repository's configuration.
fn sources() -> Outcome<hubu_core::catalog::sources::Sources> {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config");
    Ok(hubu_core::catalog::sources::Sources::read_dir(
        config.as_ref(),
    )?)
}
