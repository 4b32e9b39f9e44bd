//! The sums of the whole tree: debits are credits, and each ledger holds its openings and what was done since.

use super::finding::{Fault, Figures, Findings};
use super::rows::Expected;
use crate::error::LoadError;
use crate::money;
use crate::wire::{Reader, Summary, Sums, serde_body};
use crate::world::{Balance, Ledger, RowKey, World};

/// A sum of a ledger over the province: more than an i64's fen are possible, so i128.
type Wide = [i128; 6];

/// Reads the root's sums by ledger and compares them with the openings and the acknowledged effects.
pub(super) async fn compare(
    reader: &mut Reader,
    expected: &Expected<'_>,
    findings: &mut Findings,
    figures: &mut Figures,
) -> Result<(), LoadError> {
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
    for ledger in &summary.ledgers {
        let found = wide(&ledger.subtree)?;
        figures.debit += found[4];
        figures.credit += found[5];
        figures.rows_summed += ledger.subtree.rows;
        let Some(known) = Ledger::named(&ledger.ledger) else {
            continue;
        };
        let mut want = opening(world, known);
        let done = expected
            .sums
            .iter()
            .filter(|(row, _)| row.ledger() == known);
        done.for_each(|(_, change)| add(&mut want, *change));
        // Which ledger another client's row is of is not known from its id: where there are others, only rows are
        // compared.
        if want != found && expected.feed.foreign.is_empty() {
            let detail = format!(
                "approved, used, decreasing, increasing, debit, credit in fen: expected {want:?}, found {found:?}"
            );
            findings.add(
                Fault::Misposted,
                format!("sums of ledger {}", ledger.ledger),
                detail,
            );
        }
    }
    if figures.debit != figures.credit {
        let detail = format!("debit {} fen, credit {} fen", figures.debit, figures.credit);
        findings.add(Fault::Unbalanced, "all rows", detail);
    }
    Ok(())
}

/// The openings of a ledger, over the whole world.
fn opening(world: &World, ledger: Ledger) -> Wide {
    let mut sum = Wide::default();
    for division in 0..world.divisions.len() as u32 {
        add(
            &mut sum,
            world
                .opening(RowKey::of_division(ledger, division))
                .unwrap_or_default(),
        );
    }
    for (agency, at) in world.agencies.iter().zip(0..) {
        for indicator in 0..agency.indicators {
            add(
                &mut sum,
                world
                    .opening(RowKey::of_indicator(ledger, at, indicator))
                    .unwrap_or_default(),
            );
        }
    }
    sum
}

fn add(sum: &mut Wide, more: Balance) {
    let more = [
        more.approved,
        more.used,
        more.decreasing,
        more.increasing,
        more.debit,
        more.credit,
    ];
    sum.iter_mut()
        .zip(more)
        .for_each(|(sum, more)| *sum += i128::from(more));
}

fn wide(sums: &Sums) -> Result<Wide, LoadError> {
    let texts = [
        &sums.approved,
        &sums.used,
        &sums.decreasing,
        &sums.increasing,
        &sums.debit,
        &sums.credit,
    ];
    let mut wide = Wide::default();
    for (fen, text) in wide.iter_mut().zip(texts) {
        let parsed = money::parse_wide(text);
        *fen =
            parsed.ok_or_else(|| LoadError::format("summary", format!("{text:?} is no amount")))?;
    }
    Ok(wide)
}
