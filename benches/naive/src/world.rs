//! The harness's world as rows of a database: every row that Hubu has after the loading, with the same opening, and the rows
//! that Hubu makes at an indicator's first payment, which are loaded empty here.

use hubu_load::wire::Dims;
use hubu_load::world::{Balance, Ledger, RowKey, World};

use crate::rows::Opening;

/// All rows of the world. What a payment touches, indicator, plan and what is to be settled, belongs together.
pub fn openings(world: &World) -> Vec<Opening> {
    let mut rows = Vec::new();
    let mut indicator = 0;
    for key in keys(world) {
        let is_announced = key.ledger() == Ledger::Pay && key.indicator().is_some();
        let opening = match world.opening(key) {
            Some(opening) => opening,
            None if is_announced => Balance::default(),
            None => continue,
        };
        let id = rows.len() as i64 + 1;
        // The indicator comes before what stands beside it.
        if key.ledger() == Ledger::Ind {
            indicator = id;
        }
        let is_paid_from = matches!(key.ledger(), Ledger::Ind | Ledger::Pln | Ledger::Pay);
        let mut row = Opening {
            id,
            indicator: is_paid_from.then_some(indicator),
            ledger: key.ledger().name().into(),
            fiscal_year: world.recipe.fiscal_year.cast_signed(),
            approved_cents: opening.approved,
            used_cents: opening.used,
            debit_cents: opening.debit,
            credit_cents: opening.credit,
            ..Opening::default()
        };
        place(&mut row, world, key);
        rows.push(row);
    }
    rows
}

/// Every row that the world may have, by owner.
fn keys(world: &World) -> Vec<RowKey> {
    let mut keys = Vec::new();
    for (agency, at) in world.agencies.iter().zip(0..) {
        for indicator in 0..agency.indicators {
            keys.extend(Ledger::ALL.map(|ledger| RowKey::of_indicator(ledger, at, indicator)));
        }
    }
    for division in 0..world.divisions.len() as u32 {
        keys.extend(Ledger::ALL.map(|ledger| RowKey::of_division(ledger, division)));
    }
    keys
}

/// Division, agency and project of a row. A source (SRC) is of no agency.
fn place(row: &mut Opening, world: &World, key: RowKey) {
    let division = match key.indicator() {
        Some(_) => world.agencies[key.owner() as usize].division,
        None => key.owner(),
    };
    row.division = format!("{:09}", world.divisions[division as usize].code);
    let mut text = String::new();
    world.push_dims(&mut text, key);
    let dims: Dims<'_> = serde_json::from_str(&text).unwrap_or_default();
    let of = |name| dims.get(name).unwrap_or_default().to_owned();
    row.project = of("pro_code");
    if key.ledger() != Ledger::Src {
        row.agency = of("agency_code");
    }
}
