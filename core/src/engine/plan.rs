//! The plan of a command: which rows its lines choose, and what happens to them.
//!
//! Made without locks, but for a glance at the rows that lines start from (keys never change).
//! Names of rows are found later, under the locks of their shards: see [`Plan::resolve`].

use crate::catalog::bag::Bag;
use crate::catalog::document::{BagName, DocumentType, Place, RowIndex, RowRule};
use crate::catalog::key::{LineView, RowKey};
use crate::catalog::model::Catalog;
use crate::engine::error::FormError;
use crate::engine::held::{Held, Touched};
use crate::engine::look::Look;
use crate::engine::place::{self, ShardId};
use hubu_kernel::decide::{Move, View};
use hubu_kernel::document::{Field, Line};
use hubu_kernel::effect::{Effect, Phase};
use hubu_kernel::ident::{Division, RowId, Year};
use hubu_kernel::money::Cents;
use hubu_kernel::posting::Posting;
use hubu_kernel::record::NewRow;
use hubu_kernel::row::{Row, RowKind};
use hubu_kernel::schedule::Month;
use smallvec::SmallVec;

/// A row of the plan.
struct Planned {
    key: RowKey,
    shard: ShardId,
    id: RowId,
    kind: RowKind,
    is_new: bool,
}

struct PlannedMove {
    row: u32,
    effect: Effect,
    amount: Cents,
    month: Option<Month>,
}

/// See the module. Kept from one command to the next for its room.
#[derive(Default)]
pub(crate) struct Plan {
    rows: Vec<Planned>,
    moves: Vec<PlannedMove>,
    postings: Vec<(u32, u32, Cents)>,
    order: Vec<u32>,
    /// Rows that would come to be, ascending by id.
    fresh: Vec<(RowId, RowKind)>,
    pub(crate) found_moves: Vec<Move>,
    pub(crate) found_postings: Vec<Posting>,
}

/// The document that is planned for.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) look: &'a dyn Look,
    pub(crate) catalog: &'a Catalog,
    pub(crate) kind: &'a DocumentType,
    pub(crate) division: Division,
    pub(crate) year: Year,
    pub(crate) header: &'a [Field],
}

/// The two bags of a line, and the row it starts from.
pub(crate) struct Bags {
    pub(crate) line: Bag,
    pub(crate) to: Bag,
}

type BaseKey = SmallVec<[u8; 64]>;

fn effects_of(effect: Effect, phase: Phase) -> bool {
    !match phase {
        Phase::Reserve => effect.on_reserve(),
        Phase::Final => effect.on_final(),
        Phase::Now => effect.on_now(),
        Phase::None | Phase::Release => &[],
    }
    .is_empty()
}

impl Subject<'_> {
    /// The bags of a line.
    pub(crate) fn bags(&self, at: usize, line: &Line) -> Result<Bags, FormError> {
        let key = self.base_key(at, line.base)?;
        let to_key = self.base_key(at, line.to_base)?;
        self.bags_from(at, line, key.as_deref(), to_key.as_deref())
    }

    fn bags_from(
        &self,
        at: usize,
        line: &Line,
        base: Option<&[u8]>,
        to_base: Option<&[u8]>,
    ) -> Result<Bags, FormError> {
        let read = |key: &[u8]| {
            let parts = self.catalog.read_key(key);
            parts.map(|p| p.bag).map_err(|reason| FormError::Row {
                line: at + 1,
                reason,
            })
        };
        let mut own = base.map(read).transpose()?.unwrap_or_default();
        own.overlay(&line.dims);
        let mut to = match to_base {
            Some(key) => read(key)?,
            None => own.clone(),
        };
        to.overlay(&line.to);
        Ok(Bags { line: own, to })
    }

    fn base_key(&self, at: usize, base: Option<RowId>) -> Result<Option<BaseKey>, FormError> {
        let Some(row) = base else { return Ok(None) };
        let mut key = None;
        self.look.look(place::of_row(row), &mut |shard| {
            let slot = place::slot(row);
            let own = shard
                .rows
                .get(slot)
                .is_some_and(|r| r.division == self.division);
            key = own.then(|| SmallVec::from_slice(shard.rows.key(slot)));
        });
        key.map(Some).ok_or(FormError::Base { line: at + 1, row })
    }
}

impl Plan {
    /// Plans `phase` for the document's lines.
    pub(crate) fn make(
        &mut self,
        subject: &Subject<'_>,
        lines: &[Line],
        phase: Phase,
    ) -> Result<(), FormError> {
        self.rows.clear();
        self.moves.clear();
        self.postings.clear();
        self.order.clear();
        self.found_moves.clear();
        self.found_postings.clear();
        if matches!(phase, Phase::None | Phase::Release) {
            return Ok(());
        }
        for (at, line) in lines.iter().enumerate() {
            self.plan_line(subject, at, line, phase)?;
        }
        self.sort_rows();
        Ok(())
    }

    fn plan_line(
        &mut self,
        subject: &Subject<'_>,
        at: usize,
        line: &Line,
        phase: Phase,
    ) -> Result<(), FormError> {
        let base = subject.base_key(at, line.base)?;
        let to_base = subject.base_key(at, line.to_base)?;
        let mut chooser = Chooser {
            subject,
            at,
            line,
            base: base.as_deref(),
            to_base: to_base.as_deref(),
            bags: None,
            chosen: SmallVec::new(),
        };
        for rule in &subject.kind.moves {
            if !effects_of(rule.effect, phase) {
                continue;
            }
            let Some(row) = chooser.row(rule.row, &mut self.rows)? else {
                continue;
            };
            let mark = matches!(rule.effect, Effect::Freeze | Effect::Thaw);
            let amount = if mark {
                Some(Cents::ZERO)
            } else {
                chooser.amount(rule.amount)
            };
            let Some(amount) = amount else { continue };
            self.moves.push(PlannedMove {
                row,
                effect: rule.effect,
                amount,
                month: line.month,
            });
        }
        if matches!(phase, Phase::Final | Phase::Now) {
            for rule in &subject.kind.postings {
                let debit = chooser.row(rule.debit, &mut self.rows)?;
                let credit = chooser.row(rule.credit, &mut self.rows)?;
                let amount = chooser.amount(rule.amount);
                if let (Some(debit), Some(credit), Some(amount)) = (debit, credit, amount) {
                    self.postings.push((debit, credit, amount));
                }
            }
        }
        Ok(())
    }

    /// Puts moves into row-key order, where equal keys stand together.
    fn sort_rows(&mut self) {
        let rows = &self.rows;
        self.order.clear();
        self.order.extend(0..rows.len() as u32);
        self.order
            .sort_by(|a, b| rows[*a as usize].key.cmp(&rows[*b as usize].key));
        // Each row's rank: rows of equal key share the first one's.
        let mut ranks = vec![0_u32; rows.len()];
        let mut leader = 0;
        for (at, &row) in self.order.iter().enumerate() {
            let same = at > 0 && rows[row as usize].key == rows[self.order[at - 1] as usize].key;
            leader = if same { leader } else { at };
            ranks[row as usize] = leader as u32;
        }
        self.moves
            .sort_by_key(|planned| ranks[planned.row as usize]);
    }

    /// Adds the shards of the plan's rows.
    pub(crate) fn touch(&self, touched: &mut Touched) {
        self.rows.iter().for_each(|row| touched.add(row.shard));
    }

    /// Finds or names every row, under the locks of its shard.
    pub(crate) fn resolve(&mut self, held: &Held<'_>) {
        let mut named: SmallVec<[(ShardId, usize); 4]> = SmallVec::new();
        let mut previous: Option<u32> = None;
        for &at in &self.order {
            let row = &self.rows[at as usize];
            if let Some(before) = previous.map(|p| &self.rows[p as usize])
                && before.key == row.key
            {
                let id = before.id;
                self.rows[at as usize].id = id;
                continue;
            }
            let shard = held.get(row.shard);
            let found = shard.rows.find(row.key.as_bytes());
            let slot = found.unwrap_or_else(|| next_slot(&mut named, row.shard, shard.rows.len()));
            let row = &mut self.rows[at as usize];
            row.id = place::row(row.shard, slot);
            row.is_new = found.is_none();
            previous = Some(at);
        }
        let rows = &self.rows;
        self.fresh.clear();
        self.fresh.extend(
            rows.iter()
                .filter(|row| row.is_new)
                .map(|row| (row.id, row.kind)),
        );
        self.fresh.sort_unstable_by_key(|(id, _)| *id);
        let id = |at: u32| rows[at as usize].id;
        self.found_moves.clear();
        self.found_moves.extend(self.moves.iter().map(|m| Move {
            row: id(m.row),
            effect: m.effect,
            amount: m.amount,
            month: m.month,
        }));
        self.found_postings.clear();
        self.found_postings
            .extend(self.postings.iter().map(|(debit, credit, amount)| Posting {
                debit: id(*debit),
                credit: id(*credit),
                amount: *amount,
            }));
    }

    /// The rows that come to be if the command is accepted, each shard's in order of slots.
    pub(crate) fn new_rows(&self) -> Vec<NewRow> {
        let new = self
            .order
            .iter()
            .map(|at| &self.rows[*at as usize])
            .filter(|row| row.is_new);
        new.map(|row| NewRow {
            id: row.id,
            kind: row.kind,
            key: row.key.as_bytes().into(),
        })
        .collect()
    }

    /// The key of a row of the plan.
    pub(crate) fn key_of(&self, id: RowId) -> Option<&[u8]> {
        self.rows
            .iter()
            .find(|row| row.id == id)
            .map(|row| row.key.as_bytes())
    }
}

fn next_slot(named: &mut SmallVec<[(ShardId, usize); 4]>, shard: ShardId, rows: usize) -> usize {
    if let Some((_, next)) = named.iter_mut().find(|(id, _)| *id == shard) {
        *next += 1;
        return *next - 1;
    }
    named.push((shard, rows + 1));
    rows
}

/// Rows under their locks, with those that the plan would add.
pub(crate) struct Scene<'a, 'b> {
    pub(crate) held: &'a Held<'b>,
    pub(crate) plan: &'a Plan,
}

impl View for Scene<'_, '_> {
    fn row(&self, id: RowId) -> Row {
        let shard = self.held.get(place::of_row(id));
        if let Some(row) = shard.rows.get(place::slot(id)) {
            return row.clone();
        }
        let fresh = self
            .plan
            .fresh
            .binary_search_by_key(&id, |(known, _)| *known);
        assert!(fresh.is_ok(), "{id:?} is neither there nor planned");
        Row::new(fresh.map_or_else(|_| RowKind::default(), |at| self.plan.fresh[at].1))
    }
}

/// Works out the rows of one line, each rule at most once.
struct Chooser<'a> {
    subject: &'a Subject<'a>,
    at: usize,
    line: &'a Line,
    base: Option<&'a [u8]>,
    to_base: Option<&'a [u8]>,
    bags: Option<Bags>,
    chosen: SmallVec<[(RowIndex, Option<u32>); 8]>,
}

impl Chooser<'_> {
    fn row(&mut self, rule: RowIndex, rows: &mut Vec<Planned>) -> Result<Option<u32>, FormError> {
        if let Some((_, row)) = self.chosen.iter().find(|(known, _)| *known == rule) {
            return Ok(*row);
        }
        let key = self.key(self.subject.kind.row(rule))?;
        let row = key.map(|key| {
            rows.push(plan_row(self.subject.catalog, key));
            rows.len() as u32 - 1
        });
        self.chosen.push((rule, row));
        Ok(row)
    }

    fn key(&mut self, rule: &RowRule) -> Result<Option<RowKey>, FormError> {
        if let Some(key) = self.base_itself(rule) {
            return Ok(Some(key));
        }
        let at = self.at;
        if self.bags.is_none() {
            let bags = self
                .subject
                .bags_from(at, self.line, self.base, self.to_base)?;
            self.bags = Some(bags);
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
            line: at + 1,
            reason,
        })
    }

    /// The row that the line starts from, when the rule can choose no other: no bag is built then.
    fn base_itself(&self, rule: &RowRule) -> Option<RowKey> {
        let plain = rule.set.is_empty()
            && rule.when.is_empty()
            && rule.years_later == 0
            && rule.place == Place::Document;
        let base = match rule.bag {
            BagName::Line if self.line.dims.is_empty() => self.base,
            BagName::To if self.line.to.is_empty() => match self.to_base {
                None if self.line.dims.is_empty() => self.base,
                base => base,
            },
            _ => None,
        };
        let key = RowKey::from_bytes(base.filter(|_| plain)?)?;
        let same = key.ledger() == rule.ledger
            && key.year() == self.subject.year
            && key.division() == self.subject.division;
        same.then_some(key)
    }

    fn amount(&self, source: crate::catalog::document::AmountSource) -> Option<Cents> {
        crate::catalog::key::amount_of(source, self.line.amount, &self.line.fields)
    }
}

fn plan_row(catalog: &Catalog, key: RowKey) -> Planned {
    let (division, agency) = catalog.shard_part(key.as_bytes());
    let ledger = catalog.ledger(key.ledger());
    let kind = RowKind {
        division,
        year: key.year(),
        ledger: key.ledger(),
        control: ledger.map_or_else(Default::default, |ledger| ledger.control),
        scheduled: ledger.is_some_and(|ledger| ledger.schedule),
    };
    let shard = place::of_agency(division, agency);
    Planned {
        key,
        shard,
        id: RowId::default(),
        kind,
        is_new: false,
    }
}
