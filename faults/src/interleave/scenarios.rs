//! What the threads of a run do, and what must hold whichever of them goes first.
#![expect(clippy::expect_used, reason = "a run that can't go on has failed")]

use super::ground::{Ground, MONEY, entry, move_away, pay};
use crate::world::{self, BUDGET, Kind, YEAR};
use hubu_core::engine::answer::Answer;
use hubu_core::engine::atomic::BatchOutcome;
use hubu_core::engine::error::SubmitError;
use hubu_core::engine::read::RowFilter;
use shuttle::thread::{self, JoinHandle};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;

/// One scenario.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) run: fn(),
}

/// All of them.
pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("one_row", one_row),
    scenario("one_key", one_key),
    scenario("both_ways", both_ways),
    scenario("one_document", one_document),
    scenario("lists", lists),
    scenario("reads", reads),
    scenario("bells", bells),
    scenario("batches", batches),
    scenario("latch", latch),
    scenario("close", close),
];

const fn scenario(name: &'static str, run: fn()) -> Scenario {
    Scenario { name, run }
}

/// Starts a thread with the ground in its hands.
fn on<T: Send + 'static>(
    ground: &Arc<Ground>,
    work: impl FnOnce(&Ground) -> T + Send + 'static,
) -> JoinHandle<T> {
    let ground = Arc::clone(ground);
    thread::spawn(move || work(&ground))
}

fn joined<T>(thread: JoinHandle<T>) -> T {
    thread.join().expect("it ended well")
}

fn is_done(answer: &Answer) -> bool {
    matches!(answer, Answer::Done(_))
}

/// Threads spend from one row, which has enough for three of four payments; one waits as a thread, the other as a task.
fn one_row() {
    let ground = Ground::new();
    let spender = |name: &'static str, awaits: bool| {
        on(&ground, move |ground| {
            let paid = (0..2).filter(|n| {
                let payment = pay(&format!("{name}-{n}"), 0, 30);
                let ticket = ground.engine.submit(payment).expect("there is room");
                is_done(&match awaits {
                    true => ground.awaited(ticket),
                    false => ground.acknowledged(ticket),
                })
            });
            paid.count()
        })
    };
    let (thread, task) = (spender("thread", false), spender("task", true));
    assert_eq!(
        joined(thread) + joined(task),
        3,
        "three payments fit the row"
    );
    ground.end();
}

/// One key from three threads at once, and once for something else.
fn one_key() {
    let ground = Ground::new();
    let ask = |fen: i64| {
        on(&ground, move |ground| {
            let ticket = ground.engine.submit(pay("the-key", 0, fen))?;
            let seq = ticket.seq;
            assert!(is_done(&ground.acknowledged(ticket)), "the row has enough");
            Ok(seq)
        })
    };
    let threads = [ask(10), ask(10), ask(20)];
    let [first, second, other] = threads.map(joined);
    match other {
        Err(error) => {
            assert_eq!(error, SubmitError::KeyReused);
            assert_eq!(first, second, "the same command is one record");
        }
        Ok(_) => assert!(
            [first, second]
                .iter()
                .all(|r| *r == Err(SubmitError::KeyReused))
        ),
    }
    let used = ground.row(0).0.row.decreasing.0;
    assert!(used == 10 || used == 20, "it took effect once: {used}");
    ground.end();
}

/// Two atomic batches over the shards of two counties, the one in the other's order, and each fits alone.
fn both_ways() {
    let ground = Ground::new();
    let batch = |name: &'static str, counties: [usize; 2]| {
        on(&ground, move |ground| {
            let commands = counties.map(|county| pay(&format!("{name}-{county}"), county, 60));
            match ground
                .engine
                .submit_atomic(&commands)
                .expect("there is room")
            {
                BatchOutcome::Done(tickets) => {
                    for ticket in tickets {
                        assert!(is_done(&ground.acknowledged(ticket)));
                    }
                    1
                }
                BatchOutcome::Refused { ticket, .. } => {
                    assert!(!is_done(&ground.acknowledged(ticket)));
                    0
                }
            }
        })
    };
    let (there, back) = (batch("there", [0, 1]), batch("back", [1, 0]));
    assert_eq!(
        joined(there) + joined(back),
        1,
        "there is money for one of them"
    );
    for county in [0, 1] {
        assert_eq!(ground.row(county).0.row.decreasing.0, 60);
    }
    ground.end();
}

/// Two steps of one document at once: it is paid or withdrawn, and never both.
fn one_document() {
    let ground = Ground::new();
    let entered = ground.engine.submit(pay("entered", 0, 40));
    let Answer::Done(entered) = ground.acknowledged(entered.expect("there is room")) else {
        unreachable!("the row has enough")
    };
    let step = |step: world::Step| {
        let ask = world::Ask::Act {
            county: 0,
            document: entered.document,
            step,
            version: None,
        };
        let command = ask.command(&format!("{step:?}"));
        on(&ground, move |ground| match ground.engine.submit(command) {
            Ok(ticket) => is_done(&ground.awaited(ticket)),
            Err(SubmitError::Ended(_)) => false,
            Err(error) => unreachable!("{error}"),
        })
    };
    let (pays, withdraws) = (step(world::Step::Pay), step(world::Step::Withdraw));
    let (paid, withdrawn) = (joined(pays), joined(withdraws));
    assert!(paid != withdrawn, "paid: {paid}, withdrawn: {withdrawn}");
    let row = ground.row(0).0.row;
    let wanted = if paid { (40, 0) } else { (0, 0) };
    assert_eq!((row.used.0, row.decreasing.0), wanted);
    ground.end();
}

/// Money moves between rows behind different locks, while a list of both is read: it is never in two places or nowhere.
fn lists() {
    let ground = Ground::new();
    let mover = on(&ground, |ground| {
        for n in 0..2 {
            let moved = ground
                .engine
                .submit(move_away(&format!("moved-{n}"), 0, 30));
            let Answer::Done(moved) = ground.acknowledged(moved.expect("there is room")) else {
                unreachable!("the row has enough")
            };
            let approved = world::Ask::Act {
                county: 0,
                document: moved.document,
                step: world::Step::Pay,
                version: None,
            };
            let ticket = ground
                .engine
                .submit(approved.command(&format!("approved-{n}")));
            ground.acknowledged(ticket.expect("there is room"));
        }
    });
    let filter = RowFilter {
        division: world::division(0),
        agency: None,
        ledger: Some(BUDGET),
        year: Some(YEAR),
    };
    let page = ground.engine.rows(&filter, None, 10);
    let sum: i64 = page.items.iter().map(|item| item.row.approved.0).sum();
    assert_eq!(sum, MONEY, "{:?}", page.items);
    joined(mover);
    ground.end();
}

/// What a reader was shown, once it may be told, is explained by what is stored.
fn reads() {
    let ground = Ground::new();
    let payer = on(&ground, |ground| {
        for n in 0..2 {
            let ticket = ground.engine.submit(pay(&format!("paid-{n}"), 0, 10));
            ground.acknowledged(ticket.expect("there is room"));
        }
    });
    let reader = on(&ground, |ground| {
        let (row, seq) = ground.row(0);
        let told = shuttle::future::block_on(ground.engine.durable(seq));
        told.expect("the journal goes well");
        ground.is_stored(seq);
        // Payments are the records behind the openings and what stands before them, one each.
        let payments = row.row.decreasing.0 / 10;
        let before = ground.opened;
        assert!(before + payments as u64 <= ground.engine.journal().last());
    });
    joined(payer);
    joined(reader);
    ground.end();
}

/// Tasks of a thread that has hung up a bell, and a thread without one, wait for what the others bring.
fn bells() {
    let ground = Ground::new();
    let with_bell = |name: &'static str| {
        on(&ground, move |ground| {
            let ticket = ground
                .engine
                .submit(pay(name, 0, 10))
                .expect("there is room");
            shuttle::future::block_on(async {
                let mut bell = pin!(ground.engine.watermark().bell());
                let mut durable = pin!(ground.engine.durable(ticket.seq));
                let waited = poll_fn(|context| {
                    let _never = bell.as_mut().poll(context);
                    durable.as_mut().poll(context)
                });
                waited.await.expect("the journal goes well");
            });
            ground.is_stored(ticket.seq);
        })
    };
    let threads = [with_bell("first"), with_bell("second")];
    let ticket = ground.engine.submit(pay("third", 1, 10));
    ground.awaited(ticket.expect("there is room"));
    threads.map(joined).into_iter().for_each(drop);
    ground.end();
}

/// One brings many commands in one call, which the journal waits for; another brings one, and does not wait for ever.
fn batches() {
    let ground = Ground::new();
    let many = on(&ground, |ground| {
        let commands = (0..3).map(|n| pay(&format!("many-{n}"), n % 2, 10));
        let mut outcomes = Vec::new();
        ground.engine.submit_all(commands.collect(), &mut outcomes);
        for outcome in outcomes {
            assert!(is_done(
                &ground.acknowledged(outcome.expect("there is room"))
            ));
        }
    });
    let ticket = ground.engine.submit(pay("one", 0, 10));
    assert!(is_done(&ground.awaited(ticket.expect("there is room"))));
    joined(many);
    let rows = [0, 1].map(|county| ground.row(county).0.row.decreasing.0);
    assert_eq!(rows, [30, 10]);
    ground.end();
}

/// The journal fails: who was told yes is right, everybody is told something, and memory loses what was not stored.
fn latch() {
    let ground = Ground::new();
    ground.fail_after(1);
    let spender = |name: &'static str| {
        on(&ground, move |ground| {
            let mut told = 0;
            for n in 0..2 {
                match ground.engine.submit(pay(&format!("{name}-{n}"), 0, 10)) {
                    Err(SubmitError::Latched(_)) => {}
                    Err(error) => unreachable!("{error}"),
                    Ok(ticket) => {
                        if shuttle::future::block_on(ground.engine.durable(ticket.seq)).is_ok() {
                            ground.is_stored(ticket.seq);
                            told += 1;
                        }
                    }
                }
            }
            told
        })
    };
    let (first, second) = (spender("first"), spender("second"));
    let told = joined(first) + joined(second);
    let opening = entry(Kind::Opening, 0, 1).command("late");
    let late = ground.engine.submit(opening);
    // The one batch that went well may have held all four.
    assert!(told <= 4 && (told == 4 || matches!(late, Err(SubmitError::Latched(_)))));
    ground.end();
}

/// The engine closes while commands come: whatever was taken is stored.
fn close() {
    let ground = Ground::new();
    let spender = |name: &'static str| {
        on(&ground, move |ground| {
            match ground.engine.submit(pay(name, 0, 10)) {
                Ok(ticket) => {
                    ground.acknowledged(ticket);
                    10
                }
                Err(SubmitError::Closed) => 0,
                Err(error) => unreachable!("{error}"),
            }
        })
    };
    let (first, second) = (spender("first"), spender("second"));
    let closer = on(&ground, |ground| ground.engine.close());
    let spent = joined(first) + joined(second);
    joined(closer);
    assert_eq!(ground.row(0).0.row.decreasing.0, spent);
    ground.end();
}
