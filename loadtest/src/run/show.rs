//! Live progress: one line that is rewritten on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};

use crate::measure::Second;

/// How often plain lines come, in seconds.
const PLAIN_EVERY: u64 = 5;

/// Where progress goes.
#[derive(Debug)]
pub struct Show {
    is_terminal: bool,
    is_quiet: bool,
    length: f64,
    heard: u64,
    failed: u64,
    shed: u64,
    width: usize,
}

impl Show {
    /// Progress of something that takes `length` seconds, on standard error.
    pub fn new(length: f64, is_quiet: bool) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        Self {
            is_terminal,
            is_quiet,
            length,
            heard: 0,
            failed: 0,
            shed: 0,
            width: 0,
        }
    }

    /// A second of a run.
    pub(crate) fn second(&mut self, second: &Second, opened: u64) {
        self.heard += 1;
        self.failed += second.failed;
        self.shed += second.shed;
        let left = (self.length - self.heard as f64).max(0.0);
        let text = format!(
            "users {:>6}  connections {:>6}  {:>6} req/s  p50 {:>7.1} ms  p99 {:>7.1} ms  failed {}  shed {}  {:>3.0} s left",
            second.users,
            opened,
            second.requests,
            second.p50_ms,
            second.p99_ms,
            self.failed,
            self.shed,
            left
        );
        if self.is_terminal {
            self.rewrite(&text);
        } else if self.heard % PLAIN_EVERY == 1 {
            self.line(&text);
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
            self.rewrite(&text)
        } else {
            self.line(&text)
        }
    }

    /// A line that stays.
    pub fn line(&mut self, text: &str) {
        if self.is_quiet {
            return;
        }
        let clear = if self.is_terminal && self.width > 0 {
            "\r\x1b[2K"
        } else {
            ""
        };
        self.width = 0;
        // Progress that cannot be shown is no reason to stop.
        let _ = writeln!(std::io::stderr(), "{clear}{text}");
    }

    fn rewrite(&mut self, text: &str) {
        if !self.is_quiet {
            self.width = text.len();
            let mut err = std::io::stderr();
            let _ = write!(err, "\r\x1b[2K{text}");
            let _ = err.flush();
        }
    }
}
