//! `config/params.toml`: numbers, words and tables that guards consult as `param.…`.

use crate::catalog::model::Period;
use crate::catalog::reader::{Node, Table};
use toml::Value;

/// `[periods]`: fiscal years and how they stand, ascending.
pub(in crate::catalog) fn periods(root: &Table<'_>) -> Vec<(i64, Period)> {
    let table = root.get("periods").and_then(|node| node.table());
    let mut periods = Vec::new();
    for (name, node) in table.iter().flat_map(Table::entries) {
        let year = name.parse::<u16>().ok().filter(|_| name.len() == 4);
        if year.is_none() {
            node.mistake(format!("`{name}` is no fiscal year"));
        }
        if let (Some(year), Some(period)) = (year, node.choice(&Period::WORDS)) {
            periods.push((i64::from(year), period));
        }
    }
    periods.sort_by_key(|(year, _)| *year);
    periods
}

pub(in crate::catalog) fn read(root: &Table<'_>) -> toml::Table {
    let mut params = toml::Table::new();
    for (name, node) in root.entries() {
        if let Some(value) = value(&node) {
            params.insert(name.to_owned(), value);
        }
    }
    params
}

fn value(node: &Node<'_>) -> Option<Value> {
    node.plain().or_else(|| {
        let table = node.table()?;
        Some(Value::Table(read(&table)))
    })
}
