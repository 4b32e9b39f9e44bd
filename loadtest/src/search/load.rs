//! What a search asks of whatever it measures, and what it brings.

use super::confidence::Knee;
use super::limit::Limit;
use super::point::{Point, Stage};
use crate::error::LoadError;

/// What measured a step can say.
#[derive(Debug)]
pub enum Measured {
    /// Its figures; whether they hold is judged by the search.
    Point(Box<Point>),
    /// The load cannot be put on: why, and the most that can.
    Impossible {
        /// Why.
        limit: Limit,
        /// The largest load that can be.
        most: f64,
    },
    /// Somebody wants the search to end.
    Stopped,
}

/// Something that can be measured under a load.
pub trait Load {
    /// Measures one step.
    fn measure(
        &mut self,
        load: f64,
        stage: Stage,
    ) -> impl Future<Output = Result<Measured, LoadError>> + Send;
}

/// Why a search ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// The knee was found.
    Found,
    /// Everything held, up to the largest load asked for.
    Max,
    /// Even the smallest load broke.
    Floor,
    /// A load could not be put on.
    Impossible(Limit),
    /// A sweep came to its end, or to where more load does less work.
    Swept,
    /// Somebody stopped it.
    Stopped,
    /// The bound of steps or time was reached.
    Bound,
}

/// What a search brought.
#[derive(Debug)]
pub struct Hunted {
    /// Every step in order.
    pub points: Vec<Point>,
    /// The knee, when both sides of it were measured.
    pub knee: Option<Knee>,
    /// Why it ended.
    pub end: End,
}
