//! The server's own figures, as Prometheus' text form has them: sums over all labels of what sizing and the search for the
//! limit ask for. Another system's page may have none of these names; then they are unknown.

use std::time::{Duration, Instant};

use hyper::header::HeaderValue;
use tokio::task::JoinHandle;

use super::point::{Sync, SyncSource};
use crate::error::LoadError;
use crate::scrape::{emulated, parse, parts};
use crate::wire::{Connection, Local, Request, Target};

/// Figures at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Figures {
    pub(super) syncs: Option<f64>,
    pub(super) sync_seconds: Option<f64>,
    pub(super) bytes: Option<f64>,
    pub(super) rows: Option<f64>,
    pub(super) documents: Option<f64>,
}

/// One request for the page may take so long; more than a second is a figure of its own.
const LIMIT: Duration = Duration::from_secs(5);

/// Where the page is.
#[derive(Debug, Clone)]
pub(super) struct Page {
    url: String,
    path: String,
}

impl Page {
    /// Takes `http://host:port` or `http://host:port/path`; the path is `/metrics` when left out.
    ///
    /// # Errors
    /// It is no such URL.
    pub(super) fn new(url: &str) -> Result<Self, LoadError> {
        let (host, path) = parts(url);
        Target::new(host)?;
        Ok(Self {
            url: host.to_owned(),
            path,
        })
    }

    /// Reads it once.
    pub(super) async fn read(&self) -> Result<Figures, LoadError> {
        Ok(figures(&self.text().await?))
    }

    /// How the server's processor is emulated, where it says so.
    pub(super) async fn emulated(&self) -> Result<Option<String>, LoadError> {
        emulated(&self.text().await?).map_err(|reason| LoadError::format("metrics", reason))
    }

    async fn text(&self) -> Result<String, LoadError> {
        let mut connection = Connection::new(Target::new(&self.url)?, Local::Any, LIMIT);
        let nobody = HeaderValue::from_static("Bearer none");
        let answer = connection.send(&Request::get(&self.path, &nobody)).await;
        let answer = answer.map_err(|source| LoadError::Request {
            method: "GET",
            path: self.path.clone(),
            source,
        })?;
        if !answer.status.is_success() {
            return Err(LoadError::Answer {
                method: "GET",
                path: self.path.clone(),
                status: answer.status.as_u16(),
                detail: "want the server's figures in Prometheus' text form".into(),
            });
        }
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// Reads it every second until dropped.
    pub(super) fn follow(&self) -> Following {
        let page = self.clone();
        let (send, seen) = tokio::sync::watch::channel(Vec::new());
        let task = tokio::spawn(async move {
            let mut clock = tokio::time::interval(Duration::from_secs(1));
            loop {
                clock.tick().await;
                // A page that is not there for a moment is a figure less.
                if let Ok(figures) = page.read().await {
                    send.send_modify(|all: &mut Vec<(Instant, Figures)>| {
                        all.push((Instant::now(), figures));
                    });
                }
            }
        });
        Following { seen, task }
    }
}

/// Reading in the background; steps are bounded in time, so this is too.
pub(super) struct Following {
    seen: tokio::sync::watch::Receiver<Vec<(Instant, Figures)>>,
    task: JoinHandle<()>,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Following {
    /// How long the journal's syncs took between two times.
    pub(super) fn sync(&self, from: Instant, to: Instant) -> Option<Sync> {
        let seen = self.seen.borrow();
        let mut within = seen.iter().filter(|(at, _)| (from..=to).contains(at));
        let first = within.next()?;
        let last = within.next_back()?;
        sync_between(first, last)
    }
}

fn sync_between(first: &(Instant, Figures), last: &(Instant, Figures)) -> Option<Sync> {
    let seconds = last.0.saturating_duration_since(first.0).as_secs_f64();
    let syncs = last.1.syncs? - first.1.syncs?;
    let spent = last.1.sync_seconds? - first.1.sync_seconds?;
    (syncs > 0.0 && seconds > 0.0).then(|| Sync {
        source: SyncSource::Metrics,
        ms: spent * 1_000.0 / syncs,
        per_second: syncs / seconds,
        busy_share: spent / seconds,
    })
}

/// Sums a page's samples by name, over all labels. A page that is none of figures has none.
fn figures(text: &str) -> Figures {
    let samples = parse(text).unwrap_or_default();
    let sum = |name: &str| {
        let values = samples.iter().filter(|s| s.name == name).map(|s| s.value);
        values
            .filter(|v| v.is_finite())
            .fold(None, |sum, v| Some(sum.unwrap_or(0.0) + v))
    };
    Figures {
        syncs: sum("hubu_commit_sync_seconds_count"),
        sync_seconds: sum("hubu_commit_sync_seconds_sum"),
        bytes: sum("hubu_commit_bytes_total"),
        rows: sum("hubu_rows"),
        documents: sum("hubu_open_documents"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# HELP hubu_rows Rows in memory\n# TYPE hubu_rows gauge\nhubu_rows 700\n\
        hubu_rows_other 9\nhubu_commit_sync_seconds_sum 1.5\nhubu_commit_sync_seconds_count 300\n\
        hubu_commit_bytes_total{cell=\"a\"} 40\nhubu_commit_bytes_total{cell=\"b} c\"} 2 1700000000\nhubu_open_documents NaN\n";

    #[test]
    fn a_server_says_that_its_processor_is_emulated() {
        let page =
            |how: &str| format!("hubu_platform_info{{arch=\"aarch64\",emulated=\"{how}\"}} 1\n");
        assert_eq!(emulated(&page("TCG")), Ok(Some("TCG".to_owned())));
        assert_eq!(emulated(&page("")), Ok(None));
        assert_eq!(emulated(PAGE), Ok(None));
        let broken = page("TCG") + "hubu_rows{ 1\n";
        assert!(emulated(&broken).is_err(), "no page is no real processor");
    }

    #[test]
    fn lines_are_summed_over_labels_and_nothing_else_is_taken() {
        let all = figures(PAGE);
        assert_eq!((all.rows, all.bytes), (Some(700.0), Some(42.0)));
        assert_eq!((all.syncs, all.documents), (Some(300.0), None));
        assert_eq!(
            figures("<html>not a page of figures</html>"),
            Figures::default()
        );
    }

    #[test]
    fn syncs_are_those_of_the_time_between() {
        let (start, first) = (Instant::now(), figures(PAGE));
        let last = Figures {
            syncs: Some(500.0),
            sync_seconds: Some(3.5),
            ..first
        };
        let sync = sync_between(&(start, first), &(start + Duration::from_secs(4), last)).unwrap();
        assert_eq!(
            (sync.ms, sync.per_second, sync.busy_share),
            (10.0, 50.0, 0.5)
        );
        assert!(sync_between(&(start, first), &(start, last)).is_none());
    }

    #[test]
    fn the_path_may_be_left_out() {
        let of = |url| Page::new(url).map(|p| (p.url, p.path));
        let here = "http://127.0.0.1:9".to_owned();
        assert_eq!(
            of("http://127.0.0.1:9").unwrap(),
            (here.clone(), "/metrics".into())
        );
        assert_eq!(
            of("http://127.0.0.1:9/").unwrap(),
            (here.clone(), "/metrics".into())
        );
        assert_eq!(of("http://127.0.0.1:9/a/b").unwrap(), (here, "/a/b".into()));
        assert!(of("127.0.0.1:9").is_err());
    }
}
