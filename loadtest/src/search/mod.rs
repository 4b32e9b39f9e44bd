//! Finding the limit: the load is raised in steps until a threshold breaks, the knee is bisected, and the two loads
//! around it are measured again so that chance can be told from the limit. What was measured is a curve.
//!
//! Point is what one step measured and how it is judged; goal says what is searched for; knee looks for the limit (sweep
//! for the whole curve) and knows no clock and no server, only something that measures ([`Load`]); confidence says how
//! sure it is. Drive plays plans as steps, as options say; step makes a point of each; room says before a step whether
//! the machine can hold it; machine (by kernel's tables) and scrape look at processors, disk and the server's own
//! figures meanwhile; limit names what was in the way. Curve is the file, verdict what it comes to, table what people read.

mod confidence;
mod curve;
mod drive;
mod goal;
mod kernel;
mod knee;
mod limit;
mod load;
mod machine;
mod options;
mod point;
mod room;
mod scrape;
mod step;
mod sweep;
mod table;
mod verdict;

pub use confidence::{Knee, chance_of};
pub use curve::{Curve, SCHEMA, read_curve, write_curve};
pub use drive::search;
pub use goal::{Bound, Goal, LoadKind};
pub use knee::hunt;
pub use limit::{Facts, Limit, LimitKind, attribute};
pub use load::{End, Hunted, Load, Measured};
pub use options::{Options, Subject};
pub use point::{Limits, Point, Stage, Sync, SyncSource, judge};
pub use sweep::sweep;
pub use table::table;
