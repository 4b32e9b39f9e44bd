//! One user of another system: thinks, asks, looks at the answer, keeps what later requests need.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::watch;

use super::data::Values;
use super::plan::{OwnPlan, Step};
use super::ready::Ready;
use super::text::fill;
use crate::measure::{Fate, Meter};
use crate::plan::Plan;
use crate::seeded::Seeded;
use crate::users::{Arrivals, wait_until};
use crate::wire::{Answer, Connection, Local, Request, Target};

/// What all users share.
pub(super) struct Scene {
    pub(super) plan: OwnPlan,
    /// The plan's requests, in the order of its names.
    pub(super) ready: Vec<Ready>,
    /// Weights of its journeys.
    pub(super) weights: Vec<u32>,
    pub(super) common: Plan,
    pub(super) values: Values,
    pub(super) target: Arc<Target>,
    pub(super) meter: Meter,
    pub(super) arrivals: Arrivals,
    pub(super) began: Instant,
    pub(super) users: AtomicU64,
    pub(super) stop: watch::Receiver<bool>,
}

/// One user.
pub(super) struct User {
    scene: Arc<Scene>,
    number: u32,
    connection: Connection,
    choice: Seeded,
    journeys: u64,
    /// Index of each journey's first request among all.
    first: Vec<usize>,
}

impl User {
    /// A user that has not begun; its connection opens with its first request.
    pub(super) fn new(scene: Arc<Scene>, number: u32) -> Self {
        let limit = Duration::from_secs_f64(scene.plan.timeout_seconds);
        let mut next = 0;
        let first = scene.plan.journeys.iter().map(|j| {
            next += j.requests.len();
            next - j.requests.len()
        });
        Self {
            first: first.collect(),
            connection: Connection::new(scene.target.clone(), Local::Spread { first: 0 }, limit),
            choice: Seeded::new(scene.plan.seed, 0x4f57_4e00_0000_0000 | u64::from(number)),
            number,
            journeys: 0,
            scene,
        }
    }

    /// Comes at its time and works until told to stop.
    pub(super) async fn work(mut self) {
        let mut stop = self.scene.stop.clone();
        let plan = &self.scene.plan;
        let share = f64::from(self.number) / f64::from(plan.users);
        let comes = self.scene.began + Duration::from_secs_f64(plan.ramp_seconds * share);
        if !wait_until(comes, &mut stop).await {
            return;
        }
        self.scene.users.fetch_add(1, Ordering::Relaxed);
        if self.scene.plan.open.is_some() {
            while let Some(due) = self.scene.arrivals.next(&mut stop).await {
                // Boxed: most of a user's memory is needed only while it asks.
                Box::pin(self.journey(Some(due), &mut stop)).await;
            }
        } else {
            while !*stop.borrow() {
                self.journey(None, &mut stop).await;
            }
        }
        self.scene.users.fetch_sub(1, Ordering::Relaxed);
    }

    /// One journey. In the open model its first request is due when it arrived, and the others as soon as the one
    /// before is answered; in the closed model each is due after a think time.
    async fn journey(&mut self, arrived: Option<Instant>, stop: &mut watch::Receiver<bool>) {
        let scene = self.scene.clone();
        let at = self.choice.weighted(&scene.weights);
        let mut values = scene
            .values
            .draw(self.number, self.journeys, &mut self.choice);
        self.journeys += 1;
        for (step, index) in scene.plan.journeys[at]
            .requests
            .iter()
            .zip(self.first[at]..)
        {
            let due = match arrived {
                // Who arrived is served, though the day ended in this moment: an arrival is asked or dropped.
                Some(due) if index == self.first[at] => due,
                Some(_) if *stop.borrow() => return,
                Some(_) => Instant::now(),
                None => {
                    let due = self.think();
                    if !wait_until(due, stop).await {
                        return;
                    }
                    due
                }
            };
            scene.meter.record_late(due.elapsed().as_micros() as u64);
            if self.ask(step, index, due, &mut values).await != Fate::Done {
                return;
            }
        }
    }

    /// When the next request is due: at once, in a plan without think time.
    fn think(&mut self) -> Instant {
        let plan = &self.scene.common;
        let (mean, spread) = (plan.think_seconds, plan.think_spread);
        let mut work = mean * (1.0 - spread + 2.0 * spread * self.choice.fraction());
        if self.journeys == 1 {
            // Users that come at once do not all act at once.
            work *= self.choice.fraction();
        }
        let now = self.scene.began.elapsed().as_secs_f64();
        self.scene.began + Duration::from_secs_f64(plan.due(now, work))
    }

    async fn ask(
        &mut self,
        step: &Step,
        index: usize,
        due: Instant,
        values: &mut HashMap<String, String>,
    ) -> Fate {
        let scene = self.scene.clone();
        let ready = &scene.ready[index];
        let path = ready.path.fill(values);
        let outcome = match ready.headers(values) {
            Ok(headers) => {
                let method = ready.method.clone();
                let request = Request::own(method, &path, &headers, ready.body(values));
                self.connection.send(&request).await
            }
            Err(error) => Err(error),
        };
        let took = due.elapsed().as_micros() as u64;
        let (fate, why) = match &outcome {
            Ok(answer) => judge(step, answer, values),
            Err(error) => (Fate::Failed, error.to_string()),
        };
        scene.meter.record_at(index, fate, took);
        if fate == Fate::Done {
            scene.meter.record_parts_at(index, 1, 0);
        }
        if fate == Fate::Failed {
            let name = &scene.plan.names()[index];
            scene
                .meter
                .example(|| format!("{name} {} {path}: {why}", step.method));
        }
        fate
    }
}

/// What an answer means, and why where it is wrong; keeps what later requests need.
fn judge(step: &Step, answer: &Answer, values: &mut HashMap<String, String>) -> (Fate, String) {
    let status = answer.status.as_u16();
    let is_right = if step.expect.is_empty() {
        answer.status.is_success()
    } else {
        step.expect.contains(&status)
    };
    if !is_right {
        let fate = match status {
            _ if step.refused.contains(&status) => Fate::Refused,
            503 => Fate::Shed,
            _ => Fate::Failed,
        };
        let start = String::from_utf8_lossy(&answer.body[..answer.body.len().min(200)]);
        return (fate, format!("status {status}: {start}"));
    }
    if step.checks.is_empty() && step.capture.is_empty() {
        return (Fate::Done, String::new());
    }
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
        return (Fate::Failed, "the answer is no JSON".into());
    };
    for check in &step.checks {
        let (pointer, found) = (&check.pointer, body.pointer(&check.pointer).map(plain));
        let wanted = check.equals.as_ref().map(|text| fill(text, values));
        match (found, wanted) {
            (None, _) => return (Fate::Failed, format!("{pointer} is not in the answer")),
            (Some(found), Some(wanted)) if found != wanted => {
                let why = format!("{pointer} is {found:?}, want {wanted:?}");
                return (Fate::Failed, why);
            }
            _ => {}
        }
    }
    for (name, pointer) in &step.capture {
        let Some(found) = body.pointer(pointer).map(plain) else {
            return (Fate::Failed, format!("{pointer} is not in the answer"));
        };
        values.insert(name.clone(), found);
    }
    (Fate::Done, String::new())
}

/// Text without its quotes, anything else as JSON writes it.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
