//! Many commands in one call: they come to what they would have come to one after another.

mod common;

use common::*;
use hubu_core::engine::Engine;
use hubu_core::engine::actor::Actor;
use hubu_core::engine::answer::{Answer, Ticket};
use hubu_core::engine::bulk::Submitted;
use hubu_core::engine::command::{Action, Command};
use hubu_kernel::ident::DocumentId;
use proptest::prelude::*;
use std::sync::Arc;

/// One of a batch, small enough that documents, rows and keys meet often.
#[derive(Clone, Debug)]
enum Asked {
    /// From one of two indicators; the larger ones are more than it has.
    Pay { project: u32, fen: i64 },
    /// A step of one of the first documents, whether it is there, and takes that step, or not.
    Step {
        document: usize,
        step: &'static str,
        by_clerk: bool,
    },
    /// One of the earlier commands of the batch again, or another under its key.
    Again { which: usize, changed: bool },
    /// A key that can't be one.
    BadKey,
}

fn asked() -> impl Strategy<Value = Asked> {
    let steps = prop::sample::select(vec!["withdraw", "review", "reject", "submit", "nothing"]);
    prop_oneof![
        4 => (1..3_u32, 1..60_000_i64).prop_map(|(project, fen)| Asked::Pay { project, fen }),
        4 => (0..6_usize, steps, any::<bool>())
            .prop_map(|(document, step, by_clerk)| Asked::Step { document, step, by_clerk }),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(which, changed)| Asked::Again { which, changed }),
        1 => Just(Asked::BadKey),
    ]
}

/// What both engines are asked; documents are named alike in both.
struct Office<'e> {
    engine: &'e Engine,
    documents: Vec<DocumentId>,
    clerk: Arc<Actor>,
    reviewer: Arc<Actor>,
}

impl<'e> Office<'e> {
    fn open(engine: &'e Engine) -> Office<'e> {
        opened(engine, 1, 100_000, 100_000);
        opened(engine, 2, 150_000, 100_000);
        let first = |fen| done(engine, pay(engine, fen)).document;
        Office {
            engine,
            documents: vec![first(7), first(8), first(9)],
            clerk: person(&catalog(engine), "clerk", &["agency_clerk"]),
            reviewer: person(
                &catalog(engine),
                "reviewer",
                &["agency_reviewer", "agency_clerk"],
            ),
        }
    }

    fn commands(&self, batch: &[Asked], round: usize) -> Vec<Command> {
        let mut commands: Vec<Command> = Vec::new();
        for (at, asked) in batch.iter().enumerate() {
            let mut command = self.command(asked, &commands);
            match asked {
                Asked::Again { which, .. } if !commands.is_empty() => {
                    command.key = commands[which % commands.len()].key.clone();
                }
                Asked::BadKey => command.key = "not visible\n".into(),
                _ => command.key = format!("{round}-{at}").into(),
            }
            commands.push(command);
        }
        commands
    }

    fn command(&self, asked: &Asked, before: &[Command]) -> Command {
        match asked {
            Asked::Pay { project, fen } => {
                let mut command = pay(self.engine, *fen);
                if let Action::Enter(enter) = &mut command.action {
                    enter.lines[0].base = Some(row(self.engine, "IND", *project));
                }
                command
            }
            Asked::Step {
                document,
                step,
                by_clerk,
            } => {
                let actor = if *by_clerk {
                    &self.clerk
                } else {
                    &self.reviewer
                };
                let unknown = DocumentId(1 << 40);
                let id = self.documents.get(*document).copied().unwrap_or(unknown);
                act(actor, id, step, vec![])
            }
            Asked::Again {
                which,
                changed: false,
            } if !before.is_empty() => before[which % before.len()].clone(),
            Asked::Again { .. } | Asked::BadKey => pay(self.engine, 1),
        }
    }

    fn learn(&mut self, outcomes: &[Submitted]) {
        let done = outcomes.iter().filter_map(|outcome| match outcome {
            Ok(Ticket {
                answer: Some(Answer::Done(done)),
                ..
            }) => Some(done.document),
            _ => None,
        });
        self.documents.extend(done);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn together_is_as_one_after_another(
        batches in prop::collection::vec(prop::collection::vec(asked(), 1..40), 1..4)
    ) {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [single, bulk] = folders.each_ref().map(|folder| open(folder.path()));
        let (mut one, mut other) = (Office::open(&single), Office::open(&bulk));
        for (round, batch) in batches.iter().enumerate() {
            let commands = one.commands(batch, round);
            let expected: Vec<Submitted> = commands.into_iter().map(|c| single.submit(c)).collect();
            let mut found = Vec::new();
            bulk.submit_all(other.commands(batch, round), &mut found);
            prop_assert_eq!(&found, &expected);
            one.learn(&expected);
            other.learn(&found);
        }
        bulk.watermark().wait_blocking(bulk.newest().0).unwrap();
        prop_assert_eq!(bulk.digest(), single.digest());
    }
}

#[test]
fn batches_of_many_threads_meet_on_one_row_and_never_overdraw_it() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let indicator = opened(&engine, 1, 50_000, 50_000);
    let accepted: usize = std::thread::scope(|scope| {
        let work: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let commands = (0..40).map(|_| pay(&engine, 500)).collect();
                    let mut outcomes = Vec::new();
                    engine.submit_all(commands, &mut outcomes);
                    // A lone command is not kept waiting by what others announced.
                    answered(&engine, pay(&engine, 1_000_000));
                    let tickets = outcomes.into_iter().map(Result::unwrap);
                    tickets
                        .filter(|ticket| matches!(ticket.answer, Some(Answer::Done(_))))
                        .count()
                })
            })
            .collect();
        work.into_iter().map(|hand| hand.join().unwrap()).sum()
    });
    assert_eq!(accepted, 100);
    assert_eq!(amounts(&engine, indicator), [50_000, 0, 50_000, 0]);
}

#[test]
fn an_empty_batch_and_a_latched_journal_are_answered_too() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, gate) = open_gated(folder.path(), Default::default());
    opened(&engine, 1, 50_000, 50_000);
    let mut outcomes = Vec::new();
    engine.submit_all(Vec::new(), &mut outcomes);
    assert!(outcomes.is_empty());
    let commands: Vec<Command> = (0..20).map(|_| pay(&engine, 1)).collect();
    gate.fail();
    engine.submit_all(commands.clone(), &mut outcomes);
    assert_eq!(outcomes.len(), 20);
    let last = engine.newest().0;
    assert!(engine.watermark().wait_blocking(last).is_err());
    outcomes.clear();
    engine.submit_all(commands, &mut outcomes);
    assert_eq!(outcomes.len(), 20);
    assert!(
        outcomes.iter().all(Result::is_err),
        "nothing is taken any more"
    );
}
