//! `config/dimensions.toml`: `[[dimensions]]` with a stable id, names and the shape of values.

use crate::catalog::dimension::{DIMENSIONS_MAX, Dimension, DimensionValue, Format, VALUE_MAX};
use crate::catalog::reader::{File, Mistakes, Table};
use crate::catalog::sources::Sources;
use std::collections::HashMap;

pub(in crate::catalog) fn read(root: &Table<'_>) -> Vec<Dimension> {
    let mut dimensions: Vec<Dimension> = Vec::new();
    for table in root.tables("dimensions") {
        let found = dimension(&table);
        table.finish();
        let Some(found) = found else { continue };
        let twice = |known: &Dimension| known.id == found.id || known.name == found.name;
        if dimensions.iter().any(twice) {
            table.mistake(format!(
                "dimension `{}` or id {} is there twice",
                found.name, found.id
            ));
            continue;
        }
        dimensions.push(found);
    }
    root.finish();
    dimensions.sort_by_key(|dimension| dimension.id);
    dimensions
}

fn dimension(table: &Table<'_>) -> Option<Dimension> {
    let id: Option<u8> = table.number("id");
    let (name, zh) = (table.text("name"), table.text("zh"));
    let format = format(table);
    let (shard, class) = (table.flag("shard"), table.get("class"));
    let class = class.and_then(|node| node.text()).map(str::to_owned);
    let id = id?;
    if usize::from(id) >= DIMENSIONS_MAX {
        table.mistake(format!("id {id} is not below {DIMENSIONS_MAX}"));
        return None;
    }
    Some(Dimension {
        id,
        name: name?.to_owned(),
        zh: zh?.to_owned(),
        format: format?,
        shard,
        class,
    })
}

fn format(table: &Table<'_>) -> Option<Format> {
    let (digits, text) = (table.get("digits"), table.get("text"));
    let values = table.get("values");
    let shape = match (digits, text) {
        (Some(node), None) => node.number().map(|length| Format::Digits {
            length,
            values: Vec::new(),
        }),
        (None, Some(node)) => node.number().map(|max| Format::Text { max }),
        _ => {
            table.mistake("either `digits` or `text` says what values look like");
            None
        }
    };
    let mut shape = shape?;
    let size = match &shape {
        Format::Digits { length, .. } => *length,
        Format::Text { max } => *max,
    };
    if size == 0 || usize::from(size) > VALUE_MAX {
        table.mistake(format!("a value has 1 to {VALUE_MAX} bytes, not {size}"));
        return None;
    }
    if let Some(node) = values {
        let listed = node.table()?;
        match &mut shape {
            Format::Digits { length, values } => *values = listed_values(&listed, *length),
            Format::Text { .. } => node.mistake("only digits can be listed"),
        }
    }
    Some(shape)
}

fn listed_values(table: &Table<'_>, length: u8) -> Vec<DimensionValue> {
    let mut values = Vec::new();
    for (code, node) in table.entries() {
        let digits = code.bytes().all(|byte| byte.is_ascii_digit());
        if code.len() != usize::from(length) || !digits {
            node.mistake(format!("`{code}` is not {length} digits"));
        }
        if let Some(zh) = node.text() {
            let (code, zh) = (code.to_owned(), zh.to_owned());
            values.push(DimensionValue { code, zh });
        }
    }
    values.sort();
    values
}

/// Every class that a dimension names must be a list.
pub(in crate::catalog) fn check_classes(
    sources: &Sources,
    dimensions: &[Dimension],
    classes: &HashMap<String, HashMap<String, bool>>,
    mistakes: &Mistakes,
) {
    const PATH: &str = "dimensions.toml";
    let text = sources.get(PATH).unwrap_or("");
    for dimension in dimensions {
        let Some(class) = dimension
            .class
            .as_ref()
            .filter(|class| !classes.contains_key(*class))
        else {
            continue;
        };
        let at = text.find(&format!("\"{class}\"")).unwrap_or(0);
        File::new(PATH, text, mistakes)
            .mistake(at, format!("there is no class list `classes/{class}.csv`"));
    }
}
