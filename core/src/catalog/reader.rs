//! Reading a TOML file and keeping every mistake in it with its line.
//!
//! A [`Table`] remembers which keys were asked for, and [`Table::finish`] reports the others, so that
//! a misspelt key is a mistake and not a silence. Reading goes on after a mistake: a reader that finds
//! something wrong says so and returns `None`.

use super::error::Mistake;
use std::cell::RefCell;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// All mistakes found so far.
#[derive(Debug, Default)]
pub(super) struct Mistakes {
    list: RefCell<Vec<Mistake>>,
}

impl Mistakes {
    pub(super) fn add(&self, file: &str, line: u32, message: impl Into<String>) {
        self.list.borrow_mut().push(Mistake {
            file: file.to_owned(),
            line,
            message: message.into(),
        });
    }

    /// All, by file and line, each once.
    pub(super) fn sorted(self) -> Vec<Mistake> {
        let mut list = self.list.into_inner();
        list.sort();
        list.dedup();
        list
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.borrow().is_empty()
    }
}

/// A file being read.
#[derive(Clone, Copy, Debug)]
pub(super) struct File<'a> {
    pub(super) name: &'a str,
    text: &'a str,
    mistakes: &'a Mistakes,
}

impl<'a> File<'a> {
    pub(super) fn new(name: &'a str, text: &'a str, mistakes: &'a Mistakes) -> File<'a> {
        File {
            name,
            text,
            mistakes,
        }
    }

    /// Parses the file; what can't be parsed is reported, what can is returned.
    pub(super) fn parse(&self) -> Spanned<DeTable<'a>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            self.mistake(at, error.message());
        }
        table
    }

    pub(super) fn mistake(&self, at: usize, message: impl Into<String>) {
        self.mistakes.add(self.name, self.line(at), message);
    }

    fn line(&self, at: usize) -> u32 {
        let before = self.text.as_bytes().iter().take(at);
        1 + before.filter(|byte| **byte == b'\n').count() as u32
    }
}

/// A table being read.
#[derive(Debug)]
pub(super) struct Table<'a> {
    file: File<'a>,
    at: usize,
    table: &'a DeTable<'a>,
    asked: RefCell<Vec<&'static str>>,
}

/// A value being read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'a> {
    file: File<'a>,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Table<'a> {
    pub(super) fn root(file: File<'a>, table: &'a Spanned<DeTable<'a>>) -> Table<'a> {
        Table {
            file,
            at: table.span().start,
            table: table.as_ref(),
            asked: RefCell::default(),
        }
    }

    /// The value of a key that may be missing.
    pub(super) fn get(&self, key: &'static str) -> Option<Node<'a>> {
        self.asked.borrow_mut().push(key);
        let value = self.table.get(key)?;
        Some(Node {
            file: self.file,
            value,
        })
    }

    /// The value of a key that must be there.
    pub(super) fn need(&self, key: &'static str) -> Option<Node<'a>> {
        let found = self.get(key);
        if found.is_none() {
            self.mistake(format!("`{key}` is missing"));
        }
        found
    }

    /// Keys and values in the order of the file, for tables whose keys are names.
    pub(super) fn entries(&self) -> Vec<(&'a str, Node<'a>)> {
        let mut entries: Vec<_> = self.table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
            .into_iter()
            .map(|(key, value)| {
                (
                    key.as_ref().as_ref(),
                    Node {
                        file: self.file,
                        value,
                    },
                )
            })
            .collect()
    }

    /// Reports keys that nobody asked for.
    pub(super) fn finish(&self) {
        let asked = self.asked.borrow();
        for key in self.table.keys() {
            let name: &str = key.as_ref();
            if !asked.contains(&name) {
                let known = asked.join(", ");
                let message = format!("unknown key `{name}`; known here: {known}");
                self.file.mistake(key.span().start, message);
            }
        }
    }

    pub(super) fn mistake(&self, message: impl Into<String>) {
        self.file.mistake(self.at, message);
    }

    /// File and line, for what is said later.
    pub(super) fn position(&self) -> (String, u32) {
        (self.file.name.to_owned(), self.file.line(self.at))
    }

    /// A text that must be there and not be empty.
    pub(super) fn text(&self, key: &'static str) -> Option<&'a str> {
        self.need(key)?.text()
    }

    /// A number that must be there.
    pub(super) fn number<T: TryFrom<i64>>(&self, key: &'static str) -> Option<T> {
        self.need(key)?.number()
    }

    /// A flag that is off when it is missing.
    pub(super) fn flag(&self, key: &'static str) -> bool {
        self.get(key).and_then(|node| node.flag()).unwrap_or(false)
    }

    /// A list that is empty when it is missing.
    pub(super) fn list(&self, key: &'static str) -> Vec<Node<'a>> {
        self.get(key).map(|node| node.list()).unwrap_or_default()
    }

    /// Tables of a list such as `[[ledgers]]`.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Table<'a>> {
        self.list(key).iter().filter_map(Node::table).collect()
    }

    /// One of a few words; `standard` when the key is missing.
    pub(super) fn choice<T: Copy>(
        &self,
        key: &'static str,
        words: &[(&str, T)],
        standard: Option<T>,
    ) -> Option<T> {
        match (self.get(key), standard) {
            (Some(node), _) => node.choice(words),
            (None, Some(standard)) => Some(standard),
            (None, None) => {
                self.mistake(format!("`{key}` is missing"));
                None
            }
        }
    }
}

impl<'a> Node<'a> {
    pub(super) fn mistake(&self, message: impl Into<String>) {
        self.file.mistake(self.value.span().start, message);
    }

    fn wrong(&self, wanted: &str) {
        let found = self.value.as_ref().type_str();
        self.mistake(format!("a {wanted} is wanted here, not a {found}"));
    }

    pub(super) fn text(&self) -> Option<&'a str> {
        match self.value.as_ref().as_str() {
            Some("") => {
                self.mistake("this may not be empty");
                None
            }
            Some(text) => Some(text),
            None => {
                self.wrong("string");
                None
            }
        }
    }

    /// As [`Node::text`], but the empty string is a value.
    pub(super) fn any_text(&self) -> Option<&'a str> {
        let text = self.value.as_ref().as_str();
        if text.is_none() {
            self.wrong("string");
        }
        text
    }

    pub(super) fn number<T: TryFrom<i64>>(&self) -> Option<T> {
        let Some(integer) = self.value.as_ref().as_integer() else {
            self.wrong("number");
            return None;
        };
        let parsed = i64::from_str_radix(integer.as_str(), integer.radix());
        let fitted = parsed.ok().and_then(|number| T::try_from(number).ok());
        if fitted.is_none() {
            self.mistake("this number is out of range");
        }
        fitted
    }

    pub(super) fn flag(&self) -> Option<bool> {
        let flag = self.value.as_ref().as_bool();
        if flag.is_none() {
            self.wrong("bool");
        }
        flag
    }

    pub(super) fn list(&self) -> Vec<Node<'a>> {
        match self.value.as_ref().as_array() {
            Some(array) => array
                .iter()
                .map(|value| Node {
                    file: self.file,
                    value,
                })
                .collect(),
            None => {
                self.wrong("list");
                Vec::new()
            }
        }
    }

    pub(super) fn table(&self) -> Option<Table<'a>> {
        let Some(table) = self.value.as_ref().as_table() else {
            self.wrong("table");
            return None;
        };
        Some(Table {
            file: self.file,
            at: self.value.span().start,
            table,
            asked: RefCell::default(),
        })
    }

    /// The value where it is neither a table nor of a kind that parameters have no use for.
    pub(super) fn plain(&self) -> Option<toml::Value> {
        let value = self.value.as_ref();
        let list = || value.as_array().map(|_| self.list());
        if let Some(text) = value.as_str() {
            Some(text.into())
        } else if let Some(flag) = value.as_bool() {
            Some(flag.into())
        } else if value.is_integer() {
            self.number::<i64>().map(Into::into)
        } else {
            list().map(|nodes| toml::Value::Array(nodes.iter().filter_map(Node::plain).collect()))
        }
    }

    pub(super) fn is_text(&self) -> bool {
        self.value.as_ref().is_str()
    }

    pub(super) fn is_flag(&self) -> bool {
        self.value.as_ref().is_bool()
    }

    pub(super) fn choice<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.mistake(format!("`{text}` is not one of: {}", known.join(", ")));
        }
        found.map(|(_, value)| *value)
    }
}
