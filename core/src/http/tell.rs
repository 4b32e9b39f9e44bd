//! Records in the words of the catalog: what events and traces are made of.

use std::collections::BTreeMap;

use hubu_kernel::actor::ActorName;
use hubu_kernel::document::RowChange;
use hubu_kernel::ident::{Division, RowId, TransitionId, Year};
use hubu_kernel::operation::Operation;
use hubu_kernel::posting::Posting;
use hubu_kernel::record::{Body, Decided, Refused};

use super::refusal;
use super::signing;
use super::wire::answer::Id;
use super::wire::event::{EventView, OperationView, PostingView, RecordView, VoucherView};
use super::wire::sign::SignatureView;
use super::worker::trace_id;
use crate::catalog::document::DocumentType;
use crate::clock::Moment;
use crate::engine::Engine;
use crate::views::feed::Event;

/// Whose row it is and of which ledger, looked up once a page.
pub(super) struct Teller<'e> {
    engine: &'e Engine,
    rows: BTreeMap<RowId, (&'e str, Division, Year)>,
}

impl<'e> Teller<'e> {
    pub(super) fn new(engine: &'e Engine) -> Self {
        Self {
            engine,
            rows: BTreeMap::new(),
        }
    }

    /// What happened, in words.
    pub(super) fn event<'a>(&mut self, event: &'a Event) -> EventView<'a>
    where
        'e: 'a,
    {
        let record = &event.record;
        let name = ActorName::of(&record.actor);
        let mut view = EventView {
            seq: Id(event.seq.0),
            time: Moment(record.time_ms),
            actor: name.person,
            on_behalf_of: name.on_behalf_of,
            break_glass: name.break_glass,
            signature: None,
            kind: event.kind(),
            document: None,
            document_type: None,
            transition: None,
            state: None,
            version: None,
            code: None,
            trace: record.trace.as_ref().map(trace_id),
            ops: Vec::new(),
            postings: Vec::new(),
            spawned: Vec::new(),
        };
        match &record.body {
            Body::Decided(decided) => {
                view.signature = signature(event, decided);
                self.decided(&mut view, decided);
            }
            Body::Refused(refused) => self.refused(&mut view, refused),
            Body::Catalog { .. } | Body::Genesis { .. } => {}
        }
        view
    }

    fn decided<'a>(&mut self, view: &mut EventView<'a>, decided: &Decided)
    where
        'e: 'a,
    {
        let engine = self.engine;
        let kind = engine
            .catalogs()
            .version(decided.catalog)
            .document_type(decided.kind);
        view.document = Some(Id(decided.document.0));
        view.document_type = kind.map(|kind| &*kind.name);
        view.transition = step_name(kind, decided.transition);
        view.state = kind
            .and_then(|kind| kind.state(decided.state))
            .map(|state| &*state.name);
        view.version = Some(decided.version);
        view.ops = decided.changes.iter().map(operation).collect();
        view.postings = decided
            .postings
            .iter()
            .map(|posting| self.posting(posting))
            .collect();
        view.spawned = decided
            .spawned
            .iter()
            .map(|spawned| Id(spawned.document.0))
            .collect();
    }

    fn refused<'a>(&self, view: &mut EventView<'a>, refused: &Refused)
    where
        'e: 'a,
    {
        let engine = self.engine;
        let kind = engine
            .catalogs()
            .version(refused.catalog)
            .document_type(refused.kind);
        view.document = refused.document.map(|document| Id(document.0));
        view.document_type = kind.map(|kind| &*kind.name);
        view.transition = step_name(kind, refused.transition);
        view.code = Some(refusal::code(refused.rejection));
    }

    /// One record of a document; `None` for one that moved no document.
    pub(super) fn record<'a>(&mut self, event: &'a Event) -> Option<RecordView<'a>>
    where
        'e: 'a,
    {
        let Body::Decided(decided) = &event.record.body else {
            return None;
        };
        let engine = self.engine;
        let kind = engine
            .catalogs()
            .version(decided.catalog)
            .document_type(decided.kind)?;
        let name = ActorName::of(&event.record.actor);
        Some(RecordView {
            seq: Id(event.seq.0),
            time: Moment(event.record.time_ms),
            actor: name.person,
            on_behalf_of: name.on_behalf_of,
            break_glass: name.break_glass,
            signature: signature(event, decided),
            transition: step_name(Some(kind), decided.transition),
            from: &kind.state(decided.from)?.name,
            to: &kind.state(decided.state)?.name,
            ops: decided.changes.iter().map(operation).collect(),
            vouchers: self.vouchers(&decided.postings),
        })
    }

    fn vouchers(&mut self, postings: &[Posting]) -> Vec<VoucherView<'e>> {
        let mut books: BTreeMap<(Division, Year), Vec<PostingView<'e>>> = BTreeMap::new();
        for posting in postings {
            let view = self.posting(posting);
            let (_, division, year) = self.row(posting.debit);
            books.entry((division, year)).or_default().push(view);
        }
        let voucher = |((division, year), postings): ((Division, Year), _)| VoucherView {
            division: format!("{:09}", division.0),
            fiscal_year: year.0,
            postings,
        };
        books.into_iter().map(voucher).collect()
    }

    fn posting(&mut self, posting: &Posting) -> PostingView<'e> {
        PostingView {
            debit: self.row(posting.debit).0,
            debit_row: Id(u64::from(posting.debit.0)),
            credit: self.row(posting.credit).0,
            credit_row: Id(u64::from(posting.credit.0)),
            amount: posting.amount.into(),
        }
    }

    /// A row's ledger, division and year, which never change.
    fn row(&mut self, id: RowId) -> (&'e str, Division, Year) {
        let engine = self.engine;
        *self.rows.entry(id).or_insert_with(|| {
            let catalog = engine.catalogs().current().1;
            engine
                .row(id)
                .0
                .map_or(("", Division(0), Year(0)), |found| {
                    let ledger = catalog
                        .ledger(found.row.ledger)
                        .map_or("", |ledger| &*ledger.name);
                    (ledger, found.row.division, found.row.year)
                })
        })
    }
}

fn signature<'a>(event: &'a Event, decided: &Decided) -> Option<SignatureView<'a>> {
    let signature = decided.signature.as_ref()?;
    Some(signing::signature(
        signature,
        ActorName::of(&event.record.actor).person,
        event.seq.0,
    ))
}

fn step_name(kind: Option<&DocumentType>, step: Option<TransitionId>) -> Option<&str> {
    Some(&*kind?.transition(step?)?.name)
}

fn operation(change: &RowChange) -> OperationView {
    OperationView {
        row: Id(u64::from(change.row.0)),
        operation: operation_name(change.operation),
        amount: change.amount.into(),
        month: change.month.map(|month| month.number()),
    }
}

fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::ReserveConsume => "reserve_consume",
        Operation::ReserveCut => "reserve_cut",
        Operation::Release => "release",
        Operation::Consume => "consume",
        Operation::Cut => "cut",
        Operation::Promise => "promise",
        Operation::Unpromise => "unpromise",
        Operation::Grant => "grant",
        Operation::Restore => "restore",
        Operation::Freeze => "freeze",
        Operation::Thaw => "thaw",
    }
}
