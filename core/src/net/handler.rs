//! What the network floor hands requests to.

use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Request, Response};

use crate::http::app::App;
use crate::http::page::Page;
use crate::http::payload::Payload;
use crate::http::session::Session;
use crate::http::worker::Worker;
use crate::observe::Figures;

/// An answer: the whole body at once.
pub type Answer = Response<Payload>;

/// Answers the requests of one network thread; cloned into each connection, so a pointer or two.
pub trait Handler: Clone + 'static {
    /// Answers one request. On HTTP/1.1 it runs to its end even when the client goes away meanwhile.
    fn answer(&self, session: &Session, request: Request<Incoming>)
    -> impl Future<Output = Answer>;
}

/// Makes one [`Handler`] for each network thread, on that thread.
pub trait Handlers: Send + Sync + 'static {
    /// The handler of a thread.
    type Handler: Handler;

    /// The gauge that counts their connections.
    const GAUGE: &'static str = "hubu_connections";

    /// Makes the handler for the calling thread.
    fn handler(&self) -> Self::Handler;
}

/// The interface: a worker for each network thread.
impl Handlers for Arc<App> {
    type Handler = Rc<Worker>;

    fn handler(&self) -> Rc<Worker> {
        Worker::new(self.clone())
    }
}

impl Handler for Rc<Worker> {
    fn answer(
        &self,
        session: &Session,
        request: Request<Incoming>,
    ) -> impl Future<Output = Answer> {
        Worker::answer(self, session, request)
    }
}

/// The operators' port.
impl Handlers for (Arc<App>, Figures) {
    type Handler = Rc<Page>;

    // Not among the users' connections: whoever counts those against his users must find exactly them.
    const GAUGE: &'static str = "hubu_operator_connections";

    fn handler(&self) -> Rc<Page> {
        Rc::new(Page::new(self.0.clone(), self.1.clone()))
    }
}

impl Handler for Rc<Page> {
    async fn answer(&self, _session: &Session, request: Request<Incoming>) -> Answer {
        Page::answer(self, &request)
    }
}
