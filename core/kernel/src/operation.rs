//! The operations on a row (额度运算): the only ways in which its four amounts change.
//!
//! Every operation either applies whole or faults and leaves the row as it was. //= spec: QUOTA-02

use crate::money::{Cents, Total};
use crate::row::{Control, Row};
use crate::schedule::Month;

/// One change of one row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Operation {
    /// `decreasing += m`, needs `available ≥ m` and, on a plan, the cumulative rule.
    ReserveConsume = 0,
    /// `decreasing += m`, needs `available ≥ m` and, where a month of a plan is named, the cumulative rule.
    ReserveCut = 1,
    /// `decreasing −= m`.
    Release = 2,
    /// `decreasing −= m; used += m`.
    Consume = 3,
    /// `decreasing −= m; approved −= m`.
    Cut = 4,
    /// `increasing += m`: seen, not spendable.
    Promise = 5,
    /// `increasing −= m`.
    Unpromise = 6,
    /// `increasing −= m; approved += m`.
    Grant = 7,
    /// `used −= m`.
    Restore = 8,
    /// Nothing may be consumed or cut from now on; the amount is 0.
    Freeze = 9,
    /// Ends a freeze; the amount is 0.
    Thaw = 10,
}

impl Operation {
    /// All operations, by their number.
    pub const ALL: [Operation; 11] = [
        Operation::ReserveConsume,
        Operation::ReserveCut,
        Operation::Release,
        Operation::Consume,
        Operation::Cut,
        Operation::Promise,
        Operation::Unpromise,
        Operation::Grant,
        Operation::Restore,
        Operation::Freeze,
        Operation::Thaw,
    ];

    /// What makes a held operation real at the final step; `None` for one that holds nothing.
    pub const fn completion(self) -> Option<Operation> {
        match self {
            Operation::ReserveConsume => Some(Operation::Consume),
            Operation::ReserveCut => Some(Operation::Cut),
            Operation::Promise => Some(Operation::Grant),
            _ => None,
        }
    }

    /// What lets a held operation go at rejection or withdrawal; `None` for one that holds nothing.
    pub const fn undoing(self) -> Option<Operation> {
        match self {
            Operation::ReserveConsume | Operation::ReserveCut => Some(Operation::Release),
            Operation::Promise => Some(Operation::Unpromise),
            _ => None,
        }
    }

    /// Whether the amount is 0 because the operation moves nothing.
    pub const fn is_mark(self) -> bool {
        matches!(self, Operation::Freeze | Operation::Thaw)
    }
}

/// Why an operation can't be: the row is as it was.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Fault {
    /// `available` is less than what was asked (额度不足).
    Insufficient = 0,
    /// Consumed up to the month would pass what is planned up to it (分月累计超计划).
    AheadOfPlan = 1,
    /// The row is frozen (已冻结).
    Frozen = 2,
    /// A field would become negative.
    Negative = 3,
    /// A field would pass the end of its range.
    Overflow = 4,
    /// A plan row needs a month.
    MonthMissing = 5,
    /// The amount is not more than 0.
    NotPositive = 6,
}

impl Fault {
    /// All faults, by their number.
    pub const ALL: [Fault; 7] = [
        Fault::Insufficient,
        Fault::AheadOfPlan,
        Fault::Frozen,
        Fault::Negative,
        Fault::Overflow,
        Fault::MonthMissing,
        Fault::NotPositive,
    ];
}

// The journal and the snapshots know operations and faults by their number.
const _: () = {
    let mut number = 0;
    while number < Operation::ALL.len() {
        let operation = Operation::ALL[number];
        let (completion, undoing) = (operation.completion(), operation.undoing());
        assert!(operation as usize == number, "each in its place");
        assert!(
            completion.is_some() == undoing.is_some(),
            "what is held can be completed and let go"
        );
        assert!(
            !operation.is_mark() || completion.is_none(),
            "a mark holds nothing"
        );
        number += 1;
    }
    let mut number = 0;
    while number < Fault::ALL.len() {
        assert!(Fault::ALL[number] as usize == number, "each in its place");
        number += 1;
    }
};

/// An operation on a row that passed although its control level warns of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Overdrawn;

impl Row {
    /// Applies one operation: the one function that judging and replaying share.
    ///
    /// `judge` is off in replay, where the past is not judged again: then only arithmetic can fail.
    /// `Ok(Some(Overdrawn))` says that a `warn` row went below what it has.
    #[inline]
    pub fn apply(
        &mut self,
        operation: Operation,
        amount: Cents,
        month: Option<Month>,
        judge: bool,
    ) -> Result<Option<Overdrawn>, Fault> {
        debug_assert!(self.is_sound(), "{self:?}");
        if operation.is_mark() {
            self.hold = self.hold.with_frozen(operation == Operation::Freeze);
            return Ok(None);
        }
        if !amount.is_positive() {
            return Err(Fault::NotPositive);
        }
        let mut warned = None;
        if judge && matches!(operation, Operation::ReserveConsume | Operation::ReserveCut) {
            warned = self.judge_decrease(operation, amount, month)?;
        }
        self.change(operation, amount, month)?;
        debug_assert!(self.is_sound(), "no operation makes an amount negative");
        Ok(warned)
    }

    fn judge_decrease(
        &self,
        operation: Operation,
        amount: Cents,
        month: Option<Month>,
    ) -> Result<Option<Overdrawn>, Fault> {
        assert!(amount.is_positive(), "judged before");
        assert!(operation.undoing().is_some(), "a decrease is held first");
        if self.hold.is_frozen() {
            return Err(Fault::Frozen);
        }
        let fault = if self.available() < Total::from(amount.0) {
            Some(Fault::Insufficient)
        } else {
            self.ahead_of_plan(operation, amount, month)?
        };
        match (fault, self.hold.control()) {
            (None, _) | (Some(_), Control::None) => Ok(None),
            (Some(_), Control::Warn) => Ok(Some(Overdrawn)),
            (Some(fault), Control::Strict) => Err(fault),
        }
    }

    /// The cumulative rule: what is consumed up to the month stays within what is planned up to it.
    ///
    /// A cut of a named month lowers the plan up to it, so it needs as much room there as spending
    /// would. Without a month the last months go first, and then `available` is room enough.
    fn ahead_of_plan(
        &self,
        operation: Operation,
        amount: Cents,
        month: Option<Month>,
    ) -> Result<Option<Fault>, Fault> {
        let Some(schedule) = &self.schedule else {
            return Ok(None);
        };
        let month = match month {
            Some(month) => month,
            None if operation == Operation::ReserveCut => return Ok(None),
            None => return Err(Fault::MonthMissing),
        };
        let consumed = Total::from(self.used.0) + Total::from(self.decreasing.0);
        assert!(consumed >= 0, "neither is ever negative");
        let ahead = consumed + Total::from(amount.0) > schedule.up_to(month);
        Ok(ahead.then_some(Fault::AheadOfPlan))
    }

    fn change(
        &mut self,
        operation: Operation,
        amount: Cents,
        month: Option<Month>,
    ) -> Result<(), Fault> {
        debug_assert!(amount.is_positive(), "judged before");
        debug_assert!(!operation.is_mark(), "a mark moves nothing");
        let more = |field: Cents| field.plus(amount).ok_or(Fault::Overflow);
        let less = |field: Cents| field.minus_floor(amount).ok_or(Fault::Negative);
        match operation {
            Operation::ReserveConsume | Operation::ReserveCut => {
                self.decreasing = more(self.decreasing)?;
            }
            Operation::Release => self.decreasing = less(self.decreasing)?,
            Operation::Consume => {
                let used = more(self.used)?;
                self.decreasing = less(self.decreasing)?;
                self.used = used;
            }
            Operation::Cut => self.cut(amount, month)?,
            Operation::Promise => self.increasing = more(self.increasing)?,
            Operation::Unpromise => self.increasing = less(self.increasing)?,
            Operation::Grant => self.grant(amount, month)?,
            Operation::Restore => self.used = less(self.used)?,
            Operation::Freeze | Operation::Thaw => {}
        }
        Ok(())
    }

    fn cut(&mut self, amount: Cents, month: Option<Month>) -> Result<(), Fault> {
        let approved = self.approved.minus_floor(amount).ok_or(Fault::Negative)?;
        let decreasing = self.decreasing.minus_floor(amount).ok_or(Fault::Negative)?;
        if let Some(schedule) = &mut self.schedule {
            schedule.take(month, amount).ok_or(Fault::AheadOfPlan)?;
        }
        self.approved = approved;
        self.decreasing = decreasing;
        Ok(())
    }

    fn grant(&mut self, amount: Cents, month: Option<Month>) -> Result<(), Fault> {
        let approved = self.approved.plus(amount).ok_or(Fault::Overflow)?;
        let increasing = self.increasing.minus_floor(amount).ok_or(Fault::Negative)?;
        if let Some(schedule) = &mut self.schedule {
            let month = month.ok_or(Fault::MonthMissing)?;
            schedule.add(month, amount).ok_or(Fault::Overflow)?;
        }
        self.approved = approved;
        self.increasing = increasing;
        Ok(())
    }
}
