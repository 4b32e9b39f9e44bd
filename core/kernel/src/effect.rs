//! What a step of a document means for a row: effects, phases, and the operations they stand for.
//!
//! ```text
//!               reserve          final             release
//! consume       ReserveConsume   Consume           Release
//! cut           ReserveCut       Cut               Release
//! grant         Promise          Grant             Unpromise
//! restore       -                Restore           -
//! promise       -                Promise           -          (in transit: another document completes it)
//! receive       -                Grant             -          (completes a promise made upstream)
//! consume_now   -                both of consume   -
//! cut_now       -                both of cut       -
//! freeze, thaw  -                Freeze, Thaw      -
//! ```
//! `Phase::Now` is reserve and final in one step, for types without review. //= spec: QUOTA-01

use crate::operation::Operation;

/// What a document type does to a row, as the catalog writes it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Effect {
    /// Spend from the row (占用后支出).
    Consume,
    /// Adjust the row down (调减).
    Cut,
    /// Give to the row (增加).
    Grant,
    /// Give back what was used (退回).
    Restore,
    /// Announce an increase that another document completes (在途).
    Promise,
    /// Complete an increase that another document announced (接收).
    Receive,
    /// Spend at once, in the final step.
    ConsumeNow,
    /// Cut at once, in the final step.
    CutNow,
    /// Let nothing be consumed or cut from now on (冻结).
    Freeze,
    /// End a freeze (解冻).
    Thaw,
}

/// What a transition does with the effects of its document.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Phase {
    /// Nothing: a review.
    #[default]
    None,
    /// Decreases bite, increases are seen (送审).
    Reserve,
    /// What was reserved becomes real, and postings are made (终审).
    Final,
    /// What was reserved is let go (退回, 撤回).
    Release,
    /// Reserve and final in one step.
    Now,
}

/// The most operations that one effect stands for in one phase.
pub const OPERATIONS_MAX: usize = 2;

impl Effect {
    /// The operations of this effect when its document's rows are reserved.
    pub const fn on_reserve(self) -> &'static [Operation] {
        match self {
            Effect::Consume => &[Operation::ReserveConsume],
            Effect::Cut => &[Operation::ReserveCut],
            Effect::Grant => &[Operation::Promise],
            _ => &[],
        }
    }

    /// The operations of this effect in the final step that need no reservation.
    pub const fn on_final(self) -> &'static [Operation] {
        match self {
            Effect::Restore => &[Operation::Restore],
            Effect::Promise => &[Operation::Promise],
            Effect::Receive => &[Operation::Grant],
            Effect::ConsumeNow => &[Operation::ReserveConsume, Operation::Consume],
            Effect::CutNow => &[Operation::ReserveCut, Operation::Cut],
            Effect::Freeze => &[Operation::Freeze],
            Effect::Thaw => &[Operation::Thaw],
            Effect::Consume | Effect::Cut | Effect::Grant => &[],
        }
    }

    /// The operations of this effect when its document is final in one step.
    pub const fn on_now(self) -> &'static [Operation] {
        match self {
            Effect::Consume => &[Operation::ReserveConsume, Operation::Consume],
            Effect::Cut => &[Operation::ReserveCut, Operation::Cut],
            Effect::Grant => &[Operation::Promise, Operation::Grant],
            other => other.on_final(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Effect; 10] = [
        Effect::Consume,
        Effect::Cut,
        Effect::Grant,
        Effect::Restore,
        Effect::Promise,
        Effect::Receive,
        Effect::ConsumeNow,
        Effect::CutNow,
        Effect::Freeze,
        Effect::Thaw,
    ];

    #[test]
    fn one_step_is_reserve_then_completion() {
        for effect in ALL {
            let mut two_steps: alloc::vec::Vec<Operation> = effect.on_reserve().to_vec();
            two_steps.extend(
                effect
                    .on_reserve()
                    .iter()
                    .filter_map(|held| held.completion()),
            );
            two_steps.extend(effect.on_final());
            assert_eq!(effect.on_now(), two_steps.as_slice(), "{effect:?}");
            assert!(effect.on_now().len() <= OPERATIONS_MAX);
        }
    }
}
