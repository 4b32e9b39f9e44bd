//! Paper beside measurement, for the last year, in the same unit.

use serde::{Deserialize, Serialize};

use super::need::Year;
use super::rows::GIB;
use super::size::Size;

/// A formula beside the measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    /// What, in Chinese.
    pub label_zh: String,
    /// What, in English.
    pub label_en: String,
    /// What the formula says.
    pub paper: Option<f64>,
    /// What the measurement says.
    pub measured: Option<f64>,
    /// Paper over measured.
    pub factor: Option<f64>,
    /// The unit.
    pub unit: String,
    /// The formula with its numbers.
    pub how: String,
}

impl Beside {
    fn new(
        (zh, en): (&str, &str),
        (paper, measured): (Option<f64>, Option<f64>),
        unit: &str,
        how: String,
    ) -> Self {
        let both = paper.zip(measured).filter(|(_, m)| *m > 0.0);
        Self {
            label_zh: zh.into(),
            label_en: en.into(),
            paper,
            measured,
            factor: both.map(|(p, m)| p / m),
            unit: unit.into(),
            how,
        }
    }
}

/// What all formulas begin with.
struct Asked {
    users: f64,
    per_minute: f64,
    how: String,
}

impl Asked {
    fn of(size: &Size, last: &Year) -> Self {
        let (q, paper) = (&size.question, &size.question.paper);
        // A reserve stands for years of growth: either the one or the other.
        let users = match paper.reserve {
            Some(reserve) => q.users * reserve,
            None => last.users,
        };
        let each = paper.per_minute.unwrap_or(60.0 / q.think_seconds);
        let how = format!(
            "{users:.0} users × {} online × {each} a minute × peak {}",
            paper.online_share, q.peak
        );
        Self {
            users,
            per_minute: paper.per_minute(users, q.think_seconds, q.peak),
            how,
        }
    }
}

/// All formulas.
pub(super) fn beside(size: &Size) -> Vec<Beside> {
    let Some(last) = size.years.last() else {
        return Vec::new();
    };
    let asked = Asked::of(size, last);
    let cores = last.node_cores.map(|c| c * size.question.nodes);
    let mut all = transactions(size, last, &asked, cores);
    all.push(by_time(size, &asked, cores));
    all.push(memory(size, last, &asked));
    all
}

fn transactions(size: &Size, last: &Year, asked: &Asked, cores: Option<f64>) -> Vec<Beside> {
    let paper = &size.question.paper;
    let tpmc = paper.tpmc(asked.per_minute);
    let formula = format!(
        "{} × {} database transactions × ratio {} / (1 − {}), beside the requests a minute that are really asked for",
        asked.how, paper.database_transactions, paper.tpc_ratio, paper.spare_cpu
    );
    let by_core = match paper.tpmc_per_core {
        Some(core) => format!("tpmC above / {core} of one core"),
        None => "give --tpmc-per-core: what one core does is nobody's to guess".into(),
    };
    vec![
        Beside::new(
            ("数据库服务器 tpmC", "tpmC of the database server"),
            (Some(tpmc), Some(last.peak_rate * 60.0)),
            "1/min",
            formula,
        ),
        Beside::new(
            ("CPU 核（tpmC ÷ 单核）", "cores by tpmC of one core"),
            (paper.tpmc_per_core.map(|c| (tpmc / c).ceil()), cores),
            "",
            by_core,
        ),
    ]
}

fn by_time(size: &Size, asked: &Asked, cores: Option<f64>) -> Beside {
    let paper = &size.question.paper;
    let mut how = format!(
        "{} / 60 × {} s of a core / (1 − {})",
        asked.how, paper.request_seconds, paper.spare_cpu
    );
    if cores.is_none() {
        how += "; the measurement does not carry this year";
    }
    Beside::new(
        (
            "CPU 核（单请求耗时）",
            "cores by processor time of a request",
        ),
        (Some(paper.cores(asked.per_minute).ceil()), cores),
        "",
        how,
    )
}

fn memory(size: &Size, last: &Year, asked: &Asked) -> Beside {
    let paper = &size.question.paper;
    let measured = size.costs.connection_bytes.value;
    Beside::new(
        ("连接内存", "memory of connections"),
        (
            Some(paper.memory(asked.users) / GIB),
            measured.map(|bytes| bytes * last.users / GIB),
        ),
        "GiB",
        format!(
            "{:.0} connections × {} MB × safety {}",
            asked.users, paper.connection_mb, paper.memory_safety
        ),
    )
}
