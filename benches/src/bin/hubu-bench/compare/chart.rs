//! One chart: payments a second by load and system, on a logarithmic scale, since they lie tens of times apart.

use super::outcome::Comparison;
use super::system::{Load, System};
use crate::Outcome;
use plotters::prelude::*;

const WIDTH: u32 = 860;
const BAR: u32 = 24;
const LEFT: i32 = 120;
const FONT: (&str, u32) = ("sans-serif", 13);
/// What may be left of the lowest bar.
const FLOOR: f64 = 0.5;

/// Inks that differ in darkness too.
fn ink(system: System) -> RGBColor {
    match system {
        System::HubuFile => RGBColor(15, 76, 117),
        System::HubuPostgres => RGBColor(50, 130, 184),
        System::RowLock => RGBColor(200, 80, 40),
        System::Batched => RGBColor(226, 165, 120),
    }
}

/// A bar, or the space between two groups.
type Bar = Option<(Load, System, f64, Option<f64>)>;

/// The chart as SVG.
pub(super) fn rates(comparison: &Comparison) -> Outcome<String> {
    let mut bars: Vec<Bar> = Vec::new();
    for load in [Load::Uniform, Load::Hot10, Load::Hot1] {
        let cells = comparison.cells.iter().filter(|cell| cell.load == load);
        let before = bars.len();
        bars.extend(cells.map(|cell| Some((load, cell.system, cell.rate, cell.ratio))));
        if bars.len() > before {
            bars.push(None);
        }
    }
    let rates = || bars.iter().flatten().map(|(_, _, rate, _)| rate.max(1.0));
    let lowest = rates().fold(f64::INFINITY, f64::min).min(1e9) * FLOOR;
    let highest = rates().fold(lowest * 10.0, f64::max) * 6.0;
    let mut svg = String::new();
    {
        let size = (WIDTH, 70 + BAR * bars.len() as u32);
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin(10)
            .x_label_area_size(40)
            .y_label_area_size(LEFT)
            .build_cartesian_2d((lowest..highest).log_scale(), 0.0..bars.len() as f64)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .light_line_style(WHITE)
            .y_labels(0)
            .x_desc("payments a second, logarithmic 每秒支付笔数（对数）")
            .label_style(FONT)
            .x_label_formatter(&|rate| format!("{rate:.0}"))
            .draw()?;
        for (bar, at) in bars.iter().rev().zip(0..) {
            let Some((load, system, rate, ratio)) = bar else {
                continue;
            };
            let (low, high) = (f64::from(at) + 0.12, f64::from(at) + 0.88);
            let corners = [(lowest, low), (rate.max(lowest), high)];
            chart.draw_series([Rectangle::new(corners, ink(*system).filled())])?;
            let text = |text: String, x: i32, y: i32| Text::new(text, (x, y - 7), FONT.into_font());
            let (x, y) = chart.backend_coord(&(rate.max(lowest), f64::from(at) + 0.5));
            let times = ratio.map_or(String::new(), |ratio| format!("  = {ratio:.1} × c"));
            root.draw(&text(format!("{rate:.0}/s{times}"), x + 6, y))?;
            root.draw(&text(
                format!("{}  {}", load.name(), system.letter()),
                20,
                y,
            ))?;
        }
        root.present()?;
    }
    Ok(svg)
}
