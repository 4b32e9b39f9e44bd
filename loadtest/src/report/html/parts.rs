//! The building blocks of the page: text in both languages, tables, figures, numbers.

use std::fmt::Write;

use crate::error::LoadError;

/// The page as it grows.
pub(super) struct Page(String);

/// A text in Chinese and in English.
pub(super) type Words = (&'static str, &'static str);

impl Page {
    /// An empty page.
    pub(super) fn new() -> Self {
        Self(String::with_capacity(256 << 10))
    }

    /// HTML as it is.
    pub(super) fn raw(&mut self, html: &str) {
        self.0.push_str(html);
    }

    /// A heading.
    pub(super) fn heading(&mut self, words: Words) {
        let _ = write!(self.0, "<h2>{}</h2>", both(words));
    }

    /// A smaller one.
    pub(super) fn subheading(&mut self, words: Words) {
        let _ = write!(self.0, "<h3>{}</h3>", both(words));
    }

    /// A paragraph in each language.
    pub(super) fn note(&mut self, zh: &str, en: &str) {
        let (zh, en) = (escape(zh), escape(en));
        let _ = write!(
            self.0,
            "<p class=\"zh note\" lang=\"zh\">{zh}</p><p class=\"en note\" lang=\"en\">{en}</p>"
        );
    }

    /// A chart with its caption; nothing when there is nothing to draw.
    pub(super) fn figure(
        &mut self,
        words: Words,
        drawn: Result<Option<[String; 2]>, LoadError>,
    ) -> Result<(), LoadError> {
        if let Some([page, phone]) = drawn? {
            let _ = write!(
                self.0,
                "<figure><figcaption>{}</figcaption><div class=\"page\">{page}</div><div class=\"phone\">{phone}</div></figure>",
                both(words)
            );
        }
        Ok(())
    }

    /// A table: its headings, then rows of cells that are HTML already.
    pub(super) fn table(&mut self, class: &str, headings: &[String], rows: &[Row]) {
        let _ = write!(self.0, "<div class=\"wide\"><table class=\"{class}\">");
        if !headings.is_empty() {
            // Print repeats a head on every page that the table goes on to.
            self.0.push_str("<thead><tr>");
            for heading in headings {
                let _ = write!(self.0, "<th>{heading}</th>");
            }
            self.0.push_str("</tr></thead>");
        }
        for row in rows {
            let _ = write!(self.0, "<tr class=\"{}\">", row.class);
            for cell in &row.cells {
                let class = if cell.is_text { " class=\"text\"" } else { "" };
                let _ = write!(self.0, "<td{class}>{}</td>", cell.html);
            }
            self.0.push_str("</tr>");
        }
        self.0.push_str("</table></div>");
    }

    /// The finished page.
    pub(super) fn take(self) -> String {
        self.0
    }
}

/// A row of a table.
#[derive(Default)]
pub(super) struct Row {
    class: &'static str,
    cells: Vec<Cell>,
}

struct Cell {
    html: String,
    is_text: bool,
}

impl Row {
    /// An empty row of a class.
    pub(super) fn of(class: &'static str) -> Self {
        Self {
            class,
            cells: Vec::new(),
        }
    }

    /// Adds a number or a name that stays on one line; HTML.
    pub(super) fn cell(mut self, html: impl Into<String>) -> Self {
        self.cells.push(Cell {
            html: html.into(),
            is_text: false,
        });
        self
    }

    /// Adds text that may take several lines; HTML.
    pub(super) fn text(mut self, html: impl Into<String>) -> Self {
        self.cells.push(Cell {
            html: html.into(),
            is_text: true,
        });
        self
    }

    /// Adds a count.
    pub(super) fn count(self, count: u64) -> Self {
        self.cell(grouped(i128::from(count)))
    }

    /// Adds ms.
    pub(super) fn ms(self, value: f64) -> Self {
        self.cell(ms(value))
    }
}

/// Both languages, inline.
pub(super) fn both((zh, en): Words) -> String {
    format!(
        "<span class=\"zh\" lang=\"zh\">{}</span><span class=\"en\" lang=\"en\">{}</span>",
        escape(zh),
        escape(en)
    )
}

/// Headings of a table.
pub(super) fn headings(words: &[Words]) -> Vec<String> {
    words.iter().map(|w| both(*w)).collect()
}

/// Text as HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// `1,234,567`.
pub(super) fn grouped(number: i128) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::from(if number < 0 { "−" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Fen as yuan: `1,234.56`.
pub(super) fn yuan(fen: i128) -> String {
    let sign = if fen < 0 { "−" } else { "" };
    let whole = i128::try_from(fen.unsigned_abs() / 100).unwrap_or(i128::MAX);
    format!("{sign}{}.{:02}", grouped(whole), fen.unsigned_abs() % 100)
}

/// Milliseconds with as many decimals as a reader needs.
pub(super) fn ms(value: f64) -> String {
    match value {
        v if v >= 100.0 => grouped(v.round() as i128),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

/// A figure that may be missing.
pub(super) fn or_dash(value: Option<f64>, text: impl Fn(f64) -> String) -> String {
    value.map_or("–".into(), text)
}

/// MiB or GiB.
pub(super) fn bytes(value: u64) -> String {
    let mib = value as f64 / f64::from(1 << 20);
    if mib >= 1024.0 {
        format!("{:.1} GiB", mib / 1024.0)
    } else {
        format!("{mib:.0} MiB")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(-1_234_567), "−1,234,567");
        assert_eq!(
            [yuan(123_456), yuan(-5), yuan(0)].join(" "),
            "1,234.56 −0.05 0.00"
        );
        assert_eq!(
            [ms(0.123), ms(12.34), ms(1234.5)].join(" "),
            "0.12 12.3 1,235"
        );
        assert_eq!([bytes(5 << 20), bytes(3 << 30)].join(" "), "5 MiB 3.0 GiB");
        assert_eq!(escape("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;");
    }
}
