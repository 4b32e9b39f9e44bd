//! One reader for each kind of file in `config/`.

pub(super) mod classes;
pub(super) mod dimensions;
pub(super) mod divisions;
pub(super) mod documents;
pub(super) mod effects;
pub(super) mod fields;
pub(super) mod ledgers;
mod limits;
pub(super) mod params;
pub(super) mod roles;
pub(super) mod rows;
pub(super) mod spawns;
pub(super) mod states;
pub(super) mod steps;
