//! The plan of a command: which rows its lines choose, and what happens to them.
//!
//! Made without locks. Names of rows are found later, under the locks of their shards: see
//! [`Plan::resolve`]. All of its room is kept from one command to the next.

use crate::catalog::key::RowKey;
use crate::catalog::model::Catalog;
use crate::engine::choose::{Choice, Chooser, Subject};
use crate::engine::error::FormError;
use crate::engine::held::{Held, ShardSet};
use crate::engine::place::{self, ShardId};
use hubu_kernel::decide::{Move, View};
use hubu_kernel::document::Line;
use hubu_kernel::effect::{Effect, Phase};
use hubu_kernel::ident::{Division, LedgerId, RowId, Year};
use hubu_kernel::money::Cents;
use hubu_kernel::posting::Posting;
use hubu_kernel::record::NewRow;
use hubu_kernel::row::{Row, RowKind};
use hubu_kernel::schedule::Month;
use std::collections::HashMap;
use std::hint::black_box;

/// A row of the plan.
struct Planned {
    shard: ShardId,
    by: By,
    id: RowId,
}

/// What names a row.
enum By {
    /// It is this one, or the one beside it in the ledger.
    Base(RowId, LedgerId),
    /// It has the key that stands here in the plan's room.
    Key(u32, u32),
}

struct PlannedMove {
    row: u32,
    effect: Effect,
    amount: Cents,
    month: Option<Month>,
}

/// A base row is not what the command took it for: plan anew with keys, which tells what is wrong.
pub(crate) struct NotBeside;

/// See the module.
#[derive(Default)]
pub(crate) struct Plan {
    division: Division,
    year: Year,
    rows: Vec<Planned>,
    keys: Vec<u8>,
    moves: Vec<PlannedMove>,
    postings: Vec<(u32, u32, Cents)>,
    /// Rows that would come to be, in order of slots within each shard.
    fresh: Vec<NewRow>,
    fresh_by_key: HashMap<Box<[u8]>, RowId>,
    fresh_kinds: HashMap<RowId, RowKind>,
    fresh_counts: HashMap<ShardId, usize>,
    /// Whether rows beside a base are left to be told under locks.
    pub(crate) defers: bool,
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
        self.division = subject.division;
        self.year = subject.year;
        if matches!(phase, Phase::None | Phase::Release) {
            return Ok(());
        }
        for (at, line) in lines.iter().enumerate() {
            self.plan_line(subject, at, line, phase)?;
        }
        Ok(())
    }

    /// Plans nothing.
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.keys.clear();
        self.moves.clear();
        self.postings.clear();
        self.forget_fresh();
        self.found_moves.clear();
        self.found_postings.clear();
    }

    fn forget_fresh(&mut self) {
        if !self.fresh_by_key.is_empty() {
            self.fresh.clear();
            self.fresh_by_key.clear();
            self.fresh_kinds.clear();
            self.fresh_counts.clear();
        }
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
        let mut chooser = Chooser::new(subject, at, line, self.defers);
        let mut add = |choice: Choice| add_row(rows, keys, subject.catalog, &choice);
        for rule in &subject.kind.moves {
            if !has_operations(rule.effect, phase) {
                continue;
            }
            let Some(row) = chooser.row(rule.row, &mut add)? else {
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

    /// Adds the shards of the plan's rows.
    pub(crate) fn touch(&self, touched: &mut ShardSet) {
        self.rows.iter().for_each(|row| touched.add(row.shard));
    }

    /// Looks at the rows that it knows already.
    pub(crate) fn warm(&self, held: &Held<'_>) {
        for row in &self.rows {
            if let By::Base(base, _) = row.by {
                let row = held.get(row.shard).rows.get(place::slot(base));
                black_box(row.map(|row| row.approved));
            }
        }
    }

    /// Finds or names every row, under the locks of its shard, and puts moves in order of row ids.
    pub(crate) fn resolve(&mut self, held: &Held<'_>, catalog: &Catalog) -> Result<(), NotBeside> {
        self.forget_fresh();
        for at in 0..self.rows.len() {
            let shard = self.rows[at].shard;
            self.rows[at].id = match self.rows[at].by {
                By::Base(base, ledger) => self.beside(held, catalog, base, ledger)?,
                By::Key(start, end) => {
                    let key = &self.keys[start as usize..end as usize];
                    match held.get(shard).rows.find(key) {
                        Some(slot) => place::row(shard, slot),
                        None => {
                            let key = Box::from(key);
                            self.name(held, catalog, shard, key)
                        }
                    }
                }
            };
        }
        self.fill_found();
        Ok(())
    }

    fn beside(
        &mut self,
        held: &Held<'_>,
        catalog: &Catalog,
        base: RowId,
        ledger: LedgerId,
    ) -> Result<RowId, NotBeside> {
        let (id, slot) = (place::of_row(base), place::slot(base));
        let rows = &held.get(id).rows;
        let row = rows.get(slot).ok_or(NotBeside)?;
        if (row.division, row.year) != (self.division, self.year) {
            return Err(NotBeside);
        }
        if row.ledger == ledger {
            return Ok(base);
        }
        // Rows of one agency share a shard, and keys that differ in the ledger alone share the agency.
        let key = catalog.beside(rows.key(slot), ledger).ok_or(NotBeside)?;
        Ok(match rows.find(key.as_bytes()) {
            Some(slot) => place::row(id, slot),
            None => self.name(held, catalog, id, key.as_bytes().into()),
        })
    }

    /// Names a row that would come to be: the next slot of its shard.
    fn name(
        &mut self,
        held: &Held<'_>,
        catalog: &Catalog,
        shard: ShardId,
        key: Box<[u8]>,
    ) -> RowId {
        if let Some(id) = self.fresh_by_key.get(&key) {
            return *id;
        }
        let count = self.fresh_counts.entry(shard).or_insert(0);
        let id = place::row(shard, held.get(shard).rows.len() + *count);
        *count += 1;
        let kind = kind_of(catalog, &key);
        self.fresh_by_key.insert(key.clone(), id);
        self.fresh_kinds.insert(id, kind);
        self.fresh.push(NewRow { id, kind, key });
        id
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
        found_moves.sort_by_key(|m| m.row);
        found_postings.clear();
        found_postings.extend(postings.iter().map(|(debit, credit, amount)| Posting {
            debit: id(*debit),
            credit: id(*credit),
            amount: *amount,
        }));
    }

    /// The rows that come to be if the command is accepted, each shard's in order of slots.
    pub(crate) fn take_new_rows(&mut self) -> Vec<NewRow> {
        std::mem::take(&mut self.fresh)
    }

    /// The key of a row that would come to be.
    pub(crate) fn fresh_key(&self, id: RowId) -> Option<&[u8]> {
        self.fresh
            .iter()
            .find(|row| row.id == id)
            .map(|row| &*row.key)
    }
}

/// Adds a row to the plan's room and gives its place.
fn add_row(rows: &mut Vec<Planned>, keys: &mut Vec<u8>, catalog: &Catalog, choice: &Choice) -> u32 {
    let (shard, by) = match choice {
        Choice::Beside(base, ledger) => (place::of_row(*base), By::Base(*base, *ledger)),
        Choice::Keyed(key) => {
            let start = keys.len() as u32;
            keys.extend_from_slice(key.as_bytes());
            let (division, agency) = catalog.shard_part(key.as_bytes());
            (
                place::of_agency(division, agency),
                By::Key(start, keys.len() as u32),
            )
        }
    };
    rows.push(Planned {
        shard,
        by,
        id: RowId(0),
    });
    rows.len() as u32 - 1
}

fn kind_of(catalog: &Catalog, key: &[u8]) -> RowKind {
    let head = RowKey::from_bytes(key).map(|key| (key.ledger(), key.year()));
    let (ledger, year) = head.unwrap_or_default();
    let (division, _) = catalog.shard_part(key);
    let rule = catalog.ledger(ledger);
    RowKind {
        division,
        year,
        ledger,
        control: rule.map_or_else(Default::default, |rule| rule.control),
        scheduled: rule.is_some_and(|rule| rule.schedule),
    }
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
        let fresh = self.plan.fresh_kinds.get(&id).copied();
        assert!(fresh.is_some(), "{id:?} is neither there nor planned");
        Row::new(fresh.unwrap_or_default())
    }
}
