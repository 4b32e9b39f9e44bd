//! The views in memory: work lists and rollups, built from a walk over the shards and kept by one
//! follower, batch by batch.
//!
//! Each shard is seen at its own moment, its stamp, and then follows records behind the stamp only;
//! once the follower has passed the highest stamp all stand at the same record, and reads may begin.
//! Records are decoded outside of the locks; a batch is added under each lock in one piece, so that a
//! reader sees all of it or nothing.

use super::error::ViewError;
use super::follow::Follower;
use super::names::{Name, Names};
use super::rollup::{Deltas, GroupId, Rollup, Summary, Sums};
use super::worklist::{Item, WorkChange, WorkPage, WorkQuery, Worklist};
use crate::engine::Engine;
use crate::engine::place::{self, SHARDS};
use crate::engine::watermark::Watermark;
use crate::journal::codec::Head;
use crate::journal::codec::step::{Movements, Step, peek_movements};
use crate::journal::{Records, codec};
use crate::sync::Mutex;
use hubu_kernel::document::{Document, Entry, Line};
use hubu_kernel::effect::Phase;
use hubu_kernel::ident::{Division, DocumentId, RowId, StateId, Year};
use hubu_kernel::money::Total;
use hubu_kernel::posting::Side;
use hubu_kernel::record::{Body, Decided};
use hubu_kernel::row::RowKind;
use smallvec::SmallVec;
use std::sync::Arc;

/// See the module.
pub struct Live {
    rollup: Mutex<Rollup>,
    worklist: Mutex<Worklist>,
    /// Never locked together with the lists.
    names: Mutex<Names>,
    mark: Arc<Watermark>,
}

impl Live {
    /// The record up to which both views are built.
    pub fn mark(&self) -> &Arc<Watermark> {
        &self.mark
    }

    /// A division's sums in one year.
    ///
    /// # Errors
    /// [`ViewError::Stopped`] when the views are not kept any more.
    pub fn summary(&self, division: Division, year: Year) -> Result<Summary, ViewError> {
        self.check()?;
        Ok(self.rollup.lock().summary(division, year))
    }

    /// A part of a work list.
    ///
    /// # Errors
    /// [`ViewError::Stopped`] when the views are not kept any more.
    pub fn work(&self, query: &WorkQuery<'_>) -> Result<WorkPage, ViewError> {
        self.check()?;
        let agency = self.names.lock().find(query.agency.unwrap_or_default());
        let page = match agency {
            Some(agency) => self.worklist.lock().page(query, agency),
            // No open document was ever of this agency.
            None => WorkPage {
                items: Vec::new(),
                next: None,
                as_of: self.worklist.lock().as_of(),
            },
        };
        let names = self.names.lock();
        Ok(WorkPage {
            items: page.items.iter().map(|item| item.shown(&names)).collect(),
            next: page.next,
            as_of: page.as_of,
        })
    }

    /// Open documents, and groups of rows: for metrics.
    pub fn sizes(&self) -> (usize, usize) {
        let open = self.worklist.lock().len();
        (open, self.rollup.lock().len())
    }

    fn check(&self) -> Result<(), ViewError> {
        self.mark
            .latched()
            .map_or(Ok(()), |latched| Err(latched.into()))
    }
}

/// The follower of the views in memory.
pub(crate) struct Keep {
    live: Arc<Live>,
    engine: Arc<Engine>,
    /// Of each shard, the record up to which the walk saw it.
    stamps: Vec<u64>,
    /// Of each shard, each row's group, by slot.
    groups: Vec<Vec<GroupId>>,
    deltas: Deltas,
    work: Vec<WorkChange>,
}

impl Keep {
    /// Walks over the shards and waits until what it saw is durable; the views are whole once the
    /// follower, which begins behind [`Keep::after`], has passed the returned record.
    ///
    /// # Errors
    /// When the journal latched before what was seen became durable.
    pub(crate) fn walk(engine: Arc<Engine>) -> Result<(Arc<Live>, Keep, u64), ViewError> {
        let mut rollup = Rollup::default();
        let mut deltas = Deltas::default();
        let mut work = Vec::new();
        let mut names = Names::default();
        let (mut stamps, mut groups) = (Vec::new(), Vec::new());
        let above = |division| parent(&engine, division);
        let ready_at = engine.walk(|_, shard, stamp| {
            let mut of_shard = Vec::with_capacity(shard.rows.len());
            for (_, _, row) in shard.rows.iter() {
                let group = rollup.group((row.division, row.year, row.ledger), &above);
                *deltas.of(group) += Sums::of_row(row);
                of_shard.push(group);
            }
            let open = shard.documents.values();
            work.extend(open.map(|document| WorkChange::Open(standing(document, &mut names))));
            stamps.push(stamp);
            groups.push(of_shard);
        });
        assert!(stamps.len() == SHARDS, "every shard was seen");
        let after = stamps.iter().copied().min().unwrap_or(0);
        engine.watermark().wait_blocking(ready_at)?;
        rollup.add(deltas.all(), after);
        deltas.clear();
        let mut worklist = Worklist::new(engine.catalogs());
        worklist.apply(work.drain(..), after);
        let live = Arc::new(Live {
            rollup: Mutex::new(rollup),
            worklist: Mutex::new(worklist),
            names: Mutex::new(names),
            mark: Arc::new(Watermark::new(after)),
        });
        let keep = Keep {
            live: Arc::clone(&live),
            engine,
            stamps,
            groups,
            deltas,
            work,
        };
        Ok((live, keep, ready_at))
    }

    /// The record that every shard was seen to have, if it concerned it.
    pub(crate) fn after(&self) -> u64 {
        self.stamps.iter().copied().min().unwrap_or(0)
    }

    fn take_record(&mut self, seq: u64, bytes: &[u8]) -> Result<(), ViewError> {
        let failed = |source| ViewError::Record { seq, source };
        let Some((head, step, moved)) = peek_movements(bytes).map_err(failed)? else {
            return Ok(());
        };
        self.take_movements(seq, &moved);
        let tells_more = step.spawns || step.edits || (step.enters && !step.terminal);
        let whole = tells_more.then(|| codec::decode(bytes)).transpose();
        let whole = whole.map_err(failed)?.map(|record| record.body);
        let decided = match &whole {
            Some(Body::Decided(decided)) => Some(&**decided),
            _ => None,
        };
        if self.is_new(seq, step.document) {
            self.take_step(&head, &step, decided);
        }
        for spawned in decided.map_or(&[][..], |decided| &decided.spawned) {
            if self.is_new(seq, spawned.document) {
                let names = &mut self.live.names.lock();
                let by = (names.name("system"), Name::EMPTY);
                let place = (spawned.document, spawned.state, head.time_ms);
                let item = opened(place, &spawned.entry, by, names);
                self.work.push(WorkChange::Open(item));
            }
        }
        Ok(())
    }

    /// Whether the walk did not see the record already in this document's shard.
    fn is_new(&self, seq: u64, document: DocumentId) -> bool {
        seq > self.stamps[usize::from(place::of_document(document))]
    }

    fn take_movements(&mut self, seq: u64, moved: &Movements) {
        for new in &moved.rows {
            self.meet_row(new.id, new.kind);
        }
        for change in &moved.changes {
            if let Some(sums) = self.due(seq, change.row) {
                sums.apply(change.operation, change.amount);
            }
        }
        for posting in &moved.postings {
            for (row, side) in [(posting.debit, Side::Debit), (posting.credit, Side::Credit)] {
                if let Some(sums) = self.due(seq, row) {
                    sums.post(side, posting.amount);
                }
            }
        }
    }

    /// The delta of a row's group, where the walk did not see the record already.
    fn due(&mut self, seq: u64, row: RowId) -> Option<&mut Sums> {
        let shard = usize::from(place::of_row(row));
        if seq <= self.stamps[shard] {
            return None;
        }
        let group = self.groups[shard].get(place::slot(row)).copied();
        assert!(group.is_some(), "{row:?} was named before it was");
        group.map(|group| self.deltas.of(group))
    }

    fn meet_row(&mut self, id: RowId, kind: RowKind) {
        let shard = usize::from(place::of_row(id));
        if place::slot(id) < self.groups[shard].len() {
            return;
        }
        assert_eq!(
            place::slot(id),
            self.groups[shard].len(),
            "rows come to be in order"
        );
        let above = |division| parent(&self.engine, division);
        let key = (kind.division, kind.year, kind.ledger);
        let group = self.live.rollup.lock().group(key, &above);
        self.groups[shard].push(group);
        self.deltas.of(group).rows += 1;
    }

    fn take_step(&mut self, head: &Head<'_>, step: &Step, decided: Option<&Decided>) {
        let id = step.document;
        if step.terminal {
            // What ends where it begins was never open.
            if !step.enters {
                self.work.push(WorkChange::Ended(id));
            }
            return;
        }
        let names = &mut self.live.names.lock();
        let actor = names.name(head.actor);
        self.work
            .push(match decided.and_then(|d| d.entry.as_ref()) {
                Some(entry) => {
                    let place = (id, step.state, head.time_ms);
                    WorkChange::Open(opened(place, entry, (actor, actor), names))
                }
                None => WorkChange::Moved {
                    id,
                    state: step.state,
                    version: step.version,
                    moved_ms: head.time_ms,
                    previous: actor,
                    releases: step.phase == Phase::Release,
                    amount: decided.and_then(|d| d.lines.as_deref()).map(amount),
                },
            });
    }
}

impl Follower for Keep {
    fn take(&mut self, first: u64, last: u64, records: Records<'_>) -> Result<(), ViewError> {
        for (seq, bytes) in (first..).zip(records) {
            self.take_record(seq, bytes)?;
        }
        self.live.rollup.lock().add(self.deltas.all(), last);
        self.deltas.clear();
        self.live.worklist.lock().apply(self.work.drain(..), last);
        Ok(())
    }
}

fn parent(engine: &Engine, division: Division) -> Option<Division> {
    engine.catalogs().current().1.divisions.parent(division)
}

/// A document that was just entered.
fn opened(
    (id, state, moved_ms): (DocumentId, StateId, u64),
    entry: &Entry,
    (creator, previous): (Name, Name),
    names: &mut Names,
) -> Item {
    Item {
        id,
        kind: entry.kind,
        catalog: entry.catalog,
        state,
        version: 1,
        division: entry.division,
        year: entry.year,
        agency: names.name(&entry.agency),
        number: entry.number,
        amount: amount(&entry.lines),
        moved_ms,
        creator,
        previous,
        acted: SmallVec::new(),
    }
}

/// A document as it stands.
fn standing(document: &Document, names: &mut Names) -> Item {
    let place = (document.id, document.state, document.moved_ms);
    let by = (
        names.name(&document.creator),
        names.name(&document.previous),
    );
    let acted = document.acted.iter().map(|name| names.name(name)).collect();
    Item {
        acted,
        version: document.version,
        ..opened(place, &document.entry, by, names)
    }
}

fn amount(lines: &[Line]) -> Total {
    lines.iter().map(|line| Total::from(line.amount.0)).sum()
}
