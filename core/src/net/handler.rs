//! What the network floor hands requests to.

use std::future::Future;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response};

use crate::http::session::Session;

/// An answer: the whole body at once.
pub type Answer = Response<Full<Bytes>>;

/// Answers the requests of one network thread; cloned into each connection, so a pointer or two.
pub trait Handler: Clone + 'static {
    /// Answers one request. Dropped half-way when the client goes away.
    fn answer(&self, session: &Session, request: Request<Incoming>)
    -> impl Future<Output = Answer>;
}

/// Makes one [`Handler`] for each network thread, on that thread.
pub trait Handlers: Send + Sync + 'static {
    /// The handler of a thread.
    type Handler: Handler;

    /// Makes the handler for the calling thread.
    fn handler(&self) -> Self::Handler;
}
