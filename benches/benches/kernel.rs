//! Judging and applying one command.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use hubu_benches::samples::{Books, Step};
use hubu_kernel::decide::Verdict;
use hubu_kernel::evolve::evolve;
use hubu_kernel::ident::Seq;
use std::hint::black_box;

fn kernel(criterion: &mut Criterion) {
    let fresh = Books::new();
    let mut held = fresh.clone();
    assert!(evolve(&mut held, Seq(1), &Step::payment_entry().record(&fresh)).is_ok());
    let steps = [
        ("two_rows", Step::two_rows(), fresh.clone()),
        ("payment_entry_two_rows", Step::payment_entry(), fresh),
        ("payment_receipt_six_rows", Step::payment_receipt(), held),
    ];
    for (name, step, books) in steps {
        let record = step.record(&books);
        criterion.bench_function(&format!("decide/{name}"), |bencher| {
            let mut verdict = Verdict::default();
            bencher.iter(|| step.decide(black_box(&books), &mut verdict));
        });
        criterion.bench_function(&format!("evolve/{name}"), |bencher| {
            // A copy for each: the amounts would run out, and a document ends only once.
            bencher.iter_batched_ref(
                || books.clone(),
                |books| evolve(books, Seq(2), black_box(&record)),
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, kernel);
criterion_main!(benches);
