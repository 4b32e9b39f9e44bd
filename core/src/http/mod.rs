//! HTTP: routes, limits, bodies in and out, problems. Between `net` (sockets) and `access` and `engine`.

pub mod session;
