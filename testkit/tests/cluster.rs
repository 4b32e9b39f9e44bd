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

#[test]
fn a_replica_has_what_was_acknowledged_and_can_be_promoted() {
    let mut first = PgCluster::start().unwrap();
    let mut second = first.replica().unwrap();
    first.require_replica().unwrap();
    first.sql("CREATE TABLE kept (a int)").unwrap();
    let refused = second.sql("INSERT INTO kept VALUES (0)").unwrap_err();
    assert!(refused.to_string().contains("read-only"), "{refused}");
    // Asked for with the setting in force: from then on each commit waits for the replica.
    while first.sql("SHOW synchronous_standby_names").unwrap() != "*" {}
    first.sql("INSERT INTO kept VALUES (1)").unwrap();
    first.stop_immediate().unwrap();
    second.promote().unwrap();
    second.sql("INSERT INTO kept VALUES (2)").unwrap();
    assert_eq!(second.sql("SELECT a FROM kept ORDER BY a").unwrap(), "1\n2");
}
