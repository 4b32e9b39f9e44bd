//! `target/faults/faults.json`: what was tried, how often, and what came of it.

use crate::Outcome;
use crate::figure::{FIGURES, Goal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// One measured figure.
#[derive(Serialize, Deserialize, Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) value: f64,
    /// The commit it was measured on; `-changed` behind it means that files differed from it.
    pub(crate) commit: String,
    /// The command that measured it.
    pub(crate) command: String,
}

/// The file.
#[derive(Debug)]
pub(crate) struct Report {
    path: PathBuf,
    figures: BTreeMap<String, Measured>,
}

impl Report {
    /// Reads the file, or begins an empty one.
    pub(crate) fn open(path: &Path) -> Outcome<Report> {
        let figures = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| format!("{} is no report: {error}; remove it", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(format!("read {}: {error}", path.display()).into()),
        };
        let path = path.to_owned();
        Ok(Report { path, figures })
    }

    /// Where it is kept, with what trials write beside it.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Notes a figure of this run.
    pub(crate) fn put(&mut self, key: &'static str, value: f64) {
        assert!(
            FIGURES.iter().any(|figure| figure.key == key),
            "{key} is no figure"
        );
        println!("{key} = {value}");
        let measured = Measured {
            value,
            commit: hubu_testkit::tree_commit(),
            command: std::env::args().skip(1).collect::<Vec<_>>().join(" "),
        };
        self.figures.insert(key.into(), measured);
    }

    /// Writes the file, in one step.
    pub(crate) fn save(&self) -> Outcome<()> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let partial = self.path.with_extension("partial");
        std::fs::write(&partial, serde_json::to_vec_pretty(&self.figures)?)?;
        Ok(std::fs::rename(&partial, &self.path)?)
    }

    /// Whether no promise was seen broken.
    pub(crate) fn holds(&self) -> bool {
        FIGURES
            .iter()
            .filter(|figure| figure.goal == Goal::Never)
            .all(|figure| {
                self.figures
                    .get(figure.key)
                    .is_none_or(|measured| figure.goal.is_met(measured.value))
            })
    }

    /// A table for people and for `docs/guarantees.md`.
    pub(crate) fn table(&self) -> String {
        let mut table = String::from(
            "| figure | value | goal | met | what | commit |\n| --- | --- | --- | --- | --- | --- |\n",
        );
        for figure in FIGURES {
            let measured = self.figures.get(figure.key);
            let value = measured.map_or("not measured".into(), |m| m.value.to_string());
            let met = measured.map_or("-", |m| {
                if figure.goal.is_met(m.value) {
                    "yes"
                } else {
                    "NO"
                }
            });
            let commit = measured.map_or("", |m| &m.commit);
            let (key, goal, what) = (figure.key, figure.goal.text(), figure.what);
            let _infallible = writeln!(
                table,
                "| `{key}` | {value} | {goal} | {met} | {what} | {commit} |"
            );
        }
        table
    }
}
