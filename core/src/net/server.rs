//! Starts and stops the network threads.
//!
//! In two steps, because of private descriptor tables: first every thread makes its runtime and parts
//! its table ([`Prepared`]); only then are journal and archive opened, by others; last the threads are
//! given their handlers and listen ([`Running`]). So no network thread holds a copy of a file of theirs.

use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Barrier};
use std::thread::JoinHandle;

use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::sync::watch;

use super::descriptor;
use super::error::NetError;
use super::handler::Handlers;
use super::listener::listen;
use super::plan::{Plan, plan};
use super::thread::{Listeners, Shared, run};
use super::tls::TlsKeeper;
use crate::config::Server;

/// What a thread is given to begin: where to listen, and where its handler comes from.
struct Start<A> {
    address: SocketAddr,
    tls: Option<(SocketAddr, Arc<TlsKeeper>)>,
    handlers: Arc<A>,
}

/// Where it came to listen: plain, and with TLS.
type Bound = (SocketAddr, Option<SocketAddr>);

struct Thread<A> {
    start: SyncSender<Start<A>>,
    listening: Receiver<Result<Bound, NetError>>,
    handle: JoinHandle<usize>,
}

/// Network threads that are there and don't listen yet.
pub struct Prepared<A> {
    threads: Vec<Thread<A>>,
    stop: watch::Sender<bool>,
    address: SocketAddr,
    plan: Plan,
}

/// Network threads that serve.
pub struct Running {
    threads: Vec<JoinHandle<usize>>,
    stop: watch::Sender<bool>,
    address: SocketAddr,
    tls_address: Option<SocketAddr>,
    plan: Plan,
}

impl<A: Handlers> Prepared<A> {
    /// Makes the threads, their runtimes and, where needed, their descriptor tables.
    ///
    /// # Errors
    /// No thread, no runtime or no table could be had.
    pub fn new(settings: &Server) -> Result<Self, NetError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let limit = descriptor::raise_limit();
        let plan = plan(settings.max_connections, cores, limit, settings.threads);
        assert!(plan.threads >= 1, "a server without threads serves nobody");
        let shared = Arc::new(Shared {
            settings: settings.clone(),
            max_connections: plan.max_connections,
            connections: AtomicUsize::new(0),
            gauge: A::GAUGE,
            threads: plan.threads,
        });
        let (stop, stopped) = watch::channel(false);
        let runtimes_made = Arc::new(Barrier::new(plan.threads));
        let (ready, prepared) = sync_channel(plan.threads);
        let mut threads = Vec::with_capacity(plan.threads);
        for index in 0..plan.threads {
            let body = Body {
                shared: shared.clone(),
                stopped: stopped.clone(),
                runtimes_made: runtimes_made.clone(),
                ready: ready.clone(),
                is_private: plan.is_private,
            };
            threads.push(body.spawn(index)?);
        }
        drop(ready);
        for _ in 0..plan.threads {
            prepared.recv().map_err(|_| NetError::Lost)??;
        }
        Ok(Self {
            threads,
            stop,
            address: settings.listen,
            plan,
        })
    }

    /// Listens and serves with the handlers that `handlers` makes.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub fn serve(self, handlers: A) -> Result<Running, NetError> {
        self.serve_both(handlers, None)
    }

    /// As [`Prepared::serve`], and with TLS beside it.
    ///
    /// # Errors
    /// An address cannot be listened on.
    pub fn serve_both(self, handlers: A, tls: Option<Arc<TlsKeeper>>) -> Result<Running, NetError> {
        let handlers = Arc::new(handlers);
        let mut address = self.address;
        let mut tls_address = tls.as_ref().map(|keeper| keeper.address());
        let mut threads = Vec::with_capacity(self.threads.len());
        for thread in self.threads {
            let start = Start {
                address,
                tls: tls_address.zip(tls.clone()),
                handlers: handlers.clone(),
            };
            thread.start.send(start).map_err(|_| NetError::Lost)?;
            // Port 0 means any: the first takes one, the others join it.
            (address, tls_address) = thread.listening.recv().map_err(|_| NetError::Lost)??;
            threads.push(thread.handle);
        }
        Ok(Running {
            threads,
            stop: self.stop,
            address,
            tls_address,
            plan: self.plan,
        })
    }
}

impl Running {
    /// The address that is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address that is served with TLS.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.tls_address
    }

    /// How it is built.
    pub fn plan(&self) -> Plan {
        self.plan
    }

    /// Stops accepting, lets requests in flight finish, and waits for that within the drain time.
    /// Returns how many connections had to be cut off.
    ///
    /// # Errors
    /// A thread had ended before.
    pub fn stop(self) -> Result<usize, NetError> {
        // An error means that every thread is gone, which the joins tell.
        let _ = self.stop.send(true);
        let mut cut = 0;
        for thread in self.threads {
            cut += thread.join().map_err(|_| NetError::Lost)?;
        }
        Ok(cut)
    }
}

/// What one thread brings along.
struct Body {
    shared: Arc<Shared>,
    stopped: watch::Receiver<bool>,
    runtimes_made: Arc<Barrier>,
    ready: SyncSender<Result<(), NetError>>,
    is_private: bool,
}

impl Body {
    fn spawn<A: Handlers>(self, index: usize) -> Result<Thread<A>, NetError> {
        let (start, begin) = sync_channel(1);
        let (report, listening) = sync_channel(1);
        let handle = std::thread::Builder::new()
            .name(format!("hubu-net-{index}"))
            .spawn(move || self.live(&begin, &report))
            .map_err(NetError::Start)?;
        Ok(Thread {
            start,
            listening,
            handle,
        })
    }

    fn live<A: Handlers>(
        self,
        begin: &Receiver<Start<A>>,
        report: &SyncSender<Result<Bound, NetError>>,
    ) -> usize {
        // Errors of these channels mean that the server object was dropped; then there is nothing to do.
        let runtime = match self.prepare() {
            Ok(runtime) => runtime,
            Err(error) => {
                let _ = self.ready.send(Err(error));
                return 0;
            }
        };
        let _ = self.ready.send(Ok(()));
        let Ok(start) = begin.recv() else {
            return 0;
        };
        runtime.block_on(async {
            let listeners = match listeners(start.address, start.tls) {
                Ok((bound, listeners)) => {
                    let _ = report.send(Ok(bound));
                    listeners
                }
                Err(error) => {
                    let _ = report.send(Err(error));
                    return 0;
                }
            };
            let handler = start.handlers.handler();
            run(self.shared, listeners, handler, self.stopped).await
        })
    }

    fn prepare(&self) -> Result<LocalRuntime, NetError> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build_local(LocalOptions::default());
        // Wakers of one thread's runtime are used by others: they must all be in the table before
        // anybody takes a copy of it.
        self.runtimes_made.wait();
        let runtime = runtime.map_err(NetError::Start)?;
        if self.is_private {
            descriptor::take_private_table().map_err(NetError::Start)?;
        }
        Ok(runtime)
    }
}

/// The listeners of one thread, and where they are.
fn listeners(
    address: SocketAddr,
    tls: Option<(SocketAddr, Arc<TlsKeeper>)>,
) -> Result<(Bound, Listeners), NetError> {
    let at = |address| {
        let bound = listen(address).and_then(|listener| Ok((listener.local_addr()?, listener)));
        bound.map_err(|source| NetError::Listen { address, source })
    };
    let (address, plain) = at(address)?;
    let mut listeners = Listeners { plain, tls: None };
    let Some((wanted, keeper)) = tls else {
        return Ok(((address, None), listeners));
    };
    let (tls_address, listener) = at(wanted)?;
    listeners.tls = Some((listener, keeper));
    Ok(((address, Some(tls_address)), listeners))
}
