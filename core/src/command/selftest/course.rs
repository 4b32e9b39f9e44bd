//! The course of a self-test: openings, payments that pass from hand to hand, some withdrawn or rejected, some beyond what a
//! row has, some sent twice; several commands to a commit, one second after another.

use std::sync::Arc;

use hubu_core::catalog::document::FieldPlace;
use hubu_core::catalog::model::Catalog;
use hubu_core::engine::Engine;
use hubu_core::engine::actor::Actor;
use hubu_core::engine::answer::{Answer, Done};
use hubu_core::engine::command::{Act, Action, Command, Enter};
use hubu_core::engine::commit::Step;
use hubu_kernel::document::{Dimension, Field, Line, Value};
use hubu_kernel::ident::{Division, DocumentId, RowId, Year};
use hubu_kernel::money::Cents;
use hubu_kernel::record::Body;
use hubu_kernel::schedule::Month;

use super::fixed::Numbers;
use super::{CommandError, wrong};

const DIVISION: Division = Division(420_106_000);
const AGENCY: &str = "420106000000000000001";
const YEAR: Year = Year(2026);
const PROJECTS: u64 = 24;
/// Of each project, in 分.
const OPENING: i64 = 500_000_000;

/// How a payment goes on, and who takes it there.
const STAGES: [(&str, &str); 5] = [
    ("review", "agency_reviewer"),
    ("sign", "agency_head"),
    ("seal", "payment_centre"),
    ("send", "payment_centre"),
    ("receipt", "agent_bank"),
];

/// What the engine answered.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) done: u64,
    pub(super) refused: u64,
    pub(super) repeated: u64,
}

/// A payment under way.
#[derive(Debug)]
struct Payment {
    document: DocumentId,
    fen: i64,
    /// The next of [`STAGES`].
    stage: usize,
}

/// See the module.
pub(super) struct Course<'a> {
    engine: &'a Engine,
    catalog: Arc<Catalog>,
    numbers: Numbers,
    rows: Vec<RowId>,
    open: Vec<Payment>,
    last: Option<Command>,
    told: Told,
}

impl<'a> Course<'a> {
    /// Loads the projects' money.
    pub(super) fn new(engine: &'a Engine, seed: u64) -> Result<Self, CommandError> {
        let mut course = Self {
            engine,
            catalog: Arc::clone(engine.catalogs().current().1),
            numbers: Numbers::new(seed),
            rows: Vec::new(),
            open: Vec::new(),
            last: None,
            told: Told::default(),
        };
        for project in 1..=PROJECTS {
            let row = course.load(project)?;
            course.rows.push(row);
        }
        course.told = Told::default();
        Ok(course)
    }

    /// Lets so many commands come.
    pub(super) fn run(mut self, commands: u64) -> Result<Told, CommandError> {
        for number in 0..commands {
            match self.numbers.below(100) {
                0..=4 if self.last.is_some() => self.repeat()?,
                5..=34 => self.pay(number)?,
                _ if self.open.is_empty() => self.pay(number)?,
                _ => self.go_on(number)?,
            }
            self.engine.clock().advance(1 + self.numbers.below(2_000));
            if self.numbers.below(8) == 0 {
                self.commit()?;
            }
        }
        while self.commit()? {}
        if self.told.done < commands / 2 || self.told.refused == 0 || self.told.repeated == 0 {
            return Err(wrong(&format!(
                "{:?} of {commands} commands: the catalog is another one than the course is made for",
                self.told
            )));
        }
        Ok(self.told)
    }

    /// Whether there was anything.
    fn commit(&self) -> Result<bool, CommandError> {
        match self.engine.step() {
            Step::Committed => Ok(true),
            Step::Idle => Ok(false),
            other => Err(wrong(&format!("a commit came to {other:?}"))),
        }
    }

    fn submit(&mut self, command: Command) -> Result<Option<Done>, CommandError> {
        let sent = self.engine.submit(command.clone());
        let ticket = sent.map_err(|error| wrong(&format!("a command was turned away: {error}")))?;
        self.last = Some(command);
        Ok(match ticket.answer {
            Some(Answer::Done(done)) => {
                self.told.done += 1;
                Some(done)
            }
            Some(Answer::Refused(_)) => {
                self.told.refused += 1;
                None
            }
            None => {
                self.told.repeated += 1;
                None
            }
        })
    }

    /// The same command again, under the same key.
    fn repeat(&mut self) -> Result<(), CommandError> {
        if let Some(command) = self.last.clone() {
            self.submit(command)?;
        }
        Ok(())
    }

    fn load(&mut self, project: u64) -> Result<RowId, CommandError> {
        let mut line = Line {
            amount: Cents(OPENING),
            month: Month::new(1),
            ..Line::default()
        };
        let project = format!("{:09}{project:012}", DIVISION.0);
        for (name, value) in [
            ("agency_code", AGENCY),
            ("fund_type", "1"),
            ("source_type", "1"),
            ("budget_level", "4"),
            ("exp_func", "2010301"),
            ("office", "001"),
            ("dept", "101"),
            ("pro_code", project.as_str()),
            ("gov_econ", "50201"),
            ("pay_mode", "1"),
            ("marks", "00"),
        ] {
            line.dims.push(self.dimension(name, value)?);
        }
        line.dims.sort_by_key(|dimension| dimension.code);
        let planned = Value::Amount(line.amount);
        line.fields = vec![self.field("opening", FieldPlace::Line, "planned", planned)?];
        let action = self.enter(("opening", "load"), "", Vec::new(), line)?;
        let command = self.command(format!("load-{project}"), ("chen", "system_admin"), action)?;
        let done = self.submit(command)?;
        let done = done.ok_or_else(|| wrong("an opening was refused"))?;
        self.commit()?;
        let Body::Decided(decided) = self.engine.record(done.seq)?.body else {
            return Err(wrong("an opening's record is another one"));
        };
        let ledger = self.catalog.ledger_named("IND").map(|ledger| ledger.id);
        let row = decided
            .rows
            .iter()
            .find(|row| Some(row.kind.ledger) == ledger);
        row.map(|row| row.id)
            .ok_or_else(|| wrong("an opening made no indicator"))
    }

    /// A payment is entered and submitted; one of twenty asks for more than there ever was.
    fn pay(&mut self, number: u64) -> Result<(), CommandError> {
        let row = self.rows[self.numbers.below(PROJECTS) as usize];
        let fen = match self.numbers.below(20) {
            0 => OPENING + 1,
            _ => 1 + self.numbers.below(200_000) as i64,
        };
        let mut line = Line {
            amount: Cents(fen),
            base: Some(row),
            month: Month::new(6),
            ..Line::default()
        };
        line.to.push(self.dimension("dept_econ", "30201")?);
        let fields = self.fields(vec![
            ("purpose", Value::Text("办公用品".into())),
            ("payee", Value::Text("文具商店".into())),
            (
                "payee_account",
                Value::Text(format!("62220202{number:011}").into()),
            ),
            ("payee_match", Value::Flag(true)),
        ])?;
        let action = self.enter(("payment", "submit"), AGENCY, fields, line)?;
        let command = self.command(format!("pay-{number}"), ("li", "agency_clerk"), action)?;
        if let Some(done) = self.submit(command)? {
            let document = done.document;
            self.open.push(Payment {
                document,
                fen,
                stage: 0,
            });
        }
        Ok(())
    }

    /// Some payment under way takes its next step, or, one of ten, the way back.
    fn go_on(&mut self, number: u64) -> Result<(), CommandError> {
        let at = self.numbers.below(self.open.len() as u64) as usize;
        let Payment {
            document,
            fen,
            stage,
        } = self.open[at];
        let (mut step, role) = STAGES[stage];
        let mut fields = match step {
            "review" => vec![("alerts_blocking", Value::Int(0))],
            "sign" => vec![("alerts_unattached", Value::Int(0))],
            "seal" => vec![("certificate_valid", Value::Flag(true))],
            "send" => vec![
                ("bank_reachable", Value::Flag(true)),
                (
                    "order_no",
                    Value::Text(format!("order-{}", document.0).into()),
                ),
            ],
            _ => vec![
                ("receipt_amount", Value::Amount(Cents(fen))),
                (
                    "receipt_order_no",
                    Value::Text(format!("order-{}", document.0).into()),
                ),
            ],
        };
        if self.numbers.below(10) == 0 {
            step = "reject";
            fields = vec![("reason", Value::Text("单据不全".into()))];
        }
        let action = Action::Act(Act {
            document,
            transition: step.into(),
            if_match: None,
            fields: self.fields(fields)?,
            lines: None,
            signature: None,
        });
        // Whoever took the step before may not take this one.
        let person = format!("{role}-{stage}");
        let command = self.command(format!("act-{number}"), (&person, role), action)?;
        let went = self.submit(command)?.is_some();
        if went && (step == "reject" || stage + 1 == STAGES.len()) {
            self.open.swap_remove(at);
        } else if went {
            self.open[at].stage += 1;
        }
        Ok(())
    }

    fn enter(
        &self,
        (kind, step): (&str, &str),
        agency: &str,
        fields: Vec<Field>,
        line: Line,
    ) -> Result<Action, CommandError> {
        let kind = self.catalog.type_named(kind);
        let kind = kind.ok_or_else(|| wrong("the catalog lacks a document type of the course"))?;
        let step = kind.step(kind.initial, step);
        let step = step.ok_or_else(|| wrong("the catalog lacks a step of the course"))?;
        Ok(Action::Enter(Enter {
            kind: kind.id,
            division: DIVISION,
            year: YEAR,
            agency: agency.into(),
            fields,
            lines: vec![line],
            links: Vec::new(),
            transition: Some(step.kernel.id),
        }))
    }

    fn command(
        &self,
        key: String,
        (name, role): (&str, &str),
        action: Action,
    ) -> Result<Command, CommandError> {
        let role = self.catalog.role_named(role);
        let roles = role
            .ok_or_else(|| wrong("the catalog lacks a role of the course"))?
            .0;
        let agency = (name != "chen").then(|| Arc::from(AGENCY));
        Ok(Command {
            key: key.into(),
            actor: Arc::new(Actor {
                name: name.into(),
                roles,
                division: DIVISION,
                agency,
                ..Actor::default()
            }),
            trace: None,
            action,
        })
    }

    /// Fields of a payment's head, in the order that the engine wants.
    fn fields(&self, named: Vec<(&str, Value)>) -> Result<Vec<Field>, CommandError> {
        let of = |(name, value)| self.field("payment", FieldPlace::Header, name, value);
        let mut fields = named.into_iter().map(of).collect::<Result<Vec<_>, _>>()?;
        fields.sort_by_key(|field| field.id);
        Ok(fields)
    }

    fn field(
        &self,
        kind: &str,
        place: FieldPlace,
        name: &str,
        value: Value,
    ) -> Result<Field, CommandError> {
        let kind = self.catalog.type_named(kind);
        let rule = kind.and_then(|kind| kind.field_named(place, name));
        let rule = rule.ok_or_else(|| wrong("the catalog lacks a field of the course"))?;
        Ok(Field { id: rule.id, value })
    }

    fn dimension(&self, name: &str, value: &str) -> Result<Dimension, CommandError> {
        let dimension = self.catalog.dimension_named(name);
        let dimension =
            dimension.ok_or_else(|| wrong("the catalog lacks a dimension of the course"))?;
        Ok(Dimension {
            code: dimension.id,
            value: value.into(),
        })
    }
}
