//! What the engine's tests share: Hubei's catalog, an engine on a file journal, and people with roles.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its part of it"
)]

mod around;

use hubu_core::catalog::model::Catalog;
use hubu_core::catalog::sources::Sources;
use hubu_core::clock::Clock;
use hubu_core::engine::Engine;
use hubu_core::engine::actor::Actor;
use hubu_core::engine::answer::{Answer, Done, Refusal};
use hubu_core::engine::command::{Act, Action, Command, Enter};
use hubu_core::engine::open::Options;
use hubu_core::journal::{JournalError, Settings, open_journal};
use hubu_kernel::document::{Dimension, Field, Line, Value};
use hubu_kernel::ident::{Division, DocumentId, FieldId, RowId, Year};
use hubu_kernel::money::Cents;
use hubu_kernel::schedule::Month;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

pub const COUNTY: Division = Division(420_106_000);
pub const AGENCY: &str = "420106000000000000001";
pub const YEAR: Year = Year(2026);

/// 2026-03-02 09:00 in Beijing.
pub const MARCH_MS: u64 = 1_772_413_200_000;

pub fn sources() -> Sources {
    Sources::read_dir(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../config"))).unwrap()
}

pub fn settings() -> Settings {
    Settings {
        segment_bytes: 4 << 20,
        ..Settings::default()
    }
}

pub fn open(folder: &Path) -> Engine {
    let journal = open_journal(folder.to_str().unwrap(), &settings()).unwrap();
    let options = Options {
        clock: Clock::manual(MARCH_MS),
        ..Options::default()
    };
    Engine::open(journal, &sources(), options).unwrap()
}

/// An engine whose journal waits and fails as the test says.
pub fn open_gated(folder: &Path, options: Options) -> (Engine, Arc<Gate>) {
    let gate = Arc::new(Gate::default());
    let inner = open_journal(folder.to_str().unwrap(), &settings()).unwrap();
    let at_the_gate = Arc::clone(&gate);
    let journal = around::Around {
        inner,
        before: Box::new(move || at_the_gate.pass()),
    };
    let options = Options {
        clock: Clock::manual(MARCH_MS),
        ..options
    };
    (
        Engine::open(Box::new(journal), &sources(), options).unwrap(),
        gate,
    )
}

/// Opens a gate when it goes: an engine that closes waits for its journal, also where a test has failed.
pub struct OpenAtEnd(Arc<Gate>);

impl Drop for OpenAtEnd {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// Stops a journal at its next append, or breaks it.
#[derive(Default)]
pub struct Gate {
    state: Mutex<(bool, bool)>,
    changed: Condvar,
}

impl Gate {
    /// To be had behind the engine, so that it goes before it.
    pub fn open_at_end(self: &Arc<Gate>) -> OpenAtEnd {
        OpenAtEnd(Arc::clone(self))
    }

    pub fn shut(&self) {
        self.state.lock().unwrap().0 = true;
    }

    pub fn open(&self) {
        self.state.lock().unwrap().0 = false;
        self.changed.notify_all();
    }

    /// Waits while it is shut.
    fn pass(&self) -> Result<(), JournalError> {
        let state = self.state.lock().unwrap();
        let (_, broken) = *self.changed.wait_while(state, |s| s.0).unwrap();
        if broken {
            return Err(JournalError::Latched {
                reason: "the disk failed (test)".into(),
            });
        }
        Ok(())
    }

    /// From now on the disk fails.
    pub fn fail(&self) {
        *self.state.lock().unwrap() = (false, true);
        self.changed.notify_all();
    }
}

pub fn catalog(engine: &Engine) -> Arc<Catalog> {
    Arc::clone(engine.catalogs().current().1)
}

pub fn person(catalog: &Catalog, name: &str, roles: &[&str]) -> Arc<Actor> {
    let roles = roles
        .iter()
        .map(|role| catalog.role_named(role).unwrap().0)
        .sum();
    Arc::new(Actor {
        name: name.into(),
        roles,
        division: COUNTY,
        ..Actor::default()
    })
}

/// As [`person`], of the tests' agency.
pub fn of_agency(catalog: &Catalog, name: &str, roles: &[&str]) -> Arc<Actor> {
    let mut actor = Actor::clone(&person(catalog, name, roles));
    actor.agency = Some(AGENCY.into());
    Arc::new(actor)
}

/// A key that no other call gave.
pub fn fresh_key() -> Box<str> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("k-{}", NEXT.fetch_add(1, Ordering::Relaxed)).into()
}

pub fn dims(catalog: &Catalog, pairs: &[(&str, &str)]) -> Vec<Dimension> {
    let mut dims: Vec<Dimension> = pairs
        .iter()
        .map(|(name, value)| Dimension {
            code: catalog.dimension_named(name).unwrap().id,
            value: (*value).into(),
        })
        .collect();
    dims.sort_by_key(|d| d.code);
    dims
}

/// The dimensions of an agency's money for one project.
pub fn project(catalog: &Catalog, agency: &str, project: u32) -> Vec<Dimension> {
    let project = format!("{}{project:012}", &agency[..9]);
    dims(
        catalog,
        &[
            ("fund_type", "1"),
            ("source_type", "1"),
            ("budget_level", "3"),
            ("exp_func", "2010101"),
            ("office", "001"),
            ("dept", "001"),
            ("agency_code", agency),
            ("pro_code", &project),
            ("gov_econ", "50201"),
            ("pay_mode", "1"),
            ("marks", "00"),
        ],
    )
}

pub fn field(catalog: &Catalog, kind: &str, name: &str, value: Value) -> Field {
    let kind = catalog.type_named(kind).unwrap();
    let rule = kind.fields.iter().find(|f| f.name == name).unwrap();
    Field { id: rule.id, value }
}

pub fn line(dims: Vec<Dimension>, fen: i64) -> Line {
    Line {
        amount: Cents(fen),
        dims,
        month: Month::new(3),
        ..Line::default()
    }
}

pub fn enter(
    catalog: &Catalog,
    actor: &Arc<Actor>,
    kind: &str,
    step: Option<&str>,
    agency: &str,
    lines: Vec<Line>,
) -> Command {
    let kind = catalog.type_named(kind).unwrap();
    let transition = step.map(|step| kind.step(kind.initial, step).unwrap().kernel.id);
    Command {
        key: fresh_key(),
        actor: Arc::clone(actor),
        trace: None,
        action: Action::Enter(Enter {
            kind: kind.id,
            division: COUNTY,
            year: YEAR,
            agency: agency.into(),
            fields: Vec::new(),
            lines,
            links: Vec::new(),
            transition,
        }),
    }
}

pub fn act(actor: &Arc<Actor>, document: DocumentId, step: &str, fields: Vec<Field>) -> Command {
    Command {
        key: fresh_key(),
        actor: Arc::clone(actor),
        trace: None,
        action: Action::Act(Act {
            document,
            transition: step.into(),
            if_match: None,
            fields,
            lines: None,
            signature: None,
        }),
    }
}

/// Submits, waits until durable, and gives the answer.
pub fn answered(engine: &Engine, command: Command) -> Answer {
    let ticket = engine.submit(command).unwrap();
    engine.watermark().wait_blocking(ticket.seq.0).unwrap();
    match ticket.answer {
        Some(answer) => answer,
        None => engine.recall(ticket.seq).unwrap().unwrap(),
    }
}

pub fn done(engine: &Engine, command: Command) -> Done {
    match answered(engine, command) {
        Answer::Done(done) => done,
        Answer::Refused(refusal) => panic!("refused: {refusal:?}"),
    }
}

pub fn refused(engine: &Engine, command: Command) -> Refusal {
    match answered(engine, command) {
        Answer::Refused(refusal) => refusal,
        Answer::Done(done) => panic!("not refused: {done:?}"),
    }
}

/// Opens an indicator of `fen` with `planned` of it planned for March; its IND row.
pub fn opened(engine: &Engine, project_number: u32, fen: i64, planned: i64) -> RowId {
    let catalog = catalog(engine);
    let admin = person(&catalog, "loader", &["system_admin"]);
    let mut line = line(project(&catalog, AGENCY, project_number), fen);
    if planned > 0 {
        line.fields = vec![Field {
            id: FieldId(10),
            value: Value::Amount(Cents(planned)),
        }];
    }
    done(
        engine,
        enter(
            &catalog,
            &admin,
            "opening",
            Some("load"),
            AGENCY,
            vec![line],
        ),
    );
    row(engine, "IND", project_number)
}

/// The row of a ledger that belongs to a project.
pub fn row(engine: &Engine, ledger: &str, project_number: u32) -> RowId {
    let catalog = catalog(engine);
    let ledger = catalog.ledger_named(ledger).unwrap();
    let mut bag = hubu_core::catalog::bag::Bag::new();
    bag.overlay(&project(&catalog, AGENCY, project_number));
    let key = catalog.key(ledger, YEAR, COUNTY, &bag).unwrap();
    engine.row_by_key(key.as_bytes()).0.unwrap().id
}

/// Approved, used, decreasing, increasing of a row.
pub fn amounts(engine: &Engine, id: RowId) -> [i64; 4] {
    let row = engine.row(id).0.unwrap().row;
    [
        row.approved.0,
        row.used.0,
        row.decreasing.0,
        row.increasing.0,
    ]
}

/// A payment of `fen` out of project 1, entered and submitted in one command.
pub fn pay(engine: &Engine, fen: i64) -> Command {
    let catalog = catalog(engine);
    let clerk = person(&catalog, "clerk", &["agency_clerk"]);
    let mut line = line(vec![], fen);
    line.base = Some(row(engine, "IND", 1));
    line.to = dims(&catalog, &[("dept_econ", "30201")]);
    let mut command = enter(
        &catalog,
        &clerk,
        "payment",
        Some("submit"),
        AGENCY,
        vec![line],
    );
    if let Action::Enter(enter) = &mut command.action {
        enter.fields = vec![field(&catalog, "payment", "payee_match", Value::Flag(true))];
    }
    command
}
