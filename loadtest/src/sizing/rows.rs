//! The last year as labels and values in Chinese and English: what to buy.

use serde::{Deserialize, Serialize};

use super::measured::Cost;
use super::need::Year;
use super::reach::Carried;
use super::sections::number;
use super::size::Size;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What, in Chinese.
    pub label_zh: String,
    /// What, in English.
    pub label_en: String,
    /// How much; `None` when the data does not say.
    pub value: Option<f64>,
    /// The unit.
    pub unit: String,
    /// From what, in words.
    pub how: String,
}

pub(super) const GIB: f64 = 1_073_741_824.0;
pub(super) const TB: f64 = 1e12;

fn row((zh, en): (&str, &str), value: Option<f64>, unit: &str, how: impl Into<String>) -> Row {
    Row {
        label_zh: zh.into(),
        label_en: en.into(),
        value,
        unit: unit.into(),
        how: how.into(),
    }
}

/// A cost in words.
fn by(cost: &Cost, unit: &str, scale: f64) -> String {
    match cost.value {
        Some(value) => format!("{} {unit}: {}", number(Some(value * scale)), cost.how),
        None => format!("not known; {}", cost.how),
    }
}

/// The last year, with all nodes.
pub(super) fn rows(size: &Size) -> Vec<Row> {
    let Some(last) = size.years.last() else {
        return Vec::new();
    };
    let mut all = nodes(size, last);
    all.extend(disks(size, last));
    all.extend(wires(size, last));
    all
}

fn nodes(size: &Size, last: &Year) -> Vec<Row> {
    let (q, costs) = (&size.question, &size.costs);
    let peak = format!(
        "{:.0} users / (think {} s + latency) × peak {}",
        last.users, q.think_seconds, q.peak
    );
    let cores = if last.carried == Carried::Refused {
        "beyond what the data carries".to_owned()
    } else {
        let cost = by(&costs.cpu_seconds, "µs of a core a request", 1e6);
        format!("{cost}; of a core {} may be used", q.utilisation)
    };
    let spare = format!(
        "{} that share the users, {} that may be lost",
        q.nodes, q.spare
    );
    vec![
        row(
            ("峰值请求", "requests at the peak"),
            Some(last.peak_rate),
            "1/s",
            peak,
        ),
        row(
            ("节点数（含备用）", "nodes, spare ones among them"),
            Some(q.nodes + q.spare),
            "",
            spare,
        ),
        row(
            ("每节点 CPU 核", "cores of each node"),
            last.node_cores,
            "",
            cores,
        ),
        row(
            ("CPU 核总数", "cores of all nodes"),
            last.cores,
            "",
            "cores of each node × nodes",
        ),
        row(
            ("每节点内存", "memory of each node"),
            last.node_memory.map(|b| b / GIB),
            "GiB",
            memory(size),
        ),
    ]
}

fn disks(size: &Size, last: &Year) -> Vec<Row> {
    let (q, costs) = (&size.question, &size.costs);
    let writes = by(&costs.disk_bytes, "bytes a command", 1.0);
    let volume = format!(
        "{} × commands by {} h × {} days at the ordinary pace, growth {}, {} copies",
        by(&costs.command_bytes, "bytes a command", 1.0),
        q.hours,
        q.days,
        q.growth,
        q.copies
    );
    let database = by(&costs.database_bytes, "bytes a command", 1.0);
    vec![
        row(
            ("磁盘写入（峰值）", "disk writes at the peak, one copy"),
            last.disk_rate.map(|b| b / 1e6),
            "MB/s",
            writes,
        ),
        row(
            ("磁盘容量（累计）", "disk volume, all years and copies"),
            last.volume.map(|b| b / TB),
            "TB",
            volume,
        ),
        row(
            (
                "数据库磁盘（累计，一份）",
                "the database's disk, all years, one copy",
            ),
            last.database.map(|b| b / TB),
            "TB",
            database,
        ),
    ]
}

fn wires(size: &Size, last: &Year) -> Vec<Row> {
    let costs = &size.costs;
    let network = by(&costs.network_bytes, "bytes a request", 1.0);
    let syncing = by(&costs.sync_seconds, "ms of syncing a request", 1e3);
    let (zh, en) = (
        "同时同步（日志或数据库连接）",
        "syncs under way at once: journal or database connections",
    );
    vec![
        row(
            ("网络（峰值）", "network at the peak, both ways"),
            last.network_bits.map(|b| b / 1e6),
            "Mbit/s",
            network,
        ),
        row((zh, en), last.syncing, "", syncing),
        row(
            ("用户连接", "connections of users"),
            Some(last.users),
            "",
            "one for each user online",
        ),
        row(
            ("数据能支撑到（每节点）", "the data carries, on one node"),
            Some(size.reach.stretched_rate),
            "1/s",
            size.reach.how.clone(),
        ),
    ]
}

fn memory(size: &Size) -> String {
    let costs = &size.costs;
    let part = |name: &str, cost: &Cost| match cost.value {
        Some(value) => format!("{name} {value:.0} B ({})", cost.how),
        None => format!("{name} not known ({})", cost.how),
    };
    [
        part("empty", &costs.base_bytes),
        part("a connection", &costs.connection_bytes),
        part("a row more", &costs.row_bytes),
        part("an open document", &costs.document_bytes),
        format!("of which {} may be used", size.question.utilisation),
    ]
    .join("; ")
}
