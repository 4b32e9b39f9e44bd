//! Charts as inline SVG, drawn by plotters. Each is drawn twice, for a page and for a phone, since a picture that is only
//! scaled down has letters that nobody can read.
//!
//! No line needs its colour to be known: each has dashes and a marker of its own and its name at its end. [`axis`] chooses
//! ticks, [`paper`] draws frame, ticks and limits, [`curves`] lines, and [`dots`] percentiles by name.

mod axis;
mod curves;
mod dots;
mod paper;

pub(super) use axis::Scale;
pub(super) use curves::{Curve, Limit, Lines};
pub(super) use dots::{Dot, Dots};

/// The size of a chart, and what fits into it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    width: i32,
    height: i32,
    /// Room above the plot, for the title of the y axis and names that do not stand at the ends of lines.
    top: i32,
    /// Room for the labels of the y axis, and for names at the ends of lines.
    left: i32,
    right: i32,
    /// Whether there is room for those.
    has_ends: bool,
    /// Height of letters.
    letters: f64,
    /// Most points of a line.
    points: usize,
    ticks: usize,
}

/// On a page.
pub(super) const PAGE: Size = Size {
    width: 880,
    height: 300,
    top: 30,
    left: 62,
    right: 158,
    has_ends: true,
    letters: 17.0,
    points: 300,
    ticks: 8,
};

/// On a phone.
pub(super) const PHONE: Size = Size {
    width: 358,
    height: 270,
    top: 30,
    left: 46,
    right: 16,
    has_ends: false,
    letters: 15.0,
    points: 100,
    ticks: 4,
};
