//! What a signed step costs beside the same step unsigned, on one thread: the time until the answer is
//! decided, which is the network thread's; the journal's sync is not in it.
//!
//! Each round takes as many steps of each sort, in turn, so that a change of the machine's mood meets all.

use crate::Outcome;
use crate::scenario::{Task, median, tell};
use crate::world::{self, County, Desk, submit};
use hubu_core::cipher::{Algorithm, PrivateKey, Signer};
use hubu_core::engine::Engine;
use hubu_core::engine::command::{Act, Action, Command};
use hubu_core::engine::open::Options;
use hubu_core::signing::Presented;
use hubu_core::signing::register::{Holder, Register, Signers};
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;

/// Rounds, and steps of each sort in one.
const ROUNDS: usize = 9;
const STEPS: usize = 500;

/// `signed_*`.
pub(crate) fn run(task: &Task<'_>) -> Outcome<()> {
    let keys = [
        PrivateKey::generate(Algorithm::Sm2)?,
        PrivateKey::generate(Algorithm::Ed25519)?,
    ];
    let folder = tempfile::Builder::new()
        .prefix("signed-")
        .tempdir_in(crate::scenario::room()?)?;
    let options = Options {
        signers: Arc::new(Register::fixed(Signers::default())),
        ..Options::default()
    };
    let engine = world::open(&format!("file:{}", folder.path().display()), options)?;
    let mut desk = Desk::new(&engine)?;
    let counties = desk.load(2, 20)?;
    let county = counties.first().ok_or("a county was asked for")?;
    let mut signers = Signers::default();
    for key in &keys {
        signers.add(Holder {
            person: (&*county.officer.name).into(),
            key: key.public_key().clone(),
            from: 0,
            until: None,
        })?;
    }
    engine.signers().replace(signers);
    let sorts = [
        ("unsigned_step_us", None),
        ("signed_sm2_us", Some(&keys[0])),
        ("signed_ed25519_us", Some(&keys[1])),
    ];
    let mut seen = [const { Vec::new() }; 3];
    let (rounds, steps) = (task.size(ROUNDS, 1), task.size(STEPS, 5));
    for round in 0..rounds {
        for ((name, key), seen) in sorts.iter().zip(&mut seen) {
            let name = format!("{name}-{round}");
            let commands = make(&engine, &desk, county, (&name, *key), steps)?;
            let start = Instant::now();
            let mut last = 0;
            for command in commands {
                last = submit(&engine, command)?.seq.0;
            }
            seen.push(start.elapsed().as_secs_f64() * 1e6 / steps as f64);
            engine.watermark().wait_blocking(last)?;
        }
    }
    for ((key, _), seen) in sorts.iter().zip(&seen) {
        let value = median(seen);
        eprintln!("   {key:<22} {value:>10.2} µs a step");
        if task.wants(key) {
            let detail = [("rounds", json!(seen)), ("steps", json!(steps))];
            tell(*key, value, true, &detail)?;
        }
    }
    Ok(())
}

/// Steps that are ready to be taken: moves of 1 分 that were entered before.
fn make(
    engine: &Engine,
    desk: &Desk<'_>,
    county: &County,
    (name, key): (&str, Option<&PrivateKey>),
    count: usize,
) -> Outcome<Vec<Command>> {
    let mut commands = Vec::with_capacity(count);
    for n in 0..count {
        let rows = &county.rows;
        let (from, to) = (rows[n % rows.len()], rows[(n + 1) % rows.len()]);
        let mut enter = desk.move_between(&county.officer, format!("{name}-e{n}"), from, to);
        if let Action::Enter(enter) = &mut enter.action {
            enter.transition = None;
        }
        let ticket = submit(engine, enter)?;
        let answer = ticket.answer.ok_or("it was entered before")?;
        let hubu_core::engine::answer::Answer::Done(done) = answer else {
            return Err("an entry was refused".into());
        };
        let mut act = Act {
            document: done.document,
            transition: "move".into(),
            if_match: None,
            fields: Vec::new(),
            lines: None,
            signature: None,
        };
        if let Some(key) = key {
            let (statement, _) = engine.statement(&county.officer, &act)?;
            act.signature = Some(Presented {
                key: key.public_key().fingerprint().into(),
                algorithm: None,
                value: key.sign(&statement.to_bytes())?.into(),
            });
        }
        commands.push(Command {
            key: format!("{name}-s{n}").into(),
            actor: Arc::clone(&county.officer),
            trace: None,
            action: Action::Act(act),
        });
    }
    Ok(commands)
}
