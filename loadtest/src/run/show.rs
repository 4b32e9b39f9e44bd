//! Live progress on standard error: a few lines that are rewritten in place on a terminal, plain lines elsewhere.
//!
//! The terminal keeps its mode and its screen, and the cursor always rests at the beginning of the line below the panel.
//! So there is nothing to put back, whatever ends the program, Ctrl-C or a kill included.

use std::io::{IsTerminal, Write};

use super::panel::{Panel, draw, plain};
use crate::measure::Second;
use crate::scrape::Watched;

/// How often plain lines come, in seconds.
const PLAIN_EVERY: u64 = 5;
/// Columns when the terminal does not tell.
const COLUMNS: usize = 100;

/// Where progress goes.
#[derive(Debug)]
pub struct Show {
    is_terminal: bool,
    is_quiet: bool,
    panel: Panel,
    watched: Option<Watched>,
    /// Lines of the panel on the screen, just above the cursor.
    height: usize,
}

impl Show {
    /// Progress of something that takes `length` seconds, on standard error.
    pub fn new(length: f64, is_quiet: bool) -> Self {
        Self {
            is_terminal: std::io::stderr().is_terminal(),
            is_quiet,
            panel: Panel::new(length, speaks_utf8()),
            watched: None,
            height: 0,
        }
    }

    /// Says what is played, and by how many users.
    pub fn title(&mut self, name: &str, users: u32) {
        name.clone_into(&mut self.panel.name);
        self.panel.wanted = u64::from(users);
    }

    /// Shows the server's own figures too.
    pub fn beside(&mut self, watched: Watched) {
        self.watched = Some(watched);
    }

    /// A second of a run.
    pub(crate) fn second(&mut self, second: &Second, opened: u64) {
        let server = self.watched.as_ref().and_then(|watched| {
            watched.stands_at(second.at);
            watched.newest()
        });
        self.panel.heard(second, opened, server);
        if self.is_terminal {
            self.rewrite(&draw(&self.panel, columns()));
        } else if self.panel.seconds % PLAIN_EVERY == 1 {
            self.line(&plain(&self.panel));
        }
    }

    /// Progress of something that is counted: so many of so many.
    pub fn count(&mut self, what: &str, done: u64, all: u64, seconds: f64) {
        let rate = done as f64 / seconds.max(0.001);
        let text = format!(
            "{what}: {done} of {all} ({:.0} %), {rate:.0}/s",
            100.0 * done as f64 / all.max(1) as f64
        );
        if self.is_terminal {
            self.rewrite(&[text]);
        } else {
            self.line(&text);
        }
    }

    /// A line that stays.
    pub fn line(&mut self, text: &str) {
        if self.is_quiet {
            return;
        }
        let clear = self.back_to_top();
        self.height = 0;
        // Progress that cannot be shown is no reason to stop.
        let _ = writeln!(std::io::stderr(), "{clear}{text}");
    }

    fn rewrite(&mut self, lines: &[String]) {
        if self.is_quiet {
            return;
        }
        // One write: half a panel is never seen.
        let text = format!("{}{}\n", self.back_to_top(), lines.join("\n"));
        self.height = lines.len();
        let mut err = std::io::stderr();
        let _ = err.write_all(text.as_bytes());
        let _ = err.flush();
    }

    /// Moves to the panel's first line and clears all below it; what the terminal echoed there (`^C`) goes too.
    fn back_to_top(&self) -> String {
        match (self.is_terminal, self.height) {
            (true, 0) => "\r\x1b[0J".into(),
            (true, height) => format!("\r\x1b[{height}A\x1b[0J"),
            (false, _) => String::new(),
        }
    }
}

fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stderr());
    size.map_or(COLUMNS, |s| usize::from(s.ws_col))
        .clamp(20, 400)
}

/// Whether the terminal can show blocks.
fn speaks_utf8() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty());
    set.is_some_and(|value| {
        let value = value.to_ascii_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    })
}
