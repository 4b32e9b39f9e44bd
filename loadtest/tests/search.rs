//! The search against simulated servers whose limit is known: no clock decides, every choice has a seed. One short
//! search by the real command shows that the parts fit together, and one that descriptors are named.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod rough;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use hubu_load::error::LoadError;
use hubu_load::plan::Thresholds;
use hubu_load::search::{
    End, Goal, Hunted, Limit, LimitKind, Limits, Load, LoadKind, Measured, Point, Stage, hunt,
    read_curve, sweep,
};
use hubu_load::seeded::Seeded;
use rough::Manner;

/// Something like a normal number: the sum of twelve even ones.
fn bell(choice: &mut Seeded) -> f64 {
    (0..12).map(|_| choice.fraction()).sum::<f64>() - 6.0
}

fn goal(kind: LoadKind, from: f64, max: f64, p99_ms: f64) -> Goal {
    Goal {
        kind,
        from,
        max,
        growth: 2.0,
        tolerance: 0.05,
        repeats: 3,
        limits: Limits::of(&Thresholds::default(), Some(p99_ms), 0.0),
        steps_max: 200,
        time_max: Duration::from_secs(3_600),
    }
}

fn run(goal: &Goal, load: &mut (impl Load + Send)) -> Hunted {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(hunt(goal, load, &mut |_| ())).unwrap()
}

/// A server whose 99th percentile is `service / (1 - load / capacity)`, give or take.
struct Curved {
    capacity: f64,
    service_ms: f64,
    noise: f64,
    choice: Seeded,
}

impl Curved {
    /// The load at which the 99th percentile is the limit half of the time.
    fn knee(&self, p99_ms: f64) -> f64 {
        self.capacity * (1.0 - self.service_ms / p99_ms)
    }
}

impl Load for Curved {
    async fn measure(&mut self, load: f64, _: Stage) -> Result<Measured, LoadError> {
        let free = 1.0 - load / self.capacity;
        let truth = if free > 0.0 {
            self.service_ms / free
        } else {
            1e6
        };
        let p99_ms = truth * (self.noise * bell(&mut self.choice)).exp();
        Ok(Measured::Point(Box::new(Point {
            requests: 1_000,
            rate: load.min(self.capacity),
            p99_ms,
            ..Point::default()
        })))
    }
}

/// A queue with so many slots and a fixed service time (M/D/N), simulated request by request.
struct Slots {
    slots: usize,
    service: f64,
    requests: usize,
    choice: Seeded,
}

impl Slots {
    fn new(requests: usize, seed: u64) -> Self {
        Self {
            slots: 8,
            service: 0.010,
            requests,
            choice: Seeded::new(seed, 8),
        }
    }

    /// The 99th percentile in ms at so many arrivals a second.
    fn p99_ms(&mut self, rate: f64) -> f64 {
        let mut free = vec![0.0f64; self.slots];
        let (mut now, mut took) = (0.0, Vec::with_capacity(self.requests));
        for n in 0..self.requests {
            now -= (1.0 - self.choice.fraction()).ln() / rate;
            let at = (0..self.slots).min_by(|a, b| free[*a].total_cmp(&free[*b]));
            let slot = &mut free[at.unwrap()];
            *slot = slot.max(now) + self.service;
            // The queue is empty at first; that is no steady state.
            if n > self.requests / 10 {
                took.push(*slot - now);
            }
        }
        took.sort_by(f64::total_cmp);
        took[took.len() * 99 / 100] * 1_000.0
    }
}

impl Load for Slots {
    async fn measure(&mut self, load: f64, _: Stage) -> Result<Measured, LoadError> {
        let p99_ms = self.p99_ms(load);
        Ok(Measured::Point(Box::new(Point {
            requests: self.requests as u64,
            rate: load,
            p99_ms,
            ..Point::default()
        })))
    }
}

#[test]
fn the_knee_of_a_quiet_server_lies_between_the_two_loads() {
    for (capacity, from) in [
        (10_000.0, 100.0),
        (731.0, 500.0),
        (900.0, 900.0),
        (35.0, 3.0),
    ] {
        let mut server = Curved {
            capacity,
            service_ms: 5.0,
            noise: 0.0,
            choice: Seeded::new(1, 1),
        };
        let truth = server.knee(100.0);
        let found = run(&goal(LoadKind::Users, from, 1e5, 100.0), &mut server);
        assert_eq!(found.end, End::Found);
        let knee = found.knee.unwrap();
        assert!(
            knee.load <= truth && truth <= knee.broken,
            "{knee:?} {truth}"
        );
        assert!(
            knee.broken <= (knee.load * 1.05).max(knee.load + 1.0),
            "{knee:?}"
        );
        assert_eq!(
            (knee.held, knee.broke, knee.confidence),
            ((4, 4), (4, 4), 0.875)
        );
    }
}

/// Each step's percentile is off by a fifth or so, and still the knee is found within 5 % nearly always.
#[test]
fn noise_does_not_mislead_it() {
    let (mut close, mut inside, mut promised) = (0, 0, 0.0);
    for seed in 0..200 {
        let mut server = Curved {
            capacity: 10_000.0,
            service_ms: 10.0,
            noise: 0.2,
            choice: Seeded::new(seed, 2),
        };
        let truth = server.knee(100.0);
        let found = run(&goal(LoadKind::Users, 300.0, 1e5, 100.0), &mut server);
        assert_eq!(found.end, End::Found, "seed {seed}");
        let knee = found.knee.unwrap();
        close += u32::from((knee.load - truth).abs() <= truth * 0.05);
        inside += u32::from(knee.low <= truth && truth <= knee.high);
        promised += knee.confidence;
    }
    assert!(close >= 190, "{close} of 200 within 5 %");
    // What it promises of itself is not more than what it keeps.
    assert!(
        f64::from(inside) >= promised - 10.0,
        "{inside} inside, {promised} promised"
    );
}

#[test]
fn the_knee_of_a_simulated_queue_is_found_within_five_percent() {
    // The truth from runs 25 times as long as a step.
    let mut long = Slots::new(150_000, 99);
    let (mut low, mut high) = (100.0, 800.0);
    while high / low > 1.002 {
        let middle = f64::midpoint(low, high);
        *(if long.p99_ms(middle) > 18.0 {
            &mut high
        } else {
            &mut low
        }) = middle;
    }
    assert!((500.0..800.0).contains(&low), "{low}");
    let mut close = 0;
    for seed in 0..10 {
        let mut server = Slots::new(6_000, seed);
        let found = run(&goal(LoadKind::Arrivals, 50.0, 1e4, 18.0), &mut server);
        let knee = found.knee.unwrap();
        close += u32::from((knee.load - low).abs() <= low * 0.05);
    }
    assert!(close >= 9, "{close} of 10 within 5 %");
}

/// Gives way to something that is not the server.
struct Short {
    inner: Curved,
    most: f64,
    steps: u32,
    stop_after: u32,
}

impl Load for Short {
    async fn measure(&mut self, load: f64, stage: Stage) -> Result<Measured, LoadError> {
        self.steps += 1;
        if self.steps > self.stop_after {
            return Ok(Measured::Stopped);
        }
        if load > self.most {
            let limit = Limit::new(LimitKind::Descriptors, "too few");
            return Ok(Measured::Impossible {
                limit,
                most: self.most,
            });
        }
        self.inner.measure(load, stage).await
    }
}

fn short(most: f64, stop_after: u32) -> Short {
    Short {
        inner: Curved {
            capacity: 10_000.0,
            service_ms: 5.0,
            noise: 0.0,
            choice: Seeded::new(1, 1),
        },
        most,
        steps: 0,
        stop_after,
    }
}

#[test]
fn what_is_in_the_way_is_named_after_the_largest_load_that_can_be_put_on() {
    let goal = goal(LoadKind::Users, 100.0, 1e5, 100.0);
    let found = run(&goal, &mut short(3_000.0, 99));
    let limit = Limit::new(LimitKind::Descriptors, "too few");
    assert_eq!((found.end, found.knee), (End::Impossible(limit), None));
    assert_eq!(found.points.last().unwrap().load, 3_000.0);
    // Where the largest load breaks, the server's limit is below it after all.
    let found = run(&goal, &mut short(9_800.0, 99));
    assert_eq!(found.end, End::Found);
    let knee = found.knee.unwrap();
    assert!(knee.load <= 9_500.0 && 9_500.0 <= knee.broken, "{knee:?}");
}

#[test]
fn what_was_measured_is_kept_when_it_is_stopped_or_its_bound_is_reached() {
    let mut goal = goal(LoadKind::Users, 100.0, 1e5, 100.0);
    let found = run(&goal, &mut short(1e6, 4));
    assert_eq!((found.end, found.points.len()), (End::Stopped, 4));
    goal.steps_max = 9;
    let found = run(&goal, &mut short(1e6, 99));
    assert_eq!((found.end, found.points.len()), (End::Bound, 9));
    assert!(found.knee.is_some(), "both sides were measured");
    goal.max = 800.0;
    assert_eq!(run(&goal, &mut short(1e6, 99)).end, End::Max);
    (goal.from, goal.max) = (1e5, 1e5);
    goal.limits.p99_ms = 1.0;
    assert_eq!(run(&goal, &mut short(1e6, 99)).end, End::Floor);
}

#[test]
fn no_search_takes_more_steps_than_it_says() {
    for seed in 0..50 {
        let mut server = Curved {
            capacity: 5_000.0,
            service_ms: 50.0,
            // So much noise that the repeats contradict it again and again.
            noise: 0.8,
            choice: Seeded::new(seed, 3),
        };
        let goal = goal(LoadKind::Users, 100.0, 1e5, 100.0);
        let found = run(&goal, &mut server);
        assert!(
            found.points.len() <= goal.bound(20.0).steps as usize,
            "seed {seed}"
        );
    }
}

#[test]
fn a_step_in_which_the_machine_stood_still_is_measured_again() {
    struct Frozen(Curved, u32);
    impl Load for Frozen {
        async fn measure(&mut self, load: f64, stage: Stage) -> Result<Measured, LoadError> {
            self.1 += 1;
            let mut measured = self.0.measure(load, stage).await?;
            if let (Measured::Point(point), true) = (&mut measured, self.1.is_multiple_of(3)) {
                (point.stood_still, point.p99_ms) = (7.0, 9_000.0);
            }
            Ok(measured)
        }
    }
    let server = short(1e6, 0).inner;
    let truth = server.knee(100.0);
    let goal = goal(LoadKind::Users, 100.0, 1e5, 100.0);
    let found = run(&goal, &mut Frozen(server, 0));
    let knee = found.knee.unwrap();
    assert!(knee.load <= truth && truth <= knee.broken, "{knee:?}");
    assert_eq!((knee.held, knee.broke), ((4, 4), (4, 4)));
    let disturbed = found.points.iter().filter(|p| p.is_disturbed).count();
    assert!(disturbed >= 5 && found.points.iter().all(|p| !p.is_disturbed || !p.held));
}

#[test]
fn a_sweep_goes_past_what_breaks_and_ends_where_more_load_does_less() {
    struct Falling;
    impl Load for Falling {
        async fn measure(&mut self, n: f64, _: Stage) -> Result<Measured, LoadError> {
            let rate = 100.0 * n / (1.0 + 0.02 * (n - 1.0) + 0.002 * n * (n - 1.0));
            Ok(Measured::Point(Box::new(Point {
                requests: 1_000,
                rate,
                p99_ms: n * 1_000.0 / rate,
                ..Point::default()
            })))
        }
    }
    let goal = goal(LoadKind::Users, 1.0, 4_096.0, 20.0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let found = runtime
        .block_on(sweep(&goal, &mut Falling, &mut |_| ()))
        .unwrap();
    let loads: Vec<f64> = found.points.iter().map(|p| p.load).collect();
    assert_eq!(loads, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0]);
    assert_eq!(found.end, End::Swept);
    assert!(found.points.iter().any(|p| !p.held));
}

#[test]
fn wrong_options_are_all_named() {
    let mut wrong = goal(LoadKind::Users, 0.0, 1e5, f64::NAN);
    (wrong.growth, wrong.tolerance) = (1.0, 0.0);
    let mistakes = wrong.mistakes();
    for start in ["--from", "--growth", "--tolerance", "--p99"] {
        assert!(
            mistakes.iter().any(|m| m.starts_with(start)),
            "{mistakes:?}"
        );
    }
    wrong = goal(LoadKind::Users, 100.0, 50.0, 20.0);
    assert_eq!(wrong.mistakes().len(), 1);
}

/// Limits that no clock of a busy machine breaks.
const WIDE: &str = "[thresholds]\np99_ms = 60000.0\nfailed = 0\nshed_share = 0.0\n";

fn search(folder: &std::path::Path, url: &str, plan: &str, more: &str) -> std::process::Output {
    // A shell sets the limit of descriptors, which then holds for the harness alone.
    let script = format!(
        "{more} exec {} search --quiet --url {url} --plan {plan} --report {} --step-seconds 2 --settle 0 --follow 0 \
         --ramp 0.2 --from 4 --growth 5",
        env!("CARGO_BIN_EXE_hubu-load"),
        folder.display()
    );
    let args = script.replace("\\\n", " ");
    std::process::Command::new("sh")
        .args(["-c", &args])
        .output()
        .unwrap()
}

#[test]
fn the_command_writes_the_curve_and_names_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    let plan = rough::plan(folder.path(), WIDE);
    let text = std::fs::read_to_string(&plan).unwrap();
    // Patient: a busy machine must not make anything fail.
    std::fs::write(
        &plan,
        text.replace("timeout_seconds = 0.5", "timeout_seconds = 60.0"),
    )
    .unwrap();
    let double = rough::start(Manner::Honest);
    let output = search(folder.path(), &double.url, &plan, "ulimit -n 300;");
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let curve = read_curve(folder.path()).unwrap();
    // A machine so busy that its users come late decides nothing here.
    if curve.points.iter().any(|p| !p.held) {
        return;
    }
    assert_eq!(output.status.code(), Some(15), "{said}");
    assert_eq!(curve.limit.kind, LimitKind::Descriptors, "{said}");
    let loads: Vec<f64> = curve.points.iter().map(|p| p.load).collect();
    assert_eq!(loads, [4.0, 20.0, 44.0], "{said}");
    for point in &curve.points {
        assert!(point.requests > 0, "{point:?}");
        assert_eq!(point.connections, u64::from(point.users), "{point:?}");
        let seen = point.harness_cores.is_some() && point.machine_cores.is_some();
        assert!(
            seen && point.sync.is_some(),
            "processors and disk: {point:?}"
        );
    }
    assert!(
        said.contains("at most") && said.contains("not audited"),
        "{said}"
    );
    assert!(curve.largest_held() == Some(44.0) && curve.knee.is_none());
}

/// A page of figures of a server whose processor is emulated.
fn page_of_an_emulator() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/metrics", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            // However the request is cut: it is small, and each connection asks once.
            let _ = stream.read(&mut head);
            let page =
                "hubu_platform_info{arch=\"aarch64\",emulated=\"run by a x86_64 kernel\"} 1\n";
            let length = page.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{page}"
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn the_curve_of_an_emulated_server_says_so_and_has_a_status_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let plan = rough::plan(folder.path(), WIDE);
    let double = rough::start(Manner::Honest);
    let url = format!("{} --metrics {} --max 4", double.url, page_of_an_emulator());
    let output = search(folder.path(), &url, &plan, "");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(16), "{output:?}");
    assert!(
        said.contains("emulated, no proof of speed: the server"),
        "{said}"
    );
    let curve = read_curve(folder.path()).unwrap();
    assert_eq!(curve.exit, 16);
    assert!(curve.emulated.unwrap().contains("run by a x86_64 kernel"));
}
