//! What a data folder under trial holds: openings of some agencies' money and payments at every step.

use crate::Outcome;
use hubu_core::catalog::model::Catalog;
use hubu_core::engine::Engine;
use hubu_core::engine::actor::Actor;
use hubu_core::engine::answer::{Answer, Done};
use hubu_core::engine::command::{Act, Action, Command, Enter};
use hubu_kernel::document::{Dimension, Field, Line, Value};
use hubu_kernel::ident::{Division, DocumentId, RowId, Year};
use hubu_kernel::money::Cents;
use hubu_kernel::schedule::Month;
use std::sync::Arc;

const COUNTY: Division = Division(420_106_000);
const AGENCY: &str = "420106000000000000001";
const YEAR: Year = Year(2026);

/// The steps of a payment behind its submission, with their roles.
const STEPS: [(&str, &str); 5] = [
    ("review", "agency_reviewer"),
    ("sign", "agency_head"),
    ("seal", "payment_centre"),
    ("send", "payment_centre"),
    ("receipt", "agent_bank"),
];

/// Gives commands to an engine, each under a key of its own.
pub(crate) struct World {
    engine: Arc<Engine>,
    catalog: Arc<Catalog>,
    keys: u64,
}

impl World {
    /// Keys begin at `keys`: one journal is not given the same twice.
    pub(crate) fn new(engine: &Arc<Engine>, keys: u64) -> World {
        let catalog = Arc::clone(engine.catalogs().current().1);
        World {
            engine: Arc::clone(engine),
            catalog,
            keys,
        }
    }

    /// Opens `lines` rows of an agency's money: a document that begins and ends in one record.
    pub(crate) fn open(&mut self, project: u32, lines: u32) -> Outcome<DocumentId> {
        let lines = (0..lines)
            .map(|at| self.opening(project + at))
            .collect::<Outcome<_>>()?;
        let command = self.enter("opening", "load", "system_admin", lines, vec![])?;
        Ok(self.done(command)?.document)
    }

    /// A payment of `fen` out of the first project, and so many steps behind its submission; five end it.
    pub(crate) fn pay(&mut self, fen: i64, steps: usize) -> Outcome<DocumentId> {
        let line = Line {
            base: Some(self.row(1)?),
            to: self.dims(&[("dept_econ", "30201")])?,
            ..line(vec![], fen)
        };
        let matched = self.field("payee_match", Value::Flag(true))?;
        let command = self.enter(
            "payment",
            "submit",
            "agency_clerk",
            vec![line],
            vec![matched],
        )?;
        let document = self.done(command)?.document;
        for (at, (step, role)) in STEPS.into_iter().take(steps).enumerate() {
            let mut fields = self.fields(step, fen)?;
            fields.sort_by_key(|field| field.id);
            let action = Action::Act(Act {
                document,
                transition: step.into(),
                if_match: None,
                fields,
                lines: None,
                signature: None,
            });
            // Each step by somebody else: the process keeps duties apart.
            let command = self.command(&format!("officer-{at}"), role, action)?;
            self.done(command)?;
        }
        Ok(document)
    }

    fn fields(&self, step: &str, fen: i64) -> Outcome<Vec<Field>> {
        let order = || Value::Text("ZF-1".into());
        let named = match step {
            "review" => vec![("alerts_blocking", Value::Int(0))],
            "sign" => vec![("alerts_unattached", Value::Int(0))],
            "seal" => vec![("certificate_valid", Value::Flag(true))],
            "send" => vec![("order_no", order()), ("bank_reachable", Value::Flag(true))],
            _ => vec![
                ("receipt_amount", Value::Amount(Cents(fen))),
                ("receipt_order_no", order()),
            ],
        };
        named
            .into_iter()
            .map(|(name, value)| self.field(name, value))
            .collect()
    }

    fn opening(&self, project: u32) -> Outcome<Line> {
        let kind = self
            .catalog
            .type_named("opening")
            .ok_or("no type opening")?;
        let planned = kind.fields.iter().find(|field| field.name == "planned");
        let id = planned
            .ok_or("an opening's lines have no field planned")?
            .id;
        let fields = vec![Field {
            id,
            value: Value::Amount(Cents(50_000_000)),
        }];
        Ok(Line {
            fields,
            ..line(self.project(project)?, 90_000_000)
        })
    }

    fn enter(
        &mut self,
        kind: &str,
        step: &str,
        role: &str,
        lines: Vec<Line>,
        fields: Vec<Field>,
    ) -> Outcome<Command> {
        let kind = self.catalog.type_named(kind).ok_or("no such type")?;
        let step = kind.step(kind.initial, step).ok_or("no such step")?;
        let action = Action::Enter(Enter {
            kind: kind.id,
            division: COUNTY,
            year: YEAR,
            agency: AGENCY.into(),
            fields,
            lines,
            links: Vec::new(),
            transition: Some(step.kernel.id),
        });
        self.command("clerk", role, action)
    }

    fn command(&mut self, name: &str, role: &str, action: Action) -> Outcome<Command> {
        self.keys += 1;
        let actor = Actor {
            name: name.into(),
            roles: self.catalog.role_named(role).ok_or("no such role")?.0,
            division: COUNTY,
            // The guard of `sign` asks for it.
            agency: role.starts_with("agency_").then(|| AGENCY.into()),
            ..Actor::default()
        };
        Ok(Command {
            key: format!("k-{}", self.keys).into(),
            actor: Arc::new(actor),
            trace: None,
            action,
        })
    }

    fn done(&self, command: Command) -> Outcome<Done> {
        let ticket = self.engine.submit(command)?;
        self.engine.watermark().wait_blocking(ticket.seq.0)?;
        match ticket.answer {
            Some(Answer::Done(done)) => Ok(done),
            other => Err(format!("not done: {other:?}").into()),
        }
    }

    fn row(&self, project: u32) -> Outcome<RowId> {
        let ledger = self.catalog.ledger_named("IND").ok_or("no ledger IND")?;
        let mut bag = hubu_core::catalog::bag::Bag::new();
        let dims = self.project(project)?;
        bag.overlay(&dims);
        let key = self
            .catalog
            .key(ledger, YEAR, COUNTY, &bag)
            .map_err(|error| format!("{error:?}"))?;
        Ok(self
            .engine
            .row_by_key(key.as_bytes())
            .0
            .ok_or("the row is not there")?
            .id)
    }

    fn field(&self, name: &str, value: Value) -> Outcome<Field> {
        let kind = self
            .catalog
            .type_named("payment")
            .ok_or("no type payment")?;
        let rule = kind.fields.iter().find(|field| field.name == name);
        Ok(Field {
            id: rule.ok_or("no such field")?.id,
            value,
        })
    }

    fn project(&self, number: u32) -> Outcome<Vec<Dimension>> {
        let project = format!("{}{number:012}", &AGENCY[..9]);
        self.dims(&[
            ("fund_type", "1"),
            ("source_type", "1"),
            ("budget_level", "3"),
            ("exp_func", "2010101"),
            ("office", "001"),
            ("dept", "001"),
            ("agency_code", AGENCY),
            ("pro_code", &project),
            ("gov_econ", "50201"),
            ("pay_mode", "1"),
            ("marks", "00"),
        ])
    }

    fn dims(&self, pairs: &[(&str, &str)]) -> Outcome<Vec<Dimension>> {
        let dimension = |(name, value): &(&str, &str)| {
            let code = self
                .catalog
                .dimension_named(name)
                .ok_or("no such dimension")?
                .id;
            Ok(Dimension {
                code,
                value: (*value).into(),
            })
        };
        let mut dims = pairs.iter().map(dimension).collect::<Outcome<Vec<_>>>()?;
        dims.sort_by_key(|dimension| dimension.code);
        Ok(dims)
    }
}

fn line(dims: Vec<Dimension>, fen: i64) -> Line {
    Line {
        amount: Cents(fen),
        dims,
        month: Month::new(3),
        ..Line::default()
    }
}
