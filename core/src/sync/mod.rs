//! The only way to locks, and to whatever else threads meet at in the engine: what runs, or a model of it under which a
//! trial chooses which thread goes next (`hubu-faults interleave`).

#[cfg(not(feature = "shuttle"))]
mod native;
#[cfg(feature = "shuttle")]
mod shuttled;

#[cfg(not(feature = "shuttle"))]
pub(crate) use native::*;
#[cfg(feature = "shuttle")]
pub(crate) use shuttled::*;
