//! The journals alone: batches of 8192 records of some 90 bytes, made durable one after another, and read back.
//!
//! Elements are records, so that criterion's `elem/s` compares with the end-to-end figures. `HUBU_BENCH_DIR` names the
//! folder (and so the disk) to write to; the PostgreSQL group starts a server of its own.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench program")]

use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hubu_core::journal::file::FileJournal;
use hubu_core::journal::postgres::PostgresJournal;
use hubu_core::journal::{Batch, GENESIS, Journal, Settings, chain_value, push_record};
use hubu_testkit::PgServer;

const SIZES: [u64; 3] = [8192, 1024, 1];

/// Records shaped like the engine's: a key nobody can compress, then an actor, ids and amounts that much resemble
/// those of the record before.
fn payload(records: u64) -> Vec<u8> {
    let mut payload = Vec::new();
    let mut random = 0x1234_5678_9abc_def1_u64;
    for seq in 0..records {
        let mut record = Vec::with_capacity(96);
        for _ in 0..3 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            record.extend_from_slice(&random.to_le_bytes());
        }
        record.extend_from_slice(b"420106000-clerk-");
        record.extend_from_slice(format!("{:05}", random % 25_000).as_bytes());
        for field in 0..9 {
            record
                .extend_from_slice(&((seq * 31 + field * 1000 + random % 97) as u32).to_le_bytes());
        }
        record.resize(90, 1);
        push_record(&mut payload, &record);
    }
    payload
}

fn folder() -> tempfile::TempDir {
    let parent = std::env::var_os("HUBU_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    tempfile::tempdir_in(parent).unwrap()
}

fn append(journal: &mut dyn Journal, payload: &[u8], records: u64) {
    let first = journal.last() + 1;
    let last = journal.last() + records;
    journal
        .append(&Batch {
            first,
            last,
            payload,
        })
        .unwrap();
}

/// Appends `iterations` batches and takes the time.
fn timed(journal: &mut dyn Journal, payload: &[u8], records: u64, iterations: u64) -> Duration {
    let start = Instant::now();
    (0..iterations).for_each(|_| append(journal, payload, records));
    start.elapsed()
}

fn file_append(c: &mut Criterion) {
    let mut group = c.benchmark_group("journal_file_append");
    for size in SIZES {
        let payload = payload(size);
        let folder = folder();
        let mut journal = FileJournal::open(folder.path(), &Settings::default()).unwrap();
        group.throughput(Throughput::Elements(size));
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter_custom(|iterations| timed(&mut journal, &payload, size, iterations));
        });
    }
    group.finish();
}

fn file_scan(c: &mut Criterion) {
    let folder = folder();
    let mut journal = FileJournal::open(folder.path(), &Settings::default()).unwrap();
    let (size, batches) = (8192, 128);
    let payload = payload(size);
    (0..batches).for_each(|_| append(&mut journal, &payload, size));
    let reader = journal.reader();
    let mut group = c.benchmark_group("journal_file");
    group.throughput(Throughput::Elements(size * batches));
    group.bench_function("scan", |b| {
        b.iter(|| {
            reader
                .scan(1, &mut |batch| black_box(batch.payload.len()) > 0)
                .unwrap()
        });
    });
    group.bench_function("verify", |b| {
        b.iter(|| reader.verify(&mut |_| true).unwrap());
    });
    group.throughput(Throughput::Elements(1));
    let mut seq = 1;
    group.bench_function("record", |b| {
        b.iter(|| {
            seq = (seq + 99_991) % (size * batches) + 1;
            reader.record(seq).unwrap()
        });
    });
    group.finish();
}

fn postgres(c: &mut Criterion) {
    let server = PgServer::obtain().unwrap();
    let mut group = c.benchmark_group("journal_postgres");
    for (cell, size) in (1..).zip(SIZES) {
        let payload = payload(size);
        let settings = Settings {
            cell,
            force: true,
            ..Settings::default()
        };
        let mut journal = PostgresJournal::open(server.url(), &settings).unwrap();
        group.throughput(Throughput::Elements(size));
        group.bench_function(BenchmarkId::new("append", size), |b| {
            b.iter_custom(|iterations| timed(&mut journal, &payload, size, iterations));
        });
        if size == SIZES[0] {
            let until = journal.last();
            let reader = journal.reader();
            group.throughput(Throughput::Elements(until));
            group.bench_function("scan", |b| {
                b.iter(|| {
                    reader
                        .scan(1, &mut |batch| black_box(batch.payload.len()) > 0)
                        .unwrap()
                });
            });
        }
    }
    group.finish();
}

fn chain(c: &mut Criterion) {
    let mut group = c.benchmark_group("journal_chain");
    for size in [100, 8192, 740_000] {
        let payload: Vec<u8> = payload(8192).into_iter().take(size).collect();
        group.throughput(Throughput::Bytes(payload.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter(|| chain_value(&GENESIS, &[7; 56], black_box(&payload)));
        });
    }
    group.finish();
}

criterion_group! {
    name = journal;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    targets = chain, file_append, file_scan, postgres
}
criterion_main!(journal);
