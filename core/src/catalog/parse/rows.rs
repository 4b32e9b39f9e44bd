//! `[effects.rows]` of a document type: how a line's dimensions choose the rows that it touches.

use super::fields::Fields;
use crate::catalog::dimension::DimensionId;
use crate::catalog::document::{
    BagName, Condition, FieldKind, LineRule, MonthRule, Place, RowRule, SetValue,
};
use crate::catalog::ledger::Ledger;
use crate::catalog::model::Catalog;
use crate::catalog::reader::{Node, Table};

const BAGS: [(&str, BagName); 2] = [("line", BagName::Line), ("to", BagName::To)];
const YEARS_MAX: u16 = 5;

/// A row rule and where it stands in the file.
pub(super) struct ReadRow<'a> {
    pub(super) node: Node<'a>,
    pub(super) rule: RowRule,
}

struct Reader<'a> {
    fields: &'a Fields,
    lines: &'a LineRule,
    catalog: &'a Catalog,
}

pub(super) fn read<'a>(
    effects: &Table<'a>,
    fields: &Fields,
    lines: &LineRule,
    catalog: &Catalog,
) -> Vec<ReadRow<'a>> {
    let Some(table) = effects.need("rows").and_then(|node| node.table()) else {
        return Vec::new();
    };
    let reader = Reader {
        fields,
        lines,
        catalog,
    };
    let entries = table.entries();
    if entries.len() > usize::from(u8::MAX) {
        table.mistake("a type has at most 255 rows");
        return Vec::new();
    }
    let read = |(name, node): (&'a str, Node<'a>)| {
        let rule = reader.row(name, &node)?;
        Some(ReadRow { node, rule })
    };
    entries.into_iter().filter_map(read).collect()
}

impl Reader<'_> {
    fn row(&self, name: &str, node: &Node<'_>) -> Option<RowRule> {
        let table = node.table()?;
        let ledger_name = table.get("ledger").map_or(Some(name), |node| node.text());
        let bag = table.choice("bag", &BAGS, Some(BagName::Line));
        if bag == Some(BagName::To) && !self.lines.to {
            table.mistake("lines have no second set of dimensions: `lines.to` is not true");
        }
        let place = self.place(&table);
        let years_later = table
            .get("years_later")
            .map_or(Some(0), |node| node.number());
        let when: Vec<_> = table
            .list("when")
            .iter()
            .filter_map(|node| self.condition(node))
            .collect();
        let set = table.get("set").and_then(|node| node.table());
        let set = set.map(|table| self.set(&table)).unwrap_or_default();
        table.finish();
        if years_later.is_some_and(|years| years > YEARS_MAX) {
            table.mistake(format!("a row is at most {YEARS_MAX} years later"));
        }
        let ledger_name = ledger_name?;
        let Some(ledger) = self.catalog.ledger_named(ledger_name) else {
            node.mistake(format!("there is no ledger `{ledger_name}`; a row that is not named after its ledger says `ledger`"));
            return None;
        };
        self.check_set(node, ledger, &set);
        Some(RowRule {
            name: name.to_owned(),
            ledger: ledger.id,
            bag: bag?,
            set,
            place: place?,
            years_later: years_later?,
            when,
        })
    }

    fn check_set(&self, node: &Node<'_>, ledger: &Ledger, set: &[(DimensionId, SetValue)]) {
        for (id, value) in set {
            let name = self
                .catalog
                .dimension(*id)
                .map_or("", |known| known.name.as_str());
            match ledger.dimensions.iter().find(|known| known.id == *id) {
                None => node.mistake(format!("{} has no dimension `{name}` to set", ledger.name)),
                Some(known) if known.required && *value == SetValue::Empty => {
                    node.mistake(format!("{} can't be without `{name}`", ledger.name));
                }
                Some(_) => {}
            }
        }
    }

    fn dimension(&self, node: &Node<'_>, name: &str) -> Option<DimensionId> {
        let found = self.catalog.dimension_named(name);
        if found.is_none() {
            node.mistake(format!("there is no dimension `{name}`"));
        }
        found.map(|dimension| dimension.id)
    }

    fn place(&self, table: &Table<'_>) -> Option<Place> {
        let Some(node) = table.get("division") else {
            return Some(Place::Document);
        };
        match node.text()? {
            "document" => Some(Place::Document),
            "parent" => Some(Place::Parent),
            name => self.dimension(&node, name).map(Place::Named),
        }
    }

    /// `"contract_no"`, `"to.contract_no"`, or `{ field = "pool", is = "OFF" }`.
    fn condition(&self, node: &Node<'_>) -> Option<Condition> {
        if node.is_text() {
            let text = node.text()?;
            let (bag, name) = match text.strip_prefix("to.") {
                Some(name) => (BagName::To, name),
                None => (BagName::Line, text),
            };
            return Some(Condition::Has(bag, self.dimension(node, name)?));
        }
        let table = node.table()?;
        let (field, wanted) = (table.get("field"), table.get("is"));
        let positive = table.get("positive");
        table.finish();
        match (field, wanted, positive) {
            (Some(field), Some(wanted), None) => {
                let rule = self.fields.header(&field)?;
                let word = wanted.text()?;
                match &rule.kind {
                    FieldKind::Choice(words) if !words.iter().any(|known| known == word) => {
                        wanted.mistake(format!(
                            "`{word}` is none of its words: {}",
                            words.join(", ")
                        ));
                    }
                    FieldKind::Choice(_) | FieldKind::Text { .. } => {}
                    _ => field.mistake(format!("`{}` is neither text nor choice", rule.name)),
                }
                Some(Condition::FieldIs(rule.id, word.to_owned()))
            }
            (None, None, Some(positive)) => {
                let rule = self.fields.line(&positive)?;
                if rule.kind != FieldKind::Amount {
                    positive.mistake(format!("`{}` is no amount", rule.name));
                }
                Some(Condition::Positive(rule.id))
            }
            _ => {
                node.mistake(
                    "a condition is a dimension, `{ field = …, is = … }` or `{ positive = … }`",
                );
                None
            }
        }
    }

    fn set(&self, table: &Table<'_>) -> Vec<(DimensionId, SetValue)> {
        let mut set = Vec::new();
        for (name, node) in table.entries() {
            if let (Some(id), Some(value)) =
                (self.dimension(&node, name), self.set_value(name, &node))
            {
                set.push((id, value));
            }
        }
        set.sort_by_key(|(id, _)| *id);
        set
    }

    /// `"5"`, `""`, `{ field = "office" }` or `{ from = "month" }`.
    fn set_value(&self, name: &str, node: &Node<'_>) -> Option<SetValue> {
        if node.is_text() {
            let text = node.any_text()?;
            let known = self.catalog.dimension_named(name);
            if !text.is_empty() && !known.is_some_and(|dimension| dimension.accepts(text)) {
                node.mistake(format!("`{text}` is no {name}"));
            }
            return Some(if text.is_empty() {
                SetValue::Empty
            } else {
                SetValue::Const(text.to_owned())
            });
        }
        let table = node.table()?;
        let (field, from) = (table.get("field"), table.get("from"));
        table.finish();
        match (field, from) {
            (Some(field), None) => Some(SetValue::Field(self.fields.header(&field)?.id)),
            (None, Some(from)) => {
                let value = from.choice(&[("month", true), ("division", false)])?;
                if value && self.lines.month != MonthRule::Required {
                    from.mistake("`lines.month` must be \"required\"");
                }
                Some(if value {
                    SetValue::Month
                } else {
                    SetValue::Division
                })
            }
            _ => {
                node.mistake("a value is a string, `{ field = … }` or `{ from = \"month\" }`");
                None
            }
        }
    }
}
