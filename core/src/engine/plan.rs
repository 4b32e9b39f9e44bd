//! The plan of a command: which rows its lines choose, and what happens to them.
//!
//! Made without locks, but for a glance at the rows that lines start from (keys never change).
//! Names of rows are found later, under the locks of their shards: see [`Plan::resolve`]. All of its
//! room is kept from one command to the next.

use crate::catalog::model::Catalog;
use crate::engine::choose::{Choice, Chooser, Subject};
use crate::engine::error::FormError;
use crate::engine::held::{Held, Touched};
use crate::engine::place::{self, ShardId};
use hubu_kernel::decide::{Move, View};
use hubu_kernel::document::Line;
use hubu_kernel::effect::{Effect, Phase};
use hubu_kernel::ident::RowId;
use hubu_kernel::money::Cents;
use hubu_kernel::posting::Posting;
use hubu_kernel::record::NewRow;
use hubu_kernel::row::{Row, RowKind};
use hubu_kernel::schedule::Month;
use smallvec::SmallVec;

/// A row of the plan; its key stands in the plan's room.
struct Planned {
    start: u32,
    end: u32,
    shard: ShardId,
    id: RowId,
    /// Only of use where the row may come to be.
    kind: RowKind,
    /// The line itself named it, so it is there and need not be looked up.
    is_named: bool,
    is_new: bool,
}

struct PlannedMove {
    row: u32,
    effect: Effect,
    amount: Cents,
    month: Option<Month>,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Plan {
    rows: Vec<Planned>,
    keys: Vec<u8>,
    moves: Vec<PlannedMove>,
    postings: Vec<(u32, u32, Cents)>,
    /// Rows in order of their keys.
    order: Vec<u32>,
    /// Each row's place in `order`; rows of equal key share the first one's.
    ranks: Vec<u32>,
    /// Rows that would come to be, ascending by id.
    fresh: Vec<(RowId, RowKind)>,
    pub(crate) found_moves: Vec<Move>,
    pub(crate) found_postings: Vec<Posting>,
}

fn has_operations(effect: Effect, phase: Phase) -> bool {
    !match phase {
        Phase::Reserve => effect.on_reserve(),
        Phase::Final => effect.on_final(),
        Phase::Now => effect.on_now(),
        Phase::None | Phase::Release => &[],
    }
    .is_empty()
}

impl Plan {
    /// Plans `phase` for the document's lines.
    pub(crate) fn make(
        &mut self,
        subject: &Subject<'_>,
        lines: &[Line],
        phase: Phase,
    ) -> Result<(), FormError> {
        self.clear();
        if matches!(phase, Phase::None | Phase::Release) {
            return Ok(());
        }
        for (at, line) in lines.iter().enumerate() {
            self.plan_line(subject, at, line, phase)?;
        }
        self.sort_rows();
        Ok(())
    }

    /// Plans nothing.
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.keys.clear();
        self.moves.clear();
        self.postings.clear();
        self.order.clear();
        self.found_moves.clear();
        self.found_postings.clear();
    }

    fn plan_line(
        &mut self,
        subject: &Subject<'_>,
        at: usize,
        line: &Line,
        phase: Phase,
    ) -> Result<(), FormError> {
        let Plan {
            rows,
            keys,
            moves,
            postings,
            ..
        } = self;
        let mut chooser = Chooser::new(subject, at, line)?;
        for rule in &subject.kind.moves {
            if !has_operations(rule.effect, phase) {
                continue;
            }
            let add = |choice: Choice<'_>| add_row(rows, keys, subject.catalog, &choice);
            let Some(row) = chooser.row(rule.row, add)? else {
                continue;
            };
            let mark = matches!(rule.effect, Effect::Freeze | Effect::Thaw);
            let amount = if mark {
                Some(Cents::ZERO)
            } else {
                chooser.amount(rule.amount)
            };
            let Some(amount) = amount else { continue };
            moves.push(PlannedMove {
                row,
                effect: rule.effect,
                amount,
                month: line.month,
            });
        }
        if matches!(phase, Phase::Final | Phase::Now) {
            for rule in &subject.kind.postings {
                let mut add = |choice: Choice<'_>| add_row(rows, keys, subject.catalog, &choice);
                let debit = chooser.row(rule.debit, &mut add)?;
                let credit = chooser.row(rule.credit, &mut add)?;
                let amount = chooser.amount(rule.amount);
                if let (Some(debit), Some(credit), Some(amount)) = (debit, credit, amount) {
                    postings.push((debit, credit, amount));
                }
            }
        }
        Ok(())
    }

    fn key(&self, row: &Planned) -> &[u8] {
        &self.keys[row.start as usize..row.end as usize]
    }

    /// Puts moves into row-key order, where equal keys stand together.
    fn sort_rows(&mut self) {
        let mut order = std::mem::take(&mut self.order);
        let mut ranks = std::mem::take(&mut self.ranks);
        let key = |at: u32| self.key(&self.rows[at as usize]);
        order.extend(0..self.rows.len() as u32);
        order.sort_by(|a, b| key(*a).cmp(key(*b)));
        ranks.clear();
        ranks.resize(self.rows.len(), 0);
        let mut leader = 0;
        for (at, &row) in order.iter().enumerate() {
            let same = at > 0 && key(row) == key(order[at - 1]);
            leader = if same { leader } else { at };
            ranks[row as usize] = leader as u32;
        }
        self.moves
            .sort_by_key(|planned| ranks[planned.row as usize]);
        self.order = order;
        self.ranks = ranks;
    }

    /// Adds the shards of the plan's rows.
    pub(crate) fn touch(&self, touched: &mut Touched) {
        self.rows.iter().for_each(|row| touched.add(row.shard));
    }

    /// Finds or names every row, under the locks of its shard.
    pub(crate) fn resolve(&mut self, held: &Held<'_>) {
        let mut named: SmallVec<[(ShardId, usize); 4]> = SmallVec::new();
        for rank in 0..self.order.len() {
            let at = self.order[rank] as usize;
            let leader = self.order[self.ranks[at] as usize] as usize;
            let (id, is_new) = if leader == at {
                self.find(held, at, &mut named)
            } else {
                (self.rows[leader].id, false)
            };
            self.rows[at].id = id;
            self.rows[at].is_new = is_new;
        }
        let Plan { rows, fresh, .. } = self;
        fresh.clear();
        fresh.extend(
            rows.iter()
                .filter(|row| row.is_new)
                .map(|row| (row.id, row.kind)),
        );
        fresh.sort_unstable_by_key(|(id, _)| *id);
        self.fill_found();
    }

    fn find(
        &self,
        held: &Held<'_>,
        at: usize,
        named: &mut SmallVec<[(ShardId, usize); 4]>,
    ) -> (RowId, bool) {
        let row = &self.rows[at];
        if row.is_named {
            return (row.id, false);
        }
        let shard = held.get(row.shard);
        match shard.rows.find(self.key(row)) {
            Some(slot) => (place::row(row.shard, slot), false),
            None => {
                let slot = next_slot(named, row.shard, shard.rows.len());
                (place::row(row.shard, slot), true)
            }
        }
    }

    fn fill_found(&mut self) {
        let Plan {
            rows,
            moves,
            postings,
            found_moves,
            found_postings,
            ..
        } = self;
        let id = |at: u32| rows[at as usize].id;
        found_moves.clear();
        found_moves.extend(moves.iter().map(|m| Move {
            row: id(m.row),
            effect: m.effect,
            amount: m.amount,
            month: m.month,
        }));
        found_postings.clear();
        found_postings.extend(postings.iter().map(|(debit, credit, amount)| Posting {
            debit: id(*debit),
            credit: id(*credit),
            amount: *amount,
        }));
    }

    /// The rows that come to be if the command is accepted, each shard's in order of slots.
    pub(crate) fn new_rows(&self) -> Vec<NewRow> {
        if self.fresh.is_empty() {
            return Vec::new();
        }
        let new = self
            .order
            .iter()
            .map(|at| &self.rows[*at as usize])
            .filter(|row| row.is_new);
        new.map(|row| NewRow {
            id: row.id,
            kind: row.kind,
            key: self.key(row).into(),
        })
        .collect()
    }

    /// The key of a row of the plan.
    pub(crate) fn key_of(&self, id: RowId) -> Option<&[u8]> {
        self.rows
            .iter()
            .find(|row| row.id == id)
            .map(|row| self.key(row))
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

/// Adds a row to the plan's room and gives its place.
fn add_row(
    rows: &mut Vec<Planned>,
    keys: &mut Vec<u8>,
    catalog: &Catalog,
    choice: &Choice<'_>,
) -> u32 {
    let start = keys.len() as u32;
    let planned = match choice {
        Choice::Named(id, key) => {
            keys.extend_from_slice(key);
            let (shard, kind) = (place::of_row(*id), RowKind::default());
            Planned {
                start,
                end: 0,
                shard,
                id: *id,
                kind,
                is_named: true,
                is_new: false,
            }
        }
        Choice::Keyed(key) => {
            keys.extend_from_slice(key.as_bytes());
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
                start,
                end: 0,
                shard,
                id: RowId(0),
                kind,
                is_named: false,
                is_new: false,
            }
        }
    };
    rows.push(Planned {
        end: keys.len() as u32,
        ..planned
    });
    rows.len() as u32 - 1
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
