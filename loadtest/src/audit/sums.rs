//! The sums of the whole tree: debits are credits, and each ledger holds its openings and what was done since.

use super::arithmetic::{Amounts, LedgerSums};
use super::finding::{Fault, Figures, Findings};
use super::rows::Expected;
use crate::error::LoadError;
use crate::money;
use crate::wire::{Reader, Summary, Sums, serde_body};
use crate::world::{Ledger, RowKey, World};

/// Reads the root's sums by ledger and compares them with the openings and the acknowledged effects. Answers the
/// arithmetic of each ledger that the harness knows.
pub(super) async fn compare(
    reader: &mut Reader,
    expected: &Expected<'_>,
    findings: &mut Findings,
    figures: &mut Figures,
) -> Result<Vec<LedgerSums>, LoadError> {
    let world = expected.world;
    let root = world
        .divisions
        .iter()
        .find(|d| d.parent.is_none())
        .map_or(0, |d| d.code);
    let year = world.recipe.fiscal_year;
    let answer = reader
        .get(&format!(
            "/v1/divisions/{root:09}/summary?fiscal_year={year}"
        ))
        .await?;
    let summary: Summary = serde_body("summary", &answer.body)?;
    let mut all = Vec::new();
    for ledger in &summary.ledgers {
        let found = wide(&ledger.subtree)?;
        figures.debit += found.debit;
        figures.credit += found.credit;
        figures.rows_summed += ledger.subtree.rows;
        let Some(known) = Ledger::named(&ledger.ledger) else {
            continue;
        };
        let sums = LedgerSums {
            ledger: ledger.ledger.to_string(),
            rows: ledger.subtree.rows,
            opening: opening(world, known),
            moves: expected.moves.of(known),
            found,
        };
        // Which ledger another client's row is of is not known from its id: where there are others, only rows are
        // compared.
        if sums.expected() != found && expected.feed.foreign.is_empty() {
            let detail = format!(
                "approved, used, decreasing, increasing, debit, credit in fen: expected {:?}, found {:?}",
                sums.expected().all(),
                found.all()
            );
            findings.add(
                Fault::Misposted,
                format!("sums of ledger {}", ledger.ledger),
                detail,
            );
        }
        all.push(sums);
    }
    if figures.debit != figures.credit {
        let detail = format!("debit {} fen, credit {} fen", figures.debit, figures.credit);
        findings.add(Fault::Unbalanced, "all rows", detail);
    }
    Ok(all)
}

/// The openings of a ledger, over the whole world.
fn opening(world: &World, ledger: Ledger) -> Amounts {
    let mut sum = Amounts::default();
    for division in 0..world.divisions.len() as u32 {
        let row = RowKey::of_division(ledger, division);
        sum.add(world.opening(row).unwrap_or_default());
    }
    for (agency, at) in world.agencies.iter().zip(0..) {
        for indicator in 0..agency.indicators {
            let row = RowKey::of_indicator(ledger, at, indicator);
            sum.add(world.opening(row).unwrap_or_default());
        }
    }
    sum
}

fn wide(sums: &Sums) -> Result<Amounts, LoadError> {
    let fen = |text: &str| {
        let parsed = money::parse_wide(text);
        parsed.ok_or_else(|| LoadError::format("summary", format!("{text:?} is no amount")))
    };
    Ok(Amounts {
        approved: fen(&sums.approved)?,
        used: fen(&sums.used)?,
        decreasing: fen(&sums.decreasing)?,
        increasing: fen(&sums.increasing)?,
        debit: fen(&sums.debit)?,
        credit: fen(&sums.credit)?,
    })
}
