//! Text with placeholders: `{name}` or `{file.column}`. Anything else between braces is left as it is, so that JSON
//! needs no escapes: no JSON object begins with a bare word.

use std::borrow::Cow;
use std::collections::HashMap;

/// A piece of a template.
enum Piece<'a> {
    Plain(&'a str),
    Name(&'a str),
}

/// A text that is filled again and again; one without placeholders is never copied.
#[derive(Debug)]
pub(super) struct Template {
    text: String,
    is_plain: bool,
}

impl Template {
    pub(super) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            is_plain: names(text).is_empty(),
        }
    }

    /// The text itself, if there is nothing to fill.
    pub(super) fn plain(&self) -> Option<&str> {
        self.is_plain.then_some(self.text.as_str())
    }

    pub(super) fn fill<'a>(&'a self, values: &HashMap<String, String>) -> Cow<'a, str> {
        match self.plain() {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(fill(&self.text, values)),
        }
    }
}

/// Fills a text; a name without a value stays as it is (plans are checked, so there is none).
pub(super) fn fill(text: &str, values: &HashMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    for piece in pieces(text) {
        match piece {
            Piece::Plain(plain) => out.push_str(plain),
            Piece::Name(name) => match values.get(name) {
                Some(value) => out.push_str(value),
                None => {
                    out.push('{');
                    out.push_str(name);
                    out.push('}');
                }
            },
        }
    }
    out
}

/// The names that a text asks for.
pub(super) fn names(text: &str) -> Vec<&str> {
    let name = |piece| match piece {
        Piece::Name(name) => Some(name),
        Piece::Plain(_) => None,
    };
    pieces(text).into_iter().filter_map(name).collect()
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut rest, mut from) = (text, 0);
    while let Some(at) = rest[from..].find('{').map(|at| at + from) {
        let end = rest[at..].find('}').map(|end| at + end);
        let name = end.map(|end| &rest[at + 1..end]).filter(|n| is_name(n));
        if let (Some(name), Some(end)) = (name, end) {
            pieces.push(Piece::Plain(&rest[..at]));
            pieces.push(Piece::Name(name));
            (rest, from) = (&rest[end + 1..], 0);
        } else {
            from = at + 1;
        }
    }
    pieces.push(Piece::Plain(rest));
    pieces
}

fn is_name(text: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(is_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_and_json_is_left_alone() {
        let values = HashMap::from([("a".into(), "1".into()), ("f.b".into(), "x y".into())]);
        let text = r#"{"n":{a},"m":{"k":"{f.b}","e":{}}} {unknown} {"#;
        assert_eq!(
            fill(text, &values),
            r#"{"n":1,"m":{"k":"x y","e":{}}} {unknown} {"#
        );
        assert_eq!(names(text), ["a", "f.b", "unknown"]);
        assert_eq!(Template::new(text).fill(&values), fill(text, &values));
        assert_eq!(Template::new(text).plain(), None);
        let json = r#"{"n":{"m":{}}}"#;
        assert!(matches!(Template::new(json).fill(&values), Cow::Borrowed(same) if same == json));
    }
}
