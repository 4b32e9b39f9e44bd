//! Actors' names (操作人) as records carry them: who acted, for whom, and whether in an emergency.
//!
//! | in the record | says |
//! | --- | --- |
//! | `zhang` | zhang acted |
//! | `li⇐zhang` | li acted on behalf of zhang (委托) |
//! | `li‼the vault is flooded` | li acted under a break-glass role, for this reason (应急) |
//!
//! The two signs stand in no person's name: [`is_plain`] is asked before anybody is let in. So the journal's format
//! says more without a change, every copy of a record shows it, and the chain seals it.

use crate::rejection::Rejection;
use crate::transition::Transition;

/// Between who acts and on whose behalf.
pub const ON_BEHALF_OF: char = '\u{21D0}';

/// Between who acts and the reason for breaking the glass.
pub const BREAK_GLASS: char = '\u{203C}';

/// The most bytes of one person's name.
pub const PERSON_BYTES_MAX: usize = 128;

/// The most bytes of a reason.
pub const REASON_BYTES_MAX: usize = 200;

/// The most bytes of a name as a record carries it: a person, a sign of three bytes, and a person or a reason.
pub const NAME_BYTES_MAX: usize = PERSON_BYTES_MAX + 3 + REASON_BYTES_MAX;

/// A name in its parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ActorName<'a> {
    /// Who acted.
    pub person: &'a str,
    /// On whose behalf.
    pub on_behalf_of: Option<&'a str>,
    /// Why the glass was broken.
    pub break_glass: Option<&'a str>,
}

impl<'a> ActorName<'a> {
    /// The parts of a name as a record carries it.
    pub fn of(name: &'a str) -> ActorName<'a> {
        let plain = ActorName {
            person: name,
            on_behalf_of: None,
            break_glass: None,
        };
        if has_no_sign(name) {
            return plain;
        }
        // A reason may hold any sign but its own; so the first sign counts.
        match name.split_once([ON_BEHALF_OF, BREAK_GLASS]) {
            None => plain,
            Some((person, rest)) if name[person.len()..].starts_with(ON_BEHALF_OF) => ActorName {
                person,
                on_behalf_of: Some(rest),
                ..plain
            },
            Some((person, rest)) => ActorName {
                person,
                break_glass: Some(rest),
                ..plain
            },
        }
    }

    /// By whose right it was done: the delegator's, where there is one.
    pub fn principal(&self) -> &'a str {
        self.on_behalf_of.unwrap_or(self.person)
    }

    fn stands_for(&self, person: &str) -> bool {
        self.person == person || self.on_behalf_of == Some(person)
    }
}

/// Both signs begin with this byte, which no ASCII name has: a scan that is short for nearly every name.
fn has_no_sign(name: &str) -> bool {
    !name.as_bytes().contains(&0xE2)
}

/// Whether a text can be one person's name: it holds neither sign.
pub fn is_plain(text: &str) -> bool {
    !text.contains([ON_BEHALF_OF, BREAK_GLASS])
}

/// Whether two names, as records carry them, have a person in common: who acted or on whose behalf.
pub fn share_a_person(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    if has_no_sign(one) && has_no_sign(other) {
        return false;
    }
    let (one, other) = (ActorName::of(one), ActorName::of(other));
    other.stands_for(one.person)
        || one
            .on_behalf_of
            .is_some_and(|person| other.stands_for(person))
}

/// Whether both were done by one person's right.
pub fn have_one_principal(one: &str, other: &str) -> bool {
    one == other || ActorName::of(one).principal() == ActorName::of(other).principal()
}

/// Separation of duties (岗位分离): whether `actor` may take the step of a document that `creator` entered and
/// `previous` moved last. A delegate counts as both themselves and the delegator.
///
/// # Errors
/// Which duty they had already, or that only the creator may.
pub fn judge_duties(
    transition: &Transition,
    creator: &str,
    previous: &str,
    actor: &str,
) -> Result<(), Rejection> {
    assert!(!actor.is_empty(), "nobody takes no step");
    if transition.not_creator && share_a_person(creator, actor) {
        return Err(Rejection::CreatorActs);
    }
    if transition.not_previous && share_a_person(previous, actor) {
        return Err(Rejection::PreviousActs);
    }
    // What was entered on somebody's behalf is theirs, not the delegate's.
    if transition.creator_only && !have_one_principal(creator, actor) {
        return Err(Rejection::NotCreator);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_who_for_whom_and_why() {
        let plain = ActorName::of("张三");
        assert_eq!((plain.person, plain.principal()), ("张三", "张三"));
        assert_eq!((plain.on_behalf_of, plain.break_glass), (None, None));
        let delegate = ActorName::of("li⇐zhang");
        assert_eq!((delegate.person, delegate.principal()), ("li", "zhang"));
        let emergency = ActorName::of("li‼flood ⇐ river");
        assert_eq!((emergency.person, emergency.on_behalf_of), ("li", None));
        assert_eq!(emergency.break_glass, Some("flood ⇐ river"));
        // Begins with the signs' first byte, and is none of them.
        assert_eq!(ActorName::of("li—x").person, "li—x");
        assert!(is_plain("li—x") && !is_plain("li⇐x") && !is_plain("‼"));
    }

    #[test]
    fn a_delegate_is_both_people() {
        for (one, other, shares) in [
            ("li", "li", true),
            ("li", "zhang", false),
            ("li⇐zhang", "zhang", true),
            ("li⇐zhang", "li", true),
            ("li⇐zhang", "li⇐wang", true),
            ("li⇐zhang", "wang⇐zhang", true),
            ("li⇐zhang", "wang⇐li", true),
            ("li⇐zhang", "wang", false),
            ("li⇐zhang", "wang⇐zhao", false),
            ("li‼fire", "li", true),
            ("li‼fire", "li‼flood", true),
            ("li‼zhang", "zhang", false),
            ("li", "li2", false),
            ("", "li", false),
        ] {
            assert_eq!(share_a_person(one, other), shares, "{one} {other}");
            assert_eq!(share_a_person(other, one), shares, "{other} {one}");
        }
    }

    #[test]
    fn what_was_entered_for_somebody_is_theirs() {
        assert!(have_one_principal("li⇐zhang", "zhang"));
        assert!(have_one_principal("li⇐zhang", "wang⇐zhang"));
        assert!(have_one_principal("li‼fire", "li"));
        assert!(!have_one_principal("li⇐zhang", "li"));
        assert!(!have_one_principal("li", "zhang"));
    }
}
