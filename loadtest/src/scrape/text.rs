//! Prometheus' text exposition as types. It comes from elsewhere, so it is hostile until it is parsed: every length has
//! a limit, and every mistake is named by its line.
//!
//! Format: <https://prometheus.io/docs/instrumenting/exposition_formats/>, version 0.0.4: `name{label="value",…} value
//! [timestamp]`, one a line; lines that begin with `#` are for people.

use std::borrow::Cow;

/// The largest exposition that is read, in bytes.
pub(super) const TEXT_MAX: usize = 4 << 20;
/// Samples in one.
const SAMPLES_MAX: usize = 50_000;
/// Labels of one sample.
const LABELS_MAX: usize = 32;

/// One line of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample<'a> {
    /// Name of the metric.
    pub(crate) name: &'a str,
    /// Labels in the order of the line.
    pub(crate) labels: Vec<(&'a str, Cow<'a, str>)>,
    /// Value; may be infinite or not a number.
    pub(crate) value: f64,
}

impl Sample<'_> {
    /// The value of a label.
    pub(crate) fn label(&self, name: &str) -> Option<&str> {
        let found = self.labels.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_ref())
    }
}

/// All samples, in the order of the text.
///
/// # Errors
/// In words, with the line, for the first line that is none.
pub(crate) fn parse(text: &str) -> Result<Vec<Sample<'_>>, String> {
    if text.len() > TEXT_MAX {
        return Err(format!("longer than {TEXT_MAX} bytes"));
    }
    let mut samples = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if samples.len() == SAMPLES_MAX {
            return Err(format!("more than {SAMPLES_MAX} samples"));
        }
        let sample = sample(line).ok_or_else(|| {
            let begin: String = line.chars().take(60).collect();
            format!("line {number} is no sample: {begin:?}")
        });
        samples.push(sample?);
    }
    Ok(samples)
}

fn sample(line: &str) -> Option<Sample<'_>> {
    let end = line.find(|c: char| c == '{' || c.is_whitespace())?;
    let (name, rest) = line.split_at(end);
    if !is_name(name, true) {
        return None;
    }
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    let mut words = rest.split_whitespace();
    let value = words.next()?.parse().ok()?;
    let is_time = |word: &str| word.parse::<i64>().is_ok();
    let is_whole = words.next().is_none_or(is_time) && words.next().is_none();
    is_whole.then_some(Sample {
        name,
        labels,
        value,
    })
}

/// Labels with their values.
type Labels<'a> = Vec<(&'a str, Cow<'a, str>)>;

/// Labels up to the closing brace, and what comes behind it.
fn labels(mut rest: &str) -> Option<(Labels<'_>, &str)> {
    let mut labels = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(behind) = rest.strip_prefix('}') {
            return Some((labels, behind));
        }
        let (name, behind) = rest.split_once('=')?;
        let name = name.trim();
        if !is_name(name, false) || labels.len() == LABELS_MAX {
            return None;
        }
        let (value, behind) = quoted(behind.trim_start().strip_prefix('"')?)?;
        labels.push((name, value));
        rest = behind.trim_start();
        // A comma may also stand before the closing brace.
        match rest.strip_prefix(',') {
            Some(behind) => rest = behind,
            None if rest.starts_with('}') => {}
            None => return None,
        }
    }
}

/// A label's value up to its closing quote, and what comes behind it.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut is_escaped = false;
    let mut has_escapes = false;
    for (at, c) in text.char_indices() {
        match c {
            '\\' if !is_escaped => (is_escaped, has_escapes) = (true, true),
            '"' if !is_escaped => {
                let (raw, behind) = (&text[..at], &text[at + 1..]);
                let value = if has_escapes {
                    Cow::Owned(unescaped(raw))
                } else {
                    Cow::Borrowed(raw)
                };
                return Some((value, behind));
            }
            _ => is_escaped = false,
        }
    }
    None
}

fn unescaped(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
            c => out.push(c),
        }
    }
    out
}

/// `[a-zA-Z_:][a-zA-Z0-9_:]*`, without colons for labels.
fn is_name(name: &str, may_have_colons: bool) -> bool {
    let is_good = |c: char| c.is_ascii_alphanumeric() || c == '_' || (may_have_colons && c == ':');
    let begins = name.chars().next().is_some_and(|c| !c.is_ascii_digit());
    begins && name.chars().all(is_good)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeded::Seeded;

    const GOOD: &str = "# HELP a_total What it is\n# TYPE a_total counter\na_total{route=\"GET /x\",status=\"200\"} 17\n\
        b 2.5e3 1700000000000\n\nc{le=\"+Inf\",} +Inf\nd{text=\"a\\\"b\\\\c\\nd, 户部 }\"} NaN\n";

    #[test]
    fn lines_become_samples() {
        let samples = parse(GOOD).unwrap();
        assert_eq!(samples.len(), 4);
        assert_eq!(samples[0].name, "a_total");
        assert_eq!(samples[0].label("status"), Some("200"));
        assert_eq!((samples[0].value, samples[1].value), (17.0, 2500.0));
        assert_eq!(samples[2].value, f64::INFINITY);
        assert_eq!(samples[3].label("text"), Some("a\"b\\c\nd, 户部 }"));
        assert!(samples[3].value.is_nan());
    }

    #[test]
    fn what_is_no_sample_is_named_by_its_line() {
        for wrong in [
            "a",
            "a{b=\"c\"",
            "a{b=c} 1",
            "a{=\"c\"} 1",
            "a{b=\"c} 1",
            "a{b=\"c\" d=\"e\"} 1",
            "9a 1",
            "a one",
            "a 1 2 3",
            "a 1 soon",
            "{} 1",
        ] {
            let reason = parse(&format!("fine 1\n{wrong}\n")).unwrap_err();
            assert!(reason.starts_with("line 2 "), "{wrong}: {reason}");
        }
        let many = "a 1\n".repeat(SAMPLES_MAX + 1);
        assert!(parse(&many).unwrap_err().contains("samples"));
        assert!(parse(&"#".repeat(TEXT_MAX + 1)).is_err());
        let labels: Vec<String> = (0..=LABELS_MAX).map(|n| format!("l{n}=\"\"")).collect();
        assert!(parse(&format!("a{{{}}} 1", labels.join(","))).is_err());
    }

    #[test]
    fn no_text_is_worse_than_an_error() {
        let mut choice = Seeded::new(7, 7);
        for _ in 0..20_000 {
            let mut bytes = GOOD.as_bytes().to_vec();
            for _ in 0..choice.between(1, 6) {
                let at = choice.below(bytes.len() as u64) as usize;
                bytes[at] = choice.below(256) as u8;
            }
            if let Ok(text) = std::str::from_utf8(&bytes) {
                let _ = parse(text);
            }
        }
    }
}
