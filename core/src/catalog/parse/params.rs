//! `config/params.toml`: numbers, words and tables that guards consult as `param.…`.

use crate::catalog::reader::{Node, Table};
use toml::Value;

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
