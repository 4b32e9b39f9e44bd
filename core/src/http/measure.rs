//! What is counted of requests: by route and status, with their times.
//!
//! Each network thread looks its counters up once and then only adds to them.

use std::cell::RefCell;
use std::time::Duration;

use hyper::StatusCode;
use metrics::{Counter, Histogram};

use super::route::{Operation, ROUTES};

/// Requests for which there is no route are counted under this place.
const UNROUTED: usize = ROUTES.len();

/// The counters of one network thread.
pub(super) struct Measure {
    seconds: Vec<Histogram>,
    /// By route: the statuses that it has given, few enough to walk through.
    counts: RefCell<Vec<Vec<(StatusCode, Counter)>>>,
}

impl Measure {
    pub(super) fn new() -> Self {
        let histogram = |place| metrics::histogram!("hubu_request_seconds", "route" => name(place));
        Self {
            seconds: (0..=UNROUTED).map(histogram).collect(),
            counts: RefCell::new(vec![Vec::new(); UNROUTED + 1]),
        }
    }

    /// Counts one answer.
    #[inline]
    pub(super) fn count(&self, operation: Option<Operation>, status: StatusCode, took: Duration) {
        let place = operation.map_or(UNROUTED, |operation| operation as usize);
        self.seconds[place].record(took.as_secs_f64());
        let mut counts = self.counts.borrow_mut();
        let known = counts[place].iter().find(|(known, _)| *known == status);
        if let Some((_, counter)) = known {
            counter.increment(1);
            return;
        }
        let counter = metrics::counter!(
            "hubu_requests_total", "route" => name(place), "status" => status.as_str().to_owned()
        );
        counter.increment(1);
        counts[place].push((status, counter));
    }
}

fn name(place: usize) -> String {
    ROUTES.get(place).map_or_else(
        || "other".to_owned(),
        |route| format!("{} {}", route.method, route.template),
    )
}
