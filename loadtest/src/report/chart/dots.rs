//! Percentiles by name: one row for each, one marker for each percentile, joined by a line.

use plotters::prelude::{Color, RGBColor};
use plotters::style::text_anchor::{HPos, VPos};

use super::axis::{Axis, Scale};
use super::paper::{LETTER, PENS, Paper};
use super::{PAGE, PHONE, Size};
use crate::error::LoadError;

/// Height of a row.
const ROW: i32 = 24;
/// Rows above the first: where the markers are named.
const HEAD: i32 = 34;

/// One row.
#[derive(Debug, Clone)]
pub(in crate::report) struct Dot {
    /// Name on the left.
    pub(in crate::report) name: String,
    /// One value for each marker.
    pub(in crate::report) values: Vec<f64>,
}

/// A chart of rows.
#[derive(Debug, Clone)]
pub(in crate::report) struct Dots {
    /// Title of the axis, with its unit.
    pub(in crate::report) x: &'static str,
    /// What the markers are.
    pub(in crate::report) marks: Vec<&'static str>,
    /// Rows, from the top.
    pub(in crate::report) rows: Vec<Dot>,
}

impl Dots {
    /// The chart for a page and for a phone; `None` when there is nothing to draw.
    pub(in crate::report) fn draw(&self) -> Result<Option<[String; 2]>, LoadError> {
        if self.rows.is_empty() {
            return Ok(None);
        }
        Ok(Some([self.draw_at(PAGE)?, self.draw_at(PHONE)?]))
    }

    fn draw_at(&self, size: Size) -> Result<String, LoadError> {
        let longest = self.rows.iter().map(|r| r.name.chars().count()).max();
        let names = longest.unwrap_or(0) as f64 * size.letters * LETTER;
        let rows = i32::try_from(self.rows.len()).unwrap_or(i32::MAX / ROW / 2);
        let size = Size {
            height: 30 + HEAD + rows * ROW + 46,
            left: (names as i32 + 14).min(size.width / 2),
            right: 18,
            ..size
        };
        let all = self.rows.iter().flat_map(|r| r.values.iter().copied());
        let x = Axis::holding(Scale::Log, all);
        // Rows have no axis of their own: an even one from the bottom, one step a row.
        let y = Axis::until(1.0);
        let mut svg = String::new();
        let paper = Paper::new(&mut svg, size);
        self.frame(&paper, &x, &y)?;
        let (left, top, right, _) = paper.frame();
        let mut across = left;
        for (name, pen) in self.marks.iter().zip(PENS) {
            paper.mark((across + 6, top - 14), pen)?;
            let at = (across + 15, top - 14);
            paper.text(name, at, pen.ink, (HPos::Left, VPos::Center))?;
            across += (right - left) / 4;
        }
        for (row, at) in self.rows.iter().zip(0..) {
            let at = top + HEAD / 2 + at * ROW;
            let ink = RGBColor(40, 50, 56);
            let place = (left - 8, at);
            paper.text(&row.name, place, ink, (HPos::Right, VPos::Center))?;
            let spots: Vec<i32> = row
                .values
                .iter()
                .map(|v| paper.spot(&x, &y, (*v, 0.0)).0)
                .collect();
            if let (Some(from), Some(to)) = (spots.iter().min(), spots.iter().max()) {
                let thin = RGBColor(150, 165, 175).stroke_width(1);
                paper.path(vec![(*from, at), (*to, at)], thin)?;
            }
            // The lower percentile on top, where two are the same.
            let marks: Vec<_> = spots.into_iter().zip(PENS).collect();
            for (spot, pen) in marks.into_iter().rev() {
                paper.mark((spot, at), pen)?;
            }
        }
        paper.finish()?;
        Ok(svg)
    }

    fn frame(&self, paper: &Paper<'_>, x: &Axis, y: &Axis) -> Result<(), LoadError> {
        let (_, top, _, bottom) = paper.frame();
        let grid = RGBColor(222, 230, 235).stroke_width(1);
        let ink = RGBColor(60, 72, 80);
        for value in x.ticks(paper.size.ticks) {
            let (at, _) = paper.spot(x, y, (value, 0.0));
            paper.path(vec![(at, top), (at, bottom)], grid)?;
            let below = (at, bottom + 6);
            let number = super::axis::number(value);
            paper.text(&number, below, ink, (HPos::Center, VPos::Top))?;
        }
        let (_, _, right, _) = paper.frame();
        let below = (right, paper.size.height - 4);
        paper.text(self.x, below, ink, (HPos::Right, VPos::Bottom))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_its_name_and_markers() {
        let row = |name: &str| Dot {
            name: name.into(),
            values: vec![1.0, 10.0, 40.0],
        };
        let mut chart = Dots {
            x: "ms",
            marks: vec!["p50", "p99", "p99.9"],
            rows: vec![row("payment.submit"), row("read.work")],
        };
        for svg in chart.draw().unwrap().unwrap() {
            assert!(svg.contains("payment.submit") && svg.contains("p99.9"));
            assert_eq!(svg.matches("<circle").count(), 3, "two rows and the name");
        }
        chart.rows.clear();
        assert!(chart.draw().unwrap().is_none());
    }
}
