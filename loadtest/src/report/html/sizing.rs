//! The sizing, when `hubu-load size` left one beside the result. It is read as labels and values alone, so that the page
//! shows whatever the sizing has to say, and nothing when there is none or it cannot be read.

use std::path::Path;

use serde::Deserialize;

use super::parts::{Page, Row, escape};

/// The file.
const FILE: &str = "size.json";
/// The largest that is read, in bytes.
const FILE_MAX: u64 = 4 << 20;

/// What is read of it; the rest is for others.
#[derive(Debug, Deserialize)]
struct Sizing {
    /// Tables of labels and values.
    sections: Vec<Section>,
}

#[derive(Debug, Deserialize)]
struct Section {
    title: String,
    #[serde(default)]
    rows: Vec<Line>,
}

#[derive(Debug, Deserialize)]
struct Line {
    label: String,
    value: String,
    #[serde(default)]
    note: String,
}

/// Draws the sizing of a folder.
pub(super) fn draw(page: &mut Page, folder: &Path) {
    let Some(sizing) = read(&folder.join(FILE)) else {
        return;
    };
    page.heading(("规模测算", "Sizing"));
    for section in sizing.sections {
        page.raw(&format!("<h3>{}</h3>", escape(&section.title)));
        let row = |line: &Line| {
            Row::default()
                .text(escape(&line.label))
                .cell(escape(&line.value))
                .text(escape(&line.note))
        };
        let rows: Vec<Row> = section.rows.iter().map(row).collect();
        page.table("facts", &[], &rows);
    }
}

fn read(path: &Path) -> Option<Sizing> {
    let size = std::fs::metadata(path).ok()?.len();
    if size > FILE_MAX {
        return None;
    }
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sizing_is_shown_and_its_absence_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let drawn = || {
            let mut page = Page::new();
            draw(&mut page, folder.path());
            page.take()
        };
        assert_eq!(drawn(), "");
        let text = r#"{"other": 1, "sections": [{"title": "What to buy", "rows":
            [{"label": "cores", "value": "8", "note": "<one node lost>"}]}]}"#;
        std::fs::write(folder.path().join(FILE), text).unwrap();
        let page = drawn();
        assert!(page.contains("What to buy") && page.contains("&lt;one node lost&gt;"));
        std::fs::write(folder.path().join(FILE), "{").unwrap();
        assert_eq!(drawn(), "");
    }
}
