//! Lists of rows: a page shows all of its rows as they were at one moment.
//!
//! A division's rows lie in many shards. They are looked through one by one, each under its own lock,
//! while the world goes on; a transfer in between would then show its money twice or nowhere. So where
//! more than one shard was looked through and anything was decided meanwhile, all of them are locked
//! together, in ascending order as commands lock theirs, and the rows found are read again: a short
//! look, as nothing is searched under it.

use crate::engine::Engine;
use crate::engine::held::{Held, ShardSet};
use crate::engine::place::{self, ShardId};
use crate::engine::read::{Page, RowFilter, RowView, view};
use crate::engine::shard::{Shard, Shards};
use hubu_kernel::ident::Seq;

/// The most rows of one page.
pub const PAGE_MAX: usize = 1000;

/// The most rows that one page looks at; a thin filter answers with few rows and a cursor.
const LOOKED_MAX: usize = 200_000;

/// What is asked for.
struct Wanted<'a> {
    filter: &'a RowFilter,
    /// The filter's agency as keys have it.
    agency: Option<smallvec::SmallVec<[u8; 16]>>,
    limit: usize,
}

/// A shard that was looked through.
struct Looked {
    id: ShardId,
    /// How many rows it had; `None` when the page was full before its end.
    rows: Option<usize>,
}

impl Engine {
    /// Rows of a filter from `cursor` on, at most `limit` of them, all as they were at one moment
    /// between the call and its end.
    pub fn rows(&self, filter: &RowFilter, cursor: Option<u64>, limit: usize) -> Page<RowView> {
        let wanted = Wanted {
            filter,
            agency: filter.agency.as_deref().map(place::pack_agency),
            limit: limit.clamp(1, PAGE_MAX),
        };
        let state = self.state();
        // A record is numbered and applied under the locks of all its shards: what was numbered before
        // this is seen whole, and without a later one nothing moved.
        let before = self.newest();
        let (page, looked) = collect(&state, &wanted, cursor);
        if looked.len() < 2 || self.newest() == before {
            return page;
        }
        let mut set = ShardSet::default();
        looked.iter().for_each(|looked| set.add(looked.id));
        let held = Held::lock(&state, &set, self.archives());
        read_again(&held, &wanted, page, &looked)
    }
}

/// Looks through the shards one by one, each at its own moment.
fn collect(
    state: &Shards,
    wanted: &Wanted<'_>,
    cursor: Option<u64>,
) -> (Page<RowView>, Vec<Looked>) {
    let (mut at, mut slot) = cursor.map_or((0, 0), |c| ((c >> 32) as usize, c as u32 as usize));
    let filter = wanted.filter;
    let only = filter
        .agency
        .as_deref()
        .map(|agency| place::of_document_of(filter.division, agency));
    let mut page = Page {
        items: Vec::new(),
        cursor: None,
        seq: Seq(0),
    };
    let mut looked = Vec::new();
    let mut rows = 0;
    while at < place::SHARDS {
        let id = at as ShardId;
        if only.is_none_or(|only| only == id) {
            let shard = state.lock(id);
            page.seq = page.seq.max(Seq(shard.last));
            let stopped = pick(&shard, id, slot, wanted, &mut page.items);
            looked.push(Looked {
                id,
                rows: stopped.is_none().then(|| shard.rows.len()),
            });
            rows += shard.rows.len();
            if let Some(next) = stopped {
                page.cursor = Some(place_of(id, next));
                return (page, looked);
            }
        }
        at += 1;
        slot = 0;
        if rows > LOOKED_MAX && at < place::SHARDS {
            page.cursor = Some((at as u64) << 32);
            return (page, looked);
        }
    }
    (page, looked)
}

/// The page as it is now, under the locks of all its shards: its rows, and those that came to be since.
fn read_again(
    held: &Held<'_>,
    wanted: &Wanted<'_>,
    first: Page<RowView>,
    looked: &[Looked],
) -> Page<RowView> {
    let mut page = Page {
        items: Vec::with_capacity(first.items.len()),
        cursor: first.cursor,
        seq: Seq(0),
    };
    for (_, shard) in held.all() {
        page.seq = page.seq.max(Seq(shard.last));
    }
    let mut known = first.items.into_iter().peekable();
    for Looked { id, rows } in looked {
        let shard = held.get(*id);
        while let Some(mut item) = known.next_if(|item| place::of_row(item.id) == *id) {
            let slot = place::slot(item.id);
            if page.items.len() == wanted.limit {
                // Rows that came to be took its room.
                page.cursor = Some(place_of(*id, slot));
                return page;
            }
            if let Some(row) = shard.rows.get(slot) {
                item.row = row.clone();
                page.items.push(item);
            }
        }
        let Some(rows) = rows else { continue };
        if let Some(next) = pick(shard, *id, *rows, wanted, &mut page.items) {
            page.cursor = Some(place_of(*id, next));
            return page;
        }
    }
    page
}

/// Where a page goes on: a shard and a slot of it.
fn place_of(id: ShardId, slot: usize) -> u64 {
    u64::from(id) << 32 | slot as u64
}

/// Collects rows of one shard; says where it stopped when the page is full.
fn pick(
    shard: &Shard,
    id: ShardId,
    from: usize,
    wanted: &Wanted<'_>,
    items: &mut Vec<RowView>,
) -> Option<usize> {
    let filter = wanted.filter;
    for (slot, key, row) in shard.rows.iter().skip(from) {
        let fits = row.division == filter.division
            && filter.ledger.is_none_or(|ledger| row.ledger == ledger)
            && filter.year.is_none_or(|year| row.year == year)
            && wanted
                .agency
                .as_ref()
                .is_none_or(|agency| is_of_agency(key, agency));
        if fits {
            if items.len() == wanted.limit {
                return Some(slot);
            }
            items.push(view(place::row(id, slot), key, row));
        }
    }
    None
}

/// Whether a packed key's first dimension is this agency.
fn is_of_agency(key: &[u8], packed: &[u8]) -> bool {
    let head = crate::catalog::key::HEAD;
    key.get(8).is_some_and(|present| present & 1 != 0)
        && key.get(head..head + packed.len()) == Some(packed)
}
