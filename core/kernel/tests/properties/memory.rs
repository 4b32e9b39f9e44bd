//! A small state in memory, and the whole path of a command on it: decide, record, evolve.

use hubu_kernel::decide::{Move, Request, Verdict, View, decide};
use hubu_kernel::document::{Document, Entry, RowChange};
use hubu_kernel::effect::Phase;
use hubu_kernel::evolve::{Misfit, State, evolve};
use hubu_kernel::ident::*;
use hubu_kernel::invariant;
use hubu_kernel::posting::Posting;
use hubu_kernel::record::{Body, Decided, NewRow, Once, Record};
use hubu_kernel::rejection::Rejection;
use hubu_kernel::row::{Row, RowKind};
use hubu_kernel::transition::Transition;
use std::collections::BTreeMap;

/// All that an engine would keep, without its locks.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) rows: BTreeMap<RowId, Row>,
    pub(crate) documents: BTreeMap<DocumentId, Document>,
    pub(crate) numbers: BTreeMap<(Division, Year, TypeId), u64>,
    pub(crate) counter: u64,
    pub(crate) seq: u64,
}

/// One step of one document.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) document: DocumentId,
    pub(crate) actor: &'static str,
    pub(crate) if_match: Option<u32>,
    pub(crate) transition: Transition,
    pub(crate) moves: Vec<Move>,
    pub(crate) postings: Vec<Posting>,
}

impl Step {
    /// A step of document 1 that does nothing but `phase`.
    pub(crate) fn of(phase: Phase) -> Step {
        Step {
            document: DocumentId(1),
            actor: "li",
            if_match: None,
            transition: Transition {
                id: TransitionId(0),
                from: StateId(0),
                to: StateId(0),
                phase,
                not_creator: false,
                not_previous: false,
                not_acted: false,
                creator_only: false,
                terminal: false,
            },
            moves: Vec::new(),
            postings: Vec::new(),
        }
    }

    /// With moves.
    pub(crate) fn moving(self, moves: &[Move]) -> Step {
        Step {
            moves: moves.to_vec(),
            ..self
        }
    }

    /// With postings.
    pub(crate) fn posting(self, postings: &[Posting]) -> Step {
        Step {
            postings: postings.to_vec(),
            ..self
        }
    }

    /// Of another document.
    pub(crate) fn on(self, document: u64) -> Step {
        Step {
            document: DocumentId(document),
            ..self
        }
    }
}

impl Memory {
    /// Nothing but these rows, numbered from 0.
    pub(crate) fn with_rows(rows: impl IntoIterator<Item = Row>) -> Memory {
        Memory {
            rows: (0..).map(RowId).zip(rows).collect(),
            ..Memory::default()
        }
    }

    /// Judges, and says what would change; nothing does.
    pub(crate) fn judge(&self, step: &Step) -> Result<Verdict, Rejection> {
        let request = Request {
            actor: step.actor,
            if_match: step.if_match,
            transition: Some(&step.transition),
            moves: &step.moves,
            postings: &step.postings,
        };
        let mut verdict = Verdict::default();
        decide(
            self,
            self.documents.get(&step.document),
            &request,
            &mut verdict,
        )?;
        Ok(verdict)
    }

    /// Judges and, when accepted, applies; gives the record.
    pub(crate) fn run(&mut self, step: &Step) -> Result<Record, Rejection> {
        let verdict = self.judge(step)?;
        let known = self.documents.get(&step.document);
        let record = record(step, verdict.changes, verdict.warnings, known);
        self.seq += 1;
        evolve(self, Seq(self.seq), &record).expect("it was decided on this state");
        self.check();
        Ok(record)
    }

    /// The promises that hold at every moment.
    pub(crate) fn check(&self) {
        for row in self.rows.values() {
            invariant::assert_row(row);
        }
        let mut books = BTreeMap::<(Division, Year), i128>::new();
        for row in self.rows.values() {
            *books.entry((row.division, row.year)).or_default() += row.balance();
        }
        assert!(
            books.values().all(|sum| *sum == 0),
            "Σ debit = Σ credit in every book: {books:?}"
        );
    }
}

fn record(
    step: &Step,
    changes: Vec<RowChange>,
    warnings: Vec<RowId>,
    known: Option<&Document>,
) -> Record {
    let kind = TypeId(1);
    let entry = Entry {
        kind,
        catalog: CatalogVersion(1),
        division: Division(420_106_000),
        year: Year(2026),
        agency: Box::default(),
        number: step.document.0,
        fields: Vec::new(),
        lines: Vec::new(),
        links: Vec::new(),
    };
    Record {
        time_ms: 0,
        actor: step.actor.into(),
        once: Once::default(),
        trace: None,
        body: Body::Decided(Box::new(Decided {
            document: step.document,
            kind,
            catalog: CatalogVersion(1),
            transition: Some(step.transition.id),
            from: step.transition.from,
            state: step.transition.to,
            version: known.map_or(1, |document| document.version + 1),
            phase: step.transition.phase,
            terminal: step.transition.terminal,
            entry: known.is_none().then_some(entry),
            fields: Vec::new(),
            lines: None,
            rows: Vec::new(),
            changes,
            postings: step.postings.clone(),
            spawned: Vec::new(),
            warnings,
            signature: None,
        })),
    }
}

impl View for Memory {
    fn row(&self, id: RowId) -> Row {
        let empty = || Row::new(RowKind::default());
        self.rows.get(&id).cloned().unwrap_or_else(empty)
    }
}

impl State for Memory {
    fn insert_row(&mut self, new: &NewRow) -> Result<(), Misfit> {
        self.rows
            .entry(new.id)
            .or_insert_with(|| Row::new(new.kind));
        Ok(())
    }
    fn row(&mut self, id: RowId) -> Result<Option<&mut Row>, Misfit> {
        self.rows.get_mut(&id).map(Some).ok_or(Misfit::Row(id))
    }
    fn insert_document(&mut self, document: Document) {
        self.documents.insert(document.id, document);
    }
    fn document(&mut self, id: DocumentId) -> Result<Option<&mut Document>, Misfit> {
        let document = self.documents.get_mut(&id);
        document.map(Some).ok_or(Misfit::Document(id))
    }
    fn retire_document(&mut self, id: DocumentId) {
        self.documents.remove(&id);
    }
    fn set_number(
        &mut self,
        division: Division,
        year: Year,
        kind: TypeId,
        number: u64,
    ) -> Result<(), Misfit> {
        self.numbers.insert((division, year, kind), number);
        Ok(())
    }
    fn name_document(&mut self, id: DocumentId) -> Result<(), Misfit> {
        self.counter = self.counter.max(id.0);
        Ok(())
    }
}
