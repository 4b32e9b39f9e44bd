//! Two commands as they come by the million: a move between two rows in one step, and the last step
//! of a payment that touches six.

use hubu_kernel::decide::{Move, Request, Verdict, View, decide};
use hubu_kernel::document::{Document, Entry, Line};
use hubu_kernel::effect::{Effect, Phase};
use hubu_kernel::evolve::{Misfit, State};
use hubu_kernel::ident::{
    CatalogVersion, Division, DocumentId, LedgerId, RowId, StateId, TransitionId, TypeId, Year,
};
use hubu_kernel::money::Cents;
use hubu_kernel::operation::Operation;
use hubu_kernel::posting::Posting;
use hubu_kernel::record::{Body, Decided, NewRow, Once, Record};
use hubu_kernel::row::{Control, Row, RowKind};
use hubu_kernel::schedule::Month;
use hubu_kernel::transition::Transition;

/// What is moved, in 分.
pub const AMOUNT: Cents = Cents(123_456);

const PLAN: RowId = RowId(1);

/// Six rows of one division and year, and at most one document: all that one command looks at.
#[derive(Clone, Debug)]
pub struct Books {
    rows: Vec<Row>,
    document: Option<Document>,
}

impl Books {
    /// Rows with enough on them for any number of commands; row 1 is a plan.
    pub fn new() -> Books {
        let row = |slot: u32| {
            let mut row = Row::new(RowKind {
                division: Division(420_106_000),
                year: Year(2026),
                ledger: LedgerId(slot as u8),
                control: Control::Strict,
                scheduled: RowId(slot) == PLAN,
            });
            let plenty = Cents(i64::MAX / 4);
            let june = Month::new(6);
            for operation in [Operation::Promise, Operation::Grant] {
                let applied = row.apply(operation, plenty, june, false);
                assert!(applied.is_ok(), "an empty row takes a grant");
            }
            row
        };
        Books {
            rows: (0..6).map(row).collect(),
            document: None,
        }
    }

    /// The document under way.
    pub const fn document(&self) -> Option<&Document> {
        self.document.as_ref()
    }
}

impl Default for Books {
    fn default() -> Books {
        Books::new()
    }
}

impl View for Books {
    fn row(&self, id: RowId) -> Row {
        self.rows[id.0 as usize].clone()
    }
}

impl State for Books {
    fn insert_row(&mut self, _: &NewRow) -> Result<(), Misfit> {
        Ok(())
    }
    fn row(&mut self, id: RowId) -> Result<Option<&mut Row>, Misfit> {
        Ok(self.rows.get_mut(id.0 as usize))
    }
    fn insert_document(&mut self, document: Document) {
        self.document = Some(document);
    }
    fn document(&mut self, _: DocumentId) -> Result<Option<&mut Document>, Misfit> {
        Ok(self.document.as_mut())
    }
    fn retire_document(&mut self, _: DocumentId) {
        self.document = None;
    }
    fn set_number(&mut self, _: Division, _: Year, _: TypeId, _: u64) -> Result<(), Misfit> {
        Ok(())
    }
    fn name_document(&mut self, _: DocumentId) -> Result<(), Misfit> {
        Ok(())
    }
}

/// One step of a document: what the kernel is asked.
#[derive(Clone, Debug)]
pub struct Step {
    transition: Transition,
    moves: Vec<Move>,
    postings: Vec<Posting>,
    entry: Option<Entry>,
    version: u32,
}

impl Step {
    /// A move from row 0 to row 2 in one step.
    pub fn two_rows() -> Step {
        let moves = [(RowId(0), Effect::Cut), (RowId(2), Effect::Grant)];
        Step {
            transition: transition(Phase::Now, true),
            moves: moves.map(|(row, effect)| to_move(row, effect)).into(),
            postings: vec![posting(2, 0)],
            entry: Some(entry()),
            version: 1,
        }
    }

    /// A payment is entered and holds indicator (row 0) and plan (row 1).
    pub fn payment_entry() -> Step {
        let moves = [(RowId(0), Effect::Consume), (PLAN, Effect::Consume)];
        Step {
            transition: transition(Phase::Reserve, false),
            moves: moves.map(|(row, effect)| to_move(row, effect)).into(),
            postings: Vec::new(),
            entry: Some(entry()),
            version: 1,
        }
    }

    /// The bank paid: indicator and plan are used, and three vouchers are posted over six rows.
    pub fn payment_receipt() -> Step {
        Step {
            transition: transition(Phase::Final, true),
            postings: vec![posting(2, 0), posting(3, 1), posting(4, 5)],
            entry: None,
            version: 2,
            ..Step::payment_entry()
        }
    }

    /// Asks the kernel.
    ///
    /// # Panics
    /// When the kernel refuses: then the sample is not one.
    pub fn decide(&self, books: &Books, verdict: &mut Verdict) {
        let request = Request {
            actor: "zhang.li",
            if_match: None,
            transition: Some(&self.transition),
            moves: &self.moves,
            postings: &self.postings,
        };
        let decided = decide(books, books.document(), &request, verdict);
        assert!(decided.is_ok(), "{decided:?}");
    }

    /// The record of this step, as decided on `books`.
    pub fn record(&self, books: &Books) -> Record {
        let mut verdict = Verdict::default();
        self.decide(books, &mut verdict);
        Record {
            time_ms: 1_795_467_600_000,
            actor: "zhang.li".into(),
            once: Once {
                key: 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef,
                body: 0x0123_4567_89ab_cdef,
            },
            trace: None,
            body: Body::Decided(Box::new(Decided {
                document: DocumentId(640_000_017),
                kind: TypeId(7),
                catalog: CatalogVersion(1),
                transition: Some(self.transition.id),
                from: self.transition.from,
                state: self.transition.to,
                version: self.version,
                phase: self.transition.phase,
                terminal: self.transition.terminal,
                entry: self.entry.clone(),
                fields: Vec::new(),
                lines: None,
                rows: Vec::new(),
                changes: verdict.changes,
                postings: self.postings.clone(),
                spawned: Vec::new(),
                warnings: verdict.warnings,
                signature: None,
            })),
        }
    }
}

/// The same record with rows numbered as among a million.
pub fn far_rows(mut record: Record) -> Record {
    let far = |row: &mut RowId| row.0 = row.0 * 64 + 999_936;
    if let Body::Decided(decided) = &mut record.body {
        decided.changes.iter_mut().for_each(|c| far(&mut c.row));
        for posting in &mut decided.postings {
            far(&mut posting.debit);
            far(&mut posting.credit);
        }
        for line in decided.entry.iter_mut().flat_map(|e| &mut e.lines) {
            line.base.iter_mut().for_each(far);
            line.to_base.iter_mut().for_each(far);
        }
    }
    record
}

const fn transition(phase: Phase, terminal: bool) -> Transition {
    Transition {
        id: TransitionId(0),
        from: StateId(0),
        to: StateId(0),
        phase,
        not_creator: false,
        not_previous: false,
        not_acted: false,
        creator_only: false,
        terminal,
    }
}

const fn to_move(row: RowId, effect: Effect) -> Move {
    Move {
        row,
        effect,
        amount: AMOUNT,
        month: Month::new(6),
    }
}

const fn posting(debit: u32, credit: u32) -> Posting {
    Posting {
        debit: RowId(debit),
        credit: RowId(credit),
        amount: AMOUNT,
    }
}

fn entry() -> Entry {
    Entry {
        kind: TypeId(7),
        catalog: CatalogVersion(1),
        division: Division(420_106_000),
        year: Year(2026),
        agency: Box::default(),
        number: 6_250,
        fields: Vec::new(),
        lines: vec![Line {
            amount: AMOUNT,
            base: Some(RowId(0)),
            to_base: Some(RowId(2)),
            ..Line::default()
        }],
        links: Vec::new(),
    }
}
