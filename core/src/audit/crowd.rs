//! Who was refused within the present second, and how often: past so many lines of their own they are only counted.
//!
//! Who holds no believed token can ask without end and be nobody in particular, and who holds one can ask for what is not
//! theirs without end: neither may fill the disk with it. What is kept has a bound as well.

use std::collections::BTreeMap;

use super::entry::{Entry, What, Who, cut};

/// Strangers' refusals that get a line of their own within a second.
const STRANGERS_A_SECOND: u32 = 200;

/// The same of one person.
const PERSON_A_SECOND: u32 = 20;

/// Names that are kept apart within a second; those beyond them are counted together, as one person.
const NAMES: usize = 10_000;

/// Whom refusals are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whom {
    /// All whom no believed token names.
    Strangers,
    /// One person, by name.
    Person(Box<str>),
    /// All whose names are beyond those that are kept apart.
    Others,
}

impl Whom {
    /// The person of this name, which is cut where a line's texts are.
    pub(super) fn person(name: &str) -> Self {
        Self::Person(cut(name).into())
    }
}

/// The refusals of one second.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    second: u64,
    counts: BTreeMap<Whom, Count>,
}

/// Refusals with a line of their own, and those without.
#[derive(Debug, Default)]
struct Count {
    noted: u32,
    counted: u64,
}

impl Crowd {
    /// Whether it is of this second.
    pub(super) fn is_of(&self, second: u64) -> bool {
        self.second == second
    }

    /// Counts one more; true when it gets no line of its own.
    pub(super) fn is_counted(&mut self, whom: Whom) -> bool {
        let is_new = !self.counts.contains_key(&whom);
        let whom = match self.counts.len() >= NAMES && is_new {
            // Strangers have their own place however many names there are.
            true if whom != Whom::Strangers => Whom::Others,
            _ => whom,
        };
        let most = match whom {
            Whom::Strangers => STRANGERS_A_SECOND,
            Whom::Person(_) | Whom::Others => PERSON_A_SECOND,
        };
        let count = self.counts.entry(whom).or_default();
        if count.noted < most {
            count.noted += 1;
            return false;
        }
        count.counted += 1;
        true
    }

    /// The JSON text of the first line that says how many were only counted; `None` when all is said.
    pub(super) fn untold(&mut self) -> Option<Vec<u8>> {
        while let Some((_, Count { counted: 0, .. })) = self.counts.first_key_value() {
            self.counts.pop_first();
        }
        let (whom, count) = self.counts.first_key_value()?;
        let why = match whom {
            Whom::Strangers => "more_strangers",
            Whom::Person(_) | Whom::Others => "more_refusals",
        };
        let mut entry = Entry::new(self.second.saturating_mul(1000), What::Refused, why);
        entry.count = Some(count.counted);
        if let Whom::Person(name) = whom {
            entry.who = Some(Who {
                name,
                ..Who::default()
            });
        }
        // Texts and numbers: it always has a form in JSON.
        Some(serde_json::to_vec(&entry).unwrap_or_default())
    }

    /// That line is written.
    pub(super) fn told(&mut self) {
        self.counts.pop_first();
    }

    /// Begins another second.
    pub(super) fn begin(&mut self, second: u64) {
        self.second = second;
        self.counts.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_end_take_no_room_without_end() {
        let mut crowd = Crowd::default();
        let mut counted = 0_u64;
        for number in 0..NAMES + 100 {
            counted += u64::from(crowd.is_counted(Whom::person(&number.to_string())));
        }
        assert_eq!(counted, 80, "a hundred share what one person has");
        assert_eq!(crowd.counts.len(), NAMES + 1);
        assert!(!crowd.is_counted(Whom::Strangers), "they have their place");
        let line = crowd.untold().unwrap();
        let line: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(line["count"], 80);
        assert_eq!(line.get("who"), None);
        crowd.told();
        assert_eq!(crowd.untold(), None);
    }
}
