//! Asks for the metrics once a second, beside the run. The first scrape must succeed, or the run does not begin; later ones
//! that fail are counted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::header::HeaderValue;
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::second::ServerSecond;
use super::snapshot::Snapshot;
use super::text::TEXT_MAX;
use super::view::ServerView;
use crate::error::LoadError;
use crate::wire::{Connection, Local, Request, Target};

/// How often.
const EVERY: Duration = Duration::from_secs(1);
/// A scrape may take this long.
const LIMIT: Duration = Duration::from_secs(5);
/// Seconds that are kept: more than a day.
const SECONDS_MAX: usize = 100_000;

/// What was gathered so far.
#[derive(Debug)]
struct Gathered {
    /// When the run began, by the client's clock.
    began: Option<Instant>,
    first: (Instant, Snapshot),
    last: (Instant, Snapshot),
    seconds: Vec<(Instant, ServerSecond)>,
    scrapes: u64,
    missed: u64,
    missed_why: Option<String>,
}

/// The newest of it, for whoever shows the run while it goes.
#[derive(Debug, Clone)]
pub struct Watched(Arc<Mutex<Gathered>>);

impl Watched {
    /// What passed before the last scrape.
    pub fn newest(&self) -> Option<ServerSecond> {
        self.0.lock().seconds.last().map(|(_, s)| s.clone())
    }

    /// Says that the run's clock stands at `at` seconds now; the first word counts.
    pub(crate) fn stands_at(&self, at: f64) {
        let now = Instant::now();
        let began = now.checked_sub(Duration::from_secs_f64(at.max(0.0)));
        self.0.lock().began.get_or_insert(began.unwrap_or(now));
    }
}

/// A scraper at work.
#[derive(Debug)]
pub struct Scraper {
    url: String,
    watched: Watched,
    task: JoinHandle<()>,
}

impl Scraper {
    /// Begins to ask `http://host:port/path`.
    ///
    /// # Errors
    /// It is no such URL, or does not answer with metrics.
    pub async fn start(url: &str) -> Result<Self, LoadError> {
        let (host, path) = parts(url);
        let connection = Connection::new(Target::new(host)?, Local::Any, LIMIT);
        let mut asking = Asking { connection, path };
        let first = asking.once().await.map_err(|why| {
            let help =
                "is that the address of its metrics (`metrics.listen` of hubu), and is it there?";
            LoadError::format("metrics", format!("{url}: {why}; {help}"))
        })?;
        let now = Instant::now();
        let watched = Watched(Arc::new(Mutex::new(Gathered {
            began: None,
            first: (now, first.clone()),
            last: (now, first),
            seconds: Vec::new(),
            scrapes: 1,
            missed: 0,
            missed_why: None,
        })));
        let task = tokio::spawn(keep_asking(asking, watched.clone()));
        Ok(Self {
            url: url.to_owned(),
            watched,
            task,
        })
    }

    /// What it has seen, for whoever shows the run.
    pub fn watched(&self) -> Watched {
        self.watched.clone()
    }

    /// Ends the asking; the last scrape stays the last.
    pub fn finish(self) -> ServerView {
        self.task.abort();
        let all = self.watched.0.lock();
        let began = all.began.unwrap_or(all.first.0);
        let since = |when: &Instant| {
            let passed = when.checked_duration_since(began);
            // Before the first user came there is nothing to see.
            passed.map(|p| p.as_secs_f64()).filter(|at| *at > 0.0)
        };
        let seconds = all.seconds.iter().filter_map(|(when, second)| {
            Some(ServerSecond {
                at: since(when)?,
                ..second.clone()
            })
        });
        let length = all.last.0.duration_since(all.first.0).as_secs_f64();
        let mut view = ServerView::new(
            &self.url,
            (&all.first.1, &all.last.1),
            length,
            seconds.collect(),
        );
        (view.scrapes, view.missed) = (all.scrapes, all.missed);
        view.missed_why.clone_from(&all.missed_why);
        view
    }
}

struct Asking {
    connection: Connection,
    path: String,
}

impl Asking {
    async fn once(&mut self) -> Result<Snapshot, String> {
        let nobody = HeaderValue::from_static("");
        let request = Request {
            token: None,
            ..Request::get(&self.path, &nobody)
        };
        let answer = self.connection.send(&request).await;
        let answer = answer.map_err(|e| e.to_string())?;
        if !answer.status.is_success() {
            return Err(format!("status {}", answer.status.as_u16()));
        }
        if answer.body.len() > TEXT_MAX {
            return Err(format!("an answer of more than {TEXT_MAX} bytes"));
        }
        let text = std::str::from_utf8(&answer.body).map_err(|_| "no text".to_owned())?;
        Snapshot::of(text)
    }
}

async fn keep_asking(mut asking: Asking, watched: Watched) {
    let mut clock = tokio::time::interval(EVERY);
    // A busy machine gets fewer scrapes, not a burst of them.
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    clock.tick().await;
    loop {
        clock.tick().await;
        let answer = asking.once().await;
        let now = Instant::now();
        let mut all = watched.0.lock();
        match answer {
            Ok(snapshot) => {
                let passed = now.duration_since(all.last.0).as_secs_f64();
                let second = ServerSecond::between(&all.last.1, &snapshot, 0.0, passed);
                if all.seconds.len() < SECONDS_MAX {
                    all.seconds.push((now, second));
                }
                all.scrapes += 1;
                all.last = (now, snapshot);
            }
            Err(why) => {
                all.missed += 1;
                all.missed_why = Some(why);
            }
        }
    }
}

/// `http://host:port` and the path, `/metrics` when there is none.
pub(crate) fn parts(url: &str) -> (&str, String) {
    let behind = url.strip_prefix("http://").map_or(0, |_| "http://".len());
    match url[behind..].find('/') {
        Some(at) if url.len() > behind + at + 1 => {
            (&url[..behind + at], url[behind + at..].to_owned())
        }
        Some(at) => (&url[..behind + at], "/metrics".into()),
        None => (url, "/metrics".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_come_apart() {
        let of = |url| parts(url);
        assert_eq!(of("http://a:1"), ("http://a:1", "/metrics".into()));
        assert_eq!(of("http://a:1/"), ("http://a:1", "/metrics".into()));
        assert_eq!(of("http://a:1/m?x=1"), ("http://a:1", "/m?x=1".into()));
        assert_eq!(of("a:1"), ("a:1", "/metrics".into()));
    }
}
