//! A process of clerks: each on a connection of its own, each payment in the book before it is sent.
//!
//! One thread and one event loop; requests are made of parts that were written before the clock starts. What a clerk is
//! answered is believed and written down, and settled against the server later, by the harness's own audit.

use super::link::Link;
use super::order::{Order, PORTS, Seen};
use super::papers::Papers;
use crate::Outcome;
use hdrhistogram::Histogram;
use hubu_load::book::{Book, Key, Kind, Line, Step, Unknown, write_book};
use hubu_load::measure::{encode, usage};
use hubu_load::seeded::Seeded;
use hubu_load::wire::Minter;
use serde::Deserialize;
use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{sleep_until, timeout};

/// After which a payment has no answer.
const LIMIT: Duration = Duration::from_secs(10);
/// The pause after which a clerk without a connection tries again.
const PAUSE: Duration = Duration::from_millis(100);
/// Failures that are kept in words.
const FAILURES_MAX: usize = 5;
/// One hour in µs: longer than any payment takes.
const HIGHEST: u64 = 3_600_000_000;

/// What all clerks share.
struct Stage {
    order: Order,
    address: SocketAddr,
    papers: Papers,
    window: (Instant, Instant),
    /// Becomes true when they are to stop before the end.
    stop: Arc<AtomicBool>,
    book: RefCell<Book>,
    seen: RefCell<Seen>,
    latency: RefCell<Histogram<u64>>,
    connected: Cell<u64>,
}

/// What is read of an answer.
#[derive(Deserialize)]
struct Acknowledged<'a> {
    id: &'a str,
    version: u32,
}

/// Reads the order from standard input, plays, and prints what was seen. Standard input that ends stops it early.
pub(crate) fn run() -> Outcome<()> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let order: Order = serde_json::from_str(&line)?;
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    std::thread::spawn(move || {
        let _ended = std::io::stdin().read(&mut [0]);
        told.store(true, Ordering::Relaxed);
    });
    hubu_load::run::raise_descriptors();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let seen = LocalSet::new().block_on(&runtime, play(order, stop))?;
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &seen)?;
    Ok(writeln!(out)?)
}

async fn play(order: Order, stop: Arc<AtomicBool>) -> Outcome<Seen> {
    let papers = Papers::write(&order, &Minter::from_file(&order.secret)?)?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let ahead = Duration::from_millis(order.begins_ms).saturating_sub(since);
    let begins = Instant::now() + ahead;
    let stage = Rc::new(Stage {
        address: order.address.parse()?,
        papers,
        window: (begins, begins + Duration::from_secs_f64(order.seconds)),
        stop,
        book: RefCell::new(Book::new(order.run, order.worker)),
        seen: RefCell::default(),
        latency: RefCell::new(Histogram::new_with_bounds(1, HIGHEST, 3)?),
        connected: Cell::new(0),
        order,
    });
    let mut clerks = JoinSet::new();
    for number in 0..stage.order.clerks {
        clerks.spawn_local(Rc::clone(&stage).work(number));
    }
    let watch = tokio::task::spawn_local(Rc::clone(&stage).watch());
    while clerks.join_next().await.is_some() {}
    watch.await?;
    let order = &stage.order;
    write_book(
        &order.book,
        &stage.book.borrow(),
        &order.recipe,
        order.seeded_to,
    )?;
    let mut seen = stage.seen.take();
    seen.latency = encode(&stage.latency.borrow());
    Ok(seen)
}

impl Stage {
    /// Looks at this process's own cost, and at who is there, when the window begins.
    async fn watch(self: Rc<Self>) {
        sleep_until(self.window.0.into()).await;
        let before = usage();
        self.seen.borrow_mut().connected = self.connected.get();
        sleep_until(self.window.1.into()).await;
        self.seen.borrow_mut().cpu_seconds = usage().since(before).cpu_seconds;
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.window.1 || self.stop.load(Ordering::Relaxed)
    }

    /// One clerk's day.
    async fn work(self: Rc<Self>, number: usize) {
        let order = &self.order;
        let mut choice = Seeded::new(order.seed, u64::from(order.worker) << 32 | number as u64);
        let before = order.ramp_seconds + order.warm_seconds;
        let share = number as f64 / order.clerks as f64;
        let comes = Duration::from_secs_f64(before - order.ramp_seconds * share);
        sleep_until(
            self.window
                .0
                .checked_sub(comes)
                .unwrap_or(self.window.0)
                .into(),
        )
        .await;
        let mut link = self.connect(number).await;
        // Clerks that come at once do not all act at once.
        let mut due = Instant::now() + self.think(&mut choice).mul_f64(choice.fraction());
        loop {
            if order.think_seconds > 0.0 {
                sleep_until(due.min(self.window.1).into()).await;
            } else {
                due = Instant::now();
            }
            if self.is_over() {
                return;
            }
            if link.is_none() {
                link = self.connect(number).await;
            }
            let Some(open) = &mut link else { return };
            if !self.pay(open, number, &mut choice, due).await {
                link = None;
            }
            due = Instant::now() + self.think(&mut choice);
        }
    }

    /// A connection, tried for until the end.
    async fn connect(&self, number: usize) -> Option<Link> {
        let source = self.order.source.to_bits() + (number / PORTS) as u32;
        while !self.is_over() {
            match Link::open(self.address, source.into()).await {
                Ok(link) => {
                    self.connected.set(self.connected.get() + 1);
                    return Some(link);
                }
                Err(error) => self.fail(|| format!("connecting: {error}")),
            }
            tokio::time::sleep(PAUSE).await;
        }
        None
    }

    fn think(&self, choice: &mut Seeded) -> Duration {
        Duration::from_secs_f64(self.order.think_seconds * (0.5 + choice.fraction()))
    }

    /// One payment. Returns whether its connection is still good.
    async fn pay(&self, link: &mut Link, clerk: usize, choice: &mut Seeded, due: Instant) -> bool {
        let hand = if self.order.is_fixed {
            (self.order.first + clerk) % self.order.hands.len()
        } else {
            choice.below(self.order.hands.len() as u64) as usize
        };
        let cents = choice.between(1, 9);
        let key = self.begin(hand, cents);
        link.request.clear();
        self.papers
            .request(&mut link.request, clerk, hand, key, cents);
        let answered = timeout(LIMIT, link.ask()).await;
        let (now, took) = (Instant::now(), due.elapsed());
        if (self.window.0..self.window.1).contains(&due) {
            self.latency
                .borrow_mut()
                .saturating_record(took.as_micros() as u64);
        }
        let unknown = |words: String| {
            self.fail(|| words);
            let (claims, body) = self.papers.again(clerk, hand, cents);
            let request = Unknown {
                number: key.number,
                claims,
                path: "/v1/documents".into(),
                body,
            };
            self.book.borrow_mut().leave_unknown(key, request);
            false
        };
        match answered {
            Ok(Ok((201, body))) => match serde_json::from_slice::<Acknowledged<'_>>(body) {
                Ok(read) => {
                    let document = read.id.parse().unwrap_or(0);
                    self.book
                        .borrow_mut()
                        .acknowledge(key, document, read.version);
                    if (self.window.0..self.window.1).contains(&now) {
                        self.seen.borrow_mut().commands += 1;
                    }
                    true
                }
                Err(error) => unknown(error.to_string()),
            },
            Ok(Ok((503, _))) => {
                self.book.borrow_mut().drop_unsent(key);
                self.seen.borrow_mut().shed += 1;
                true
            }
            Ok(Ok((status @ 400..500, body))) => {
                self.book.borrow_mut().refuse(key);
                self.seen.borrow_mut().refused += u64::from(status == 409);
                if status != 409 {
                    self.fail(|| format!("status {status}: {}", String::from_utf8_lossy(body)));
                }
                true
            }
            Ok(Ok((status, body))) => unknown(format!(
                "status {status}: {}",
                String::from_utf8_lossy(body)
            )),
            Ok(Err(error)) => unknown(error.to_string()),
            Err(_) => unknown(format!("no answer within {} s", LIMIT.as_secs())),
        }
    }

    fn begin(&self, hand: usize, cents: u64) -> Key {
        let mut book = self.book.borrow_mut();
        let row = self.papers.row(hand);
        let lines = book.add_lines(&[Line {
            amount: cents.cast_signed(),
            row,
        }]);
        book.begin(Kind::Payment, Step::Reserve, lines)
    }

    fn fail(&self, words: impl FnOnce() -> String) {
        let mut seen = self.seen.borrow_mut();
        seen.failed += 1;
        if seen.failures.len() < FAILURES_MAX {
            seen.failures.push(words());
        }
    }
}
