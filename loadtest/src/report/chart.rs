//! Charts as inline SVG, drawn by plotters: lines over the seconds of a run, and the distribution of latency.

use plotters::prelude::*;

use super::figures::ActionFigures;
use crate::error::LoadError;
use crate::measure::Second;

const SIZE: (u32, u32) = (860, 260);
const FONT: (&str, u32) = ("sans-serif", 13);
/// Ink that can be told apart in grey too: the lines differ in darkness.
const DARK: RGBColor = RGBColor(15, 76, 117);
const MIDDLE: RGBColor = RGBColor(50, 130, 184);
const WARM: RGBColor = RGBColor(200, 80, 40);

/// One line of a chart.
struct Curve<'a> {
    name: &'a str,
    ink: RGBColor,
    points: Vec<(f64, f64)>,
}

/// Requests a second and users at work.
pub(super) fn throughput(seconds: &[Second]) -> Result<String, LoadError> {
    let of = |value: fn(&Second) -> f64| seconds.iter().map(|s| (s.at, value(s))).collect();
    let requests = Curve {
        name: "requests/s",
        ink: DARK,
        points: of(|s| s.requests as f64),
    };
    let bad = Curve {
        name: "refused, shed or failed/s",
        ink: WARM,
        points: of(|s| (s.refused + s.shed + s.failed) as f64),
    };
    lines("seconds", "per second", &[requests, bad])
}

/// Users at work.
pub(super) fn users(seconds: &[Second]) -> Result<String, LoadError> {
    let points = seconds.iter().map(|s| (s.at, s.users as f64)).collect();
    lines(
        "seconds",
        "users at work",
        &[Curve {
            name: "users",
            ink: DARK,
            points,
        }],
    )
}

/// Latency percentiles over time.
pub(super) fn latency(seconds: &[Second]) -> Result<String, LoadError> {
    let of = |value: fn(&Second) -> f64| seconds.iter().map(|s| (s.at, value(s))).collect();
    let p50 = Curve {
        name: "p50",
        ink: MIDDLE,
        points: of(|s| s.p50_ms),
    };
    let p99 = Curve {
        name: "p99",
        ink: DARK,
        points: of(|s| s.p99_ms),
    };
    let max = Curve {
        name: "max",
        ink: WARM,
        points: of(|s| s.max_ms),
    };
    lines("seconds", "ms from due", &[p50, p99, max])
}

/// The 99th percentile by action, as bars.
pub(super) fn by_action(actions: &[ActionFigures]) -> Result<String, LoadError> {
    let mut svg = String::new();
    {
        let height = 60 + 22 * actions.len() as u32;
        let root = SVGBackend::with_string(&mut svg, (SIZE.0, height)).into_drawing_area();
        let longest = actions.iter().map(|a| a.latency_ms.p99).fold(0.1, f64::max) * 1.1;
        let mut chart = ChartBuilder::on(&root)
            .margin(10)
            .x_label_area_size(36)
            .y_label_area_size(170)
            .build_cartesian_2d(0.0..longest, 0.0..actions.len() as f64)
            .map_err(drawing)?;
        let name = |at: &f64| {
            let place = actions.len().checked_sub(1 + *at as usize);
            place
                .and_then(|p| actions.get(p))
                .map_or(String::new(), |a| a.name.clone())
        };
        chart
            .configure_mesh()
            .disable_y_mesh()
            .light_line_style(WHITE)
            .y_labels(0)
            .x_desc("p99 in ms; the dark part is p50")
            .label_style(FONT)
            .y_label_formatter(&name)
            .draw()
            .map_err(drawing)?;
        for (action, at) in actions.iter().rev().zip(0..) {
            let (low, high) = (f64::from(at) + 0.2, f64::from(at) + 0.8);
            let bar =
                |to: f64, ink: RGBColor| Rectangle::new([(0.0, low), (to, high)], ink.filled());
            chart
                .draw_series([
                    bar(action.latency_ms.p99, MIDDLE),
                    bar(action.latency_ms.p50, DARK),
                ])
                .map_err(drawing)?;
            let corner = chart.backend_coord(&(0.0, f64::from(at) + 0.5));
            let text = Text::new(action.name.clone(), (12, corner.1 - 7), FONT.into_font());
            root.draw(&text).map_err(drawing)?;
        }
        root.present().map_err(drawing)?;
    }
    Ok(svg)
}

fn lines(x: &str, y: &str, curves: &[Curve<'_>]) -> Result<String, LoadError> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let all = || curves.iter().flat_map(|c| &c.points);
        let last = all().map(|(at, _)| *at).fold(1.0, f64::max);
        let high = all().map(|(_, v)| *v).fold(1.0, f64::max) * 1.08;
        let mut chart = ChartBuilder::on(&root)
            .margin(10)
            .x_label_area_size(36)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..last, 0.0..high)
            .map_err(drawing)?;
        chart
            .configure_mesh()
            .x_desc(x)
            .y_desc(y)
            .label_style(FONT)
            .light_line_style(WHITE)
            .x_label_formatter(&|v| format!("{v:.0}"))
            .draw()
            .map_err(drawing)?;
        for curve in curves {
            let ink = curve.ink;
            chart
                .draw_series(LineSeries::new(
                    curve.points.iter().copied(),
                    ink.stroke_width(2),
                ))
                .map_err(drawing)?
                .label(curve.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], ink.stroke_width(2)));
        }
        if curves.len() > 1 {
            let legend = chart
                .configure_series_labels()
                .position(SeriesLabelPosition::LowerRight)
                .label_font(FONT)
                .background_style(WHITE.mix(0.8))
                .border_style(BLACK.mix(0.2))
                .draw();
            legend.map_err(drawing)?;
        }
        root.present().map_err(drawing)?;
    }
    Ok(svg)
}

fn drawing(error: impl std::fmt::Display) -> LoadError {
    LoadError::format("chart", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_of_nothing_and_of_something_are_drawn() {
        let second = |at: u32| Second {
            at: f64::from(at),
            requests: 10,
            p99_ms: 3.0,
            max_ms: 9.0,
            ..Second::default()
        };
        for seconds in [Vec::new(), (1..60).map(second).collect()] {
            for svg in [throughput(&seconds), users(&seconds), latency(&seconds)] {
                assert!(svg.unwrap().starts_with("<svg"));
            }
        }
        assert!(by_action(&[]).unwrap().starts_with("<svg"));
    }
}
