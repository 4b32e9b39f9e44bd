//! `[effects]` of a document type: the rows that a line touches, what happens to them, what is posted.
//!
//! Beside names, two things are checked that would otherwise show only in the books: both rows of a
//! posting stand in one division and year and are touched under the same condition, and what a
//! resource row is posted is what its `approved − used` changes by (domain rule 7).

use super::fields::Fields;
use super::rows::{self, ReadRow};
use crate::catalog::document::{
    AmountSource, FieldKind, LineRule, MonthRule, MoveRule, PostingRule, RowIndex, RowRule,
};
use crate::catalog::ledger::{Kind, Ledger};
use crate::catalog::model::Catalog;
use crate::catalog::reader::{Node, Table};
use hubu_kernel::effect::Effect;
use std::collections::BTreeMap;

const EFFECTS: [(&str, Effect); 10] = [
    ("consume", Effect::Consume),
    ("cut", Effect::Cut),
    ("grant", Effect::Grant),
    ("restore", Effect::Restore),
    ("promise", Effect::Promise),
    ("receive", Effect::Receive),
    ("consume_now", Effect::ConsumeNow),
    ("cut_now", Effect::CutNow),
    ("freeze", Effect::Freeze),
    ("thaw", Effect::Thaw),
];

/// What a line does.
#[derive(Default)]
pub(super) struct Effects {
    pub(super) rows: Vec<RowRule>,
    pub(super) moves: Vec<MoveRule>,
    pub(super) postings: Vec<PostingRule>,
}

struct Reader<'a> {
    rows: Vec<ReadRow<'a>>,
    fields: &'a Fields,
    lines: &'a LineRule,
    catalog: &'a Catalog,
}

pub(super) fn read(
    root: &Table<'_>,
    fields: &Fields,
    lines: &LineRule,
    catalog: &Catalog,
) -> Effects {
    let Some(table) = root.get("effects").and_then(|node| node.table()) else {
        return Effects::default();
    };
    let reader = Reader {
        rows: rows::read(&table, fields, lines, catalog),
        fields,
        lines,
        catalog,
    };
    let moves: Vec<_> = table
        .list("moves")
        .iter()
        .filter_map(|node| reader.read_move(node))
        .collect();
    let postings: Vec<_> = table
        .list("postings")
        .iter()
        .filter_map(|node| reader.posting(node))
        .collect();
    table.finish();
    reader.check_tie(&moves, &postings);
    Effects {
        rows: reader.rows.into_iter().map(|row| row.rule).collect(),
        moves,
        postings,
    }
}

impl Reader<'_> {
    fn read_move(&self, node: &Node<'_>) -> Option<MoveRule> {
        let table = node.table()?;
        let named: Vec<_> = EFFECTS
            .iter()
            .filter_map(|(word, effect)| table.get(word).map(|node| (*effect, node)))
            .collect();
        let amount = self.amount(&table);
        table.finish();
        let [(effect, row)] = named.as_slice() else {
            table.mistake("a move has one effect, such as `{ consume = \"IND\" }`");
            return None;
        };
        let index = self.row(row)?;
        let ledger = self.ledger(index)?;
        if ledger.kind == Kind::Account {
            row.mistake(format!(
                "{} is an account: it holds postings, no quota",
                ledger.name
            ));
        }
        let by_month = matches!(
            effect,
            Effect::Consume | Effect::ConsumeNow | Effect::Grant | Effect::Receive
        );
        if ledger.schedule && by_month && self.lines.month != MonthRule::Required {
            row.mistake(format!(
                "{} is planned by month: `lines.month` must be \"required\"",
                ledger.name
            ));
        }
        Some(MoveRule {
            effect: *effect,
            row: index,
            amount: amount?,
        })
    }

    fn posting(&self, node: &Node<'_>) -> Option<PostingRule> {
        let table = node.table()?;
        let debit = table.need("debit").and_then(|node| self.row(&node));
        let credit = table.need("credit").and_then(|node| self.row(&node));
        let amount = self.amount(&table);
        table.finish();
        let (debit, credit) = (debit?, credit?);
        let (dr, cr) = (self.rule(debit), self.rule(credit));
        if (dr.place, dr.years_later) != (cr.place, cr.years_later) {
            table.mistake(format!(
                "`{}` and `{}` stand in different divisions or years: their books would not balance",
                dr.name, cr.name
            ));
        }
        if dr.when != cr.when {
            table.mistake(format!(
                "`{}` and `{}` are touched under different conditions: the posting would lose a side",
                dr.name, cr.name
            ));
        }
        if dr.ledger == cr.ledger && dr.bag == cr.bag && dr.set == cr.set {
            table.mistake(format!("`{}` and `{}` are one row", dr.name, cr.name));
        }
        Some(PostingRule {
            debit,
            credit,
            amount: amount?,
        })
    }

    fn amount(&self, table: &Table<'_>) -> Option<AmountSource> {
        let Some(node) = table.get("amount") else {
            return Some(AmountSource::Line);
        };
        let field = self.fields.line(&node)?;
        if field.kind != FieldKind::Amount {
            node.mistake(format!("`{}` is no amount", field.name));
        }
        Some(AmountSource::Field(field.id))
    }

    fn row(&self, node: &Node<'_>) -> Option<RowIndex> {
        let name = node.text()?;
        let found = self.rows.iter().position(|row| row.rule.name == name);
        if found.is_none() {
            node.mistake(format!("there is no row `{name}` in `effects.rows`"));
        }
        found.map(|at| at as RowIndex)
    }

    fn rule(&self, index: RowIndex) -> &RowRule {
        &self.rows[usize::from(index)].rule
    }

    fn ledger(&self, index: RowIndex) -> Option<&Ledger> {
        self.catalog.ledger(self.rule(index).ledger)
    }

    /// For each resource row: Σ of its moves = Σ debits − Σ credits, amount by amount.
    fn check_tie(&self, moves: &[MoveRule], postings: &[PostingRule]) {
        for (at, row) in self.rows.iter().enumerate() {
            let index = at as RowIndex;
            let used = moves.iter().any(|rule| rule.row == index)
                || postings
                    .iter()
                    .any(|rule| rule.debit == index || rule.credit == index);
            if !used {
                row.node
                    .mistake(format!("row `{}` is not used", row.rule.name));
            }
            if !self.ledger(index).is_some_and(|ledger| ledger.resource) {
                continue;
            }
            let mut difference: BTreeMap<String, i32> = BTreeMap::new();
            let mut add = |amount: AmountSource, sign: i32| {
                *difference.entry(format!("{amount:?}")).or_default() += sign;
            };
            for rule in moves.iter().filter(|rule| rule.row == index) {
                add(rule.amount, sign(rule.effect));
            }
            for rule in postings {
                add(
                    rule.amount,
                    i32::from(rule.credit == index) - i32::from(rule.debit == index),
                );
            }
            if difference.values().any(|sum| *sum != 0) {
                row.node.mistake(format!(
                    "row `{}`: postings do not follow its moves; `Σ debit − Σ credit` must change as `approved − used` does",
                    row.rule.name
                ));
            }
        }
    }
}

/// How an effect changes `approved − used` once it is final.
fn sign(effect: Effect) -> i32 {
    match effect {
        Effect::Grant | Effect::Restore | Effect::Receive => 1,
        Effect::Consume | Effect::Cut | Effect::ConsumeNow | Effect::CutNow => -1,
        Effect::Promise | Effect::Freeze | Effect::Thaw => 0,
    }
}
