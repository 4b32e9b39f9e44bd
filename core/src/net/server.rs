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
use super::thread::{Shared, run};
use crate::config::Server;

/// What a thread is given to begin: where to listen, and where its handler comes from.
struct Start<A> {
    address: SocketAddr,
    handlers: Arc<A>,
}

struct Thread<A> {
    start: SyncSender<Start<A>>,
    listening: Receiver<Result<SocketAddr, NetError>>,
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
        let handlers = Arc::new(handlers);
        let mut address = self.address;
        let mut threads = Vec::with_capacity(self.threads.len());
        for thread in self.threads {
            let start = Start {
                address,
                handlers: handlers.clone(),
            };
            thread.start.send(start).map_err(|_| NetError::Lost)?;
            // Port 0 means any: the first takes one, the others join it.
            address = thread.listening.recv().map_err(|_| NetError::Lost)??;
            threads.push(thread.handle);
        }
        Ok(Running {
            threads,
            stop: self.stop,
            address,
            plan: self.plan,
        })
    }
}

impl Running {
    /// The address that is served.
    pub fn address(&self) -> SocketAddr {
        self.address
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
        report: &SyncSender<Result<SocketAddr, NetError>>,
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
        let Start { address, handlers } = start;
        runtime.block_on(async {
            let fault = |source| NetError::Listen { address, source };
            let listener = match listen(address).and_then(|l| Ok((l.local_addr()?, l))) {
                Ok((bound, listener)) => {
                    let _ = report.send(Ok(bound));
                    listener
                }
                Err(source) => {
                    let _ = report.send(Err(fault(source)));
                    return 0;
                }
            };
            let handler = handlers.handler();
            run(self.shared, listener, handler, self.stopped).await
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
