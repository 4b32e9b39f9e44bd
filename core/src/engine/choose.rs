//! Which rows one line of a document chooses (选行): its base row, its dimensions, and the type's row rules.

use crate::catalog::bag::Bag;
use crate::catalog::dimension::DimensionId;
use crate::catalog::document::{AmountSource, BagName, DocumentType, Place, RowIndex, RowRule};
use crate::catalog::key::{LineView, RowKey, amount_of};
use crate::catalog::model::Catalog;
use crate::engine::error::FormError;
use crate::engine::look::Look;
use crate::engine::place;
use hubu_kernel::document::{Field, Line};
use hubu_kernel::ident::{Division, LedgerId, RowId, Year};
use hubu_kernel::money::Cents;
use smallvec::SmallVec;

/// The document that rows are chosen for.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) look: &'a dyn Look,
    pub(crate) catalog: &'a Catalog,
    pub(crate) kind: &'a DocumentType,
    pub(crate) division: Division,
    pub(crate) year: Year,
    pub(crate) header: &'a [Field],
}

/// The two sides of a line.
pub(crate) struct Bags {
    pub(crate) line: Bag,
    pub(crate) to: Bag,
}

/// A row that a line chooses.
pub(crate) enum Choice {
    /// The one that the line starts from, or the one beside it in this ledger: told under its lock.
    Beside(RowId, LedgerId),
    /// The one of this key, if it is there.
    Keyed(RowKey),
}

type BaseKey = SmallVec<[u8; 64]>;

impl Subject<'_> {
    /// The bags of a line.
    pub(crate) fn bags(&self, at: usize, line: &Line) -> Result<Bags, FormError> {
        Chooser::new(self, at, line, false).build_bags()
    }

    /// Whether a line's own side has this value in this dimension, without its bags.
    ///
    /// # Errors
    /// One of its base rows is not there, or is another division's.
    pub(crate) fn line_has(
        &self,
        (at, line): (usize, &Line),
        id: DimensionId,
        value: &str,
    ) -> Result<bool, FormError> {
        let key = line.base.map(|base| self.base_key(at, base)).transpose()?;
        if let Some(to) = line.to_base {
            self.base_key(at, to)?;
        }
        if let Some(laid_over) = line.dims.iter().find(|pair| pair.code == id) {
            return Ok(*laid_over.value == *value);
        }
        let Some(key) = key else {
            return Ok(false);
        };
        let has = self.catalog.key_has(&key, id, value);
        has.map_err(|reason| FormError::Row {
            line: at + 1,
            reason,
        })
    }

    fn base_key(&self, at: usize, id: RowId) -> Result<BaseKey, FormError> {
        let mut found = None;
        self.look.look(place::of_row(id), &mut |shard| {
            let slot = place::slot(id);
            let row = shard.rows.get(slot);
            if row.is_some_and(|row| row.division == self.division) {
                found = Some(SmallVec::from_slice(shard.rows.key(slot)));
            }
        });
        found.ok_or(FormError::Base {
            line: at + 1,
            row: id,
        })
    }
}

/// Works out the rows of one line, each rule at most once.
pub(crate) struct Chooser<'a> {
    subject: &'a Subject<'a>,
    at: usize,
    line: &'a Line,
    /// Whether rows may be left to be told under their locks.
    defers: bool,
    bags: Option<Bags>,
    chosen: SmallVec<[(RowIndex, Option<u32>); 8]>,
}

impl<'a> Chooser<'a> {
    /// For the line at this place, from 0.
    pub(crate) fn new(
        subject: &'a Subject<'a>,
        at: usize,
        line: &'a Line,
        defers: bool,
    ) -> Chooser<'a> {
        Chooser {
            subject,
            at,
            line,
            defers,
            bags: None,
            chosen: SmallVec::new(),
        }
    }

    /// The place of the row that a rule chooses, as `add` gave it; `None` when the line touches none.
    pub(crate) fn row(
        &mut self,
        rule: RowIndex,
        add: impl FnOnce(Choice) -> u32,
    ) -> Result<Option<u32>, FormError> {
        if let Some((_, row)) = self.chosen.iter().find(|(known, _)| *known == rule) {
            return Ok(*row);
        }
        let wanted = self.subject.kind.row(rule);
        let row = match self.near_base(wanted) {
            Some(base) => Some(add(Choice::Beside(base, wanted.ledger))),
            None => self.key(wanted)?.map(|key| add(Choice::Keyed(key))),
        };
        self.chosen.push((rule, row));
        Ok(row)
    }

    /// What a rule moves or posts for the line; `None` when it is nothing.
    pub(crate) fn amount(&self, source: AmountSource) -> Option<Cents> {
        amount_of(source, self.line.amount, &self.line.fields)
    }

    fn key(&mut self, rule: &RowRule) -> Result<Option<RowKey>, FormError> {
        if self.bags.is_none() {
            self.bags = Some(self.build_bags()?);
        }
        let Some(bags) = &self.bags else {
            return Ok(None);
        };
        let view = LineView {
            division: self.subject.division,
            year: self.subject.year,
            header: self.subject.header,
            line: &bags.line,
            to: &bags.to,
            month: self.line.month,
            fields: &self.line.fields,
        };
        let key = self.subject.catalog.key_of(rule, &view);
        key.map_err(|reason| FormError::Row {
            line: self.at + 1,
            reason,
        })
    }

    fn build_bags(&self) -> Result<Bags, FormError> {
        let read = |base: RowId| {
            let key = self.subject.base_key(self.at, base)?;
            let parts = self.subject.catalog.read_key(&key);
            parts.map(|p| p.bag).map_err(|reason| FormError::Row {
                line: self.at + 1,
                reason,
            })
        };
        let mut own = self.line.base.map(read).transpose()?.unwrap_or_default();
        own.overlay(&self.line.dims);
        let mut to = match self.line.to_base {
            Some(base) => read(base)?,
            None => own.clone(),
        };
        to.overlay(&self.line.to);
        Ok(Bags { line: own, to })
    }

    /// The row that the line starts from, when a rule can choose no other than it or one beside it:
    /// then neither its key is read nor a bag built before the lock.
    fn near_base(&self, rule: &RowRule) -> Option<RowId> {
        let plain = self.defers
            && rule.set.is_empty()
            && rule.when.is_empty()
            && rule.years_later == 0
            && rule.place == Place::Document;
        let own = self.line.base.filter(|_| self.line.dims.is_empty());
        let base = match rule.bag {
            BagName::Line => own,
            BagName::To if self.line.to.is_empty() => self.line.to_base.or(own),
            BagName::To => None,
        };
        base.filter(|_| plain)
    }
}
