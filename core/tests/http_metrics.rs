//! The operators' port: every figure that docs/operations.md names is shown, with the right number.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod http_support;

use std::sync::Arc;

use http_support::{AGENCY, CLERK, Client, payment, serve};
use hubu_core::config::Server;
use hubu_core::http::app::App;
use hubu_core::net::Prepared;
use hubu_core::observe::{Figures, install_figures};

#[test]
fn every_documented_figure_is_shown() {
    let figures = install_figures().unwrap();
    let serving = serve();
    let row = serving.load(AGENCY);
    let mut clerk = serving.client(CLERK);
    clerk.ask("/v1/documents", &payment(&row, "1.00"));
    clerk.ask("/v1/documents", &payment(&row, "9999.00"));
    let settings = Server {
        listen: "127.0.0.1:0".parse().unwrap(),
        threads: 1,
        max_connections: 4,
        ..Server::default()
    };
    let page: Prepared<(Arc<App>, Figures)> = Prepared::new(&settings).unwrap();
    let page = page.serve((serving.app.clone(), figures)).unwrap();
    let mut operator: Client = Client::connect(page.address());
    let reply = operator.get("/metrics");
    assert_eq!(reply.status, 200);
    let shown = String::from_utf8(reply.body).unwrap();
    let documented = include_str!("../../docs/operations.md");
    let names: Vec<&str> = documented
        .split('`')
        .filter(|word| word.starts_with("hubu_"))
        .map(|word| word.split('{').next().unwrap())
        .collect();
    assert!(names.len() > 15, "{names:?}");
    // Those of TLS are there where TLS is.
    for name in names.iter().filter(|name| !name.starts_with("hubu_tls_")) {
        assert!(
            shown.contains(name),
            "{name} is documented and not shown:\n{shown}"
        );
    }
    let count = |status: u16| {
        format!("hubu_requests_total{{route=\"POST /v1/documents\",status=\"{status}\"}} ")
    };
    assert!(
        shown.contains(&format!("{}2", count(201))),
        "the load and the payment:\n{shown}"
    );
    assert!(
        shown.contains(&format!("{}1", count(409))),
        "the refusal:\n{shown}"
    );
    assert!(
        shown.contains("hubu_ready 1") && shown.contains("hubu_open_documents 1"),
        "{shown}"
    );
    assert!(
        shown.contains("hubu_journal_info{kind=\"file\",version=\"\"} 1"),
        "{shown}"
    );
    let figure = |name: &str| {
        let line = shown.lines().find(|l| l.starts_with(&format!("{name} ")));
        let value = line.and_then(|l| l.split(' ').nth(1)?.parse::<f64>().ok());
        value.unwrap_or_else(|| panic!("{name}:\n{shown}"))
    };
    // Whoever counts users against connections must not find the operators' among them. The loader has hung up, but the
    // server may not have seen it yet.
    assert_eq!(figure("hubu_operator_connections"), 1.0);
    assert!((1.0..=2.0).contains(&figure("hubu_connections")), "{shown}");
    assert!(figure("hubu_cpu_microseconds_total") > 0.0);
    assert!(figure("hubu_resident_bytes") > 1e6);
    assert_eq!(operator.get("/readyz").status, 200);
    assert_eq!(operator.get("/elsewhere").status, 404);
    page.stop().unwrap();
}
