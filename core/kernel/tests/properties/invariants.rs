//! What holds whatever is asked.

use crate::memory::{Memory, Step};
use crate::strategies::{holds, moves, phase, postings, rows};
use hubu_kernel::effect::Phase;
use hubu_kernel::ident::{DocumentId, StateId};
use hubu_kernel::invariant;
use hubu_kernel::record::Body;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Never a panic; what is accepted applies and keeps every promise; what is refused changes nothing.
    #[test]
    fn any_command_is_refused_or_keeps_every_promise(
        rows in rows(),
        moves in moves(),
        postings in postings(),
        phase in phase(),
        old_holds in prop::option::of(holds()),
        state in 0..2u8,
        if_match in prop::option::of(1..3u32),
        (not_creator, not_previous, not_acted, creator_only) in any::<(bool, bool, bool, bool)>(),
        actor in prop::sample::select(vec!["li", "wang", ""]),
    ) {
        let mut memory = Memory::with_rows(rows);
        if let Some(holds) = old_holds {
            memory.run(&Step::of(Phase::None)).unwrap();
            let document = memory.documents.get_mut(&DocumentId(1)).unwrap();
            // That nothing is reserved twice is the catalog's promise: see `faults`.
            let reserves = matches!(phase, Phase::Reserve | Phase::Now);
            document.holds = if reserves { Vec::new() } else { holds };
        }
        let mut step = Step::of(phase).moving(&moves).posting(&postings);
        (step.actor, step.if_match) = (actor, if_match);
        step.transition.from = StateId(state);
        step.transition.not_creator = not_creator;
        step.transition.not_previous = not_previous;
        step.transition.not_acted = not_acted;
        step.transition.creator_only = creator_only;
        let before = memory.clone();
        match memory.run(&step) {
            Err(_) => prop_assert_eq!(memory, before),
            Ok(record) => {
                let Body::Decided(decided) = &record.body else { panic!("a step decides") };
                let book = |id| (before.rows[&id].division, before.rows[&id].year);
                prop_assert!(invariant::balances(&decided.postings, book));
                let untouched = |id| {
                    decided.changes.iter().all(|c| c.row != id)
                        && decided.postings.iter().all(|p| p.debit != id && p.credit != id)
                };
                for (id, row) in &memory.rows {
                    prop_assert!(!untouched(*id) || *row == before.rows[id]);
                }
            }
        }
    }

    /// Judging twice says the same twice.
    #[test]
    fn judging_is_a_function_of_what_it_sees(
        rows in rows(),
        moves in moves(),
        postings in postings(),
        phase in phase(),
    ) {
        let memory = Memory::with_rows(rows);
        let step = Step::of(phase).moving(&moves).posting(&postings);
        let said = |memory: &Memory| memory.judge(&step).map(|v| (v.changes, v.warnings));
        prop_assert_eq!(said(&memory), said(&memory.clone()));
    }
}
