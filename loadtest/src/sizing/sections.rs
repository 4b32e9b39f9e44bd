//! The result as tables of text in both languages, for a terminal, a page, or whoever shows it.

use serde::{Deserialize, Serialize};

use super::beside::Beside;
use super::need::Year;
use super::reach::Carried;
use super::rows::{GIB, TB};
use super::size::Size;

/// A table of text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Its title, in both languages.
    pub title: String,
    /// Its lines.
    pub rows: Vec<Line>,
}

/// A line of text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// In both languages.
    pub label: String,
    /// With its unit.
    pub value: String,
    /// From what.
    pub note: String,
}

/// All of it as text.
pub(super) fn sections(size: &Size) -> Vec<Section> {
    let last = size.years.last().map_or(0, |y| y.year);
    let mut all = vec![Section {
        title: format!("要购买的（第 {last} 年） · What to buy (year {last})"),
        rows: size
            .rows
            .iter()
            .map(|r| text(&r.label_zh, &r.label_en, r.value, &r.unit, &r.how))
            .collect(),
    }];
    all.push(Section {
        title: "逐年 · Year by year".into(),
        rows: size.years.iter().map(year).collect(),
    });
    let factor = |b: &Beside| Line {
        label: format!("{} · {}", b.label_zh, b.label_en),
        value: format!(
            "{} / {}{}",
            number(b.paper),
            number(b.measured),
            b.factor
                .map_or(String::new(), |f| format!(" = {} ×", number(Some(f))))
        ),
        note: format!("{} {}", b.unit, b.how).trim().to_owned(),
    };
    all.push(Section {
        title: "公式与实测之比 · Paper over measured".into(),
        rows: size.paper.iter().map(factor).collect(),
    });
    all.push(Section {
        title: "通用可扩展性定律 · Universal scalability law".into(),
        rows: law(size),
    });
    if !size.reasons.is_empty() {
        let line = |reason: &String| Line {
            label: "拒绝外推 · Not extrapolated".into(),
            value: String::new(),
            note: reason.clone(),
        };
        all.insert(
            0,
            Section {
                title: "超出数据 · Beyond the data".into(),
                rows: size.reasons.iter().map(line).collect(),
            },
        );
    }
    all
}

fn text(zh: &str, en: &str, value: Option<f64>, unit: &str, note: &str) -> Line {
    Line {
        label: format!("{zh} · {en}"),
        value: format!("{} {unit}", number(value)).trim().to_owned(),
        note: note.to_owned(),
    }
}

fn year(y: &Year) -> Line {
    let carried = match y.carried {
        Carried::Measured => "实测可支撑 · carried by the measured machine",
        Carried::Stretched => "按单请求开销外推 · by the cost of a request, on a larger machine",
        Carried::Refused => "超出数据 · beyond the data",
    };
    let cores = y.node_cores.map_or("-".into(), |c| format!("{c:.0}"));
    Line {
        label: format!("第 {} 年 · year {}", y.year, y.year),
        value: format!(
            "{:.0} 用户 users; 峰值 peak {:.0}/s; 每节点 a node {cores} 核 cores, {} GiB; 磁盘 disk {} TB",
            y.users,
            y.peak_rate,
            number(y.node_memory.map(|b| b / GIB)),
            number(y.volume.map(|b| b / TB))
        ),
        note: carried.into(),
    }
}

fn law(size: &Size) -> Vec<Line> {
    let f = &size.law;
    let line = |name: &str, value: String, note: String| Line {
        label: name.into(),
        value,
        note,
    };
    let between = |low: f64, high: f64| format!("95 %: {low:.4} – {high:.4}");
    let top = f.top_interval.map_or("not bounded".into(), |i| {
        format!("95 %: {:.0} – {:.0}", i.low, i.high)
    });
    vec![
        line(
            "λ (1/s)",
            format!("{:.1}", f.law.lambda),
            between(f.lambda.low, f.lambda.high),
        ),
        line(
            "σ",
            format!("{:.5}", f.law.sigma),
            between(f.sigma.low, f.sigma.high),
        ),
        line(
            "κ",
            format!("{:.7}", f.law.kappa),
            format!("95 %: {:.7} – {:.7}", f.kappa.low, f.kappa.high),
        ),
        line("最高吞吐 · highest throughput (1/s)", number(f.top), top),
        line(
            "残差 · residual",
            format!("{:.1} %", f.residual * 100.0),
            format!("{} points; N: {}", size.points.len(), f.n_is),
        ),
    ]
}

/// A number as people write it; a dash for what is not known.
pub(super) fn number(value: Option<f64>) -> String {
    match value {
        None => "-".into(),
        Some(v) if v.fract() == 0.0 || v.abs() >= 100.0 => format!("{v:.0}"),
        Some(v) if v.abs() >= 1.0 => format!("{v:.1}"),
        Some(v) => format!("{v:.3}"),
    }
}
