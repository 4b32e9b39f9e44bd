//! The folders that damage is done to, and those that wrong files are taken from.

use super::place::{Place, Truth};
use crate::Outcome;
use hubu_kernel::ident::DocumentId;
use std::path::Path;

/// Rows of one opening.
const LINES: u32 = 60;

/// See the module. All but `foreign` come from one journal.
pub(crate) struct Template {
    /// An old backup.
    pub(crate) early: Place,
    /// Stopped in order, with all that came later.
    pub(crate) closed: Place,
    /// The same, killed before the archive took what came later.
    pub(crate) killed: Place,
    /// The old backup served again, on another course, and longer than the first.
    pub(crate) branch: Place,
    /// Another journal, of the same cell and longer.
    pub(crate) foreign: Place,
    /// What `closed` and `killed` must show.
    pub(crate) truth: Truth,
    /// What `branch` must show.
    pub(crate) branch_truth: Truth,
}

impl Template {
    pub(crate) fn build(folder: &Path) -> Outcome<Template> {
        let at = |name: &str| Place(folder.join(name));
        let closed = at("closed");
        let mut ended = Vec::new();
        grow(&closed, 0, 2, &mut ended)?;
        let early = closed.copy_to(&folder.join("early"))?;
        let mut branch_ended = ended.clone();

        let cell = closed.open()?;
        let mut world = cell.world(1_000_000);
        fill(
            &mut world,
            1_000,
            || Ok(closed.segments()?.len() < 4),
            &mut ended,
        )?;
        cell.snapshot(&closed)?;
        ended.push(world.pay(700, 5)?);
        world.pay(900, 2)?;
        cell.snapshot(&closed)?;
        world.pay(901, 0)?;
        let truth = cell.truth(&ended)?;
        let killed = closed.copy_to(&folder.join("killed"))?;
        cell.close();

        let branch = early.copy_to(&folder.join("branch"))?;
        grow(&branch, 2_000_000, 6, &mut branch_ended)?;
        let cell = branch.open()?;
        let branch_truth = cell.truth(&branch_ended)?;
        cell.close();
        assert!(
            branch_truth.state.last > truth.state.last,
            "the other course is longer"
        );
        let foreign = at("foreign");
        grow(&foreign, 0, 6, &mut Vec::new())?;
        Ok(Template {
            early,
            closed,
            killed,
            branch,
            foreign,
            truth,
            branch_truth,
        })
    }
}

/// Serves a folder until its journal has so many segments, writes two snapshots, and stops in order.
fn grow(place: &Place, keys: u64, segments: usize, ended: &mut Vec<DocumentId>) -> Outcome<()> {
    let cell = place.open()?;
    let mut world = cell.world(keys);
    if keys == 0 {
        ended.push(world.open(1, LINES)?);
    }
    ended.push(world.pay(keys as i64 % 7 + 100, 5)?);
    world.pay(300, 1)?;
    cell.snapshot(place)?;
    let from = if keys == 0 { 100 } else { 5_000 };
    fill(
        &mut world,
        from,
        || Ok(place.segments()?.len() < segments),
        ended,
    )?;
    cell.snapshot(place)?;
    cell.close();
    Ok(())
}

/// Opens rows of new projects while `more` is true, and once more.
fn fill(
    world: &mut super::world::World,
    mut project: u32,
    more: impl Fn() -> Outcome<bool>,
    ended: &mut Vec<DocumentId>,
) -> Outcome<()> {
    loop {
        ended.push(world.open(project, LINES)?);
        project += LINES;
        if !more()? {
            return Ok(());
        }
    }
}
