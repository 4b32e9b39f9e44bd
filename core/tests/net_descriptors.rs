//! More connections than one descriptor table holds: a child process with a lowered limit serves them.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use hubu_core::config::Server;
use hubu_core::http::session::Session;
use hubu_core::net::{Answer, Handler, Handlers, Prepared};
use hyper::body::Incoming;
use hyper::{Request, Response};
use rustix::process::{Resource, Rlimit, setrlimit};

const LIMIT: &str = "HUBU_TEST_CHILD_LIMIT";
const WANTED: &str = "HUBU_TEST_CHILD_CONNECTIONS";

#[derive(Clone)]
struct Fine;

impl Handler for Fine {
    async fn answer(&self, _session: &Session, _request: Request<Incoming>) -> Answer {
        Response::new(Bytes::from_static(b"fine").into())
    }
}

impl Handlers for Fine {
    type Handler = Fine;

    fn handler(&self) -> Fine {
        Fine
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The child: serves under the limit until its standard input ends. Does nothing as a test of its own.
#[test]
fn child() {
    let (Some(limit), Some(wanted)) = (number(LIMIT), number(WANTED)) else {
        return;
    };
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(limit),
            maximum: Some(limit),
        },
    )
    .unwrap();
    let settings = Server {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        max_connections: wanted as usize,
        ..Server::default()
    };
    let running = Prepared::new(&settings).unwrap().serve(Fine).unwrap();
    println!("\nserving {} {}", running.address(), running.plan().threads);
    let _ = std::io::stdin().read(&mut [0; 1]);
    running.stop().unwrap();
}

struct Serving {
    child: Child,
    /// Kept, so that the child can write until its end.
    _output: BufReader<ChildStdout>,
    address: SocketAddr,
    threads: usize,
}

fn serve(limit: u64, wanted: u64) -> Serving {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(LIMIT, limit.to_string())
        .env(WANTED, wanted.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let line = output
        .by_ref()
        .lines()
        .map_while(Result::ok)
        .find(|line| line.starts_with("serving"));
    let line = line.unwrap();
    let words: Vec<_> = line.split(' ').collect();
    Serving {
        child,
        _output: output,
        address: words[1].parse().unwrap(),
        threads: words[2].parse().unwrap(),
    }
}

/// Asks on a connection that stays open; whether the answer came.
fn ask(stream: &mut TcpStream) -> bool {
    let mut bytes = [0; 512];
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        .is_ok()
        && stream
            .read(&mut bytes)
            .is_ok_and(|count| bytes[..count].ends_with(b"fine"))
}

fn hold(address: SocketAddr, count: u64) -> Vec<TcpStream> {
    let connect = |_| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        assert!(
            ask(&mut stream),
            "a connection within the wanted number was not served"
        );
        stream
    };
    (0..count).map(connect).collect()
}

#[test]
fn one_process_holds_more_connections_than_its_limit_on_open_files() {
    let (limit, count) = (320, 600);
    let mut serving = serve(limit, 700);
    assert!(serving.threads >= 4, "{} threads", serving.threads);
    let mut held = hold(serving.address, count);
    assert!(held.iter_mut().all(ask), "all are still served");
    drop(held);
    drop(serving.child.stdin.take());
    assert!(serving.child.wait().unwrap().success());
}
