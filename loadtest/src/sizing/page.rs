//! The sizing as one page that needs nothing beside it, in Chinese and English, with the points and the law drawn.

use std::fmt::Write;

use plotters::prelude::*;

use super::size::Size;
use crate::error::LoadError;

const SIZE: (u32, u32) = (860, 320);
/// Ink that can be told apart in grey too.
const DARK: RGBColor = RGBColor(15, 76, 117);
const WARM: RGBColor = RGBColor(200, 80, 40);
/// Points of the drawn law.
const DRAWN: u32 = 200;

const HEAD: &str = "<!doctype html><html lang=\"zh\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">
<title>规模测算 · Sizing</title><style>
body{font:15px/1.5 system-ui,sans-serif;max-width:900px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;width:100%}td{border-bottom:1px solid #ccc;padding:.3em .6em;vertical-align:top;overflow-wrap:anywhere}
td:nth-child(1){width:30%}td:nth-child(2){width:24%}td:nth-child(3){color:#555;font-size:.87em}
svg{max-width:100%;height:auto}.bad{border-left:4px solid #c85028;padding-left:.8em}
@media(max-width:600px){tr{display:block;border-bottom:1px solid #ccc;padding:.4em 0}td,td:nth-child(n){display:block;width:auto;border:0;padding:.1em 0}
td:nth-child(1){font-weight:600}}
@media print{body{margin:0;max-width:none}}</style>";

/// Draws the page.
///
/// # Errors
/// The chart cannot be drawn.
pub fn page(size: &Size) -> Result<String, LoadError> {
    let mut out = String::from(HEAD);
    let source = &size.source;
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "<h1>规模测算 · Sizing</h1><p>{} · {} · {} 核/cores · {}</p>",
        escape(&source.plan),
        escape(&source.platform.cpu),
        source.platform.cores,
        escape(&source.limit.why)
    );
    if let Some(share) = source.harness_share {
        let _ = write!(
            out,
            "<p>测量时压测程序占用 CPU 忙时的 {:.0} % · the harness took {:.0} % of the busy time</p>",
            share * 100.0,
            share * 100.0
        );
    }
    for (at, section) in size.sections.iter().enumerate() {
        let class = if at == 0 && !size.reasons.is_empty() {
            " class=\"bad\""
        } else {
            ""
        };
        let _ = write!(
            out,
            "<section{class}><h2>{}</h2><table>",
            escape(&section.title)
        );
        for row in &section.rows {
            let _ = write!(
                out,
                "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
                escape(&row.label),
                escape(&row.value),
                escape(&row.note)
            );
        }
        out.push_str("</table></section>");
    }
    let _ = write!(
        out,
        "<h2>实测点与定律 · Points and law</h2>{}<p>● 达标 held  ○ 未达标 broke  — X(N) = λN / (1 + σ(N−1) + κN(N−1))</p></html>",
        chart(size)?
    );
    Ok(out)
}

/// Throughput against requests under way: the points, and the law as far as they go.
fn chart(size: &Size) -> Result<String, LoadError> {
    let bad = |e: &dyn std::fmt::Display| LoadError::format("chart", e);
    let mut svg = String::new();
    {
        let largest = size.points.iter().map(|p| p.n).fold(1.0, f64::max) * 1.05;
        let fastest = size
            .points
            .iter()
            .map(|p| p.rate.max(p.fitted))
            .fold(1.0, f64::max)
            * 1.1;
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE).map_err(|e| bad(&e))?;
        let mut chart = ChartBuilder::on(&root)
            .margin(10)
            .x_label_area_size(36)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..largest, 0.0..fastest)
            .map_err(|e| bad(&e))?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .x_desc("N")
            .y_desc("requests/s")
            .draw()
            .map_err(|e| bad(&e))?;
        let law = size.law.law;
        let step = largest / f64::from(DRAWN);
        let line = (1..=DRAWN)
            .map(|at| f64::from(at) * step)
            .map(|n| (n, law.rate(n)));
        chart
            .draw_series(LineSeries::new(line, DARK.stroke_width(2)))
            .map_err(|e| bad(&e))?;
        let dots = size.points.iter().map(|p| {
            let style = if p.held {
                DARK.filled()
            } else {
                WARM.stroke_width(2)
            };
            Circle::new((p.n, p.rate), 4, style)
        });
        chart.draw_series(dots).map_err(|e| bad(&e))?;
        root.present().map_err(|e| bad(&e))?;
    }
    Ok(svg)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
