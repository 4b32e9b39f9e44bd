//! The division tree (区划): read from a CSV with the columns `code,parent_code,level,name,…`; other columns
//! and lines that begin with `#` are ignored.

use std::collections::HashSet;
use std::path::Path;

use crate::error::LoadError;

/// One division of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    /// Nine-digit code.
    pub code: u32,
    /// Code of the parent; `None` at the root.
    pub parent: Option<u32>,
    /// 1 province, 2 prefecture, 3 county, 4 township.
    pub level: u8,
    /// Name in Chinese.
    pub name: String,
}

#[derive(serde::Deserialize)]
struct Row {
    code: String,
    parent_code: String,
    level: String,
    name: String,
}

/// Reads the tree; every mistake is listed with its line.
pub fn read_divisions(path: &Path) -> Result<Vec<Division>, LoadError> {
    let text = std::fs::read_to_string(path).map_err(|e| LoadError::file(path, e))?;
    let mut divisions = Vec::new();
    let mut seen = HashSet::new();
    let mut mistakes = Vec::new();
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .flexible(true)
        .from_reader(text.as_bytes());
    for (row, line) in reader.deserialize::<Row>().zip(2..) {
        match row.map_err(|e| e.to_string()).and_then(parse) {
            Ok(division) => {
                if !seen.insert(division.code) {
                    mistakes.push(format!("line {line}: {} stands twice", division.code));
                }
                divisions.push(division);
            }
            Err(reason) => mistakes.push(format!("line {line}: {reason}")),
        }
    }
    for division in &divisions {
        if let Some(parent) = division.parent.filter(|p| !seen.contains(p)) {
            mistakes.push(format!("{}: parent {parent} is missing", division.code));
        }
    }
    if divisions.is_empty() {
        mistakes.push("no division".into());
    }
    if mistakes.is_empty() {
        Ok(divisions)
    } else {
        Err(LoadError::Mistakes {
            path: path.into(),
            mistakes,
        })
    }
}

fn parse(row: Row) -> Result<Division, String> {
    let code = |text: &str| match text.parse::<u32>() {
        Ok(code) if text.len() == 9 => Ok(code),
        _ => Err(format!("{text:?} is not a nine-digit code")),
    };
    let parent = if row.parent_code.is_empty() {
        None
    } else {
        Some(code(&row.parent_code)?)
    };
    let level = row.level.parse().ok().filter(|l| (1..=5).contains(l));
    let level = level.ok_or_else(|| format!("level {:?} is not 1 to 5", row.level))?;
    Ok(Division {
        code: code(&row.code)?,
        parent,
        level,
        name: row.name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_listed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "code,parent_code,level,name\n420000000,,1,A\n42,420000000,2,B\n420100000,429999999,9,C\n420200000,421111111,2,D\n";
        std::fs::write(file.path(), text).unwrap();
        let LoadError::Mistakes { mistakes, .. } = read_divisions(file.path()).unwrap_err() else {
            panic!("want mistakes");
        };
        assert_eq!(mistakes.len(), 3, "{mistakes:?}");
        assert!(mistakes[0].starts_with("line 3"));
    }
}
