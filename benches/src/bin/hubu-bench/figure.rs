//! The figures that Hubu promises: key, what it is, unit and goal.

/// What a figure should reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    /// This much or more.
    AtLeast(f64),
    /// This much or less.
    AtMost(f64),
    /// None: it is what others are measured against.
    Shown,
}

/// One figure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    /// Its name in `bench.json`.
    pub(crate) key: &'static str,
    /// The scenario that measures it, with others.
    pub(crate) scenario: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) goal: Goal,
    pub(crate) what: &'static str,
}

const PER_SECOND: &str = "commands/s";
const SHARE: &str = "share of bare hyper";
const MILLION: Goal = Goal::AtLeast(1_000_000.0);
const TIMES: &str = "x row locks";
const HOT: Goal = Goal::AtLeast(0.9);

/// All figures, in the order in which they are measured.
pub(crate) const FIGURES: [Figure; 54] = [
    figure(
        "bulk_file_8192",
        "bulk_file",
        PER_SECOND,
        MILLION,
        "library, file journal, batches of 8192",
    ),
    figure(
        "bulk_file_1024",
        "bulk_file",
        PER_SECOND,
        MILLION,
        "the same, batches of 1024",
    ),
    figure(
        "bulk_file_128",
        "bulk_file",
        PER_SECOND,
        MILLION,
        "the same, batches of 128",
    ),
    figure(
        "bulk_file_8192_hot1",
        "bulk_file",
        "share of bulk_file_8192",
        HOT,
        "every command on one row",
    ),
    figure(
        "bulk_file_8192_hot10",
        "bulk_file",
        "share of bulk_file_8192",
        HOT,
        "every command on one of ten rows",
    ),
    figure(
        "bulk_file_sustained",
        "sustained",
        PER_SECOND,
        Goal::AtLeast(500_000.0),
        "10 M commands, archive caught up at the end",
    ),
    figure(
        "bulk_pg_8192",
        "bulk_pg",
        PER_SECOND,
        Goal::AtLeast(250_000.0),
        "library, PostgreSQL journal, batches of 8192",
    ),
    figure(
        "fields_cost",
        "fields",
        "x CPU",
        Goal::Shown,
        "a payment with two sensitive values sealed by SM4, beside plain",
    ),
    figure(
        "http_bare_64",
        "http_file",
        "requests/s",
        Goal::Shown,
        "bare hyper, 64 connections",
    ),
    figure(
        "http_bare_1024",
        "http_file",
        "requests/s",
        Goal::Shown,
        "bare hyper, 1,024 connections",
    ),
    figure(
        "http_file_64",
        "http_file",
        SHARE,
        Goal::AtLeast(0.70),
        "durable payments, 64 connections",
    ),
    figure(
        "http_file_1024",
        "http_file",
        SHARE,
        Goal::AtLeast(0.70),
        "durable payments, 1,024 connections",
    ),
    figure(
        "http_pg_64",
        "http_pg",
        SHARE,
        Goal::AtLeast(0.50),
        "the same in PostgreSQL, 64 connections",
    ),
    figure(
        "http_pg_1024",
        "http_pg",
        SHARE,
        Goal::AtLeast(0.50),
        "the same in PostgreSQL, 1,024 connections",
    ),
    figure(
        "recover",
        "recover",
        "records/s",
        Goal::AtLeast(2_000_000.0),
        "replay at start, the slower of the two ways",
    ),
    figure(
        "recover_journal",
        "recover",
        "records/s",
        Goal::Shown,
        "replay of the journal alone",
    ),
    figure(
        "recover_snapshot",
        "recover",
        "records/s",
        Goal::Shown,
        "start from snapshot and tail",
    ),
    figure(
        "bytes_quota_row",
        "quota_row",
        "B",
        Goal::AtMost(200.0),
        "memory of one of a million rows",
    ),
    figure(
        "bytes_connection",
        "connection",
        "B",
        Goal::AtMost(12_288.0),
        "memory of one of 10,000 idle connections",
    ),
    figure(
        "token_hit_us",
        "tokens",
        "us",
        Goal::AtMost(1.0),
        "a remembered token, the slowest of the three memories",
    ),
    figure(
        "token_miss_hs256_us",
        "tokens",
        "us",
        Goal::Shown,
        "a new token signed with HS256, from bytes to an actor",
    ),
    figure(
        "token_miss_ed25519_us",
        "tokens",
        "us",
        Goal::Shown,
        "the same, Ed25519",
    ),
    figure(
        "token_miss_sm2_us",
        "tokens",
        "us",
        Goal::Shown,
        "the same, SM2 with SM3",
    ),
    figure(
        "token_storm_sm2_s",
        "tokens",
        "s",
        Goal::Shown,
        "40,000 new SM2 tokens at once, all cores",
    ),
    figure(
        "bytes_connection_tls",
        "connection",
        "B",
        Goal::Shown,
        "the same over TLS",
    ),
    figure(
        "https_file_64",
        "https_file",
        "share of plain HTTP",
        Goal::AtLeast(0.8),
        "durable payments over TLS 1.3, 64 connections",
    ),
    figure(
        "handshakes",
        "handshakes",
        "a core and second",
        Goal::Shown,
        "full TLS 1.3 handshakes, ECDSA P-256",
    ),
    figure(
        "handshakes_resumed",
        "handshakes",
        "a core and second",
        Goal::Shown,
        "the same, resumed by ticket",
    ),
    figure(
        "handshakes_openssl",
        "handshakes",
        "x openssl s_server",
        Goal::AtLeast(1.0),
        "full handshakes beside it, the same client and key",
    ),
    figure(
        "handshakes_ed25519",
        "handshakes",
        "a core and second",
        Goal::Shown,
        "full TLS 1.3 handshakes, Ed25519",
    ),
    figure(
        "prove_10k",
        "prove",
        "ms (p99)",
        Goal::AtMost(100.0),
        "scripts/prove with 10,000 users",
    ),
    figure(
        "prove_10k_rate",
        "prove",
        "requests/s",
        Goal::Shown,
        "what they asked for in that run",
    ),
    figure(
        "sm2_verify",
        "ciphers",
        "signatures/s",
        Goal::Shown,
        "SM2 signatures verified on one core, beside OpenSSL",
    ),
    figure(
        "sm2_sign",
        "ciphers",
        "signatures/s",
        Goal::Shown,
        "the same made",
    ),
    figure(
        "sm3_mb_s",
        "ciphers",
        "MB/s",
        Goal::Shown,
        "SM3 of 16 KiB on one core, beside OpenSSL",
    ),
    figure(
        "sm4_gcm_mb_s",
        "ciphers",
        "MB/s",
        Goal::Shown,
        "SM4-GCM of 16 KiB, beside OpenSSL's SM4-CTR",
    ),
    figure(
        "chain_mb_s",
        "ciphers",
        "MB/s",
        Goal::Shown,
        "the journal's chain over 64 KiB, beside OpenSSL's SM3",
    ),
    figure(
        "compare_hot1",
        "compare",
        TIMES,
        Goal::AtLeast(20.0),
        "payments out of one row: Hubu, the lower of its two journals",
    ),
    figure(
        "compare_hot10",
        "compare",
        TIMES,
        Goal::AtLeast(20.0),
        "the same, ten rows",
    ),
    figure(
        "compare_uniform",
        "compare",
        TIMES,
        Goal::AtLeast(10.0),
        "the same, all rows",
    ),
    figure(
        "compare_users",
        "compare",
        TIMES,
        Goal::AtLeast(20.0),
        "users held at p99 <= 200 ms, think time 1 s, one row",
    ),
    figure(
        "coordinated_omission",
        "harness",
        "% off the truth",
        Goal::AtMost(5.0),
        "p99 and max as reported, a double that stalls 1 s",
    ),
    figure(
        "merge_exact",
        "harness",
        "share of percentiles",
        Goal::AtLeast(1.0),
        "merged workers equal one with the same samples",
    ),
    figure(
        "harness_cpu_us",
        "peers",
        "us",
        Goal::AtMost(50.0),
        "the harness's CPU a request, saturated",
    ),
    figure(
        "wrk",
        "peers",
        "x wrk's CPU",
        Goal::AtMost(2.0),
        "the same beside wrk, a request",
    ),
    figure(
        "harness_cpu_paced_us",
        "peers",
        "us",
        Goal::Shown,
        "the harness's CPU a request, 4,000 a second",
    ),
    figure(
        "harness_cpu_paced",
        "peers",
        "x oha's CPU",
        Goal::AtMost(1.0),
        "the same beside oha at the same pace",
    ),
    figure(
        "locust",
        "peers",
        "x locust's",
        Goal::AtLeast(10.0),
        "users held a core of the tool, 1 s think",
    ),
    figure(
        "users_40000",
        "crowds",
        "ms (p99)",
        Goal::AtMost(50.0),
        "scripts/prove, 40,000 users, think 10 s, 5 min",
    ),
    figure(
        "users_100000",
        "crowds",
        "ms (p99)",
        Goal::AtMost(100.0),
        "scripts/prove, 100,000 users, think 20 s, 5 min",
    ),
    figure(
        "harness_bytes_user",
        "crowds",
        "B",
        Goal::AtMost(16_384.0),
        "the harness's memory a user, of 40,000",
    ),
    figure(
        "unsigned_step_us",
        "signed",
        "µs a step",
        Goal::Shown,
        "library, one thread: a step until it is decided",
    ),
    figure(
        "signed_sm2_us",
        "signed",
        "µs a step",
        Goal::Shown,
        "the same, signed by SM2",
    ),
    figure(
        "signed_ed25519_us",
        "signed",
        "µs a step",
        Goal::Shown,
        "the same, signed by Ed25519",
    ),
];

/// Scenarios of the capacity proof, by what they are called together: half an hour, and tools that others made.
pub(crate) const CAPACITY: [&str; 4] = ["compare", "harness", "peers", "crowds"];

const fn figure(
    key: &'static str,
    scenario: &'static str,
    unit: &'static str,
    goal: Goal,
    what: &'static str,
) -> Figure {
    Figure {
        key,
        scenario,
        unit,
        goal,
        what,
    }
}

impl Figure {
    /// Whether it belongs to the capacity proof.
    pub(crate) fn is_of_capacity(&self) -> bool {
        CAPACITY.contains(&self.scenario)
    }

    /// The tool that it is measured beside, when that is one that `scripts/bench` has to install.
    pub(crate) fn beside(&self) -> Option<&'static str> {
        match self.key {
            "harness_cpu_paced" => Some("oha"),
            "locust" => Some("locust"),
            _ => None,
        }
    }

    /// The figure of this name.
    pub(crate) fn named(key: &str) -> Option<&'static Figure> {
        FIGURES.iter().find(|figure| figure.key == key)
    }
}

impl Goal {
    /// Whether `value` reaches it; `None` where there is no goal.
    pub(crate) fn is_met(self, value: f64) -> Option<bool> {
        match self {
            Goal::AtLeast(goal) => Some(value >= goal),
            Goal::AtMost(goal) => Some(value <= goal),
            Goal::Shown => None,
        }
    }

    /// In words, such as `>= 0.7`.
    pub(crate) fn text(self) -> String {
        match self {
            Goal::AtLeast(goal) => format!(">= {goal}"),
            Goal::AtMost(goal) => format!("<= {goal}"),
            Goal::Shown => String::from("-"),
        }
    }
}
