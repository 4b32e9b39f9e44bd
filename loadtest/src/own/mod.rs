//! Plans of other systems: a file with requests of its own, for whoever wants to load something that is not Hubu without
//! writing Rust. A plan with `[[journeys]]` is one.
//!
//! Plan says what is asked (and check what is wrong with it), data where values come from, text how they get into a
//! request, user how one user asks, run how all of them do. There is no world and no audit: the harness cannot know
//! what another system should have done, and the verdict says so.

mod check;
mod data;
mod plan;
mod ready;
mod run;
mod text;
mod user;

pub use plan::OwnPlan;
pub use run::{NOT_AUDITED, play};
