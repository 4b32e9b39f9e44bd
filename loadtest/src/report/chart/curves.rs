//! Lines over time, or over percentiles.

use plotters::style::text_anchor::{HPos, VPos};

use super::axis::{Axis, Scale};
use super::paper::{PENS, Paper, Pen, Spot, apart};
use super::{PAGE, PHONE, Size};
use crate::error::LoadError;

/// Height of a row of names above the plot.
const NAME_ROW: i32 = 19;

/// One line.
#[derive(Debug, Clone)]
pub(in crate::report) struct Curve {
    /// Name at its end.
    pub(in crate::report) name: String,
    /// Points, by their first coordinate.
    pub(in crate::report) points: Vec<(f64, f64)>,
}

/// A limit of the plan.
#[derive(Debug, Clone)]
pub(in crate::report) struct Limit {
    /// Name on its line.
    pub(in crate::report) name: String,
    /// Where it lies on the y axis.
    pub(in crate::report) value: f64,
}

/// A chart of lines.
#[derive(Debug, Clone)]
pub(in crate::report) struct Lines {
    /// Title of the x axis.
    pub(in crate::report) x: &'static str,
    /// How it is laid out; [`Scale::Even`] is time.
    pub(in crate::report) x_scale: Scale,
    /// Title of the y axis, with its unit.
    pub(in crate::report) y: &'static str,
    /// How it is laid out.
    pub(in crate::report) y_scale: Scale,
    /// At most as many as there are pens.
    pub(in crate::report) curves: Vec<Curve>,
    /// Limits.
    pub(in crate::report) limits: Vec<Limit>,
}

impl Lines {
    /// The chart for a page and for a phone; `None` when there is nothing to draw.
    pub(in crate::report) fn draw(&self) -> Result<Option<[String; 2]>, LoadError> {
        if self.curves.iter().all(|c| c.points.len() < 2) {
            return Ok(None);
        }
        Ok(Some([self.draw_at(PAGE)?, self.draw_at(PHONE)?]))
    }

    fn draw_at(&self, size: Size) -> Result<String, LoadError> {
        let shown: Vec<(&Curve, Vec<(f64, f64)>)> = self
            .curves
            .iter()
            .filter(|c| c.points.len() > 1)
            .map(|c| (c, thinned(&c.points, size.points)))
            .collect();
        let all = || shown.iter().flat_map(|(_, points)| points);
        let last = all().map(|p| p.0).fold(0.0, f64::max);
        let x = match self.x_scale {
            Scale::Even => Axis::until(last),
            scale => Axis::holding(scale, all().map(|p| p.0)),
        };
        let limits = self.limits.iter().map(|l| l.value);
        let y = Axis::holding(self.y_scale, all().map(|p| p.1).chain(limits));
        let rows = i32::try_from(shown.len().div_ceil(2)).unwrap_or(1);
        let above = if size.has_ends { 0 } else { rows * NAME_ROW };
        let size = Size {
            top: size.top + above,
            height: size.height + above,
            ..size
        };
        let mut svg = String::new();
        let paper = Paper::new(&mut svg, size);
        paper.axes((&x, self.x), (&y, self.y))?;
        for limit in &self.limits {
            paper.limit(&x, &y, limit.value, &limit.name)?;
        }
        let mut ends = Vec::new();
        for ((curve, points), (pen, phase)) in shown.iter().zip(PENS.into_iter().zip(0..)) {
            let spots: Vec<_> = points.iter().map(|p| paper.spot(&x, &y, *p)).collect();
            paper.curve(&spots, pen, phase)?;
            let end = spots.last().copied().unwrap_or_default();
            ends.push((end, curve.name.as_str(), pen));
        }
        if size.has_ends {
            name_at_ends(&paper, ends)?;
        } else {
            name_above(&paper, &ends)?;
        }
        paper.finish()?;
        Ok(svg)
    }
}

/// A line's end, its name and its pen.
type End<'a> = (Spot, &'a str, Pen);

/// Names at the ends of their lines, in their order, moved apart where they would meet.
fn name_at_ends(paper: &Paper<'_>, mut ends: Vec<End<'_>>) -> Result<(), LoadError> {
    ends.sort_by_key(|(end, _, _)| end.1);
    let mut places: Vec<i32> = ends.iter().map(|(end, _, _)| end.1).collect();
    let (_, top, right, bottom) = paper.frame();
    let gap = paper.size.letters.round() as i32;
    apart(&mut places, gap, (top, bottom));
    for ((end, name, pen), place) in ends.into_iter().zip(places) {
        let thin = plotters::style::ShapeStyle::from(&pen.ink).stroke_width(1);
        paper.path(vec![(right + 1, end.1), (right + 8, place)], thin)?;
        name_line(paper, (right + 9, place), name, pen)?;
    }
    Ok(())
}

/// Names above the plot, two in a row.
fn name_above(paper: &Paper<'_>, ends: &[End<'_>]) -> Result<(), LoadError> {
    for ((_, name, pen), at) in ends.iter().zip(0..) {
        let across = 6 + (at % 2) * (paper.size.width / 2);
        name_line(paper, (across, 34 + (at / 2) * NAME_ROW), name, *pen)?;
    }
    Ok(())
}

/// A short piece of the line with its marker, and the name behind it.
fn name_line(paper: &Paper<'_>, (x, y): Spot, name: &str, pen: Pen) -> Result<(), LoadError> {
    paper.stroke(vec![(x, y), (x + 22, y)], pen)?;
    paper.mark((x + 11, y), pen)?;
    paper.text(name, (x + 27, y), pen.ink, (HPos::Left, VPos::Center))
}

/// At most so many points: neighbours are put together, and the highest of them stays, so that no peak is lost.
fn thinned(points: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    let each = points.len().div_ceil(most.max(1)).max(1);
    let highest = |part: &[(f64, f64)]| part.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
    points.chunks(each).filter_map(highest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(curves: Vec<Curve>) -> Lines {
        Lines {
            x: "s",
            x_scale: Scale::Even,
            y: "ms",
            y_scale: Scale::Log,
            curves,
            limits: vec![Limit {
                name: "p99 < 200 ms".into(),
                value: 200.0,
            }],
        }
    }

    #[test]
    fn lines_are_drawn_with_their_names_and_limits() {
        let wave = |n: u32| (f64::from(n), f64::from(n % 7) + 0.5);
        let curve = |name: &str| Curve {
            name: name.into(),
            points: (1..5_000).map(wave).collect(),
        };
        let chart = lines(vec![curve("p50"), curve("p99"), curve("a<b")]);
        for svg in chart.draw().unwrap().unwrap() {
            assert!(svg.starts_with("<svg") && svg.contains("p99 &lt; 200 ms"));
            assert!(svg.contains("p50") && svg.contains("a&lt;b"));
            assert!(!svg.contains("NaN"), "{svg}");
            assert!(svg.len() < 200_000, "{}", svg.len());
        }
    }

    #[test]
    fn nothing_is_no_chart_and_peaks_stay() {
        assert!(lines(Vec::new()).draw().unwrap().is_none());
        let points: Vec<(f64, f64)> = (0..1_000)
            .map(|n| (f64::from(n), if n == 501 { 9.0 } else { 1.0 }))
            .collect();
        let few = thinned(&points, 100);
        assert_eq!(few.len(), 100);
        assert!(few.contains(&(501.0, 9.0)));
    }
}
