//! Encoding and decoding one record.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hubu_benches::samples::{Books, Step, far_rows};
use hubu_core::journal::codec::{decode, encode, peek};
use hubu_kernel::evolve::evolve;
use hubu_kernel::ident::Seq;
use std::hint::black_box;

fn codec(criterion: &mut Criterion) {
    let mut books = Books::new();
    let two_rows = Step::two_rows().record(&books);
    let payment_entry = Step::payment_entry().record(&books);
    assert!(evolve(&mut books, Seq(1), &payment_entry).is_ok());
    let payment_receipt = Step::payment_receipt().record(&books);
    let records = [
        ("two_rows", two_rows),
        ("payment_entry", payment_entry),
        ("payment_receipt", payment_receipt),
    ];
    for (name, record) in records {
        let record = far_rows(record);
        let mut bytes = Vec::with_capacity(4096);
        encode(&record, &mut bytes);
        println!("{name}: {} bytes", bytes.len());
        let mut group = criterion.benchmark_group("codec");
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(format!("encode/{name}"), |bencher| {
            let mut out = Vec::with_capacity(4096);
            bencher.iter(|| {
                out.clear();
                encode(black_box(&record), &mut out);
                out.len()
            });
        });
        group.bench_function(format!("decode/{name}"), |bencher| {
            bencher.iter(|| decode(black_box(&bytes)));
        });
        group.bench_function(format!("peek/{name}"), |bencher| {
            bencher.iter(|| peek(black_box(&bytes)).map(|head| head.once));
        });
    }
}

criterion_group!(benches, codec);
criterion_main!(benches);
