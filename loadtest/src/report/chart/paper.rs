//! The paper that charts are drawn on: frame, ticks, titles, limits, and pens that can be told apart without colour.

use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Size;
use super::axis::{Axis, number};
use crate::error::LoadError;

/// Ink of titles and ticks: dark enough for small letters.
const INK: RGBColor = RGBColor(60, 72, 80);
const GRID: RGBColor = RGBColor(222, 230, 235);
/// Ink of limits.
const LIMIT: RGBColor = RGBColor(150, 20, 20);
/// Width of a letter as a share of its height, generously.
pub(super) const LETTER: f64 = 0.52;
/// Below the plot: ticks and the title of the x axis.
const BOTTOM: i32 = 46;

/// What a line is drawn with.
#[derive(Clone, Copy)]
pub(super) struct Pen {
    pub(super) ink: RGBColor,
    /// Lengths of dash and gap; none for a whole line.
    dash: Option<(i32, i32)>,
    mark: Mark,
}

#[derive(Clone, Copy)]
enum Mark {
    Circle,
    Triangle,
    Square,
    Cross,
    Ring,
}

/// Pens in the order in which they are taken.
pub(super) const PENS: [Pen; 5] = [
    Pen {
        ink: RGBColor(15, 76, 117),
        dash: None,
        mark: Mark::Circle,
    },
    Pen {
        ink: RGBColor(178, 70, 20),
        dash: Some((9, 4)),
        mark: Mark::Triangle,
    },
    Pen {
        ink: RGBColor(20, 110, 85),
        dash: Some((3, 3)),
        mark: Mark::Square,
    },
    Pen {
        ink: RGBColor(110, 55, 150),
        dash: Some((14, 3)),
        mark: Mark::Cross,
    },
    Pen {
        ink: RGBColor(80, 80, 80),
        dash: Some((6, 6)),
        mark: Mark::Ring,
    },
];

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

/// Paper of a size.
pub(super) struct Paper<'a> {
    area: Area<'a>,
    pub(super) size: Size,
}

/// A place on it, in pixels.
pub(super) type Spot = (i32, i32);

impl<'a> Paper<'a> {
    /// Empty paper that becomes the SVG in `out` when it is dropped.
    pub(super) fn new(out: &'a mut String, size: Size) -> Self {
        let whole = (size.width.unsigned_abs(), size.height.unsigned_abs());
        Self {
            area: SVGBackend::with_string(out, whole).into_drawing_area(),
            size,
        }
    }

    /// Finishes the drawing.
    pub(super) fn finish(self) -> Result<(), LoadError> {
        self.area.present().map_err(drawing)
    }

    /// Left, top, right and bottom of the plot.
    pub(super) fn frame(&self) -> (i32, i32, i32, i32) {
        let size = self.size;
        let right = size.width - size.right;
        (size.left, size.top, right, size.height - BOTTOM)
    }

    /// Where a point lies.
    pub(super) fn spot(&self, x: &Axis, y: &Axis, point: (f64, f64)) -> Spot {
        let (left, top, right, bottom) = self.frame();
        let across = f64::from(right - left) * x.place(point.0);
        let up = f64::from(bottom - top) * y.place(point.1);
        (left + across.round() as i32, bottom - up.round() as i32)
    }

    /// Grid, ticks and titles.
    pub(super) fn axes(&self, x: (&Axis, &str), y: (&Axis, &str)) -> Result<(), LoadError> {
        let (left, top, right, bottom) = self.frame();
        let rows = usize::try_from(self.size.height / 45).unwrap_or(5);
        for value in y.0.ticks(rows) {
            let (_, at) = self.spot(x.0, y.0, (0.0, value));
            self.path(vec![(left, at), (right, at)], GRID.stroke_width(1))?;
            self.text(
                &number(value),
                (left - 6, at),
                INK,
                (HPos::Right, VPos::Center),
            )?;
        }
        let mut free = i32::MIN;
        for value in x.0.ticks(self.size.ticks) {
            let (at, _) = self.spot(x.0, y.0, (value, 0.0));
            self.path(vec![(at, bottom), (at, bottom + 4)], INK.stroke_width(1))?;
            let name = number(value);
            let half = (name.len() as f64 * self.size.letters * LETTER / 2.0) as i32;
            // A tick keeps its mark where its number would lie on the one before.
            if at - half > free {
                let below = (at, bottom + 7);
                self.text(&name, below, INK, (HPos::Center, VPos::Top))?;
                free = at + half + 4;
            }
        }
        let frame = vec![(left, top), (left, bottom), (right, bottom)];
        self.path(frame, INK.stroke_width(1))?;
        self.text(y.1, (4, 4), INK, (HPos::Left, VPos::Top))?;
        let below = (right, self.size.height - 4);
        self.text(x.1, below, INK, (HPos::Right, VPos::Bottom))
    }

    /// A limit: a dotted line across, with its name on it.
    pub(super) fn limit(
        &self,
        x: &Axis,
        y: &Axis,
        value: f64,
        name: &str,
    ) -> Result<(), LoadError> {
        let (left, top, right, _) = self.frame();
        let (_, at) = self.spot(x, y, (0.0, value));
        self.dashes(vec![(left, at), (right, at)], (2, 4), LIMIT)?;
        // Below the line where there is no room above it.
        let (place, side) = if at - top < 18 {
            (at + 3, VPos::Top)
        } else {
            (at - 3, VPos::Bottom)
        };
        self.text(name, (left + 6, place), LIMIT, (HPos::Left, side))
    }

    /// A line with its dashes and a few markers.
    pub(super) fn curve(&self, spots: &[Spot], pen: Pen, phase: i32) -> Result<(), LoadError> {
        self.stroke(spots.to_vec(), pen)?;
        let (left, _, right, _) = self.frame();
        // Lines begin their markers at different places, so that markers of lines that run together do not meet.
        let every = (right - left) / 7;
        let mut next = left + every / 4 + phase * every / 5;
        for pair in spots.windows(2) {
            if pair[0].0 <= next && pair[1].0 > next {
                self.mark(pair[0], pen)?;
                next += every;
            }
        }
        Ok(())
    }

    /// A line as the pen draws it.
    pub(super) fn stroke(&self, spots: Vec<Spot>, pen: Pen) -> Result<(), LoadError> {
        match pen.dash {
            None => self.path(spots, pen.ink.stroke_width(2)),
            Some(dash) => self.dashes(spots, dash, pen.ink),
        }
    }

    /// A pen's marker.
    pub(super) fn mark(&self, spot: Spot, pen: Pen) -> Result<(), LoadError> {
        let ink = pen.ink;
        let done = match pen.mark {
            Mark::Circle => self.area.draw(&Circle::new(spot, 4, ink.filled())),
            Mark::Ring => self.area.draw(&Circle::new(spot, 4, ink.stroke_width(2))),
            Mark::Triangle => self.area.draw(&TriangleMarker::new(spot, 5, ink.filled())),
            Mark::Cross => self.area.draw(&Cross::new(spot, 4, ink.stroke_width(2))),
            Mark::Square => {
                let (x, y) = spot;
                let corners = [(x - 4, y - 4), (x + 4, y + 4)];
                self.area.draw(&Rectangle::new(corners, ink.filled()))
            }
        };
        done.map_err(drawing)
    }

    /// A path.
    pub(super) fn path(&self, spots: Vec<Spot>, style: ShapeStyle) -> Result<(), LoadError> {
        let path = PathElement::new(spots, style);
        self.area.draw(&path).map_err(drawing)
    }

    fn dashes(&self, spots: Vec<Spot>, dash: (i32, i32), ink: RGBColor) -> Result<(), LoadError> {
        let path = DashedPathElement::new(spots, dash.0, dash.1, ink.stroke_width(2));
        self.area.draw(&path).map_err(drawing)
    }

    /// Letters.
    pub(super) fn text(
        &self,
        text: &str,
        spot: Spot,
        ink: RGBColor,
        (h, v): (HPos, VPos),
    ) -> Result<(), LoadError> {
        let font = ("sans-serif", self.size.letters).into_font();
        let style = font.color(&ink).pos(Pos::new(h, v));
        self.area
            .draw(&Text::new(text.to_owned(), spot, style))
            .map_err(drawing)
    }
}

/// Moves places apart until each is at least `gap` below the one before, and all are within; sorted on entry and exit.
pub(super) fn apart(places: &mut [i32], gap: i32, (top, bottom): (i32, i32)) {
    let mut least = top;
    for place in places.iter_mut() {
        *place = (*place).max(least);
        least = *place + gap;
    }
    let mut most = bottom;
    for place in places.iter_mut().rev() {
        *place = (*place).min(most);
        most = *place - gap;
    }
}

fn drawing(error: impl std::fmt::Display) -> LoadError {
    LoadError::format("chart", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_never_lie_on_each_other() {
        for mut places in [
            vec![10, 11, 12, 13],
            vec![90, 95, 99, 100],
            vec![0, 50, 51, 52],
        ] {
            apart(&mut places, 16, (0, 100));
            assert!(places.windows(2).all(|w| w[1] - w[0] >= 16), "{places:?}");
            assert!(places[3] <= 100 && places[0] >= 0, "{places:?}");
        }
    }
}
