//! Work lists (待办): which open documents wait for whom, oldest first.
//!
//! A document waits for the roles that the steps from its state name, in the division that the step
//! must be taken in. It stands once in the list of that division and role, and once in the list of
//! its agency there, so that an agency's people never look past another's documents.
//! Where a role may take the step only with certain amounts, a document of another amount is not its work.
//! A step that only the creator may take (撤回) is nobody's work, unless the state has no other.

use super::names::{Name, Names};
use crate::catalog::document::{Acting, DocumentType, RoleSet};
use crate::catalog::limit::RoleLimit;
use crate::engine::catalogs::Catalogs;
use hashbrown::HashMap;
use hubu_kernel::ident::{CatalogVersion, Division, DocumentId, StateId, TypeId, Year};
use hubu_kernel::money::Total;
use smallvec::SmallVec;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most documents that one page looks at; a thin filter answers with few items and a cursor.
const LOOKED_MAX: usize = 20_000;

/// The most items of one page.
pub const WORK_PAGE_MAX: usize = 200;

/// An open document as work lists show it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkItem {
    /// Its name in the cell.
    pub id: DocumentId,
    /// Its type.
    pub kind: TypeId,
    /// The catalog that it lives under.
    pub catalog: CatalogVersion,
    /// Where it stands.
    pub state: StateId,
    /// Steps taken.
    pub version: u32,
    /// Whose it is.
    pub division: Division,
    /// Of which year.
    pub year: Year,
    /// The agency, or empty.
    pub agency: Arc<str>,
    /// Its number in the series of its division, year and type.
    pub number: u64,
    /// Σ of its lines, in 分.
    pub amount: Total,
    /// When it last moved: milliseconds since 1970-01-01 UTC.
    pub waiting_since_ms: u64,
    /// Who entered it: may not take steps that must be another's.
    pub creator: Arc<str>,
    /// Who took the last step.
    pub previous: Arc<str>,
    /// Who took a step in this round, without the creator.
    pub acted: Vec<Arc<str>>,
}

/// A [`WorkItem`] as it is kept: its texts by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Item {
    pub(crate) id: DocumentId,
    pub(crate) kind: TypeId,
    pub(crate) catalog: CatalogVersion,
    pub(crate) state: StateId,
    pub(crate) version: u32,
    pub(crate) division: Division,
    pub(crate) year: Year,
    pub(crate) agency: Name,
    pub(crate) number: u64,
    pub(crate) amount: Total,
    pub(crate) moved_ms: u64,
    pub(crate) creator: Name,
    pub(crate) previous: Name,
    pub(crate) acted: SmallVec<[Name; 4]>,
}

impl Item {
    /// As it is shown.
    pub(crate) fn shown(&self, names: &Names) -> WorkItem {
        WorkItem {
            id: self.id,
            kind: self.kind,
            catalog: self.catalog,
            state: self.state,
            version: self.version,
            division: self.division,
            year: self.year,
            agency: names.text(self.agency),
            number: self.number,
            amount: self.amount,
            waiting_since_ms: self.moved_ms,
            creator: names.text(self.creator),
            previous: names.text(self.previous),
            acted: self.acted.iter().map(|name| names.text(*name)).collect(),
        }
    }

    /// As [`hubu_kernel::document::Document::acted`].
    fn note_actor(&mut self, actor: Name, releases: bool) {
        if releases {
            self.acted.clear();
        } else if actor != self.creator && !self.acted.contains(&actor) {
            self.acted.push(actor);
        }
        self.previous = actor;
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct WorkQuery<'a> {
    /// Any of these roles.
    pub roles: RoleSet,
    /// Who acts for this division.
    pub division: Division,
    /// Of this agency alone.
    pub agency: Option<&'a str>,
    /// Of this type alone.
    pub kind: Option<TypeId>,
    /// Behind this place.
    pub after: Option<WorkPlace>,
    /// At most so many, up to [`WORK_PAGE_MAX`].
    pub limit: usize,
}

/// A place in a work list: when the document moved, and its name.
pub type WorkPlace = (u64, DocumentId);

/// A part of a work list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkPage<I = WorkItem> {
    /// Oldest first.
    pub items: Vec<I>,
    /// Where the next part begins; `None` at the end.
    pub next: Option<WorkPlace>,
    /// The last record that the list contains.
    pub as_of: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct ListKey {
    division: Division,
    role: u8,
    /// [`Name::EMPTY`] for the whole division.
    agency: Name,
}

/// What happened to one document, for [`Worklist::apply`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum WorkChange {
    /// It came to be, or is seen for the first time.
    Open(Item),
    /// It moved on.
    Moved {
        id: DocumentId,
        state: StateId,
        version: u32,
        moved_ms: u64,
        previous: Name,
        /// Its rows were let go: a new round begins.
        releases: bool,
        /// Where the step edited its lines.
        amount: Option<Total>,
    },
    /// It ended.
    Ended(DocumentId),
}

/// Whom a state waits for: role, of which division, and with which amounts.
type Waits = Vec<(u8, Acting, Option<RoleLimit>)>;

/// See the module.
pub(crate) struct Worklist {
    items: HashMap<DocumentId, Item>,
    lists: HashMap<ListKey, BTreeSet<WorkPlace>>,
    waits: HashMap<(CatalogVersion, TypeId, StateId), Waits>,
    catalogs: Catalogs,
    as_of: u64,
}

impl Worklist {
    pub(crate) fn new(catalogs: &Catalogs) -> Worklist {
        Worklist {
            items: HashMap::new(),
            lists: HashMap::new(),
            waits: HashMap::new(),
            catalogs: catalogs.clone(),
            as_of: 0,
        }
    }

    /// Applies what a batch did; the lists then stand at `as_of`.
    pub(crate) fn apply(&mut self, changes: impl Iterator<Item = WorkChange>, as_of: u64) {
        assert!(as_of >= self.as_of, "a work list only goes forward");
        for change in changes {
            match change {
                WorkChange::Open(item) => self.put(item),
                WorkChange::Ended(id) => {
                    self.take(id);
                }
                WorkChange::Moved {
                    id,
                    state,
                    version,
                    moved_ms,
                    previous,
                    releases,
                    amount,
                } => {
                    let Some(mut item) = self.take(id) else {
                        continue;
                    };
                    (item.state, item.version) = (state, version);
                    item.note_actor(previous, releases);
                    item.moved_ms = moved_ms;
                    item.amount = amount.unwrap_or(item.amount);
                    self.put(item);
                }
            }
        }
        self.as_of = as_of;
    }

    fn put(&mut self, item: Item) {
        for key in self.lists_of(&item) {
            self.lists
                .entry(key)
                .or_default()
                .insert((item.moved_ms, item.id));
        }
        self.items.insert(item.id, item);
    }

    fn take(&mut self, id: DocumentId) -> Option<Item> {
        let item = self.items.remove(&id)?;
        for key in self.lists_of(&item) {
            if let Some(list) = self.lists.get_mut(&key) {
                list.remove(&(item.moved_ms, id));
                if list.is_empty() {
                    self.lists.remove(&key);
                }
            }
        }
        Some(item)
    }

    fn lists_of(&mut self, item: &Item) -> SmallVec<[ListKey; 8]> {
        let catalog = self.catalogs.version(item.catalog);
        let waits = self
            .waits
            .entry((item.catalog, item.kind, item.state))
            .or_insert_with(|| {
                catalog
                    .document_type(item.kind)
                    .map_or(Vec::new(), |kind| waits(kind, item.state))
            });
        let mut keys: SmallVec<[ListKey; 8]> = SmallVec::new();
        let admits =
            |limit: &Option<RoleLimit>| limit.is_none_or(|limit| limit.admits(item.amount));
        for &(role, acting, _) in waits.iter().filter(|(_, _, limit)| admits(limit)) {
            let division = match acting {
                Acting::Document => Some(item.division),
                Acting::Parent => catalog.divisions.payer(item.division),
            };
            let Some(division) = division else { continue };
            keys.push(ListKey {
                division,
                role,
                agency: Name::EMPTY,
            });
            if item.agency != Name::EMPTY {
                keys.push(ListKey {
                    division,
                    role,
                    agency: item.agency,
                });
            }
        }
        keys
    }

    /// A part of the list that the query describes; `agency` is the name of its agency, or empty.
    pub(crate) fn page(&self, query: &WorkQuery<'_>, agency: Name) -> WorkPage<Item> {
        let mut page = WorkPage {
            items: Vec::new(),
            next: None,
            as_of: self.as_of,
        };
        let limit = query.limit.clamp(1, WORK_PAGE_MAX);
        let mut lists: Vec<&BTreeSet<WorkPlace>> = Vec::new();
        for role in (0..64).filter(|role| query.roles.0 & 1 << role != 0) {
            let key = ListKey {
                division: query.division,
                role,
                agency,
            };
            lists.extend(self.lists.get(&key));
        }
        let mut last = query.after;
        for _ in 0..LOOKED_MAX {
            // The oldest of all lists behind the last place; one that stands in two lists comes once.
            let next = lists.iter().filter_map(|list| behind(list, last)).min();
            let Some(place) = next else { return page };
            let item = self
                .items
                .get(&place.1)
                .filter(|i| query.kind.is_none_or(|k| k == i.kind));
            if let Some(item) = item {
                if page.items.len() == limit {
                    break;
                }
                page.items.push(item.clone());
            }
            last = Some(place);
        }
        page.next = last;
        page
    }

    /// The record up to which the lists are kept.
    pub(crate) fn as_of(&self) -> u64 {
        self.as_of
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }
}

fn behind(list: &BTreeSet<WorkPlace>, last: Option<WorkPlace>) -> Option<WorkPlace> {
    use std::ops::Bound::{Excluded, Unbounded};
    let from = last.map_or(Unbounded, Excluded);
    list.range((from, Unbounded)).next().copied()
}

fn waits(kind: &DocumentType, state: StateId) -> Waits {
    let own = kind.steps_from(state).all(|step| step.kernel.creator_only);
    let mut waits = Waits::new();
    for step in kind
        .steps_from(state)
        .filter(|step| own || !step.kernel.creator_only)
    {
        for role in (0..64).filter(|role| step.roles.0 & 1 << role != 0) {
            let wait = (
                role,
                step.acting,
                step.limit_of(RoleSet(1 << role)).copied(),
            );
            if !waits.contains(&wait) {
                waits.push(wait);
            }
        }
    }
    waits
}
