//! Limits where lines are edited and where sums pass the range: with a catalog in which submitting has a limit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{
    AGENCY, COUNTY, MARCH_MS, YEAR, catalog, fresh_key, line, person, project, settings, sources,
};
use hubu_core::clock::Clock;
use hubu_core::engine::Engine;
use hubu_core::engine::actor::Actor;
use hubu_core::engine::answer::Answer;
use hubu_core::engine::command::{Act, Action, Command, Enter};
use hubu_core::engine::error::{Denied, SubmitError};
use hubu_core::engine::open::Options;
use hubu_core::journal::open_journal;
use hubu_kernel::document::{Field, Line, Value};
use std::path::Path;
use std::sync::Arc;

const LIMIT_FEN: i64 = 500_000;

fn open(folder: &Path) -> Engine {
    let mut sources = sources();
    let path = "documents/payment.toml";
    let limit = "edits_lines = true\n\n[[transitions.limits]]\nrole = \"agency_clerk\"\nup_to = \"5000.00\"\n";
    let text = sources
        .get(path)
        .unwrap()
        .replace("edits_lines = true\n", limit);
    sources.insert(path, text);
    let journal = open_journal(folder.to_str().unwrap(), &settings()).unwrap();
    let clock = Clock::manual(MARCH_MS);
    Engine::open(
        journal,
        &sources,
        Options {
            clock,
            ..Options::default()
        },
    )
    .unwrap()
}

fn lines(engine: &Engine, fen: &[i64]) -> Vec<Line> {
    let catalog = catalog(engine);
    fen.iter()
        .map(|fen| line(project(&catalog, AGENCY, 1), *fen))
        .collect()
}

fn matched(engine: &Engine) -> Vec<Field> {
    vec![common::field(
        &catalog(engine),
        "payment",
        "payee_match",
        Value::Flag(true),
    )]
}

fn enter(
    engine: &Engine,
    clerk: &Arc<Actor>,
    fen: &[i64],
    submits: bool,
) -> Result<Option<Answer>, SubmitError> {
    let catalog = catalog(engine);
    let kind = catalog.type_named("payment").unwrap();
    let step = kind.step(kind.initial, "submit").unwrap().kernel.id;
    let action = Action::Enter(Enter {
        kind: kind.id,
        division: COUNTY,
        year: YEAR,
        agency: AGENCY.into(),
        fields: if submits { matched(engine) } else { Vec::new() },
        lines: lines(engine, fen),
        links: Vec::new(),
        transition: submits.then_some(step),
    });
    ask(engine, clerk, action)
}

fn ask(engine: &Engine, clerk: &Arc<Actor>, action: Action) -> Result<Option<Answer>, SubmitError> {
    let (key, actor) = (fresh_key(), Arc::clone(clerk));
    let ticket = engine.submit(Command {
        key,
        actor,
        trace: None,
        action,
    })?;
    Ok(ticket.answer)
}

/// Σ that was asked, where it was beyond the limit.
fn beyond(asked: Result<Option<Answer>, SubmitError>) -> Option<i128> {
    match asked {
        Err(SubmitError::Denied(Denied::Amount(beyond))) => {
            assert_eq!(beyond.limit.0, LIMIT_FEN);
            assert!(beyond.roles.is_empty(), "no other role may submit");
            Some(beyond.asked)
        }
        Err(SubmitError::Denied(other)) => panic!("{other:?}"),
        _ => None,
    }
}

#[test]
fn the_lines_of_the_step_count_and_not_those_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let clerk = person(&catalog(&engine), "clerk", &["agency_clerk"]);
    // Entering reserves nothing and has no limit; submitting has.
    let entered = enter(&engine, &clerk, &[LIMIT_FEN + 1], false).unwrap();
    let Some(Answer::Done(done)) = entered else {
        panic!("{entered:?}")
    };
    let submit = |fen: Option<&[i64]>| {
        let action = Action::Act(Act {
            document: done.document,
            transition: "submit".into(),
            if_match: None,
            fields: matched(&engine),
            lines: fen.map(|fen| lines(&engine, fen)),
            signature: None,
        });
        beyond(ask(&engine, &clerk, action))
    };
    assert_eq!(submit(None), Some(500_001), "as it was entered");
    assert_eq!(
        submit(Some(&[250_000, 250_001])),
        Some(500_001),
        "as it would be"
    );
    assert_eq!(
        submit(Some(&[250_000, 250_000])),
        None,
        "edited down to the limit"
    );
    engine.close();
}

#[test]
fn a_sum_beyond_the_range_of_an_amount_is_beyond_every_limit() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let clerk = person(&catalog(&engine), "clerk", &["agency_clerk"]);
    let asked = beyond(enter(&engine, &clerk, &[i64::MAX, i64::MAX], true));
    assert_eq!(asked, Some(2 * i128::from(i64::MAX)));
    assert_eq!(beyond(enter(&engine, &clerk, &[LIMIT_FEN], true)), None);
    engine.close();
}
