//! Heads, queries and bodies of the HTTP interface.

use super::{Setup, bytes_of, kind, kind_of_text, sources};
use crate::Outcome;
use hubu_core::catalog::model::Catalog;
use hubu_core::fuzzing;
use hubu_core::http::head;
use hubu_core::http::route;
use hubu_core::http::wire::command::{ActBody, BatchBody, CreateBody};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

const CREATE: &str = r#"{"type":"payment","division":"420106000","fiscal_year":2026,"agency":"420106000000000000001",
"transition":"submit","fields":{"payee_match":true},"links":["12"],"lines":[{"amount":"1234.56","row":"17","dims":
{"gov_econ":"50201"},"to_row":"3","to":{"dept_econ":"30201"},"month":3,"fields":{"planned":"5.00"}}]}"#;
const ACT: &str = r#"{"fields":{"receipt_amount":"5.00","receipt_order_no":"ZF-1","alerts_blocking":0},"lines":null}"#;
const BATCH: &str = r#"{"atomic":true,"commands":[{"key":"k-1","create":{"type":"opening","division":"420106000",
"fiscal_year":2026,"transition":"load","lines":[{"amount":"9.00","dims":{"fund_type":"1"}}]}},
{"key":"k-2","act":{"document":"12","transition":"review","if_match":3,"fields":{"alerts_blocking":0}}}]}"#;

/// Words of JSON and of the interface.
fn words() -> Vec<Vec<u8>> {
    bytes_of(&[
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "null",
        "true",
        "1e999",
        "-0",
        "\\u0000",
        "\\ud800",
        "\\n",
        "预算",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        "{\"a\":{\"a\":{\"a\":{\"a\":",
        "\"amount\"",
        "\"fields\"",
        "\"lines\"",
        "18446744073709551616",
        "9223372036854775807",
        "92233720368547758.07",
        "\"type\"",
        "\"division\"",
        "opening",
        "payment",
        "receipt_date",
        "2026-02-30",
        "420106000",
        "agency_code",
        "pro_code",
        "\"links\"",
        "\"commands\"",
        "\"key\"",
        "\"create\"",
        "\"act\"",
        "\"document\"",
        "if_match",
        "\"month\":13",
    ])
}

/// Every field of a head that somebody reads, one a line.
pub(super) fn headers() -> Outcome<Setup> {
    const NAMES: [&str; 6] = [
        "authorization",
        "idempotency-key",
        "if-match",
        "content-type",
        "traceparent",
        "accept-language",
    ];
    Ok(Setup {
        seeds: bytes_of(&[
            "Bearer abc\nk-1\n\"3\"\napplication/json; charset=utf-8\n00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\nen-US,en;q=0.9,zh;q=0.8",
            "\n\n*\n\n\nfr, zh-CN;q=0.5",
        ]),
        words: bytes_of(&[
            "bearer ",
            "\"4294967296\"",
            "00-",
            ";q=",
            "q=NaN",
            "q=-1",
            "q=inf",
            "*",
            "application/json",
            "zh",
            "en",
        ]),
        memory: Some(64),
        run: Box::new(|input| {
            let mut headers = HeaderMap::new();
            for (name, line) in NAMES.into_iter().zip(input.split(|byte| *byte == b'\n')) {
                if let Ok(value) = HeaderValue::from_bytes(line) {
                    headers.insert(HeaderName::from_static(name), value);
                }
            }
            let key = head::idempotency_key(&headers);
            assert!(key.as_ref().is_ok_and(|key| head::is_key(key)) || key.is_err());
            let trace = head::traceparent(&headers);
            assert!(trace.is_none_or(|trace| trace[..16] != [0; 16]));
            kind((
                head::bearer(&headers).map(<[u8]>::len),
                key.is_ok(),
                head::if_match(&headers).ok().flatten(),
                head::expect_json(&headers).is_ok(),
                trace.is_some(),
                head::language(&headers) == head::Language::English,
            ))
        }),
    })
}

/// Methods, paths and parameters.
pub(super) fn query() -> Outcome<Setup> {
    Ok(Setup {
        seeds: bytes_of(&[
            "division=420106000&after=12&cursor=1772413200000.5121&limit=100",
            "/v1/documents/12/actions/review",
            "/v1/divisions/420106000/summary",
        ]),
        words: bytes_of(&[
            "&",
            "=",
            "limit",
            "cursor",
            "after",
            "division",
            "%31",
            "18446744073709551616",
            "/",
            ".",
            "//",
            "00",
        ]),
        memory: Some(64),
        run: Box::new(|input| {
            let Ok(text) = std::str::from_utf8(input) else {
                return 0;
            };
            let found =
                [hyper::Method::GET, hyper::Method::POST, hyper::Method::PUT].map(|method| {
                    route::find(&method, text).ok().map(|found| {
                        assert!(
                            found
                                .parameters
                                .iter()
                                .all(|parameter| !parameter.contains('/'))
                        );
                        found.operation as usize
                    })
                });
            kind((fuzzing::query(text), found))
        }),
    })
}

fn catalog() -> Outcome<Catalog> {
    Ok(Catalog::from_sources(&sources()?)?)
}

/// A new document.
pub(super) fn create() -> Outcome<Setup> {
    let catalog = catalog()?;
    Ok(Setup {
        seeds: bytes_of(&[CREATE, "{}"]),
        words: words(),
        memory: Some(512),
        run: Box::new(
            move |input| match serde_json::from_slice::<CreateBody<'_>>(input) {
                Err(error) => kind_of_text(&error.to_string()),
                Ok(body) => judge_create(&catalog, &body),
            },
        ),
    })
}

fn judge_create(catalog: &Catalog, body: &CreateBody<'_>) -> u64 {
    match fuzzing::enter(catalog, body) {
        Err(error) => kind_of_text(&error),
        Ok(enter) => {
            assert!(
                enter.lines.iter().all(|line| line.amount.0 > 0),
                "every line has an amount"
            );
            assert_eq!(enter.lines.len(), body.lines.len());
            kind((enter.kind, enter.lines.len(), enter.fields.len()))
        }
    }
}

/// A step.
pub(super) fn act() -> Outcome<Setup> {
    Ok(Setup {
        seeds: bytes_of(&[ACT, "{}"]),
        words: words(),
        memory: Some(512),
        run: Box::new(|input| match serde_json::from_slice::<ActBody<'_>>(input) {
            Err(error) => kind_of_text(&error.to_string()),
            Ok(body) => kind((body.fields.0.len(), body.lines.map(|lines| lines.len()))),
        }),
    })
}

/// Many commands.
pub(super) fn batch() -> Outcome<Setup> {
    let catalog = catalog()?;
    Ok(Setup {
        seeds: bytes_of(&[BATCH, r#"{"commands":[]}"#]),
        words: words(),
        memory: Some(512),
        run: Box::new(move |input| {
            let body = match serde_json::from_slice::<BatchBody<'_>>(input) {
                Err(error) => return kind_of_text(&error.to_string()),
                Ok(body) => body,
            };
            let told: Vec<u64> = body
                .commands
                .iter()
                .map(|command| {
                    let create = command
                        .create
                        .as_ref()
                        .map(|create| judge_create(&catalog, create));
                    let act = command.act.as_ref().map(|act| {
                        match fuzzing::act(&catalog, "payment", act) {
                            Ok(act) => kind(act.fields.len()),
                            Err(error) => kind_of_text(&error),
                        }
                    });
                    kind((create, act, head::is_key(&command.key)))
                })
                .collect();
            kind((body.atomic, told))
        }),
    })
}
