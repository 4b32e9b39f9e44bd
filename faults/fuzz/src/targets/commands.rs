//! Commands of any shape for a whole engine: whatever it answers, the books balance, no row breaks an invariant, and the
//! journal makes the same state again.

use super::{Setup, kind, sources};
use crate::Outcome;
use hubu_core::catalog::model::Catalog;
use hubu_core::clock::Clock;
use hubu_core::engine::Engine;
use hubu_core::engine::actor::Actor;
use hubu_core::engine::answer::Answer;
use hubu_core::engine::command::{Act, Action, Command, Enter};
use hubu_core::engine::digest;
use hubu_core::engine::open::Options;
use hubu_core::journal::Settings;
use hubu_core::journal::file::FileJournal;
use hubu_core::journal::simulated::{Faults, SimulatedDisk};
use hubu_kernel::document::{Dimension, Field, Line, Value};
use hubu_kernel::ident::{Division, DocumentId, FieldId, RowId, TransitionId, TypeId, Year};
use hubu_kernel::money::Cents;
use hubu_kernel::schedule::Month;
use std::path::Path;
use std::sync::Arc;

/// After so many inputs the engine is begun anew, and the journal read again.
const INPUTS: u32 = 400;

const DIVISIONS: [u32; 3] = [420_106_000, 420_107_000, 420_000_000];
const VALUES: [&str; 10] = [
    "1",
    "3",
    "2010101",
    "001",
    "420106000000000000001",
    "420106000000000000007",
    "50201",
    "00",
    "30201",
    "",
];

/// Reads an input as decisions; behind its end all are 0.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or(0)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end.max(1)
    }

    fn one<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.below(of.len())]
    }

    /// Small ones mostly, and any.
    fn number(&mut self) -> u64 {
        let width = self.below(9);
        (0..width).fold(0, |number, _| number << 8 | u64::from(self.byte()))
    }
}

struct Cell {
    engine: Arc<Engine>,
    catalog: Arc<Catalog>,
    inputs: u32,
}

impl Cell {
    fn open() -> Outcome<Cell> {
        let disk = Arc::new(SimulatedDisk::new(1, Faults::default()));
        let settings = Settings {
            cell: 1,
            segment_bytes: 1 << 20,
            ..Settings::default()
        };
        let journal = FileJournal::open_on(disk, Path::new("/journal"), &settings)?;
        let options = Options {
            clock: Clock::manual(1_772_413_200_000),
            ..Options::default()
        };
        let engine = Arc::new(Engine::open(Box::new(journal), &sources()?, options)?);
        let catalog = Arc::clone(engine.catalogs().current().1);
        Ok(Cell {
            engine,
            catalog,
            inputs: 0,
        })
    }

    fn actor(&self, bytes: &mut Bytes<'_>) -> Arc<Actor> {
        let roles = match bytes.below(3) {
            0 => u64::MAX,
            _ => 1 << bytes.below(64),
        };
        Arc::new(Actor {
            name: ["zhang", "li", "wang"][bytes.below(3)].into(),
            roles,
            division: Division(*bytes.one(&DIVISIONS)),
            agency: (bytes.below(4) == 0).then(|| VALUES[4].into()),
            dept: (bytes.below(8) == 0).then(|| "001".into()),
            narrowed: None,
        })
    }

    fn command(&self, bytes: &mut Bytes<'_>) -> Command {
        let actor = self.actor(bytes);
        let key = bytes.number();
        let action = if bytes.below(2) == 0 {
            Action::Enter(self.enter(bytes))
        } else {
            Action::Act(self.act(bytes))
        };
        Command {
            key: format!("k-{key}").into(),
            actor,
            trace: None,
            action,
        }
    }

    fn enter(&self, bytes: &mut Bytes<'_>) -> Enter {
        let kind = bytes.one(&self.catalog.types);
        let id = if bytes.below(16) == 0 {
            TypeId(bytes.number() as u16)
        } else {
            kind.id
        };
        let steps: Vec<TransitionId> = kind
            .steps_from(kind.initial)
            .map(|step| step.kernel.id)
            .collect();
        let transition = match bytes.below(4) {
            0 => None,
            1 => Some(TransitionId(bytes.number() as _)),
            _ => (!steps.is_empty()).then(|| *bytes.one(&steps)),
        };
        Enter {
            kind: id,
            division: Division(*bytes.one(&DIVISIONS)),
            year: Year(2024 + bytes.below(4) as u16),
            agency: (*bytes.one(&VALUES)).into(),
            fields: fields(bytes),
            lines: (0..bytes.below(4)).map(|_| self.line(bytes)).collect(),
            links: (0..bytes.below(3)).map(|_| document(bytes)).collect(),
            transition,
        }
    }

    fn act(&self, bytes: &mut Bytes<'_>) -> Act {
        let kind = bytes.one(&self.catalog.types);
        let step =
            (!kind.transitions.is_empty()).then(|| bytes.one(&kind.transitions).name.clone());
        Act {
            document: document(bytes),
            transition: step.unwrap_or_default().into(),
            if_match: (bytes.below(4) == 0).then(|| bytes.number() as u32),
            fields: fields(bytes),
            lines: (bytes.below(4) == 0)
                .then(|| (0..bytes.below(3)).map(|_| self.line(bytes)).collect()),
            signature: None,
        }
    }

    fn line(&self, bytes: &mut Bytes<'_>) -> Line {
        Line {
            amount: Cents(amount(bytes)),
            base: (bytes.below(3) == 0).then(|| row(bytes)),
            dims: dims(bytes),
            to_base: (bytes.below(6) == 0).then(|| row(bytes)),
            to: if bytes.below(3) == 0 {
                dims(bytes)
            } else {
                Vec::new()
            },
            month: Month::new(bytes.below(14) as u8),
            fields: fields(bytes),
        }
    }

    /// What must hold whatever was asked.
    fn audit(&self) {
        assert!(
            self.engine
                .watermark()
                .wait_blocking(self.engine.newest().0)
                .is_ok(),
            "the journal is written"
        );
        let live = self.engine.digest();
        let truth = digest::of_journal(&**self.engine.journal());
        assert!(truth.is_ok(), "{truth:?}");
        let truth = truth.ok();
        assert_eq!(live, truth, "the journal makes the same state");
        assert!(truth.is_some_and(|truth| truth.unbalanced.is_empty() && truth.broken_rows == 0));
    }
}

fn amount(bytes: &mut Bytes<'_>) -> i64 {
    match bytes.below(8) {
        0 => i64::MAX,
        1 => bytes.number().cast_signed(),
        _ => 1 + bytes.number().cast_signed().rem_euclid(100_000),
    }
}

/// Such as the engine gives: a count and a shard.
fn document(bytes: &mut Bytes<'_>) -> DocumentId {
    DocumentId(if bytes.below(4) == 0 {
        bytes.number()
    } else {
        u64::from(bytes.byte()) << 10 | bytes.number() & 0x3ff
    })
}

fn row(bytes: &mut Bytes<'_>) -> RowId {
    RowId(bytes.number() as u32)
}

fn dims(bytes: &mut Bytes<'_>) -> Vec<Dimension> {
    let code = |bytes: &mut Bytes<'_>| bytes.below(40) as u8;
    let mut dims: Vec<Dimension> = (0..bytes.below(13))
        .map(|_| Dimension {
            code: code(bytes),
            value: (*bytes.one(&VALUES)).into(),
        })
        .collect();
    if bytes.below(8) != 0 {
        dims.sort_by_key(|dimension| dimension.code);
        dims.dedup_by_key(|dimension| dimension.code);
    }
    dims
}

fn fields(bytes: &mut Bytes<'_>) -> Vec<Field> {
    let value = |bytes: &mut Bytes<'_>| match bytes.below(5) {
        0 => Value::Text((*bytes.one(&VALUES)).into()),
        1 => Value::Int(bytes.number().cast_signed()),
        2 => Value::Amount(Cents(amount(bytes))),
        3 => Value::Flag(bytes.below(2) == 0),
        _ => Value::Date(bytes.number() as i32),
    };
    let mut fields: Vec<Field> = (0..bytes.below(4))
        .map(|_| Field {
            id: FieldId(bytes.below(48) as u16),
            value: value(bytes),
        })
        .collect();
    fields.sort_by_key(|field| field.id);
    fields
}

pub(super) fn commands() -> Outcome<Setup> {
    let mut cell = Cell::open()?;
    Ok(Setup {
        seeds: vec![
            vec![0; 40],
            (0..=255).collect(),
            vec![3; 200],
            (0..=255).rev().collect(),
        ],
        words: vec![vec![0xff; 8], vec![0; 8], vec![8; 9]],
        memory: None,
        run: Box::new(move |input| {
            let mut bytes = Bytes(input);
            let mut told = Vec::new();
            // A handful of commands, some of them all or none.
            for _ in 0..=bytes.below(6) {
                if bytes.below(4) == 0 {
                    let commands: Vec<Command> = (0..1 + bytes.below(4))
                        .map(|_| cell.command(&mut bytes))
                        .collect();
                    told.push(kind(cell.engine.submit_atomic(&commands).is_ok()));
                } else {
                    let command = cell.command(&mut bytes);
                    told.push(match cell.engine.submit(command) {
                        Err(error) => super::kind_of_text(&error.to_string()),
                        Ok(ticket) => match ticket.answer {
                            Some(Answer::Done(_)) => 1,
                            Some(Answer::Refused(refusal)) => {
                                super::kind_of_text(&format!("{refusal:?}"))
                            }
                            None => 2,
                        },
                    });
                }
            }
            cell.inputs += 1;
            if cell.inputs == INPUTS {
                cell.audit();
                cell.engine.close();
                let fresh = Cell::open();
                assert!(fresh.is_ok(), "a new cell opens");
                if let Ok(fresh) = fresh {
                    cell = fresh;
                }
            }
            kind(told)
        }),
    })
}
