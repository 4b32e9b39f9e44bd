//! `[[transitions.limits]]`: up to which amount a role may take the step, and above which.

use crate::catalog::document::RoleSet;
use crate::catalog::limit::RoleLimit;
use crate::catalog::model::Catalog;
use crate::catalog::reader::Table;
use hubu_kernel::money::Cents;

/// The limits of a step that these roles may take.
pub(super) fn read(step: &Table<'_>, roles: RoleSet, catalog: &Catalog) -> Vec<RoleLimit> {
    let mut limits: Vec<RoleLimit> = Vec::new();
    for table in step.tables("limits") {
        let name = table.text("role");
        let (above, up_to) = (amount(&table, "above"), amount(&table, "up_to"));
        table.finish();
        let Some(name) = name else { continue };
        let role = catalog.role_named(name).filter(|role| role.meets(roles));
        let Some(role) = role else {
            table.mistake(format!("`{name}` is not one of the step's `roles`"));
            continue;
        };
        if limits.iter().any(|known| known.role == role) {
            table.mistake(format!("`{name}` has a limit already"));
            continue;
        }
        if above.is_none() && up_to.is_none() {
            table.mistake("a limit says `up_to`, `above`, or both");
        }
        if above
            .zip(up_to)
            .is_some_and(|(above, up_to)| above >= up_to)
        {
            table.mistake("`up_to` is not more than `above`: the role could never take the step");
        }
        limits.push(RoleLimit { role, above, up_to });
    }
    limits
}

/// An amount in yuan, exact to 分.
fn amount(table: &Table<'_>, key: &'static str) -> Option<Cents> {
    let node = table.get(key)?;
    let parsed = cents(node.text()?);
    if parsed.is_none() {
        node.mistake("an amount of more than 0, as \"10000000.00\"");
    }
    parsed
}

fn cents(text: &str) -> Option<Cents> {
    let (yuan, fen) = text.split_once('.')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if yuan.is_empty() || fen.len() != 2 || !digits(yuan) || !digits(fen) {
        return None;
    }
    let yuan: i64 = yuan.parse().ok()?;
    let cents = yuan.checked_mul(100)?.checked_add(fen.parse().ok()?)?;
    (cents > 0).then_some(Cents(cents))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_or_a_mistake() {
        assert_eq!(cents("10000000.00"), Some(Cents(1_000_000_000)));
        assert_eq!(cents("0.01"), Some(Cents(1)));
        assert_eq!(cents("92233720368547758.07"), Some(Cents::MAX));
        for wrong in [
            "0.00",
            "1",
            "1.0",
            "1.005",
            "-1.00",
            ".50",
            "1,0.00",
            "92233720368547758.08",
        ] {
            assert_eq!(cents(wrong), None, "{wrong}");
        }
    }
}
