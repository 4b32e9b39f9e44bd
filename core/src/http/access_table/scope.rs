//! How somebody stands to what they ask for (数据范围): the columns of the table.

use crate::catalog::document::Acting;

/// A relation between who asks and whose it is. The first six are of an agency's people, the others of people who
/// belong to no agency.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum Scope {
    /// The asker's agency's own.
    OwnAgency,
    /// Another agency's of the same division.
    OtherAgency,
    /// The division's own, of no agency.
    OwnOffice,
    /// Anything of a division below.
    AgencyBelow,
    /// Anything of the division above.
    AgencyAbove,
    /// Anything of another division under the same parent.
    AgencyBeside,
    /// The asker's division's own, of no agency.
    Office,
    /// An agency's of the asker's division.
    OfficeAgencies,
    /// Anything of a division right below, which the asker's division pays.
    Child,
    /// Anything of a division right below that a higher one pays (省直管县).
    ChildPaidAbove,
    /// Anything of a division two levels below.
    Grandchild,
    /// Anything of a division two levels below that the asker's division pays.
    GrandchildPaid,
    /// Anything of the division above.
    Parent,
    /// Anything of another division under the same parent.
    Sibling,
    /// Anything of a division of another branch.
    Elsewhere,
}

impl Scope {
    /// All, with the heading of the column and in words.
    pub const ALL: [(Scope, &str, &str); 15] = [
        (
            Scope::OwnAgency,
            "A own",
            "an agency's person; what is that agency's (本单位)",
        ),
        (
            Scope::OtherAgency,
            "A other",
            "an agency's person; another agency's of the same division (其他单位)",
        ),
        (
            Scope::OwnOffice,
            "A office",
            "an agency's person; what is the division's own and no agency's (本级财政)",
        ),
        (
            Scope::AgencyBelow,
            "A below",
            "an agency's person; anything of a division below (下级)",
        ),
        (
            Scope::AgencyAbove,
            "A above",
            "an agency's person; anything of the division above (上级)",
        ),
        (
            Scope::AgencyBeside,
            "A beside",
            "an agency's person; anything of a sibling division (其他县)",
        ),
        (
            Scope::Office,
            "own",
            "a person of no agency; what is their division's own (本级)",
        ),
        (
            Scope::OfficeAgencies,
            "agencies",
            "a person of no agency; an agency's of their division (本级单位)",
        ),
        (
            Scope::Child,
            "child",
            "a person of no agency; anything of a division right below (下级)",
        ),
        (
            Scope::ChildPaidAbove,
            "child*",
            "as child, where a higher division pays it (省直管县)",
        ),
        (
            Scope::Grandchild,
            "grandchild",
            "a person of no agency; anything two levels below (下下级)",
        ),
        (
            Scope::GrandchildPaid,
            "grandchild*",
            "as grandchild, where the person's division pays it (省直管县)",
        ),
        (
            Scope::Parent,
            "parent",
            "a person of no agency; anything of the division above (上级)",
        ),
        (
            Scope::Sibling,
            "sibling",
            "a person of no agency; anything of another division under the same parent (其他县)",
        ),
        (
            Scope::Elsewhere,
            "elsewhere",
            "a person of no agency; anything of another branch of the tree (其他市)",
        ),
    ];

    /// Whether who asks belongs to an agency.
    pub fn is_of_agency(self) -> bool {
        (self as usize) < Scope::Office as usize
    }

    /// Whether it is the asker's own division.
    pub fn is_own_division(self) -> bool {
        use Scope::{Office, OfficeAgencies, OtherAgency, OwnAgency, OwnOffice};
        matches!(
            self,
            OwnAgency | OtherAgency | OwnOffice | Office | OfficeAgencies
        )
    }

    /// Whether it is below the asker's division, for people of no agency.
    pub fn is_below(self) -> bool {
        use Scope::{Child, ChildPaidAbove, Grandchild, GrandchildPaid};
        matches!(self, Child | ChildPaidAbove | Grandchild | GrandchildPaid)
    }

    /// Whether a step of this sort may be taken by somebody who stands so.
    pub fn acts(self, acting: Acting) -> bool {
        match acting {
            Acting::Document => {
                matches!(
                    self,
                    Scope::OwnAgency | Scope::Office | Scope::OfficeAgencies
                )
            }
            Acting::Parent => matches!(self, Scope::Child | Scope::GrandchildPaid),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_its_place_in_the_list() {
        for (place, (scope, ..)) in Scope::ALL.iter().enumerate() {
            assert_eq!(*scope as usize, place);
        }
    }
}
