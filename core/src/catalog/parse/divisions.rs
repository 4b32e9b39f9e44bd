//! `config/divisions.csv`: the division tree with `code`, `parent_code`, `level`, `name`, `kind` and
//! `paid_by`.

use crate::catalog::division::{DivisionRow, Divisions, parse_code};
use crate::catalog::reader::Mistakes;
use crate::catalog::sources::Sources;
use hubu_kernel::ident::Division;
use std::collections::HashMap;

const PATH: &str = "divisions.csv";

/// The rows of a CSV file, with the wanted columns in the wanted order.
pub(super) struct Csv {
    pub(super) rows: Vec<Row>,
}

/// One row and its line.
pub(super) struct Row {
    pub(super) line: u32,
    pub(super) fields: Vec<String>,
}

impl Csv {
    /// Lines that start with `#` are for people.
    pub(super) fn read(path: &str, text: &str, columns: &[&str], mistakes: &Mistakes) -> Csv {
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .from_reader(text.as_bytes());
        let mut csv = Csv { rows: Vec::new() };
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => {
                mistakes.add(path, 1, error.to_string());
                return csv;
            }
        };
        let mut places = Vec::new();
        for column in columns {
            match header.iter().position(|name| name == *column) {
                Some(at) => places.push(at),
                None => mistakes.add(path, 1, format!("column `{column}` is missing")),
            }
        }
        if places.len() < columns.len() {
            return csv;
        }
        for record in reader.records() {
            match record {
                Ok(record) => csv.rows.push(Row {
                    line: record.position().map_or(0, |at| at.line() as u32),
                    fields: places
                        .iter()
                        .map(|at| record.get(*at).unwrap_or("").to_owned())
                        .collect(),
                }),
                Err(error) => {
                    let line = error.position().map_or(0, |at| at.line() as u32);
                    mistakes.add(path, line, error.to_string());
                }
            }
        }
        csv
    }
}

pub(in crate::catalog) fn read(sources: &Sources, mistakes: &Mistakes) -> Divisions {
    let Some(text) = sources.get(PATH) else {
        mistakes.add(PATH, 0, "this file is missing");
        return Divisions::default();
    };
    let columns = ["code", "parent_code", "level", "name", "kind", "paid_by"];
    let csv = Csv::read(PATH, text, &columns, mistakes);
    let mut rows: Vec<(u32, DivisionRow)> = Vec::new();
    for row in &csv.rows {
        if let Some(parsed) = division(row, mistakes) {
            rows.push((row.line, parsed));
        }
    }
    if !is_tree(&rows, mistakes) {
        return Divisions::default();
    }
    let divisions = Divisions::new(rows.iter().map(|(_, row)| row.clone()).collect());
    for (line, row) in &rows {
        if let Some(payer) = row.paid_by
            && (payer == row.code || !divisions.covers(payer, row.code))
        {
            let message = format!(
                "{:09} is not above {:09} and can't pay it",
                payer.0, row.code.0
            );
            mistakes.add(PATH, *line, message);
        }
    }
    divisions
}

fn division(row: &Row, mistakes: &Mistakes) -> Option<DivisionRow> {
    let [code, parent, level, name, kind, paid_by] = row.fields.as_slice() else {
        return None;
    };
    let say = |message: String| mistakes.add(PATH, row.line, message);
    let number = parse_code(code);
    if number.is_none() {
        say(format!("`{code}` is not nine digits"));
    }
    let parent_number = parse_code(parent);
    if parent_number.is_none() && !parent.is_empty() {
        say(format!("parent `{parent}` is not nine digits"));
    }
    let payer = parse_code(paid_by);
    if payer.is_none() && !paid_by.is_empty() {
        say(format!("paid_by `{paid_by}` is not nine digits"));
    }
    let level_number: Option<u8> = level.parse().ok().filter(|level| (1..=9).contains(level));
    if level_number.is_none() {
        say(format!("level `{level}` is not 1 to 9"));
    }
    if name.is_empty() {
        say("a division has a name".to_owned());
    }
    Some(DivisionRow {
        code: number?,
        parent: parent_number,
        level: level_number?,
        name: name.clone(),
        kind: kind.clone(),
        paid_by: payer,
    })
}

/// Codes are unique, and each parent is there and one level up or more: so there is no circle, and
/// the tree is no deeper than its levels.
fn is_tree(rows: &[(u32, DivisionRow)], mistakes: &Mistakes) -> bool {
    let mut levels: HashMap<Division, u8> = HashMap::new();
    let mut whole = true;
    let mut say = |line: u32, message: String| {
        whole = false;
        mistakes.add(PATH, line, message);
    };
    for (line, row) in rows {
        if levels.insert(row.code, row.level).is_some() {
            say(*line, format!("division {:09} is there twice", row.code.0));
        }
    }
    for (line, row) in rows {
        let above = row.parent.map(|parent| (parent, levels.get(&parent)));
        match above {
            None if row.level > 1 => {
                say(*line, format!("division {:09} has no parent", row.code.0))
            }
            Some((parent, None)) => say(*line, format!("parent {:09} is not there", parent.0)),
            Some((parent, Some(level))) if *level >= row.level => say(
                *line,
                format!("parent {:09} is not above level {}", parent.0, row.level),
            ),
            _ => {}
        }
    }
    whole
}
