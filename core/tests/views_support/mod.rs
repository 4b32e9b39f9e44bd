//! What the tests of views and snapshots share: an engine that is followed, and a payment's whole way.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "each test file uses its part of it"
)]

use crate::common::*;
use hubu_core::clock::Clock;
use hubu_core::engine::Engine;
use hubu_core::engine::open::Options;
use hubu_core::journal::open_journal;
use hubu_kernel::document::{Field, Value};
use hubu_kernel::ident::DocumentId;
use hubu_kernel::money::Cents;
use std::path::Path;
use std::sync::Arc;

/// Options of an engine that views follow.
pub fn followed() -> Options {
    Options {
        clock: Clock::manual(MARCH_MS),
        tail_bytes: 8 << 20,
        ..Options::default()
    }
}

pub fn open_with(folder: &Path, options: Options) -> Arc<Engine> {
    let journal = open_journal(folder.to_str().unwrap(), &settings()).unwrap();
    Arc::new(Engine::open(journal, &sources(), options).unwrap())
}

/// The steps of a payment behind its submission: name, role, fields.
type Steps = Vec<(&'static str, &'static str, Vec<(&'static str, Value)>)>;

fn steps(fen: i64) -> Steps {
    let order = || Value::Text("ZF-1".into());
    vec![
        (
            "review",
            "agency_reviewer",
            vec![("alerts_blocking", Value::Int(0))],
        ),
        (
            "sign",
            "agency_head",
            vec![("alerts_unattached", Value::Int(0))],
        ),
        (
            "seal",
            "payment_centre",
            vec![("certificate_valid", Value::Flag(true))],
        ),
        (
            "send",
            "payment_centre",
            vec![("order_no", order()), ("bank_reachable", Value::Flag(true))],
        ),
        (
            "receipt",
            "agent_bank",
            vec![
                ("receipt_amount", Value::Amount(Cents(fen))),
                ("receipt_order_no", order()),
            ],
        ),
    ]
}

/// Takes the first `count` steps behind the submission; five pay it.
pub fn walk_on(engine: &Engine, document: DocumentId, fen: i64, count: usize) {
    let catalog = catalog(engine);
    for (at, (step, role, fields)) in steps(fen).into_iter().take(count).enumerate() {
        // Each step by somebody else: the process keeps duties apart.
        let made = match role {
            "agency_head" => of_agency,
            _ => person,
        };
        let who = made(&catalog, &format!("officer-{at}"), &[role]);
        let mut fields: Vec<Field> = fields
            .into_iter()
            .map(|(name, value)| field(&catalog, "payment", name, value))
            .collect();
        fields.sort_by_key(|field| field.id);
        done(engine, act(&who, document, step, fields));
    }
}
