//! How the harness names a row: by what it is, not by the server's id. Both sides of the audit meet at this key.

use std::fmt;

use super::World;
use crate::money;

/// A ledger or account family that the harness knows. The names are those of `config/ledgers.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Ledger {
    /// 预算来源 source.
    Src = 1,
    /// 总待分 pool of the whole division.
    Tot,
    /// 处室待分 pool of a finance office.
    Off,
    /// 单位可执行指标 executable indicator.
    Ind,
    /// 可计划额度 what may still be planned.
    Indp,
    /// 用款计划 payment plan.
    Pln,
    /// 计划对方科目 counter-account of the plan.
    Cpl,
    /// 已支付待清算 paid, not settled.
    Pay,
    /// 已清算 settled.
    Clr,
    /// 可采购额度 what may still be bought for.
    Indg,
    /// 采购对方科目 counter-account of what may be bought for.
    Cpg,
}

impl Ledger {
    /// Every ledger, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::Src,
        Self::Tot,
        Self::Off,
        Self::Ind,
        Self::Indp,
        Self::Pln,
        Self::Cpl,
        Self::Pay,
        Self::Clr,
        Self::Indg,
        Self::Cpg,
    ];

    /// Name as the server writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Src => "SRC",
            Self::Tot => "TOT",
            Self::Off => "OFF",
            Self::Ind => "IND",
            Self::Indp => "INDP",
            Self::Pln => "PLN",
            Self::Cpl => "CPL",
            Self::Pay => "PAY",
            Self::Clr => "CLR",
            Self::Indg => "INDG",
            Self::Cpg => "CPG",
        }
    }

    /// The ledger with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|l| l.name() == name)
    }
}

/// What a row holds, or by how much it changes, in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Balance {
    /// Granted.
    pub approved: i64,
    /// Consumed.
    pub used: i64,
    /// Reserved.
    pub decreasing: i64,
    /// Coming.
    pub increasing: i64,
    /// Debit total.
    pub debit: i64,
    /// Credit total.
    pub credit: i64,
}

impl Balance {
    /// Adds another onto this one. Sums of a run stay far from the edge of an i64.
    pub fn add(&mut self, other: Self) {
        self.approved += other.approved;
        self.used += other.used;
        self.decreasing += other.decreasing;
        self.increasing += other.increasing;
        self.debit += other.debit;
        self.credit += other.credit;
    }

    /// Whether there is nothing in it.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = [
            ("approved", self.approved),
            ("used", self.used),
            ("decreasing", self.decreasing),
            ("increasing", self.increasing),
            ("debit", self.debit),
            ("credit", self.credit),
        ];
        let mut first = true;
        for (name, fen) in fields.into_iter().filter(|(_, fen)| *fen != 0) {
            write!(
                f,
                "{}{name} {}",
                if first { "" } else { " " },
                money::text(fen)
            )?;
            first = false;
        }
        if first {
            f.write_str("nothing")
        } else {
            Ok(())
        }
    }
}

/// One row of the world in eight bytes: ledger, owner (division, or agency and indicator).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowKey(u64);

const OWNER_BITS: u32 = 24;
const INDICATOR_BITS: u32 = 16;

impl RowKey {
    /// A row of an agency's indicator.
    pub fn of_indicator(ledger: Ledger, agency: u32, indicator: u32) -> Self {
        assert!(agency < 1 << OWNER_BITS && indicator < (1 << INDICATOR_BITS) - 1);
        let low = u64::from(indicator + 1) | u64::from(agency) << INDICATOR_BITS;
        Self(low | (ledger as u64) << (INDICATOR_BITS + OWNER_BITS))
    }

    /// A row of a division: the pool that its finance office issues from.
    pub fn of_division(ledger: Ledger, division: u32) -> Self {
        assert!(division < 1 << OWNER_BITS);
        Self(
            u64::from(division) << INDICATOR_BITS
                | (ledger as u64) << (INDICATOR_BITS + OWNER_BITS),
        )
    }

    /// The same indicator's or division's row in another ledger.
    pub fn in_ledger(self, ledger: Ledger) -> Self {
        let low = self.0 & ((1 << (INDICATOR_BITS + OWNER_BITS)) - 1);
        Self(low | (ledger as u64) << (INDICATOR_BITS + OWNER_BITS))
    }

    /// Which ledger.
    pub fn ledger(self) -> Ledger {
        let number = (self.0 >> (INDICATOR_BITS + OWNER_BITS)) as usize;
        Ledger::ALL[number - 1]
    }

    /// Index of the agency (or of the division, when [`RowKey::indicator`] is `None`).
    pub fn owner(self) -> u32 {
        (self.0 >> INDICATOR_BITS) as u32 & ((1 << OWNER_BITS) - 1)
    }

    /// Which of the agency's indicators, from 0.
    pub fn indicator(self) -> Option<u32> {
        ((self.0 & ((1 << INDICATOR_BITS) - 1)) as u32).checked_sub(1)
    }

    /// As a number, for files.
    pub fn to_bits(self) -> u64 {
        self.0
    }

    /// From a number in a file; `None` when the ledger is unknown.
    pub fn from_bits(bits: u64) -> Option<Self> {
        let ledger = (bits >> (INDICATOR_BITS + OWNER_BITS)) as usize;
        (1..=Ledger::ALL.len())
            .contains(&ledger)
            .then_some(Self(bits))
    }

    /// The key as a person reads it: ledger, agency or division code, indicator number.
    pub fn describe(self, world: &World) -> impl fmt::Display + use<> {
        let ledger = self.ledger().name();
        match self.indicator() {
            Some(indicator) => {
                let code = world
                    .agencies
                    .get(self.owner() as usize)
                    .map_or("?", |a| a.code.as_str());
                format!("{ledger} {code} indicator {indicator}")
            }
            None => {
                let code = world
                    .divisions
                    .get(self.owner() as usize)
                    .map_or(0, |d| d.code);
                format!("{ledger} {code:09}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_take_apart_as_put_together() {
        let key = RowKey::of_indicator(Ledger::Pln, 24_999, 39);
        assert_eq!(
            (key.ledger(), key.owner(), key.indicator()),
            (Ledger::Pln, 24_999, Some(39))
        );
        assert_eq!(RowKey::from_bits(key.to_bits()), Some(key));
        let pool = RowKey::of_division(Ledger::Off, 1_593);
        assert_eq!(
            (pool.ledger(), pool.owner(), pool.indicator()),
            (Ledger::Off, 1_593, None)
        );
        assert_eq!(
            key.in_ledger(Ledger::Pay),
            RowKey::of_indicator(Ledger::Pay, 24_999, 39)
        );
        assert_eq!(RowKey::from_bits(0), None);
    }
}
