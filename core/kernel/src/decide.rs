//! `decide`: judges a command against rows and a document, and changes nothing.
//!
//! The caller holds the locks of all that [`View`] shows. What comes out is a list of row changes
//! that [`crate::evolve`] can apply without judging: the same [`Row::apply`] runs in both, so what
//! was decided can't fail later.

use crate::document::{Document, RowChange};
use crate::effect::{Effect, OPERATIONS_MAX, Phase};
use crate::ident::{RowId, StateId};
use crate::money::{Cents, Total};
use crate::operation::{Fault, Operation};
use crate::posting::{Posting, Side};
use crate::rejection::Rejection;
use crate::row::Row;
use crate::schedule::Month;
use crate::transition::{Past, Transition};
use alloc::vec::Vec;

/// What a decision may look at.
pub trait View {
    /// A copy of the row as it is, or as it will be when it comes to be with this command.
    fn row(&self, id: RowId) -> Row;
}

/// One effect of one line, its row already found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Move {
    /// The row.
    pub row: RowId,
    /// The effect.
    pub effect: Effect,
    /// In 分; 0 only for a mark.
    pub amount: Cents,
    /// The line's month.
    pub month: Option<Month>,
}

/// A command as the kernel sees it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Who asks.
    pub actor: &'a str,
    /// The version that the caller read, when it says so.
    pub if_match: Option<u32>,
    /// The step; `None` for an entry that stays where it starts.
    pub transition: Option<&'a Transition>,
    /// The document's effects, in order of row ids and, within a row, in the catalog's order.
    pub moves: &'a [Move],
    /// The step's postings.
    pub postings: &'a [Posting],
}

/// What was decided, and room to decide in; kept by the caller from one command to the next.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Changes of rows, in the order in which they apply.
    pub changes: Vec<RowChange>,
    /// Rows with control `warn` that went below what they have.
    pub warnings: Vec<RowId>,
    rows: Vec<(RowId, Row)>,
}

/// Judges `request` on `document` (`None` for a new one).
///
/// # Errors
/// The first fault in the order of [`Rejection`]; `verdict` then holds nothing of use.
pub fn decide(
    view: &impl View,
    document: Option<&Document>,
    request: &Request<'_>,
    verdict: &mut Verdict,
) -> Result<(), Rejection> {
    verdict.changes.clear();
    verdict.warnings.clear();
    let Some(transition) = request.transition else {
        return Ok(());
    };
    let standing = document.map(|document| Standing::of(document, request.actor));
    judge_step(standing, request, transition)?;
    list_changes(document, request, transition.phase, &mut verdict.changes)?;
    try_on_rows(view, request, verdict)?;
    assert!(
        transition.phase != Phase::None || verdict.changes.is_empty(),
        "a review changes no row"
    );
    assert!(
        verdict.warnings.len() <= verdict.changes.len(),
        "a warning comes from a change, and once a row"
    );
    Ok(())
}

/// Where a document stands, as far as a step is judged by it.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// Its state.
    pub state: StateId,
    /// Its version.
    pub version: u32,
    /// Who entered it.
    pub creator: &'a str,
    /// Who took the last step.
    pub previous: &'a str,
    /// Whether who asks took a step in this round.
    pub has_acted: bool,
}

impl<'a> Standing<'a> {
    /// As it stands for `actor`.
    pub fn of(document: &'a Document, actor: &str) -> Standing<'a> {
        Standing {
            state: document.state,
            version: document.version,
            creator: &document.creator,
            previous: &document.previous,
            has_acted: document.has_acted(actor),
        }
    }
}

/// Judges state, version and separation of duties alone: what can be said before rows are known.
///
/// # Errors
/// As [`decide`], up to the separation of duties.
pub fn judge_step(
    document: Option<Standing<'_>>,
    request: &Request<'_>,
    transition: &Transition,
) -> Result<(), Rejection> {
    let Some(document) = document else {
        // A new document is its creator's alone: a step that must be another's can't be its first.
        let past = Past {
            is_creator: true,
            is_owner: true,
            ..Past::default()
        };
        return transition.bars(past).map_or(Ok(()), Err);
    };
    if document.state != transition.from {
        return Err(Rejection::WrongState {
            state: document.state,
        });
    }
    if let Some(expected) = request.if_match
        && expected != document.version
    {
        return Err(Rejection::StaleVersion {
            expected,
            actual: document.version,
        });
    }
    let people = (document.creator, document.previous);
    let past = Past::of(people, document.has_acted, request.actor);
    transition.bars(past).map_or(Ok(()), Err)
}

fn list_changes(
    document: Option<&Document>,
    request: &Request<'_>,
    phase: Phase,
    changes: &mut Vec<RowChange>,
) -> Result<(), Rejection> {
    assert!(changes.is_empty(), "a verdict is begun anew");
    let holds = document.map_or(&[][..], |d| &d.holds);
    let held_as = |pick: fn(Operation) -> Option<Operation>| {
        holds.iter().filter_map(move |hold| {
            pick(hold.operation).map(|operation| RowChange { operation, ..*hold })
        })
    };
    match phase {
        Phase::None => {}
        Phase::Release => changes.extend(held_as(Operation::undoing)),
        Phase::Final => {
            changes.extend(held_as(Operation::completion));
            expand(request.moves, Effect::on_final, changes)?;
        }
        Phase::Reserve => {
            assert!(
                holds.is_empty(),
                "the catalog lets nothing be reserved twice"
            );
            expand(request.moves, Effect::on_reserve, changes)?;
        }
        Phase::Now => {
            assert!(
                holds.is_empty(),
                "the catalog has one step where nothing is reserved"
            );
            expand(request.moves, Effect::on_now, changes)?;
        }
    }
    Ok(())
}

/// Writes out the operations of the moves; equal neighbours are summed first.
fn expand(
    moves: &[Move],
    operations: fn(Effect) -> &'static [Operation],
    changes: &mut Vec<RowChange>,
) -> Result<(), Rejection> {
    let mut rest = moves.iter().copied().peekable();
    while let Some(mut sum) = rest.next() {
        let same = |m: &Move| m.row == sum.row && m.effect == sum.effect && m.month == sum.month;
        while let Some(more) = rest.next_if(same) {
            sum.amount = sum.amount.plus(more.amount).ok_or(Rejection::Overflow)?;
        }
        let operations = operations(sum.effect);
        assert!(operations.len() <= OPERATIONS_MAX);
        changes.extend(operations.iter().map(|&operation| RowChange {
            row: sum.row,
            operation,
            amount: if operation.is_mark() {
                Cents::ZERO
            } else {
                sum.amount
            },
            month: sum.month,
        }));
    }
    Ok(())
}

/// Runs changes and postings on copies of the rows.
fn try_on_rows(
    view: &impl View,
    request: &Request<'_>,
    verdict: &mut Verdict,
) -> Result<(), Rejection> {
    let Verdict {
        changes,
        warnings,
        rows,
    } = verdict;
    assert!(warnings.is_empty(), "a verdict is begun anew");
    copy_rows(view, changes, request.postings, rows);
    let balance_before = balance(rows);
    for change in changes.iter() {
        let row = find(rows, change.row);
        match row.apply(change.operation, change.amount, change.month, true) {
            Ok(None) => {}
            Ok(Some(_)) if warnings.contains(&change.row) => {}
            Ok(Some(_)) => warnings.push(change.row),
            Err(fault) => {
                return Err(Rejection::Row {
                    row: change.row,
                    fault,
                    available: clamp(row.available()),
                    asked: change.amount,
                });
            }
        }
    }
    for posting in request.postings {
        try_posting(rows, posting)?;
    }
    for (_, row) in rows.iter() {
        crate::invariant::assert_row(row);
    }
    assert_eq!(balance(rows), balance_before, "Σ debit = Σ credit");
    Ok(())
}

fn try_posting(rows: &mut [(RowId, Row)], posting: &Posting) -> Result<(), Rejection> {
    let Posting {
        debit,
        credit,
        amount,
    } = *posting;
    let book = |row: &Row| (row.division, row.year);
    if debit == credit || book(find(rows, debit)) != book(find(rows, credit)) {
        return Err(Rejection::Unbalanced { debit, credit });
    }
    if !amount.is_positive() {
        let (row, asked) = (debit, amount);
        let available = clamp(find(rows, row).available());
        return Err(Rejection::Row {
            row,
            fault: Fault::NotPositive,
            available,
            asked,
        });
    }
    for (id, side) in [(debit, Side::Debit), (credit, Side::Credit)] {
        let row = find(rows, id);
        let available = clamp(row.available());
        row.post(side, amount).ok_or(Rejection::Row {
            row: id,
            fault: Fault::Overflow,
            available,
            asked: amount,
        })?;
    }
    Ok(())
}

/// Σ debit − Σ credit of all rows.
fn balance(rows: &[(RowId, Row)]) -> Total {
    rows.iter().map(|(_, row)| row.balance()).sum()
}

fn copy_rows(
    view: &impl View,
    changes: &[RowChange],
    postings: &[Posting],
    rows: &mut Vec<(RowId, Row)>,
) {
    rows.clear();
    let posted = postings.iter().flat_map(|p| [p.debit, p.credit]);
    let small = changes.len() + 2 * postings.len() <= 16;
    for id in changes.iter().map(|c| c.row).chain(posted) {
        if !small || rows.iter().all(|(known, _)| *known != id) {
            rows.push((id, view.row(id)));
        }
    }
    rows.sort_unstable_by_key(|(id, _)| *id);
    rows.dedup_by_key(|(id, _)| *id);
    assert!(
        rows.is_sorted_by(|(a, _), (b, _)| a < b),
        "each row once, by its id"
    );
    assert!(rows.len() <= changes.len() + 2 * postings.len());
}

fn find(rows: &mut [(RowId, Row)], id: RowId) -> &mut Row {
    let at = rows.binary_search_by_key(&id, |(known, _)| *known);
    assert!(at.is_ok(), "every row of a change was copied");
    &mut rows[at.unwrap_or(0)].1
}

fn clamp(total: Total) -> Cents {
    Cents(total.clamp(Total::from(i64::MIN), Total::from(i64::MAX)) as i64)
}
