//! A primary that is paused (a virtual machine that is moved, a process that is stopped) and wakes when another has
//! taken over. The other has written nothing yet: no number is taken, and the epoch alone stands in the way.

use super::Tally;
use super::overtaken::{Scene, overtake};
use crate::Outcome;
use crate::cell::Place;
use hubu_testkit::PgCluster;

pub(super) fn try_paused(tally: &mut Tally, cluster: &PgCluster, cell: u64) -> Outcome<()> {
    let mut old = Place::new(&cluster.url())?;
    old.set("HUBU_JOURNAL_CELL", &cell.to_string());
    let new = old.beside()?;
    let scene = Scene {
        cluster,
        cell,
        has_load: false,
        old: &old,
        new: &new,
    };
    let what = "postgres: a primary that is paused and wakes after it was overtaken, before the other has written";
    overtake(
        tally,
        what,
        &scene,
        |server| server.pause(),
        |server| server.wake(),
    )
}
