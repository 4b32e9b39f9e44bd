//! Who was refused within the present second, and how often: past so many lines of their own they are only counted.
//!
//! Who holds no believed token can ask without end and be nobody in particular, and who holds one can ask for what is not
//! theirs without end: neither may fill the disk with it. What is kept has a bound as well.
//!
//! Whoever shows a token that is over, revoked or bound to a certificate of another is not the person whom it names. Their
//! refusals are counted apart from that person's: else an old token would do to leave the person no line of their own.

use std::collections::BTreeMap;

use super::entry::{Entry, What, Who, cut};

/// Strangers' refusals that get a line of their own within a second.
const STRANGERS_A_SECOND: u32 = 200;

/// The same of one person, and of one person's tokens that are believed no more.
const PERSON_A_SECOND: u32 = 20;

/// Names that are kept apart within a second; those beyond them are counted together, as one person.
const NAMES: usize = 10_000;

/// Whom refusals are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whom {
    /// All whom no token names, and those of [`Whom::Former`] whose names are beyond those that are kept apart.
    Strangers,
    /// One person, by name.
    Person(Box<str>),
    /// Whoever shows tokens of this person that are believed no more, or not from them.
    Former(Box<str>),
    /// All people whose names are beyond those that are kept apart.
    Others,
}

impl Whom {
    /// The person of this name, which is cut where a line's texts are.
    pub fn person(name: &str) -> Self {
        Self::Person(cut(name).into())
    }

    /// Whoever shows a token of the person of this name that is believed no more.
    pub fn former(name: &str) -> Self {
        Self::Former(cut(name).into())
    }

    /// Whom it is counted with where no more names are kept apart. Strangers have their own place however many names there
    /// are.
    fn without_name(self) -> Self {
        match self {
            Self::Person(_) | Self::Others => Self::Others,
            Self::Former(_) | Self::Strangers => Self::Strangers,
        }
    }

    /// Refusals that get a line of their own within a second.
    fn lines_a_second(&self) -> u32 {
        match self {
            Self::Strangers => STRANGERS_A_SECOND,
            Self::Person(_) | Self::Former(_) | Self::Others => PERSON_A_SECOND,
        }
    }

    /// What the line says that counts the others.
    fn why(&self) -> &'static str {
        match self {
            Self::Strangers => "more_strangers",
            Self::Person(_) | Self::Others => "more_refusals",
            Self::Former(_) => "more_former",
        }
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
            true => whom.without_name(),
            false => whom,
        };
        let most = whom.lines_a_second();
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
        let at_ms = self.second.saturating_mul(1000);
        let detail;
        let mut entry = Entry::new(at_ms, What::Refused, whom.why());
        entry.count = Some(count.counted);
        match whom {
            Whom::Person(name) => {
                entry.who = Some(Who {
                    name,
                    ..Who::default()
                });
            }
            // Whose tokens they were, as the lines before it say it. Who showed them nobody knows.
            Whom::Former(name) => {
                detail = format!("of {name}");
                entry.detail = Some(&detail);
            }
            Whom::Strangers | Whom::Others => {}
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

    #[test]
    fn tokens_that_are_believed_no_more_take_no_person_s_lines() {
        let mut crowd = Crowd::default();
        let alone = |crowd: &mut Crowd, whom: Whom| {
            let noted = (0..100).filter(|_| !crowd.is_counted(whom.clone()));
            noted.count()
        };
        assert_eq!(alone(&mut crowd, Whom::former("li")), 20);
        assert_eq!(alone(&mut crowd, Whom::person("li")), 20);
        // Nor those that people share whose names are too many.
        for number in 0..NAMES {
            crowd.is_counted(Whom::person(&number.to_string()));
        }
        assert_eq!(alone(&mut crowd, Whom::former("wang")), 100, "as strangers");
        assert_eq!(alone(&mut crowd, Whom::former("zhao")), 100);
        assert_eq!(alone(&mut crowd, Whom::former("sun")), 0);
    }
}
