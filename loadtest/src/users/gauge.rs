//! Goose's own metrics: each request of a user is reported to goose as well, over the channel that goose gives it.

use goose::goose::{GooseMethod, GooseUser};
use goose::metrics::{GooseMetric, GooseRawRequest, GooseRequestMetric};

use crate::measure::{Action, Fate};

/// A user's line to goose.
pub(super) struct Gauge {
    send: Option<Box<dyn Fn(GooseMetric) + Send + Sync>>,
    user: usize,
}

impl Gauge {
    /// The line of this goose user.
    pub(super) fn of(user: &GooseUser) -> Self {
        let channel = user.metrics_channel.clone();
        // Goose hangs up when it is done counting; nothing is lost, since our own meter has it.
        let send = channel
            .map(|c| Box::new(move |metric| drop(c.send(metric))) as Box<dyn Fn(_) + Send + Sync>);
        Self {
            send,
            user: user.weighted_users_index,
        }
    }

    /// Reports one request.
    pub(super) fn send(&self, action: Action, fate: Fate, micros: u64, status: u16) {
        let Some(send) = &self.send else { return };
        let method = if action.name().starts_with("read") {
            GooseMethod::Get
        } else {
            GooseMethod::Post
        };
        let raw = GooseRawRequest {
            method,
            url: String::new(),
            headers: Vec::new(),
            body: String::new(),
        };
        let metric = GooseRequestMetric {
            elapsed: 0,
            scenario_index: 0,
            scenario_name: String::new(),
            transaction_index: String::new(),
            transaction_name: String::new(),
            raw,
            name: action.name().to_owned(),
            final_url: String::new(),
            redirected: false,
            response_time: micros / 1_000,
            status_code: status,
            // A refusal for a reason of business is a right answer.
            success: matches!(fate, Fate::Done | Fate::Refused),
            update: false,
            user: self.user,
            error: String::new(),
            coordinated_omission_elapsed: 0,
            user_cadence: 0,
        };
        send(GooseMetric::Request(Box::new(metric)));
    }
}
