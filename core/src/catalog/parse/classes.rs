//! `config/classes/*.csv`: class lists (分类科目) with `code`, `level`, `parent_code` and `name`.
//!
//! Other columns are for people. A class is a leaf when no other names it as its parent.

use super::divisions::Csv;
use crate::catalog::reader::Mistakes;
use std::collections::HashMap;

pub(in crate::catalog) fn read(
    path: &str,
    text: &str,
    mistakes: &Mistakes,
) -> Option<(String, HashMap<String, bool>)> {
    let name = path.strip_prefix("classes/")?.strip_suffix(".csv")?;
    let csv = Csv::read(
        path,
        text,
        &["code", "level", "parent_code", "name"],
        mistakes,
    );
    let mut leaves: HashMap<String, bool> = HashMap::new();
    for row in &csv.rows {
        if leaves.insert(row.fields[0].clone(), true).is_some() {
            mistakes.add(
                path,
                row.line,
                format!("class {} is there twice", row.fields[0]),
            );
        }
    }
    for row in &csv.rows {
        let parent = &row.fields[2];
        if parent.is_empty() {
            continue;
        }
        match leaves.get_mut(parent) {
            Some(leaf) => *leaf = false,
            None => mistakes.add(
                path,
                row.line,
                format!("parent class {parent} is not there"),
            ),
        }
    }
    Some((name.to_owned(), leaves))
}
