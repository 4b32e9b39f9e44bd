//! The journal (日志): the only truth; what was decided, in the order in which it was decided.

pub mod codec;
