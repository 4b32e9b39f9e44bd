//! Values that a journey begins with: rows of CSV files, numbers of ranges, and the user's own.

use std::collections::HashMap;
use std::path::Path;

use super::plan::{OwnPlan, Pick};
use crate::error::LoadError;
use crate::seeded::Seeded;

/// One CSV file: names as placeholders have them, and rows.
struct File {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
    pick: Pick,
}

/// All values of a plan that one of its texts asks for.
pub(super) struct Values {
    built_in: Vec<&'static str>,
    files: Vec<File>,
    ranges: Vec<(String, [u64; 2])>,
    run: u32,
}

/// What every plan may use beside its own: the user's number from 0, the number of its journey, and a text that no
/// other journey of any run has.
pub(super) const BUILT_IN: [&str; 3] = ["user", "journey", "unique"];

/// The columns of a file, as placeholders name them.
///
/// # Errors
/// Why it cannot be used.
pub(super) fn columns(name: &str, csv: &Path) -> Result<Vec<String>, String> {
    let file = read(name, csv, Pick::User).map_err(|e| e.to_string())?;
    if file.rows.is_empty() {
        return Err(format!("{}: no row below the heading", csv.display()));
    }
    Ok(file.names)
}

fn read(name: &str, csv: &Path, pick: Pick) -> Result<File, LoadError> {
    let bad = |e: csv::Error| LoadError::format("data", format!("{}: {e}", csv.display()));
    let mut reader = csv::Reader::from_path(csv).map_err(bad)?;
    let heading = reader.headers().map_err(bad)?;
    let names = heading
        .iter()
        .map(|c| format!("{name}.{}", c.trim()))
        .collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        rows.push(record.map_err(bad)?.iter().map(str::to_owned).collect());
    }
    Ok(File { names, rows, pick })
}

impl Values {
    /// Reads the plan's files.
    pub(super) fn read(plan: &OwnPlan, run: u32) -> Result<Self, LoadError> {
        let asked = plan.placeholders();
        let is_asked = |name: &str| asked.contains(name);
        let files = plan.data.iter().map(|(name, d)| read(name, &d.csv, d.pick));
        let mut files = files.collect::<Result<Vec<File>, _>>()?;
        files.retain(|file| file.names.iter().any(|name| is_asked(name)));
        let ranges = plan.ranges.iter().filter(|(name, _)| is_asked(name));
        Ok(Self {
            built_in: BUILT_IN.into_iter().filter(|name| is_asked(name)).collect(),
            files,
            ranges: ranges.map(|(n, r)| (n.clone(), *r)).collect(),
            run,
        })
    }

    /// The values of a user's next journey.
    pub(super) fn draw(
        &self,
        user: u32,
        journey: u64,
        choice: &mut Seeded,
    ) -> HashMap<String, String> {
        let mut values = HashMap::new();
        for file in &self.files {
            let count = file.rows.len();
            let at = match file.pick {
                Pick::User => user as usize % count,
                Pick::Random => choice.below(count as u64) as usize,
            };
            let cells = file.names.iter().zip(&file.rows[at]);
            values.extend(cells.map(|(name, cell)| (name.clone(), cell.clone())));
        }
        for (name, [low, high]) in &self.ranges {
            values.insert(name.clone(), choice.between(*low, *high).to_string());
        }
        for name in &self.built_in {
            let value = match *name {
                "user" => user.to_string(),
                "journey" => journey.to_string(),
                _ => format!("{:08x}-{user}-{journey}", self.run),
            };
            values.insert((*name).to_owned(), value);
        }
        values
    }
}
