//! Rollups (汇总): the sums of a division's rows, and of all below it 乡→县→市→省, by year and ledger.
//!
//! A group is the rows of one division, year and ledger. Its own sums and those of its subtree are
//! both kept, so a province's summary is as short a look as a township's; a batch of records is
//! summed apart first and then added up the tree under the lock, once for each group that it touched.

use hubu_kernel::ident::{Division, LedgerId, Year};
use hubu_kernel::money::{Cents, Total};
use hubu_kernel::operation::Operation;
use hubu_kernel::posting::Side;
use hubu_kernel::row::Row;
use std::collections::HashMap;
use std::ops::AddAssign;

/// Sums over rows, in 分; as deltas they may be negative.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sums {
    /// Σ approved (批准数).
    pub approved: Total,
    /// Σ used (已用数).
    pub used: Total,
    /// Σ decreasing (在途减).
    pub decreasing: Total,
    /// Σ increasing (在途增).
    pub increasing: Total,
    /// Σ debit (借方).
    pub debit: Total,
    /// Σ credit (贷方).
    pub credit: Total,
    /// How many rows.
    pub rows: u64,
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Sums) {
        self.approved += other.approved;
        self.used += other.used;
        self.decreasing += other.decreasing;
        self.increasing += other.increasing;
        self.debit += other.debit;
        self.credit += other.credit;
        self.rows += other.rows;
    }
}

impl Sums {
    /// What one row adds.
    pub fn of_row(row: &Row) -> Sums {
        let total = |amount: Cents| Total::from(amount.0);
        Sums {
            approved: total(row.approved),
            used: total(row.used),
            decreasing: total(row.decreasing),
            increasing: total(row.increasing),
            debit: total(row.debit),
            credit: total(row.credit),
            rows: 1,
        }
    }

    /// Adds what one operation does to a row.
    #[inline]
    pub fn apply(&mut self, operation: Operation, amount: Cents) {
        let amount = Total::from(amount.0);
        match operation {
            Operation::ReserveConsume | Operation::ReserveCut => self.decreasing += amount,
            Operation::Release => self.decreasing -= amount,
            Operation::Consume => {
                self.decreasing -= amount;
                self.used += amount;
            }
            Operation::Cut => {
                self.decreasing -= amount;
                self.approved -= amount;
            }
            Operation::Promise => self.increasing += amount,
            Operation::Unpromise => self.increasing -= amount,
            Operation::Grant => {
                self.increasing -= amount;
                self.approved += amount;
            }
            Operation::Restore => self.used -= amount,
            Operation::Freeze | Operation::Thaw => {}
        }
    }

    /// Adds what one side of a posting does to a row.
    #[inline]
    pub fn post(&mut self, side: Side, amount: Cents) {
        match side {
            Side::Debit => self.debit += Total::from(amount.0),
            Side::Credit => self.credit += Total::from(amount.0),
        }
    }
}

/// A group's place in the list of groups; it never changes while the process lives.
pub(crate) type GroupId = u32;

/// The rows of one division, year and ledger.
pub(crate) type GroupKey = (Division, Year, LedgerId);

struct Group {
    parent: Option<GroupId>,
    own: Sums,
    subtree: Sums,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Rollup {
    groups: Vec<Group>,
    /// Ledgers ascending.
    by_book: HashMap<(Division, Year), Vec<(LedgerId, GroupId)>>,
    as_of: u64,
}

impl Rollup {
    /// The group of this key, made where it is new; `parent` tells the division above.
    pub(crate) fn group(
        &mut self,
        key: GroupKey,
        parent: &dyn Fn(Division) -> Option<Division>,
    ) -> GroupId {
        let (division, year, ledger) = key;
        let book = self.by_book.entry((division, year)).or_default();
        let at = match book.binary_search_by_key(&ledger, |(id, _)| *id) {
            Ok(at) => return book[at].1,
            Err(at) => at,
        };
        let id = self.groups.len() as GroupId;
        book.insert(at, (ledger, id));
        self.groups.push(Group {
            parent: None,
            own: Sums::default(),
            subtree: Sums::default(),
        });
        // The depth of the recursion is the depth of the tree of divisions.
        let above = parent(division).map(|above| self.group((above, year, ledger), parent));
        self.groups[id as usize].parent = above;
        id
    }

    /// Adds what a batch did to these groups' own rows; the sums then stand at `as_of`.
    pub(crate) fn add(&mut self, deltas: &[(GroupId, Sums)], as_of: u64) {
        assert!(as_of >= self.as_of, "a rollup only goes forward");
        for &(id, delta) in deltas {
            self.groups[id as usize].own += delta;
            let mut next = Some(id);
            while let Some(id) = next {
                let group = &mut self.groups[id as usize];
                group.subtree += delta;
                next = group.parent;
            }
        }
        self.as_of = as_of;
    }

    /// A division's sums in one year, by ledger ascending.
    pub(crate) fn summary(&self, division: Division, year: Year) -> Summary {
        let book = self
            .by_book
            .get(&(division, year))
            .map_or(&[][..], |book| book);
        let of = |&(ledger, id): &(LedgerId, GroupId)| {
            let group = &self.groups[id as usize];
            LedgerSummary {
                ledger,
                own: group.own,
                subtree: group.subtree,
            }
        };
        Summary {
            as_of: self.as_of,
            ledgers: book.iter().map(of).collect(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.groups.len()
    }
}

/// The sums of a division in one year, all as they were after one record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// The last record that they contain.
    pub as_of: u64,
    /// By ledger, ascending by code; ledgers without a row in the subtree are left out.
    pub ledgers: Vec<LedgerSummary>,
}

/// The sums of one ledger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LedgerSummary {
    /// Which.
    pub ledger: LedgerId,
    /// Of the division's own rows (本级).
    pub own: Sums,
    /// Of its rows and all below it (全辖).
    pub subtree: Sums,
}

/// What a batch does to groups, before it is added.
#[derive(Default)]
pub(crate) struct Deltas {
    /// By group; its place in `touched` + 1, or 0.
    places: Vec<u32>,
    touched: Vec<(GroupId, Sums)>,
}

impl Deltas {
    /// The delta of a group, to change.
    #[inline]
    pub(crate) fn of(&mut self, id: GroupId) -> &mut Sums {
        let index = id as usize;
        if self.places.len() <= index {
            self.places.resize(index + 1, 0);
        }
        if self.places[index] == 0 {
            self.touched.push((id, Sums::default()));
            self.places[index] = self.touched.len() as u32;
        }
        let at = self.places[index] as usize - 1;
        &mut self.touched[at].1
    }

    /// All deltas, each group once.
    pub(crate) fn all(&self) -> &[(GroupId, Sums)] {
        &self.touched
    }

    pub(crate) fn clear(&mut self) {
        for (id, _) in self.touched.drain(..) {
            self.places[id as usize] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hubu_kernel::row::{Control, RowKind};

    fn kind() -> RowKind {
        RowKind {
            division: Division(3),
            year: Year(2026),
            ledger: LedgerId(1),
            control: Control::None,
            scheduled: false,
        }
    }

    #[test]
    fn every_operation_does_to_sums_what_it_does_to_a_row() {
        for operation in Operation::ALL {
            let mut row = Row::new(kind());
            [row.approved, row.used, row.decreasing, row.increasing] = [Cents(100); 4];
            let mut sums = Sums::of_row(&row);
            assert_eq!(row.apply(operation, Cents(7), None, false), Ok(None));
            sums.apply(operation, Cents(7));
            assert_eq!(sums, Sums::of_row(&row), "{operation:?}");
        }
    }

    #[test]
    fn sums_go_up_the_tree_and_own_ones_stay() {
        let parent = |d: Division| (d.0 > 1).then(|| Division(d.0 - 1));
        let mut rollup = Rollup::default();
        let low = rollup.group((Division(3), Year(2026), LedgerId(1)), &parent);
        let middle = rollup.group((Division(2), Year(2026), LedgerId(1)), &parent);
        let mut deltas = Deltas::default();
        deltas.of(low).used += 5;
        deltas.of(middle).used += 2;
        deltas.of(low).used -= 1;
        rollup.add(deltas.all(), 9);
        let seen = |d| {
            let summary = rollup.summary(Division(d), Year(2026));
            (
                summary.as_of,
                summary.ledgers[0].own.used,
                summary.ledgers[0].subtree.used,
            )
        };
        assert_eq!(
            [seen(1), seen(2), seen(3)],
            [(9, 0, 6), (9, 2, 6), (9, 4, 4)]
        );
        assert_eq!(rollup.summary(Division(1), Year(2025)).ledgers, []);
        deltas.clear();
        assert_eq!(deltas.all(), []);
        assert_eq!(*deltas.of(low), Sums::default());
    }
}
