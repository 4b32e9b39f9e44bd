//! Whatever is written is read again as the same: amounts, days, heads, tokens, settings, packed catalogs, numbers of the
//! codec, records in a batch. Records themselves are in `codec`, the batch header in `journal_header`, the private
//! formats (lock, segment, shard, block, cursor) beside their code.
#![allow(clippy::unwrap_used, reason = "a test program")]
#![cfg(feature = "server")]

use hubu_core::access::{Claims, SigningKey, Tokens, TrustedKeys};
use hubu_core::catalog::calendar::{civil, days_of, format_day, parse_day};
use hubu_core::catalog::model::Catalog;
use hubu_core::catalog::sources::Sources;
use hubu_core::config::{self, Auth, Settings};
use hubu_core::http::head;
use hubu_core::http::money::{Amount, parse_amount, parse_positive};
use hubu_core::journal::codec::cursor::Cursor;
use hubu_core::journal::codec::varint;
use hubu_core::journal::{Records, push_record, record_at};
use hubu_kernel::money::Cents;
use hyper::HeaderMap;
use hyper::header::HeaderValue;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

/// 2026-03-02 in seconds since 1970.
const NOW: u64 = 1_772_413_200;

fn auth() -> Auth {
    Auth {
        hs256_secret: "a-secret-for-tests-of-32-bytes-or-more".to_owned().into(),
        hs256_secret_file: PathBuf::new(),
        leeway_seconds: 0,
        ..Auth::default()
    }
}

static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    Arc::new(Catalog::from_sources(&Sources::read_dir(&config).unwrap()).unwrap())
});

/// Edges more often than chance would have them.
fn cents() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), -200..200_i64, Just(i64::MAX), Just(i64::MIN)]
}

fn headers(name: &'static str, value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(name, HeaderValue::from_str(value).unwrap());
    headers
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_amount_comes_back(cents in cents(), zeros in 0..4_usize) {
        let text = Amount::from(Cents(cents)).to_string();
        prop_assert_eq!(parse_amount(&text), Ok(Cents(cents)));
        let longer = format!("{text}{}", "0".repeat(zeros));
        if longer.len() <= 24 {
            prop_assert_eq!(parse_amount(&longer), Ok(Cents(cents)), "{}", longer);
        }
        prop_assert_eq!(parse_positive(&text).is_ok(), cents > 0);
        let finer = format!("{text}1");
        prop_assert!(parse_amount(&finer).is_err(), "{} is not exact", finer);
    }

    #[test]
    fn a_sum_is_written_as_its_digits(sum: i128) {
        let text = Amount(sum).to_string();
        let digits: String = text.chars().filter(|c| *c != '.').collect();
        prop_assert_eq!(digits.parse(), Ok(sum));
        prop_assert_eq!(text.rfind('.').map(|at| text.len() - at), Some(3));
    }

    #[test]
    fn no_text_but_an_amount_is_one(text in "[-+0-9.eE_,xX ]{0,26}") {
        if let Ok(cents) = parse_amount(&text) {
            let value: f64 = text.parse().unwrap();
            prop_assert!((value * 100.0 - cents.0 as f64).abs() <= value.abs() * 1e-10 + 1e-6, "{} is {}", text, cents.0);
        }
    }

    #[test]
    fn a_day_comes_back(day in 0..2_932_896_i32) {
        // 1970-01-01 to 9999-12-31.
        prop_assert_eq!(parse_day(&format_day(day)), Some(day));
        let (year, month, of_month) = civil(day);
        prop_assert_eq!(days_of(year, month, of_month), day);
    }

    #[test]
    fn what_a_head_says_comes_back(
        key in "[!-~]{1,64}", version: u32, token in "[!-~]{1,200}", trace: [u8; 25],
    ) {
        let found = headers("idempotency-key", &key);
        prop_assert_eq!(head::idempotency_key(&found).ok(), Some(&*key));
        let found = head::if_match(&headers("if-match", &format!("\"{version}\"")));
        prop_assert_eq!(found.ok(), Some(Some(version)));
        let found = headers("authorization", &format!("Bearer {token}"));
        prop_assert_eq!(head::bearer(&found), Some(token.as_bytes()));
        let hex: String = trace.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = format!("00-{}-{}-{}", &hex[..32], &hex[32..48], &hex[48..]);
        let is_set = trace[..16] != [0; 16] && trace[16..24] != [0; 8];
        prop_assert_eq!(head::traceparent(&headers("traceparent", &text)), is_set.then_some(trace));
    }

    #[test]
    fn a_token_names_its_holder(
        name in "[a-z]{1,20}|[户部张李]{1,8}", division in prop::sample::select(vec!["420106000", "420000000"]),
        dept in prop::option::of("[0-9]{3}"), life in 1..100_000_u64,
    ) {
        let claims = Claims {
            sub: name.clone(),
            roles: vec!["system_admin".into()],
            division: division.into(),
            agency: None,
            dept: dept.clone(),
            exp: NOW + life,
            ..Claims::default()
        };
        let token = SigningKey::from_settings(&auth()).unwrap().sign(&claims).unwrap();
        let tokens = Tokens::new(TrustedKeys::from_settings(&auth()).unwrap(), Arc::clone(&CATALOG), 10);
        let verified = tokens.verify(token.as_bytes(), NOW).unwrap();
        prop_assert_eq!(&*verified.actor.name, &*name);
        prop_assert_eq!(format!("{:09}", verified.actor.division.0), division);
        prop_assert_eq!(verified.actor.dept.as_deref(), dept.as_deref());
        prop_assert!(tokens.verify(token.as_bytes(), NOW + life).is_err(), "its time is over");
        // Any other byte in it makes it nobody's.
        let at = (life as usize * 31) % token.len();
        let mut other = token.into_bytes();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        let other = tokens.verify(&other, NOW);
        prop_assert!(other.is_err() || other.is_ok_and(|other| other.actor == verified.actor));
    }

    #[test]
    fn settings_come_back(
        threads in 0..1024_usize, connections in 1..1_000_000_usize, cell in 1..u64::from(u32::MAX),
        days in 1..3660_u32, place in "[a-z/]{1,20}", level in "[a-z=,]{0,12}",
    ) {
        let mut settings = Settings::default();
        settings.server.threads = threads;
        settings.server.max_connections = connections;
        settings.journal.cell = cell;
        settings.journal.place = format!("file:{place}").try_into().unwrap();
        settings.engine.retention_days = days;
        settings.log.level = level;
        let text = toml::to_string(&settings).unwrap();
        prop_assert_eq!(config::parse(&text, Path::new("hubu.toml"), &[]).unwrap(), settings);
    }

    #[test]
    fn a_packed_catalog_comes_back(files in btree_map("[a-z/.]{0,20}", any::<String>(), 0..8)) {
        let mut sources = Sources::new();
        files.into_iter().for_each(|(path, text)| sources.insert(path, text));
        let bytes = sources.to_bytes();
        prop_assert_eq!(Sources::from_bytes(&bytes).unwrap(), sources);
    }

    #[test]
    fn numbers_and_bytes_of_the_codec_come_back(number: u64, signed: i64, bytes: Vec<u8>) {
        let mut out = Vec::new();
        varint::put(&mut out, number);
        varint::put_zigzag(&mut out, signed);
        varint::put_bytes(&mut out, &bytes);
        let mut cursor = Cursor::new(&out);
        prop_assert_eq!(cursor.varint(), Ok(number));
        prop_assert_eq!(cursor.zigzag(), Ok(signed));
        prop_assert_eq!(cursor.bytes(), Ok(&bytes[..]));
        prop_assert_eq!(cursor.finish(), Ok(()));
    }

    #[test]
    fn the_records_of_a_batch_come_back(records in vec(vec(any::<u8>(), 0..200), 0..20), cut in any::<prop::sample::Index>()) {
        let mut payload = Vec::new();
        records.iter().for_each(|record| push_record(&mut payload, record));
        let mut walk = Records::new(&payload);
        prop_assert!(walk.by_ref().eq(records.iter().map(Vec::as_slice)));
        prop_assert!(walk.is_whole());
        for (at, record) in records.iter().enumerate() {
            prop_assert_eq!(record_at(&payload, at as u64), Some(&record[..]));
        }
        // Cut anywhere, what is told is a beginning of it.
        let part: Vec<&[u8]> = Records::new(&payload[..cut.index(payload.len() + 1)]).collect();
        prop_assert!(records.iter().zip(&part).all(|(whole, part)| whole == part) && part.len() <= records.len());
    }
}
