//! The engine beside the model: every row, every document, every sum.

use super::model::{Model, Row, State, Verdict};
use crate::world::{self, BUDGET, COUNTIES, PROJECTS};
use hubu_core::catalog::bag::Bag;
use hubu_core::engine::Engine;
use hubu_core::engine::answer::Answer;
use hubu_core::engine::read::Found;
use hubu_kernel::ident::{DocumentId, StateId, TypeId};
use hubu_kernel::rejection::Rejection;

/// A promise that was seen broken, in words.
pub(crate) type Checked = Result<(), String>;

/// Everything in memory is as the model has it.
pub(crate) fn state(engine: &Engine, model: &Model) -> Checked {
    for county in 0..COUNTIES {
        for project in 0..PROJECTS {
            let found = row(engine, county, project)?;
            let wanted = model.rows.get(&(county, project)).copied();
            let wanted = wanted.unwrap_or_default();
            if found != wanted {
                return Err(format!(
                    "row {county}/{project} is {found:?} and should be {wanted:?}"
                ));
            }
            if found.approved - found.used - found.decreasing < 0 {
                return Err(format!("row {county}/{project} is overdrawn: {found:?}"));
            }
        }
    }
    for (name, wanted) in &model.documents {
        let (found, _) = engine.document(DocumentId(*name));
        let found = match found {
            Found::Here(document) => {
                let state = stands(engine, document.entry.kind, document.state)?;
                Some((state, document.version))
            }
            Found::Ended => None,
            Found::Nothing => return Err(format!("document {name} is not there")),
        };
        let wanted = (wanted.state != State::Paid).then_some((wanted.state, wanted.version));
        if found != wanted {
            return Err(format!(
                "document {name} is {found:?} and should be {wanted:?}"
            ));
        }
    }
    Ok(())
}

/// No document is under way but those of the model, and every book balances.
pub(crate) fn whole(engine: &Engine, model: &Model) -> Checked {
    state(engine, model)?;
    let digest = engine.digest().ok_or("the engine does not stand still")?;
    if !digest.unbalanced.is_empty() || digest.broken_rows > 0 {
        return Err(format!("the books do not balance: {digest:?}"));
    }
    let open = model.documents.values().filter(|d| d.state != State::Paid);
    let open = open.count() as u64;
    if digest.open_documents != open {
        let found = digest.open_documents;
        return Err(format!(
            "{found} documents are under way and should be {open}"
        ));
    }
    Ok(())
}

fn row(engine: &Engine, county: usize, project: usize) -> Result<Row, String> {
    let (_, catalog) = engine.catalogs().current();
    let ledger = catalog.ledger(BUDGET).ok_or("the ledger is not there")?;
    let mut bag = Bag::new();
    bag.overlay(&world::dims(county, project));
    let key = catalog.key(ledger, world::YEAR, world::division(county), &bag);
    let key = key.map_err(|error| error.to_string())?;
    let (found, _) = engine.row_by_key(key.as_bytes());
    Ok(found.map_or_else(Row::default, |view| Row {
        approved: view.row.approved.0,
        used: view.row.used.0,
        decreasing: view.row.decreasing.0,
        increasing: view.row.increasing.0,
    }))
}

/// Where a document stands, in the model's words.
fn stands(engine: &Engine, kind: TypeId, state: StateId) -> Result<State, String> {
    let (_, catalog) = engine.catalogs().current();
    let kind = catalog.document_type(kind).ok_or("no such type")?;
    let state = kind.states.get(usize::from(state.0));
    Ok(match state.ok_or("no such state")? {
        state if state.terminal => State::Paid,
        state if state.holds => State::Submitted,
        _ => State::Draft,
    })
}

/// An answer says what the model says.
pub(crate) fn answer(engine: &Engine, answer: &Answer, wanted: &Verdict) -> Checked {
    let found = match answer {
        Answer::Done(done) => Verdict::Done {
            state: stands(engine, done.kind, done.state)?,
            version: done.version,
            number: done.number.map(|(_, _, number)| number),
        },
        Answer::Refused(refusal) => match refusal.rejection {
            Rejection::WrongState { .. } => Verdict::WrongState,
            Rejection::StaleVersion { .. } => Verdict::StaleVersion,
            Rejection::Row { .. } => Verdict::Row,
            other => return Err(format!("refused for {other:?}")),
        },
    };
    match found == *wanted {
        true => Ok(()),
        false => Err(format!("the answer is {found:?} and should be {wanted:?}")),
    }
}
