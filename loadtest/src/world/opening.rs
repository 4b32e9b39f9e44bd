//! What the rows begin with: opening balances by row, their dimensions, and the way back from a row of the server.

use std::fmt::Write;

use super::{Agency, Balance, Ledger, RowKey, World};
use crate::money;
use crate::seeded::Seeded;
use crate::wire::Dims;

/// Function classes (功能分类) of the world.
const FUNCTIONS: [&str; 6] = [
    "2010301", "2010302", "2050201", "2050202", "2080501", "2120101",
];
/// Government economic classes (政府经济分类).
const ECONOMICS: [&str; 4] = ["50201", "50202", "50205", "50299"];
/// The finance office (处室) that owns the money.
const OFFICE: &str = "001";
/// What the harness gives each division's pool: ten billion yuan in fen, so that no run empties it.
pub const POOL: i64 = 1_000_000_000_000;
/// Rows of a division's pool: SRC, TOT, OFF.
const POOL_ROWS: [Ledger; 3] = [Ledger::Src, Ledger::Tot, Ledger::Off];
/// Rows of an indicator.
const ROWS: [Ledger; 7] = [
    Ledger::Src,
    Ledger::Ind,
    Ledger::Indp,
    Ledger::Pln,
    Ledger::Cpl,
    Ledger::Indg,
    Ledger::Cpg,
];

/// What an indicator begins with, in fen.
struct Amounts {
    issued: i64,
    planned: i64,
    procurable: i64,
}

/// One opening document: indicators of one division, several lines.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Index of the division.
    pub division: u32,
    /// The IND rows that it loads, each with all that stands beside it.
    pub rows: Vec<RowKey>,
}

impl World {
    /// What of an indicator was issued, is planned, and may be bought for.
    fn amounts(&self, key: RowKey) -> Amounts {
        let mut choice = self.choice(key);
        let issued = choice.between(20_000_000, 500_000_000) as i64;
        let planned = issued / 100 * choice.between(40, 60) as i64;
        Amounts {
            issued,
            planned,
            procurable: issued / 100 * choice.between(10, 30) as i64,
        }
    }

    /// What a row begins with; `None` for rows that come about later (PAY, CLR) or are not of this world.
    pub fn opening(&self, key: RowKey) -> Option<Balance> {
        let zero = Balance::default();
        let Some(indicator) = key.indicator() else {
            return self.pool_opening(key);
        };
        self.agencies
            .get(key.owner() as usize)
            .filter(|a| indicator < a.indicators)?;
        let Amounts {
            issued,
            planned,
            procurable,
        } = self.amounts(key);
        match key.ledger() {
            Ledger::Src => Some(Balance {
                approved: issued,
                used: issued,
                credit: issued,
                ..zero
            }),
            Ledger::Ind => Some(Balance {
                approved: issued,
                debit: issued,
                ..zero
            }),
            Ledger::Indp => Some(Balance {
                approved: issued,
                used: planned,
                debit: issued,
                credit: planned,
                ..zero
            }),
            Ledger::Pln => Some(Balance {
                approved: planned,
                debit: planned,
                ..zero
            }),
            Ledger::Cpl => Some(Balance {
                credit: issued,
                ..zero
            }),
            Ledger::Indg => Some(Balance {
                approved: procurable,
                debit: procurable,
                ..zero
            }),
            Ledger::Cpg => Some(Balance {
                credit: procurable,
                ..zero
            }),
            Ledger::Tot | Ledger::Off | Ledger::Pay | Ledger::Clr => None,
        }
    }

    fn pool_opening(&self, key: RowKey) -> Option<Balance> {
        self.divisions.get(key.owner() as usize)?;
        let zero = Balance::default();
        let handed_on = Balance {
            approved: POOL,
            used: POOL,
            credit: POOL,
            ..zero
        };
        match key.ledger() {
            Ledger::Src => Some(handed_on),
            Ledger::Tot => Some(Balance {
                debit: POOL,
                ..handed_on
            }),
            Ledger::Off => Some(Balance {
                approved: POOL,
                debit: POOL,
                ..zero
            }),
            _ => None,
        }
    }

    /// How many rows the seeding loads, as the server counts them.
    pub fn opened_rows(&self) -> u64 {
        self.indicators() * ROWS.len() as u64 + (self.divisions.len() * POOL_ROWS.len()) as u64
    }

    /// The office's pool of the division that an indicator belongs to.
    pub fn pool_of(&self, key: RowKey) -> RowKey {
        assert!(key.indicator().is_some(), "a pool has no pool here");
        RowKey::of_division(Ledger::Off, self.agencies[key.owner() as usize].division)
    }

    /// The opening documents of a division, at most `lines_max` lines each.
    pub fn openings(&self, division: u32, lines_max: usize) -> Vec<Opening> {
        assert!(lines_max > 0);
        let first = self.agencies.partition_point(|a| a.division < division);
        let last = self.agencies.partition_point(|a| a.division <= division);
        let rows: Vec<RowKey> = (first..last)
            .flat_map(|at| (0..self.agencies[at].indicators).map(move |i| (at, i)))
            .map(|(at, indicator)| RowKey::of_indicator(Ledger::Ind, at as u32, indicator))
            .collect();
        rows.chunks(lines_max)
            .map(|rows| Opening {
                division,
                rows: rows.to_vec(),
            })
            .collect()
    }

    /// The row of this world that a server's row is; `None` for rows of others.
    pub fn key_of(&self, ledger: Ledger, division: &str, dims: &Dims<'_>) -> Option<RowKey> {
        let Some(project) = dims.get("pro_code") else {
            return self
                .division_index(division)
                .map(|d| RowKey::of_division(ledger, d));
        };
        let (agency, indicator) = self.project(project)?;
        let of_other = dims
            .get("agency_code")
            .is_some_and(|code| self.agency_index(code) != Some(agency));
        if of_other {
            None
        } else {
            Some(RowKey::of_indicator(ledger, agency, indicator))
        }
    }

    /// Writes a row's dimensions as a JSON object onto `out`.
    pub fn push_dims(&self, out: &mut String, key: RowKey) {
        out.push_str(r#"{"fund_type":"1","source_type":"1","budget_level":"4","marks":"00","#);
        let Some(indicator) = key.indicator() else {
            let _ = write!(
                out,
                r#""exp_func":"{}","office":"{OFFICE}"}}"#,
                FUNCTIONS[0]
            );
            return;
        };
        let agency = &self.agencies[key.owner() as usize];
        let mut choice = self.choice(key);
        // The first three are the amounts.
        for _ in 0..3 {
            choice.bits();
        }
        let function = FUNCTIONS[choice.below(FUNCTIONS.len() as u64) as usize];
        let economic = ECONOMICS[choice.below(ECONOMICS.len() as u64) as usize];
        let project = project_code(agency, indicator);
        let _ = write!(
            out,
            r#""agency_code":"{}","dept":"{}","pro_code":"{project}","#,
            agency.code, agency.dept
        );
        let _ = write!(
            out,
            r#""exp_func":"{function}","office":"{OFFICE}","gov_econ":"{economic}","pay_mode":"2"}}"#
        );
    }

    /// The choices of one indicator, the same for all of its rows.
    fn choice(&self, key: RowKey) -> Seeded {
        Seeded::new(self.recipe.seed, key.in_ledger(Ledger::Ind).to_bits())
    }

    /// Agency and indicator that a project code of ours stands for.
    fn project(&self, code: &str) -> Option<(u32, u32)> {
        let (division, number) = (
            self.division_index(code.get(..9)?)?,
            code.get(10..16)?.parse::<u32>().ok()?,
        );
        let first = self.agencies.partition_point(|a| a.division < division) as u32;
        let agency = first.checked_add(number.checked_sub(1)?)?;
        let indicator = code.get(16..21)?.parse().ok()?;
        let ours = project_code(self.agencies.get(agency as usize)?, indicator) == code;
        ours.then_some((agency, indicator))
    }
}

/// Project code (项目): the division, 8, the agency's number, the indicator's number; 21 digits.
fn project_code(agency: &Agency, indicator: u32) -> String {
    format!("{}8{:06}{indicator:05}", &agency.code[..9], agency.number)
}

/// Writes an opening document as the body of POST /v1/documents.
pub fn write_opening(world: &World, opening: &Opening, out: &mut String) {
    let division = world.divisions[opening.division as usize].code;
    let year = world.recipe.fiscal_year;
    let _ = write!(
        out,
        r#"{{"type":"opening","division":"{division:09}","fiscal_year":{year},"#
    );
    out.push_str(r#""transition":"load","lines":["#);
    for (row, at) in opening.rows.iter().zip(0..) {
        let amounts = world.amounts(*row);
        out.push_str(if at == 0 {
            r#"{"amount":""#
        } else {
            r#",{"amount":""#
        });
        money::push(out, amounts.issued);
        out.push_str(r#"","month":1,"fields":{"planned":""#);
        money::push(out, amounts.planned);
        out.push_str(r#"","procurable":""#);
        money::push(out, amounts.procurable);
        out.push_str(r#""},"dims":"#);
        world.push_dims(out, *row);
        out.push('}');
    }
    out.push_str("]}");
}

#[cfg(test)]
mod tests {
    use super::super::tests::small;
    use super::*;

    #[test]
    fn openings_balance() {
        let world = small();
        let mut total = Balance::default();
        for (agency, index) in world.agencies.iter().zip(0..) {
            for indicator in 0..agency.indicators {
                for ledger in ROWS {
                    let row = RowKey::of_indicator(ledger, index, indicator);
                    total.add(world.opening(row).unwrap());
                }
                assert_eq!(
                    world.opening(RowKey::of_indicator(Ledger::Pay, index, indicator)),
                    None
                );
            }
        }
        for division in 0..world.divisions.len() as u32 {
            POOL_ROWS
                .iter()
                .for_each(|l| total.add(world.opening(RowKey::of_division(*l, division)).unwrap()));
        }
        assert_eq!(total.debit, total.credit);
    }

    #[test]
    fn rows_are_found_again_by_their_dimensions() {
        let world = small();
        let key = RowKey::of_indicator(Ledger::Pln, 29, 0);
        let mut text = String::new();
        world.push_dims(&mut text, key);
        let dims: Dims<'_> = serde_json::from_str(&text).unwrap();
        let division = format!("{:09}", world.division_of(&world.agencies[29]).code);
        assert_eq!(world.key_of(Ledger::Pln, &division, &dims), Some(key));
    }

    #[test]
    fn documents_hold_every_indicator_once() {
        let world = small();
        let divisions = 0..world.divisions.len() as u32;
        let mut rows: Vec<RowKey> = divisions
            .flat_map(|d| world.openings(d, 7))
            .flat_map(|o| o.rows)
            .collect();
        assert_eq!(rows.len() as u64, world.indicators());
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len() as u64, world.indicators());
        let mut text = String::new();
        let first = world.openings(0, 7).remove(0);
        write_opening(&world, &first, &mut text);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["lines"].as_array().unwrap().len(), first.rows.len());
    }
}
