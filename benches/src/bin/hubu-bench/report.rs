//! `bench.json`: what was measured, where, on which commit, by which command.

use crate::Outcome;
use crate::figure::{FIGURES, Figure};
use crate::machine::{self, Machine};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// One figure as a scenario measured it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) key: String,
    pub(crate) value: f64,
    /// Whether the scenario itself is content; a figure whose audit failed is not met, however fast.
    pub(crate) sound: bool,
    /// What else was seen: rates of the rounds, sizes, latencies.
    pub(crate) detail: Map<String, Value>,
}

/// One figure as it stands in the file.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    value: f64,
    unit: String,
    goal: String,
    met: Option<bool>,
    what: String,
    commit: String,
    command: String,
    measured_at: u64,
    smoke: bool,
    detail: Map<String, Value>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    machine: Machine,
    figures: BTreeMap<String, Entry>,
}

/// The file under way.
pub(crate) struct Report {
    path: PathBuf,
    smoke: bool,
    commit: String,
    stored: Stored,
}

impl Report {
    /// Opens the file, or begins it.
    pub(crate) fn open(path: &Path, smoke: bool) -> Outcome<Report> {
        let old: Option<Stored> = std::fs::read(path)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let figures = old.map(|stored| stored.figures).unwrap_or_default();
        let stored = Stored {
            machine: Machine::look()?,
            figures,
        };
        Ok(Report {
            path: path.to_owned(),
            smoke,
            commit: hubu_testkit::tree_commit(),
            stored,
        })
    }

    /// Adds a figure in the place of an older one.
    pub(crate) fn add(&mut self, measured: Measured) -> Outcome<()> {
        let figure = Figure::named(&measured.key).ok_or("a scenario measured an unknown figure")?;
        let met = figure
            .goal
            .is_met(measured.value)
            .map(|met| met && measured.sound);
        let entry = Entry {
            value: measured.value,
            unit: figure.unit.into(),
            goal: figure.goal.text(),
            met,
            what: figure.what.into(),
            commit: self.commit.clone(),
            command: format!("scripts/bench {}", figure.key),
            measured_at: machine::now(),
            smoke: self.smoke,
            detail: measured.detail,
        };
        self.stored.figures.insert(measured.key, entry);
        Ok(())
    }

    /// Writes the file.
    pub(crate) fn write(&self) -> Outcome<()> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&self.path, serde_json::to_vec_pretty(&self.stored)?)?;
        Ok(())
    }

    /// For people.
    pub(crate) fn table(&self) -> String {
        let mut table = format!("{}\n", self.stored.machine.text());
        for figure in &FIGURES {
            let Some(entry) = self.stored.figures.get(figure.key) else {
                continue;
            };
            let met = match entry.met {
                Some(true) => "met",
                Some(false) => "NOT MET",
                None => "",
            };
            let value = readable(entry.value);
            let smoke = if entry.smoke { " (smoke)" } else { "" };
            // Writing to a string can't fail.
            let _written = writeln!(
                table,
                "{:<22} {:>12} {:<24} {:<12} {met}{smoke}",
                figure.key, value, entry.unit, entry.goal
            );
        }
        table
    }
}

impl Report {
    /// For docs/results.md.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!(
            "{}\n\n| key | what | measured | goal | met | commit |\n| --- | --- | --- | --- | --- | --- |\n",
            self.stored.machine.text()
        );
        for figure in &FIGURES {
            let Some(entry) = self.stored.figures.get(figure.key) else {
                continue;
            };
            let met = match entry.met {
                Some(true) => "yes",
                Some(false) => "**no**",
                None => "",
            };
            let (value, unit) = (readable(entry.value), &entry.unit);
            let (key, what, goal, commit) = (figure.key, figure.what, &entry.goal, &entry.commit);
            let _written = writeln!(
                text,
                "| `{key}` | {what} | {value} {unit} | {goal} | {met} | {commit} |"
            );
        }
        text
    }
}

fn readable(value: f64) -> String {
    if value < 100.0 {
        format!("{value:.3}")
    } else {
        format!("{value:.0}")
    }
}
