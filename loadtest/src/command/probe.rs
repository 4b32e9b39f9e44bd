//! `port` and `ready`: what scripts ask for.

use std::time::Duration;

use hubu_load::error::LoadError;
use hubu_load::report::Exit;
use hubu_load::wire::{Connection, Local, Request, Target};
use hyper::header::HeaderValue;

/// Prints a port that nobody listens on.
pub(super) fn free_port() -> Result<u8, LoadError> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr());
    println!(
        "{}",
        listener
            .map_err(|source| LoadError::System {
                what: "finding a port",
                source
            })?
            .port()
    );
    Ok(Exit::Passed as u8)
}

/// Whether the server is ready.
pub(super) async fn ready(url: String) -> Result<u8, LoadError> {
    let mut connection = Connection::new(Target::new(&url)?, Local::Any, Duration::from_secs(2));
    let nobody = HeaderValue::from_static("Bearer none");
    let answer = connection.send(&Request::get("/readyz", &nobody)).await;
    let is_ready = answer.is_ok_and(|a| a.status.is_success());
    Ok(if is_ready {
        Exit::Passed as u8
    } else {
        Exit::Error as u8
    })
}
