//! A small province in an engine: indicator rows of real divisions, loaded by real commands.
//!
//! ```text
//! division    a county of config/divisions.csv, with an officer who may load and move
//!   agency    ten in each; one row of theirs comes from an opening load
//!     row     the others are granted from that row, each for a project of its own
//! ```

use crate::Outcome;
use hubu_core::catalog::sources::Sources;
use hubu_core::engine::Engine;
use hubu_core::engine::actor::Actor;
use hubu_core::engine::answer::{Answer, Ticket};
use hubu_core::engine::command::{Action, Command, Enter};
use hubu_core::engine::open::Options;
use hubu_core::journal::{Journal, Settings, open_journal};
use hubu_kernel::document::{Dimension, Line};
use hubu_kernel::ident::{Division, LedgerId, RowId, TransitionId, TypeId, Year};
use hubu_kernel::money::Cents;
use hubu_kernel::record::{Body, Decided};
use hubu_kernel::schedule::Month;
use std::path::Path;
use std::sync::Arc;

/// The year of every row.
pub(crate) const YEAR: Year = Year(2026);
/// Agencies of a division.
const AGENCIES: usize = 10;
/// What an agency's first row begins with: enough for any number of moves.
const PLENTY: Cents = Cents(4_000_000_000_000_000);
/// What each further row is given.
const SHARE: Cents = Cents(1_000_000_000_000);
/// The most lines of one document.
const LINES: usize = 100;

/// A division and what it may spend.
pub(crate) struct County {
    /// Loads, and moves money between rows.
    pub(crate) officer: Arc<Actor>,
    /// Indicator rows, those of one agency side by side.
    pub(crate) rows: Vec<RowId>,
}

/// Opens an engine on this journal with the catalog of the repository.
pub(crate) fn open(setting: &str, options: Options) -> Outcome<Engine> {
    let journal: Box<dyn Journal> = open_journal(
        setting,
        &Settings {
            cell: 1,
            ..Settings::default()
        },
    )?;
    Ok(Engine::open(
        journal,
        &Sources::read_dir(Path::new("config"))?,
        options,
    )?)
}

/// What a command for the catalog's document types needs.
pub(crate) struct Desk<'e> {
    engine: &'e Engine,
    opening: (TypeId, TransitionId),
    virement: (TypeId, TransitionId),
    indicator: LedgerId,
    keys: u64,
}

impl<'e> Desk<'e> {
    /// A desk at this engine.
    pub(crate) fn new(engine: &'e Engine) -> Outcome<Desk<'e>> {
        let opening = step(engine, "opening", "load")?;
        let virement = step(engine, "quick_virement", "move")?;
        let (_, catalog) = engine.catalogs().current();
        let indicator = catalog.ledger_named("IND").ok_or("no ledger IND")?.id;
        Ok(Desk {
            engine,
            opening,
            virement,
            indicator,
            keys: 0,
        })
    }

    /// The first `count` counties and townships of the catalog.
    pub(crate) fn divisions(&self, count: usize) -> Outcome<Vec<Division>> {
        let (_, catalog) = self.engine.catalogs().current();
        let small = catalog
            .divisions
            .all()
            .iter()
            .filter(|division| division.level >= 3);
        let divisions: Vec<Division> = small.map(|division| division.code).take(count).collect();
        if divisions.len() < count {
            return Err(format!("config/ has only {} small divisions", divisions.len()).into());
        }
        Ok(divisions)
    }

    /// Somebody who may load a division's rows and move its money.
    pub(crate) fn officer(&self, division: Division) -> Outcome<Arc<Actor>> {
        actor(
            self.engine,
            "officer",
            &["system_admin", "budget_office"],
            division,
            None,
        )
    }

    /// Loads `counties` counties of `rows` indicator rows each.
    pub(crate) fn load(&mut self, counties: usize, rows: usize) -> Outcome<Vec<County>> {
        let divisions = self.divisions(counties)?;
        divisions
            .into_iter()
            .map(|division| self.load_county(division, rows))
            .collect()
    }

    /// Opens an indicator row for each of a division's agencies; `adorn` may add to a line.
    pub(crate) fn open_agencies(
        &mut self,
        officer: &Arc<Actor>,
        division: Division,
        adorn: impl Fn(&mut Line),
    ) -> Outcome<Vec<RowId>> {
        let mut lines: Vec<Line> = (0..AGENCIES)
            .map(|agency| opening_line(division, agency))
            .collect();
        lines.iter_mut().for_each(adorn);
        let record = self.enter(self.opening, officer, division, lines)?;
        Ok(self.indicators_of(&record))
    }

    fn load_county(&mut self, division: Division, rows: usize) -> Outcome<County> {
        let officer = self.officer(division)?;
        let firsts = self.open_agencies(&officer, division, |_| {})?;
        let mut county = County {
            officer,
            rows: Vec::with_capacity(rows),
        };
        let each = rows / AGENCIES;
        for first in firsts {
            county.rows.push(first);
            let wanted: Vec<usize> = (1..each).collect();
            for part in wanted.chunks(LINES) {
                let lines = part
                    .iter()
                    .map(|project| grant_line(first, *project))
                    .collect();
                let record = self.enter(self.virement, &county.officer, division, lines)?;
                county.rows.extend(self.indicators_of(&record));
            }
        }
        assert_eq!(
            county.rows.len(),
            each * AGENCIES,
            "every line makes one indicator row"
        );
        Ok(county)
    }

    fn indicators_of(&self, record: &Decided) -> Vec<RowId> {
        record
            .rows
            .iter()
            .filter(|row| row.kind.ledger == self.indicator)
            .map(|row| row.id)
            .collect()
    }

    /// A move of 1 分 from one row to another, ready to be submitted.
    pub(crate) fn move_between(
        &self,
        officer: &Arc<Actor>,
        key: String,
        from: RowId,
        to: RowId,
    ) -> Command {
        let line = Line {
            amount: Cents(1),
            base: Some(from),
            to_base: Some(to),
            ..Line::default()
        };
        command(key, officer, self.virement, officer.division, vec![line])
    }

    fn enter(
        &mut self,
        what: (TypeId, TransitionId),
        officer: &Arc<Actor>,
        division: Division,
        lines: Vec<Line>,
    ) -> Outcome<Decided> {
        self.keys += 1;
        let ticket = submit(
            self.engine,
            command(
                format!("load-{}", self.keys),
                officer,
                what,
                division,
                lines,
            ),
        )?;
        self.engine.watermark().wait_blocking(ticket.seq.0)?;
        match self.engine.record(ticket.seq)?.body {
            Body::Decided(decided) => Ok(*decided),
            other => Err(format!("the load was answered with {other:?}").into()),
        }
    }
}

/// Submits a command that must be accepted.
pub(crate) fn submit(engine: &Engine, command: Command) -> Outcome<Ticket> {
    accepted(engine.submit(command)?)
}

/// The ticket of a command that must have been accepted.
pub(crate) fn accepted(ticket: Ticket) -> Outcome<Ticket> {
    match ticket {
        Ticket {
            answer: Some(Answer::Refused(refusal)),
            ..
        } => Err(format!("refused: {refusal:?}").into()),
        ticket => Ok(ticket),
    }
}

/// Somebody with these roles.
pub(crate) fn actor(
    engine: &Engine,
    name: &str,
    roles: &[&str],
    division: Division,
    agency: Option<&str>,
) -> Outcome<Arc<Actor>> {
    let (_, catalog) = engine.catalogs().current();
    let mut bits = 0;
    for role in roles {
        bits |= catalog
            .role_named(role)
            .ok_or_else(|| format!("no role {role}"))?
            .0;
    }
    let agency = agency.map(Arc::from);
    Ok(Arc::new(Actor {
        name: Arc::from(name),
        roles: bits,
        division,
        agency,
        dept: None,
        capacity: None,
    }))
}

/// The code of a county's agency, in 21 digits.
pub(crate) fn agency_code(division: Division, agency: usize) -> String {
    format!("{:09}{agency:012}", division.0)
}

fn step(engine: &Engine, kind: &str, step: &str) -> Outcome<(TypeId, TransitionId)> {
    let kind = engine
        .catalogs()
        .current()
        .1
        .type_named(kind)
        .ok_or_else(|| format!("no type {kind}"))?;
    let step = kind
        .step(kind.initial, step)
        .ok_or_else(|| format!("no step {step}"))?;
    Ok((kind.id, step.kernel.id))
}

fn command(
    key: String,
    officer: &Arc<Actor>,
    (kind, transition): (TypeId, TransitionId),
    division: Division,
    lines: Vec<Line>,
) -> Command {
    let enter = Enter {
        kind,
        division,
        year: YEAR,
        agency: Box::default(),
        fields: Vec::new(),
        lines,
        links: Vec::new(),
        transition: Some(transition),
    };
    Command {
        key: key.into(),
        actor: Arc::clone(officer),
        trace: None,
        action: Action::Enter(enter),
    }
}

/// The dimensions of `config/dimensions.toml` by code, in which an agency's rows are told apart.
fn opening_line(division: Division, agency: usize) -> Line {
    let agency = agency_code(division, agency);
    let dims = [
        (1, agency.as_str()),
        (2, "1"),
        (3, "1"),
        (4, "4"),
        (5, "2010301"),
        (6, "001"),
        (7, "101"),
        (8, "000000000000000000000"),
        (9, "50201"),
        (11, "1"),
        (15, "00"),
    ];
    let dims = dims
        .iter()
        .map(|(code, value)| Dimension {
            code: *code,
            value: (*value).into(),
        })
        .collect();
    Line {
        amount: PLENTY,
        dims,
        month: Month::new(1),
        ..Line::default()
    }
}

/// A share for a new row: that of project `project` of the same agency.
fn grant_line(first: RowId, project: usize) -> Line {
    let project = Dimension {
        code: 8,
        value: format!("{project:021}").into(),
    };
    Line {
        amount: SHARE,
        base: Some(first),
        to: vec![project],
        ..Line::default()
    }
}

/// A small generator (splitmix64): the same choices in every run.
pub(crate) struct Choice(pub(crate) u64);

impl Choice {
    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((u128::from(mixed ^ (mixed >> 31)) * end as u128) >> 64) as usize
    }
}
