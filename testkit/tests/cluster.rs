//! The private cluster comes up, breaks, and comes up again with its folder and address.

use std::net::TcpStream;

use hubu_testkit::PgCluster;

#[test]
fn starts_stops_and_starts_again() {
    let mut cluster = PgCluster::start().unwrap();
    let url = cluster.url();
    let address = url
        .split('@')
        .nth(1)
        .unwrap()
        .split('/')
        .next()
        .unwrap()
        .to_owned();
    assert!(TcpStream::connect(&address).is_ok());
    let pid = cluster.pid().unwrap();
    cluster.stop_immediate().unwrap();
    assert!(TcpStream::connect(&address).is_err());
    assert_eq!(cluster.pid(), None);
    cluster.start_again().unwrap();
    assert_eq!(cluster.url(), url);
    assert!(cluster.pid().unwrap() != pid);
    drop(cluster);
    assert!(TcpStream::connect(&address).is_err());
}
