//! What was reserved and let go leaves no trace on any row.

use crate::memory::{Memory, Step};
use crate::strategies::{moves, postings, rows};
use hubu_kernel::effect::{Effect, Phase};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn consume_then_reject_restores_every_row_bit_for_bit(rows in rows(), moves in moves()) {
        let mut memory = Memory::with_rows(rows);
        let before = memory.rows.clone();
        if memory.run(&Step::of(Phase::Reserve).moving(&moves)).is_ok() {
            memory.run(&Step::of(Phase::Release)).expect("what is held can be let go");
            prop_assert_eq!(memory.rows, before);
            let document = memory.documents.values().next().unwrap();
            prop_assert!(document.holds.is_empty());
            prop_assert_eq!(document.version, 2);
        }
    }

    /// Rejected, mended and submitted again: as if it had been right at once.
    #[test]
    fn a_second_try_is_as_good_as_the_first(rows in rows(), wrong in moves(), right in moves()) {
        let mut memory = Memory::with_rows(rows);
        let mut straight = memory.clone();
        let reserve = Step::of(Phase::Reserve);
        if memory.run(&reserve.clone().moving(&wrong)).is_ok() {
            memory.run(&Step::of(Phase::Release)).unwrap();
            let again = memory.run(&reserve.clone().moving(&right));
            let once = straight.run(&reserve.moving(&right));
            prop_assert_eq!(again.is_ok(), once.is_ok());
            prop_assert_eq!(memory.rows, straight.rows);
        }
    }

    /// A type of one step does what its two steps would; effects of the final step alone, which a
    /// type of two steps runs after all it holds, are left out where they would come between.
    #[test]
    fn now_is_reserve_and_final(rows in rows(), mut moves in moves(), postings in postings()) {
        moves.retain(|m| !matches!(m.effect, Effect::ConsumeNow | Effect::CutNow));
        let mut two_steps = Memory::with_rows(rows);
        let mut one_step = two_steps.clone();
        let reserved = two_steps.run(&Step::of(Phase::Reserve).moving(&moves));
        let last = Step::of(Phase::Final).moving(&moves).posting(&postings);
        let now = Step::of(Phase::Now).moving(&moves).posting(&postings);
        if reserved.is_ok() && two_steps.run(&last).is_ok() && one_step.run(&now).is_ok() {
            prop_assert_eq!(two_steps.rows, one_step.rows);
        }
    }
}
