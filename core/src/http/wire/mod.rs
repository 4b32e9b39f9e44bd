//! What goes over the wire: bodies that come in (borrowed from the request, unknown fields refused) and
//! answers that go out (written straight into bytes). The OpenAPI schemas are derived from these types.

pub mod answer;
pub mod command;
pub mod event;
pub mod list;
pub mod query;
pub mod sign;
pub mod text;
