//! What it costs to keep two sensitive values of a payment as ciphertext: CPU a command and bytes a record.
//!
//! One engine, one submitter, the same payments: round by round they are kept as they come, sealed by SM4-GCM and sealed by
//! AES-256-GCM, so that what the machine does meanwhile meets all three.

use crate::Outcome;
use crate::bulk::{hand_over, in_batches, on_cpu_ns};
use crate::payments::{self, Hand};
use crate::scenario::{Task, median, room, tell};
use crate::world;
use hubu_core::cipher::AeadKind;
use hubu_core::engine::Engine;
use hubu_core::engine::actor::Actor;
use hubu_core::engine::command::{Action, Command, Enter};
use hubu_core::engine::open::Options;
use hubu_core::fields::key::FieldKey;
use hubu_core::fields::keyring::{Fields, Keyring};
use hubu_kernel::document::{Dimension, Field, Line, Value};
use hubu_kernel::money::Cents;
use hubu_kernel::schedule::Month;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const ROUNDS: usize = 9;
const COMMANDS: usize = 20_000;
const BATCH: usize = 128;
const COUNTIES: usize = 20;

/// How values are kept, and what that took.
struct Kind {
    name: &'static str,
    fields: Fields,
    cpu_ns: Vec<f64>,
    bytes: Vec<f64>,
}

/// `fields_cost`.
pub(crate) fn run(task: &Task<'_>) -> Outcome<()> {
    let folder = tempfile::Builder::new()
        .prefix("fields-")
        .tempdir_in(room()?)?;
    let journal = format!("file:{}", folder.path().join("journal").display());
    let hands = payments::load(&journal, task.size(COUNTIES, 1))?;
    let engine = world::open(&journal, Options::default())?;
    let clerks: Vec<Arc<Actor>> = hands
        .iter()
        .map(|hand| {
            world::actor(
                &engine,
                "clerk",
                &["agency_clerk"],
                hand.home(),
                Some(&hand.agency),
            )
        })
        .collect::<Outcome<_>>()?;
    let mut kinds = [
        kind("plain", Fields::default()),
        kind("sm4-gcm", sealed(AeadKind::Sm4Gcm)?),
        kind("aes-256-gcm", sealed(AeadKind::Aes256Gcm)?),
    ];
    let count = task.size(COMMANDS, 200);
    // The first round warms all up and is not counted.
    for round in 0..=task.size(ROUNDS, 1) {
        for kind in &mut kinds {
            engine.set_fields(kind.fields.clone());
            let commands: Vec<Command> = (0..count)
                .map(|n| {
                    let at = n % hands.len();
                    pay(
                        &engine,
                        &hands[at],
                        &clerks[at],
                        format!("{}-{round}-{n}", kind.name),
                    )
                })
                .collect::<Outcome<_>>()?;
            let stats = engine.commit_stats();
            let bytes = stats.bytes.load(Ordering::Relaxed);
            let before = on_cpu_ns();
            hand_over(&engine, in_batches(commands.into_iter(), BATCH))?;
            let spent = (on_cpu_ns() - before) as f64 / count as f64;
            let written = (stats.bytes.load(Ordering::Relaxed) - bytes) as f64 / count as f64;
            if round > 0 {
                kind.cpu_ns.push(spent);
                kind.bytes.push(written);
            }
        }
    }
    report(&kinds)
}

fn kind(name: &'static str, fields: Fields) -> Kind {
    Kind {
        name,
        fields,
        cpu_ns: Vec::new(),
        bytes: Vec::new(),
    }
}

fn sealed(kind: AeadKind) -> Outcome<Fields> {
    let key = FieldKey::new(1, kind, &vec![7; kind.key_bytes()])?;
    Ok(Fields::Sealed(Arc::new(Keyring::new(vec![key])?)))
}

fn report(kinds: &[Kind]) -> Outcome<()> {
    let [plain, sm4, aes] = kinds else {
        return Err("there are three ways".into());
    };
    let cpu = |kind: &Kind| median(&kind.cpu_ns);
    for kind in kinds {
        let (cpu, bytes) = (cpu(kind), median(&kind.bytes));
        eprintln!(
            "   {:<12} {cpu:>7.0} ns of CPU, {bytes:>5.0} bytes a command",
            kind.name
        );
    }
    let detail = [
        ("plain_cpu_ns", json!(cpu(plain).round())),
        ("sm4_cpu_ns", json!(cpu(sm4).round())),
        ("aes_cpu_ns", json!(cpu(aes).round())),
        ("aes_share", json!(cpu(aes) / cpu(plain))),
        ("plain_bytes", json!(median(&plain.bytes).round())),
        ("sealed_bytes", json!(median(&sm4.bytes).round())),
        ("values", json!(2)),
    ];
    tell("fields_cost", cpu(sm4) / cpu(plain), true, &detail)
}

/// A payment with a payee and an account.
fn pay(engine: &Engine, hand: &Hand, clerk: &Arc<Actor>, key: String) -> Outcome<Command> {
    let (_, catalog) = engine.catalogs().current();
    let kind = catalog.type_named("payment").ok_or("no type payment")?;
    let step = kind.step(kind.initial, "submit").ok_or("no step submit")?;
    let dept_econ = catalog.dimension_named("dept_econ").ok_or("no dept_econ")?;
    let mut fields = Vec::new();
    for (name, value) in [
        ("purpose", Value::Text("办公用品".into())),
        ("payee", Value::Text("文具商店".into())),
        ("payee_account", Value::Text("6222020200012345678".into())),
        ("payee_match", Value::Flag(true)),
    ] {
        let rule = kind.fields.iter().find(|rule| rule.name == name);
        let id = rule.ok_or("a field is missing")?.id;
        fields.push(Field { id, value });
    }
    fields.sort_by_key(|field| field.id);
    let line = Line {
        amount: Cents(1234),
        base: Some(hand.row_id()),
        to: vec![Dimension {
            code: dept_econ.id,
            value: "30201".into(),
        }],
        month: Month::new(6),
        ..Line::default()
    };
    Ok(Command {
        key: key.into(),
        actor: Arc::clone(clerk),
        trace: None,
        action: Action::Enter(Enter {
            kind: kind.id,
            division: hand.home(),
            year: world::YEAR,
            agency: hand.agency.as_str().into(),
            fields,
            lines: vec![line],
            links: Vec::new(),
            transition: Some(step.kernel.id),
        }),
    })
}
