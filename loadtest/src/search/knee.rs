//! The search itself: up a ladder until something breaks, bisect, and measure the two loads around the knee again. When
//! the repeats say that chance had misled it, it moves and goes on. It knows neither server nor clock, only [`Load`].

use std::collections::BTreeMap;
use std::time::Instant;

use super::confidence::{Knee, SMALL, Tally, chance_of, interval, sides};
use super::goal::{DOWN_MAX, Goal, MOVES_MAX};
use super::limit::Limit;
use super::load::{End, Hunted, Load, Measured};
use super::point::{Point, Stage, judge};
use crate::error::LoadError;

/// Looks for the knee. What it says on the way goes to `tell`.
///
/// # Errors
/// What the measuring could not do at all; a load that breaks is no error.
pub async fn hunt(
    goal: &Goal,
    load: &mut (impl Load + Send),
    tell: &mut (dyn FnMut(&Point) + Send),
) -> Result<Hunted, LoadError> {
    let mut hunt = Hunt::new(goal, tell);
    let end = match hunt.run(load).await? {
        Some(end) => end,
        None => End::Found,
    };
    let knee = hunt.knee();
    Ok(Hunted {
        points: hunt.points,
        knee,
        end,
    })
}

/// A machine that stands still longer than this, in seconds, decides a step by itself.
const STILL: f64 = 0.5;

pub(super) enum Step {
    Held,
    Broke,
    /// Cannot be put on; the most that can.
    Short(Limit, f64),
    Ended(End),
}

pub(super) struct Hunt<'a> {
    goal: &'a Goal,
    tell: &'a mut (dyn FnMut(&Point) + Send),
    pub(super) points: Vec<Point>,
    /// By the load in thousandths.
    tallies: BTreeMap<u64, Tally>,
    good: Option<f64>,
    bad: Option<f64>,
    pace: Option<f64>,
    /// Whether the repeats moved the knee, so that what is now beside it was not repeated yet.
    has_doubt: bool,
    began: Instant,
}

fn key(load: f64) -> u64 {
    (load * 1_000.0).round() as u64
}

impl<'a> Hunt<'a> {
    pub(super) fn new(goal: &'a Goal, tell: &'a mut (dyn FnMut(&Point) + Send)) -> Self {
        Self {
            goal,
            tell,
            points: Vec::new(),
            tallies: BTreeMap::new(),
            good: None,
            bad: None,
            pace: None,
            has_doubt: false,
            began: Instant::now(),
        }
    }

    /// `None` when the knee was found.
    async fn run(&mut self, load: &mut (impl Load + Send)) -> Result<Option<End>, LoadError> {
        if let Some(end) = self.ladder(load).await? {
            return Ok(Some(end));
        }
        for _ in 0..=MOVES_MAX {
            if let Some(end) = self.bisect(load).await? {
                return Ok(Some(end));
            }
            if let Some(end) = self.repeat(load).await? {
                return Ok(Some(end));
            }
            if !self.moved() && !self.has_doubt {
                return Ok(None);
            }
            self.has_doubt = false;
            if let Some(end) = self.ladder(load).await? {
                return Ok(Some(end));
            }
        }
        // The noise is larger than the tolerance; what is known has its interval and confidence.
        self.bisect(load).await
    }

    pub(super) async fn step(
        &mut self,
        load: &mut (impl Load + Send),
        at: f64,
        stage: Stage,
    ) -> Result<Step, LoadError> {
        loop {
            let is_late = self.began.elapsed() >= self.goal.time_max;
            if self.points.len() >= self.goal.steps() as usize || is_late {
                return Ok(Step::Ended(End::Bound));
            }
            let mut point = match load.measure(at, stage).await? {
                Measured::Point(point) => *point,
                Measured::Impossible { limit, most } => return Ok(Step::Short(limit, most)),
                Measured::Stopped => return Ok(Step::Ended(End::Stopped)),
            };
            point.step = self.points.len() as u32 + 1;
            (point.load, point.stage) = (at, stage);
            point.is_disturbed = point.stood_still > STILL;
            let still = format!("the machine stood still for {:.1} s", point.stood_still);
            point.broke = match stage {
                _ if point.is_disturbed => vec![still + ": measured again"],
                Stage::Sweep => judge(&point, &self.goal.limits.of_sweep(), None),
                _ => judge(&point, &self.goal.limits, self.pace),
            };
            point.held = point.broke.is_empty();
            (self.tell)(&point);
            let (is_disturbed, held) = (point.is_disturbed, point.held);
            if !is_disturbed {
                self.count(&point);
            }
            self.points.push(point);
            match (is_disturbed, held) {
                (true, _) => {}
                (false, true) => return Ok(Step::Held),
                (false, false) => return Ok(Step::Broke),
            }
        }
    }

    fn count(&mut self, point: &Point) {
        if point.held {
            self.pace = Some(self.pace.unwrap_or(0.0).max(point.pace()));
        }
        let tally = self.tallies.entry(key(point.load)).or_default();
        tally.load = point.load;
        tally.all += 1;
        tally.held += u32::from(point.held);
    }

    /// Until there is a load that holds and one that breaks.
    async fn ladder(&mut self, load: &mut (impl Load + Send)) -> Result<Option<End>, LoadError> {
        let mut down = 0;
        loop {
            let at = match (self.good, self.bad) {
                (Some(_), Some(_)) => return Ok(None),
                (None, None) => self.goal.from,
                (Some(good), None) if good >= self.goal.max => return Ok(Some(End::Max)),
                (Some(good), None) => {
                    let next = self
                        .goal
                        .round((good * self.goal.growth).min(self.goal.max));
                    if next > good { next } else { good + 1.0 }
                }
                (None, Some(bad)) => {
                    down += 1;
                    let next = self.goal.round(bad / self.goal.growth);
                    if next >= bad || down > DOWN_MAX {
                        return Ok(Some(End::Floor));
                    }
                    next
                }
            };
            match self.step(load, at, Stage::Ladder).await? {
                Step::Held => self.good = Some(at),
                Step::Broke => self.bad = Some(at),
                Step::Ended(end) => return Ok(Some(end)),
                Step::Short(limit, most) => match self.largest(load, most).await? {
                    Step::Broke => {}
                    Step::Ended(end) => return Ok(Some(end)),
                    _ => return Ok(Some(End::Impossible(limit))),
                },
            }
        }
    }

    /// Measures the largest load that can be put on, when it says more than what held already.
    async fn largest(
        &mut self,
        load: &mut (impl Load + Send),
        most: f64,
    ) -> Result<Step, LoadError> {
        let most = self.goal.round(most);
        let known = self.good.unwrap_or(0.0);
        if most < 1.0 || most <= known * (1.0 + self.goal.tolerance) {
            return Ok(Step::Held);
        }
        let step = self.step(load, most, Stage::Ladder).await?;
        match step {
            Step::Held => self.good = Some(most),
            Step::Broke => self.bad = Some(most),
            _ => {}
        }
        Ok(step)
    }

    async fn bisect(&mut self, load: &mut (impl Load + Send)) -> Result<Option<End>, LoadError> {
        while let (Some(good), Some(bad)) = (self.good, self.bad) {
            if self.goal.is_tight(good, bad) {
                break;
            }
            // The mean of their logarithms: the tolerance is a share.
            let mut middle = self.goal.round((good * bad).sqrt());
            if middle <= good || middle >= bad {
                middle = self.goal.round(f64::midpoint(good, bad));
            }
            match self.step(load, middle, Stage::Bisection).await? {
                Step::Held => self.good = Some(middle),
                Step::Broke => self.bad = Some(middle),
                Step::Ended(end) => return Ok(Some(end)),
                Step::Short(limit, _) => return Ok(Some(End::Impossible(limit))),
            }
        }
        Ok(None)
    }

    /// Measures both loads again, in turn, so that a slow drift of the machine is no difference between them; a side
    /// that chance may explain is measured more often, up to three times as many.
    async fn repeat(&mut self, load: &mut (impl Load + Send)) -> Result<Option<End>, LoadError> {
        for round in 0..3 * self.goal.repeats {
            let (Some(good), Some(bad)) = (self.good, self.bad) else {
                break;
            };
            let is_extra = round >= self.goal.repeats;
            if is_extra && self.moved() {
                self.has_doubt = true;
                break;
            }
            for at in [good, bad] {
                let tally = self.tally(at);
                let hits = if at == good {
                    tally.held
                } else {
                    tally.all - tally.held
                };
                let is_wanted = if is_extra {
                    chance_of(hits, tally.all) > SMALL
                } else {
                    tally.all <= round + 1
                };
                if !is_wanted {
                    continue;
                }
                match self.step(load, at, Stage::Repeat).await? {
                    Step::Held | Step::Broke => {}
                    Step::Ended(end) => return Ok(Some(end)),
                    Step::Short(limit, _) => return Ok(Some(End::Impossible(limit))),
                }
            }
        }
        Ok(None)
    }

    fn tally(&self, load: f64) -> Tally {
        self.tallies.get(&key(load)).copied().unwrap_or_default()
    }

    /// Moves the two loads to where all that was measured puts them; false when they stand.
    fn moved(&mut self) -> bool {
        let tallies: Vec<Tally> = self.tallies.values().copied().collect();
        let now = sides(&tallies);
        let has_moved = now != (self.good, self.bad);
        (self.good, self.bad) = now;
        has_moved
    }

    fn knee(&self) -> Option<Knee> {
        let (good, bad) = (self.good?, self.bad?);
        let tallies: Vec<Tally> = self.tallies.values().copied().collect();
        let (low, high, confidence) = interval(&tallies, good, bad);
        let (held, broke) = (self.tally(good), self.tally(bad));
        let (held, broke) = ((held.held, held.all), (broke.all - broke.held, broke.all));
        let of = |figure: fn(&Point) -> f64| {
            let at = self.points.iter();
            let at = at.filter(|p| !p.is_disturbed && key(p.load) == key(good));
            median(at.map(figure).collect())
        };
        Some(Knee {
            load: good,
            broken: bad,
            low,
            high,
            confidence,
            held,
            broke,
            rate: of(|p| p.rate),
            p99_ms: of(|p| p.p99_ms),
        })
    }
}

/// The median; 0 of nothing.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
