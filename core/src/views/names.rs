//! Names (名称): texts that many open documents share, such as agencies and people, each kept once.

use hashbrown::HashMap;
use std::sync::Arc;

/// The number of a text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Name(u32);

impl Name {
    /// The text of no bytes.
    pub(crate) const EMPTY: Name = Name(0);
}

/// Texts by number. They are never let go of: there are as many as there are agencies and people.
#[derive(Debug)]
pub(crate) struct Names {
    texts: Vec<Arc<str>>,
    names: HashMap<Arc<str>, Name>,
}

impl Default for Names {
    fn default() -> Names {
        let empty: Arc<str> = Arc::default();
        Names {
            texts: vec![Arc::clone(&empty)],
            names: [(empty, Name::EMPTY)].into_iter().collect(),
        }
    }
}

impl Names {
    /// The name of a text, if it has one.
    pub(crate) fn find(&self, text: &str) -> Option<Name> {
        self.names.get(text).copied()
    }

    /// The name of a text, which is given one if it has none.
    pub(crate) fn name(&mut self, text: &str) -> Name {
        if let Some(name) = self.find(text) {
            return name;
        }
        let name = Name(self.texts.len() as u32);
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.names.insert(text, name);
        name
    }

    /// The text of a name that was given here.
    pub(crate) fn text(&self, name: Name) -> Arc<str> {
        Arc::clone(&self.texts[name.0 as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_name_and_a_name_its_text() {
        let mut names = Names::default();
        assert_eq!(names.name(""), Name::EMPTY);
        assert_eq!(names.find("zhang"), None);
        let (zhang, li) = (names.name("zhang"), names.name("li"));
        assert_ne!(zhang, li);
        assert_eq!((names.name("zhang"), names.find("li")), (zhang, Some(li)));
        assert_eq!(
            (&*names.text(zhang), &*names.text(Name::EMPTY)),
            ("zhang", "")
        );
    }
}
