//! What came of the cells, and `target/faults/access.json`.

use crate::Outcome;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// The most mismatches that are told one by one.
const TOLD: usize = 40;

/// Cells by their outcome.
#[derive(Default, Debug)]
pub(super) struct Tally {
    pub(super) allowed: u64,
    pub(super) refused: u64,
    /// Cells of each route.
    routes: BTreeMap<&'static str, u64>,
    /// Cells that were answered otherwise than the table says, in words.
    pub(super) wrong: Vec<String>,
}

impl Tally {
    /// One cell: whether the table allows it, and what was wrong with the answer, if anything.
    pub(super) fn cell(&mut self, route: &'static str, is_allowed: bool, wrong: Option<String>) {
        *self.routes.entry(route).or_default() += 1;
        if is_allowed {
            self.allowed += 1;
        } else {
            self.refused += 1;
        }
        self.wrong.extend(wrong);
    }

    pub(super) fn cells(&self) -> u64 {
        self.allowed + self.refused
    }

    pub(super) fn add(&mut self, other: Tally) {
        self.allowed += other.allowed;
        self.refused += other.refused;
        self.wrong.extend(other.wrong);
        for (route, cells) in other.routes {
            *self.routes.entry(route).or_default() += cells;
        }
    }

    /// Prints it.
    pub(super) fn tell(&self) {
        for (route, cells) in &self.routes {
            println!("{cells:>8} cells of {route}");
        }
        let (cells, wrong) = (self.cells(), self.wrong.len());
        println!(
            "{cells} cells: {} allowed, {} refused, {wrong} answered otherwise",
            self.allowed, self.refused
        );
        for wrong in self.wrong.iter().take(TOLD) {
            println!("  {wrong}");
        }
    }

    /// Writes it.
    pub(super) fn write(&self, path: &Path) -> Outcome<()> {
        let file = json!({
            "cells": self.cells(), "allowed": self.allowed, "refused": self.refused, "mismatches": self.wrong.len(),
            "routes": self.routes, "wrong": self.wrong.iter().take(TOLD).collect::<Vec<_>>(),
        });
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        Ok(std::fs::write(path, serde_json::to_vec_pretty(&file)?)?)
    }
}
