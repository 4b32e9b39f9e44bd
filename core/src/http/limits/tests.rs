//! Who is limited, and who is served beside him.

use super::*;
use hyper::header::HeaderValue;

fn limits(change: impl FnOnce(&mut config::Limits, &mut config::Server)) -> Rates {
    let (mut limits, mut server) = (config::Limits::default(), config::Server::default());
    change(&mut limits, &mut server);
    Rates::new(&limits, &server).unwrap()
}

fn from(address: &str) -> Session {
    Session::of(address.parse().unwrap(), false)
}

fn named(name: &str) -> Actor {
    Actor {
        name: name.into(),
        ..Actor::default()
    }
}

#[test]
fn a_loud_client_is_limited_and_another_is_served() {
    let limits = limits(|limits, _| (limits.client_per_second, limits.client_burst) = (1, 3));
    let (loud, quiet, none) = (from("10.0.0.1"), from("10.0.0.2"), HeaderMap::new());
    for _ in 0..3 {
        limits.count_client(&loud, &none).unwrap();
    }
    let refused = limits.count_client(&loud, &none).unwrap_err();
    assert!(
        matches!(
            refused,
            HttpError::TooMany {
                by: "client",
                seconds: 1
            }
        ),
        "{refused:?}"
    );
    limits.count_client(&quiet, &none).unwrap();
}

#[test]
fn a_person_is_limited_by_name_and_by_route() {
    let limits = limits(|limits, _| {
        (limits.token_per_second, limits.token_burst) = (1, 4);
        limits.routes_per_second = "POST /v1/batches = 2".into();
    });
    assert!(limits.counts_people(Operation::Work));
    let li = named("li");
    for _ in 0..2 {
        limits.count_person(&li, Operation::Batch).unwrap();
    }
    let refused = limits.count_person(&li, Operation::Batch).unwrap_err();
    assert!(matches!(refused, HttpError::TooMany { by: "route", .. }));
    limits.count_person(&li, Operation::Work).unwrap();
    let refused = limits.count_person(&li, Operation::Work).unwrap_err();
    assert!(matches!(refused, HttpError::TooMany { by: "token", .. }));
    limits
        .count_person(&named("wang"), Operation::Batch)
        .unwrap();
}

#[test]
fn a_person_who_acts_for_another_or_in_an_emergency_is_the_same_person() {
    let limits = limits(|limits, _| (limits.token_per_second, limits.token_burst) = (1, 3));
    for name in ["li", "li⇐zhang", "li‼flood"] {
        limits.count_person(&named(name), Operation::Work).unwrap();
    }
    for name in ["li", "li⇐zhang", "li⇐wang", "li‼fire"] {
        let refused = limits.count_person(&named(name), Operation::Work);
        assert!(refused.is_err(), "{name} has had their share");
    }
    limits
        .count_person(&named("zhang"), Operation::Work)
        .unwrap();
}

#[test]
fn a_proxy_that_is_believed_is_not_taken_for_its_clients() {
    let limits = limits(|limits, server| {
        (limits.client_per_second, limits.client_burst) = (1, 1);
        server.trusted_proxies = "10.0.0.9".into();
    });
    let says = |client: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_static(client));
        headers
    };
    let proxy = from("10.0.0.9");
    limits.count_client(&proxy, &says("1.1.1.1")).unwrap();
    limits.count_client(&proxy, &says("2.2.2.2")).unwrap();
    assert!(limits.count_client(&proxy, &says("1.1.1.1")).is_err());
    // Who holds his connection himself is nobody's proxy, whatever he writes.
    let liar = from("10.0.0.8");
    limits.count_client(&liar, &says("3.3.3.3")).unwrap();
    assert!(limits.count_client(&liar, &says("4.4.4.4")).is_err());
}

#[test]
fn who_guesses_at_tokens_is_stopped_for_a_while() {
    let limits = limits(|limits, _| limits.bad_tokens_per_minute = 5);
    let (guesser, other, none) = (from("10.0.0.1"), from("10.0.0.2"), HeaderMap::new());
    for _ in 0..6 {
        limits.may_try(&guesser, &none).unwrap();
        limits.count_guess(&guesser, &none);
    }
    let refused = limits.may_try(&guesser, &none).unwrap_err();
    assert!(
        matches!(
            refused,
            HttpError::TooMany {
                by: "bad_token",
                seconds: 2..=12
            }
        ),
        "{refused:?}"
    );
    limits.may_try(&other, &none).unwrap();
}

#[test]
fn a_million_addresses_take_no_more_room_than_one() {
    let limits = limits(|limits, _| (limits.client_per_second, limits.client_burst) = (1, 1));
    let none = HeaderMap::new();
    let mut served = 0;
    for number in 0..1_000_000_u32 {
        let session = Session::of(IpAddr::from(number.to_be_bytes()), false);
        served += u32::from(limits.count_client(&session, &none).is_ok());
    }
    // As many as the table has places, and those that their second brought back: it does not grow.
    assert!(served >= 60_000, "{served}");
    assert!(
        limits
            .guesses
            .as_ref()
            .is_some_and(|guesses| guesses.until.len() == CLIENTS)
    );
}

#[test]
fn settings_that_cannot_be_read_are_told_by_name() {
    let of = |text: &str| {
        let limits = config::Limits {
            routes_per_second: text.into(),
            ..config::Limits::default()
        };
        Rates::new(&limits, &config::Server::default()).err()
    };
    assert_eq!(of("GET /v1/events = 20, POST /v1/batches=5"), None);
    for wrong in [
        "GET /v1/nothing = 5",
        "GET /v1/events",
        "GET /v1/events = x",
        "GET /v1/work=1,GET /v1/work=2",
    ] {
        let said = of(wrong).unwrap();
        assert!(said.starts_with("limits.routes_per_second: "), "{said}");
    }
}
