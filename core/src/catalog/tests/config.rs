//! `config/` as it is shipped: it has no mistake, and its state machines do what they say.

use crate::catalog::check::check;
use crate::catalog::model::Catalog;
use crate::catalog::rights;
use crate::catalog::sources::Sources;
use hubu_kernel::decide::{Request, Standing, judge_step};
use hubu_kernel::effect::Phase;
use hubu_kernel::ident::StateId;
use hubu_kernel::rejection::Rejection;
use std::collections::BTreeSet;
use std::path::Path;

pub(super) fn sources() -> Sources {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    Sources::read_dir(&root).expect("config/ is readable")
}

pub(super) fn catalog() -> Catalog {
    match check(&sources()) {
        Ok(catalog) => catalog,
        Err(mistakes) => {
            let all: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            panic!("config/ has mistakes:\n{}", all.join("\n"));
        }
    }
}

#[test]
fn what_is_shipped_has_no_mistake() {
    let catalog = catalog();
    assert_eq!(catalog.divisions.len(), 1594);
    assert_eq!(catalog.types.len(), 30);
    assert_eq!(catalog.ledgers.len(), 20);
    assert_eq!(catalog.digest, sources().digest());
}

#[test]
fn roles_and_document_types_fit_together() {
    let faults: Vec<String> = rights::faults(&catalog())
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn the_catalog_comes_back_from_its_bytes() {
    let packed = sources().to_bytes();
    let again = Sources::from_bytes(&packed).expect("whole");
    let catalog = Catalog::from_sources(&again).expect("no mistake");
    assert_eq!(catalog.digest, sources().digest());
    let payment = catalog.type_named("payment").expect("there");
    assert_eq!(
        catalog.document_type(payment.id).expect("there").name,
        "payment"
    );
}

/// Every state with every step of its type and every kind of actor: legal exactly where the file says.
#[test]
fn every_state_with_every_step_is_legal_or_refused_as_written() {
    let catalog = catalog();
    let mut walked = 0;
    for kind in &catalog.types {
        for (at, step) in (0_u8..)
            .zip(kind.states.iter())
            .flat_map(|(at, _)| kind.transitions.iter().map(move |step| (at, step)))
        {
            for actor in ["creator", "previous", "earlier", "another"] {
                let request = Request {
                    actor,
                    if_match: None,
                    transition: Some(&step.kernel),
                    moves: &[],
                    postings: &[],
                };
                let standing = Standing {
                    state: StateId(at),
                    version: 1,
                    creator: "creator",
                    previous: "previous",
                    has_acted: matches!(actor, "previous" | "earlier"),
                };
                let said = judge_step(Some(standing), &request, &step.kernel);
                let wanted = if step.kernel.from != StateId(at) {
                    Err(Rejection::WrongState { state: StateId(at) })
                } else if (step.kernel.not_creator || step.kernel.not_acted) && actor == "creator" {
                    Err(Rejection::CreatorActs)
                } else if (step.kernel.not_previous || step.kernel.not_acted) && actor == "previous"
                {
                    Err(Rejection::PreviousActs)
                } else if step.kernel.not_acted && actor == "earlier" {
                    Err(Rejection::ActedBefore)
                } else if step.kernel.creator_only && actor != "creator" {
                    Err(Rejection::NotCreator)
                } else {
                    Ok(())
                };
                assert_eq!(
                    said, wanted,
                    "{} {} in state {at} by {actor}",
                    kind.name, step.name
                );
                walked += 1;
            }
        }
    }
    assert!(walked > 1_500, "{walked}");
}

#[test]
fn every_document_can_come_to_its_end_and_holds_nothing_there() {
    let catalog = catalog();
    for kind in &catalog.types {
        let ends: Vec<_> = kind.states.iter().filter(|state| state.terminal).collect();
        assert_eq!(ends.len(), 1, "{}", kind.name);
        assert!(!ends[0].holds && !kind.state(kind.initial).expect("there").holds);
        for (at, state) in (0_u8..).zip(&kind.states) {
            let mut seen = BTreeSet::new();
            let mut open = vec![StateId(at)];
            while let Some(id) = open.pop() {
                if seen.insert(id) {
                    open.extend(kind.steps_from(id).map(|step| step.kernel.to));
                }
            }
            let ends = seen
                .iter()
                .any(|id| kind.state(*id).is_some_and(|state| state.terminal));
            assert!(ends, "{}: no way out of {}", kind.name, state.name);
        }
    }
}

/// The catalogue of core documents, step by step: from, to, role and what it does to rows.
#[test]
fn the_steps_are_those_of_the_core_catalogue() {
    let catalog = catalog();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/core_transitions.csv");
    let mut reader = csv::Reader::from_path(path).expect("readable");
    let mut rows = 0;
    for record in reader.records() {
        let record = record.expect("a row");
        let field = |at: usize| record.get(at).expect("a column");
        let name = match field(0) {
            "authorised_payment" => "payment",
            name => name,
        };
        let kind = catalog
            .type_named(name)
            .unwrap_or_else(|| panic!("{name} is missing"));
        let state = |name: &str| {
            let at = kind.states.iter().position(|state| state.name == name);
            StateId(at.unwrap_or_else(|| panic!("{} has no state {name}", kind.name)) as u8)
        };
        let step = kind.step(state(field(1)), field(2));
        let step = step.unwrap_or_else(|| panic!("{name}: no {} from {}", field(2), field(1)));
        assert_eq!(step.kernel.to, state(field(3)), "{name} {}", field(2));
        // Beside it only those to whom larger amounts are kept, which is our own addition.
        let named = catalog.role_named(field(4)).expect("a role");
        let larger = step.limits.iter().filter(|limit| limit.above.is_some());
        let larger = larger.fold(0, |all, limit| all | limit.role.0);
        assert_eq!(step.roles.0 & !larger, named.0, "{name} {}", field(2));
        let phase = match field(7) {
            "reserve" => Phase::Reserve,
            "final" => Phase::Final,
            "release" => Phase::Release,
            _ => Phase::None,
        };
        assert_eq!(step.kernel.phase, phase, "{name} {}", field(2));
        let review = matches!(field(5), "review" | "final");
        assert_eq!(
            step.kernel.not_creator && step.kernel.not_previous,
            review,
            "{name} {}",
            field(2)
        );
        rows += 1;
    }
    assert_eq!(rows, 134);
}
