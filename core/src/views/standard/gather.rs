//! What some batches did, summed up: each row and each document once, each posting and step as it was.

use super::text::Lines;
use crate::catalog::model::Catalog;
use crate::engine::catalogs::Catalogs;
use crate::journal::codec;
use crate::views::error::ViewError;
use crate::views::rollup::Sums;
use hubu_kernel::document::{Entry, Line};
use hubu_kernel::ident::{CatalogVersion, RowId, StateId, TypeId};
use hubu_kernel::money::Total;
use hubu_kernel::operation::Operation;
use hubu_kernel::posting::Side;
use hubu_kernel::record::{Body, Decided, NewRow, Record};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What was done to one row.
#[derive(Debug, Default)]
pub(super) struct RowDelta {
    /// Where it came to be in these batches.
    pub(super) new: Option<(NewRow, Arc<Catalog>, u64)>,
    pub(super) sums: Sums,
    pub(super) frozen: Option<bool>,
    pub(super) last: u64,
}

/// What was done to one document.
#[derive(Debug)]
pub(super) struct DocumentDelta {
    /// Its beginning, where it lies in these batches: who entered it, when, and what.
    pub(super) new: Option<(Arc<str>, u64, Entry)>,
    pub(super) kind: TypeId,
    pub(super) catalog: Arc<Catalog>,
    pub(super) state: StateId,
    pub(super) version: u32,
    pub(super) amount: Option<Total>,
    pub(super) moved_ms: u64,
    pub(super) ended: bool,
    pub(super) last: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// The record that the database has already.
    pub(super) after: u64,
    /// The last record in here.
    pub(super) through: u64,
    pub(super) rows: BTreeMap<RowId, RowDelta>,
    pub(super) documents: BTreeMap<u64, DocumentDelta>,
    pub(super) entries: Lines,
    pub(super) steps: Lines,
}

impl Gathered {
    pub(super) fn behind(after: u64) -> Gathered {
        Gathered {
            after,
            through: after,
            ..Gathered::default()
        }
    }

    pub(super) fn take(
        &mut self,
        seq: u64,
        bytes: &[u8],
        catalogs: &Catalogs,
    ) -> Result<(), ViewError> {
        let record = codec::decode(bytes).map_err(|source| ViewError::Record { seq, source })?;
        if let Body::Decided(decided) = &record.body {
            let catalog = catalogs.version(decided.catalog);
            self.take_rows(seq, decided, catalog);
            self.take_postings(seq, &record, decided);
            self.take_step(seq, &record, decided, catalog);
            self.take_documents(seq, &record, decided, catalogs);
        }
        Ok(())
    }

    fn row(&mut self, seq: u64, id: RowId) -> &mut RowDelta {
        let row = self.rows.entry(id).or_default();
        row.last = seq;
        row
    }

    fn take_rows(&mut self, seq: u64, decided: &Decided, catalog: &Arc<Catalog>) {
        for new in &decided.rows {
            self.row(seq, new.id).new = Some((new.clone(), Arc::clone(catalog), seq));
        }
        for change in &decided.changes {
            let row = self.row(seq, change.row);
            row.sums.apply(change.operation, change.amount);
            match change.operation {
                Operation::Freeze => row.frozen = Some(true),
                Operation::Thaw => row.frozen = Some(false),
                _ => {}
            }
        }
    }

    fn take_postings(&mut self, seq: u64, record: &Record, decided: &Decided) {
        for (number, posting) in decided.postings.iter().enumerate() {
            self.row(seq, posting.debit)
                .sums
                .post(Side::Debit, posting.amount);
            self.row(seq, posting.credit)
                .sums
                .post(Side::Credit, posting.amount);
            let entries = self
                .entries
                .plain(seq)
                .plain(number + 1)
                .plain(decided.document.0);
            entries.plain(posting.debit.0).plain(posting.credit.0);
            entries
                .amount(Total::from(posting.amount.0))
                .time(record.time_ms)
                .end();
        }
    }

    fn take_step(&mut self, seq: u64, record: &Record, decided: &Decided, catalog: &Catalog) {
        let kind = catalog.document_type(decided.kind);
        let state = |id| {
            kind.and_then(|k| k.state(id))
                .map(|state| state.name.as_str())
        };
        let step = decided
            .transition
            .and_then(|id| kind?.transition(id))
            .map(|step| &*step.name);
        let steps = self.steps.plain(seq).plain(decided.document.0).maybe(step);
        steps
            .maybe(state(decided.from))
            .maybe(state(decided.state))
            .plain(decided.version);
        steps.text(&record.actor).time(record.time_ms).end();
    }

    fn take_documents(&mut self, seq: u64, record: &Record, decided: &Decided, all: &Catalogs) {
        let entered = decided
            .entry
            .as_ref()
            .map(|entry| (Arc::clone(&record.actor), record.time_ms, entry.clone()));
        let amount = match &entered {
            Some((_, _, entry)) => Some(entry.amount()),
            None => decided.lines.as_deref().map(total),
        };
        let known = self.documents.remove(&decided.document.0);
        let (before, before_amount) = known.map_or((None, None), |d| (d.new, d.amount));
        let delta = DocumentDelta {
            new: entered.or(before),
            kind: decided.kind,
            catalog: Arc::clone(all.version(decided.catalog)),
            state: decided.state,
            version: decided.version,
            amount: amount.or(before_amount),
            moved_ms: record.time_ms,
            ended: decided.terminal,
            last: seq,
        };
        self.documents.insert(decided.document.0, delta);
        for spawned in &decided.spawned {
            let entry = &spawned.entry;
            let delta = DocumentDelta {
                new: Some((Arc::from("system"), record.time_ms, entry.clone())),
                kind: entry.kind,
                catalog: Arc::clone(version(all, entry.catalog, decided.catalog)),
                state: spawned.state,
                version: 1,
                amount: Some(entry.amount()),
                moved_ms: record.time_ms,
                ended: false,
                last: seq,
            };
            self.documents.insert(spawned.document.0, delta);
        }
    }
}

/// The catalog that an entry names, or that of the record that made it.
fn version(all: &Catalogs, own: CatalogVersion, of_record: CatalogVersion) -> &Arc<Catalog> {
    all.version(if own.0 == 0 { of_record } else { own })
}

fn total(lines: &[Line]) -> Total {
    lines.iter().map(|line| Total::from(line.amount.0)).sum()
}
