//! Budget agencies (预算单位), plainly synthetic: nobody can take them for real ones.

use super::{Division, Recipe};

/// One budget agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agency {
    /// 21 characters: the division's nine digits and twelve of our own, beginning with 90.
    pub code: String,
    /// Name, marked as an example.
    pub name: String,
    /// Index of its division.
    pub division: u32,
    /// Number of the agency within its division, from 1.
    pub number: u32,
    /// The competent department (主管部门) above it.
    pub dept: String,
    /// How many indicators it spends from.
    pub indicators: u32,
}

/// Relative number of agencies in a division of level 1, 2, 3, 4, 5.
const SHARE: [u64; 5] = [40, 12, 10, 1, 1];
/// Departments in one division.
const DEPTS: u32 = 8;
/// Agencies that are neighbours share their department, so that one reviewer there can serve a team of them.
pub const AGENCIES_PER_DEPT: u32 = 5;
/// Rows to an indicator: SRC, IND, INDP, PLN, CPL, INDG and CPG.
pub(super) const ROWS_PER_INDICATOR: u32 = 7;

pub(super) fn make_agencies(recipe: &Recipe, divisions: &[Division]) -> Vec<Agency> {
    let counts = spread(recipe.agencies, divisions);
    let indicators = recipe.rows.div_ceil(ROWS_PER_INDICATOR);
    let (each, more) = (indicators / recipe.agencies, indicators % recipe.agencies);
    let mut agencies = Vec::with_capacity(recipe.agencies as usize);
    for ((division, count), index) in divisions.iter().zip(counts).zip(0..) {
        for number in 1..=count {
            let place = agencies.len() as u32;
            agencies.push(Agency {
                code: format!("{:09}90{number:010}", division.code),
                name: format!("{}示例单位{number:04}", division.name),
                division: index,
                number,
                dept: format!("{:03}", 101 + (number - 1) / AGENCIES_PER_DEPT % DEPTS),
                indicators: each + u32::from(place < more),
            });
        }
    }
    agencies
}

/// Shares `total` agencies out by level; the remainders go to the first divisions, so that the sum is exact.
fn spread(total: u32, divisions: &[Division]) -> Vec<u32> {
    let share = |d: &Division| SHARE[usize::from(d.level - 1)];
    let sum: u64 = divisions.iter().map(share).sum();
    let mut counts: Vec<u32> = divisions
        .iter()
        .map(|d| (u64::from(total) * share(d) / sum) as u32)
        .collect();
    let mut left = total - counts.iter().sum::<u32>();
    let places = counts.len();
    let mut at = 0;
    while left > 0 {
        counts[at % places] += 1;
        at += 1;
        left -= 1;
    }
    counts
}
