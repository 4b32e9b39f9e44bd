//! Where everybody stands, and what there is in each scope.

use hubu_core::http::access_table::Scope;

/// A prefecture: it has a division above, others beside, and two levels below.
const HOME: &str = "420600000";
const PROVINCE: &str = "420000000";
const CHILD: &str = "420602000";
/// A county of the prefecture that the province pays.
const PAID_ABOVE: &str = "420625000";
const GRANDCHILD: &str = "420602001";
const SIBLING: &str = "420100000";
const ELSEWHERE: &str = "420106000";

/// Who asks, apart from their role.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stand {
    /// Of the prefecture's first agency.
    Agency,
    /// Of the prefecture, for no agency.
    Office,
    /// Of the province, for no agency.
    Province,
}

/// Whose a thing is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(super) struct Object {
    pub(super) division: &'static str,
    /// The number of its agency; 0 for none.
    pub(super) agency: u8,
}

impl Object {
    /// The agency's 21 digits, or empty.
    pub(super) fn agency_code(self) -> String {
        match self.agency {
            0 => String::new(),
            number => format!("{}{number:012}", self.division),
        }
    }
}

impl Stand {
    pub(super) const ALL: [Stand; 3] = [Stand::Agency, Stand::Office, Stand::Province];

    /// The stand from which a scope is asked.
    pub(super) fn of(scope: Scope) -> Stand {
        match scope {
            Scope::GrandchildPaid => Stand::Province,
            scope if scope.is_of_agency() => Stand::Agency,
            _ => Stand::Office,
        }
    }

    pub(super) fn division(self) -> &'static str {
        match self {
            Stand::Agency | Stand::Office => HOME,
            Stand::Province => PROVINCE,
        }
    }

    pub(super) fn agency(self) -> Option<String> {
        let own = Object {
            division: HOME,
            agency: 1,
        };
        (self == Stand::Agency).then(|| own.agency_code())
    }

    /// Its scopes.
    pub(super) fn scopes(self) -> impl Iterator<Item = Scope> {
        let scopes = Scope::ALL.iter().map(|(scope, ..)| *scope);
        scopes.filter(move |scope| Stand::of(*scope) == self)
    }
}

/// What there is in a scope.
pub(super) fn objects(scope: Scope) -> Vec<Object> {
    let of = |division, agencies: &[u8]| {
        let agencies = agencies.iter();
        agencies
            .map(|agency| Object {
                division,
                agency: *agency,
            })
            .collect()
    };
    match scope {
        Scope::OwnAgency => of(HOME, &[1]),
        Scope::OtherAgency => of(HOME, &[2]),
        Scope::OwnOffice | Scope::Office => of(HOME, &[0]),
        Scope::OfficeAgencies => of(HOME, &[1, 2]),
        Scope::AgencyBelow | Scope::Child => of(CHILD, &[1, 0]),
        Scope::AgencyAbove | Scope::Parent => of(PROVINCE, &[1, 0]),
        Scope::AgencyBeside | Scope::Sibling => of(SIBLING, &[1, 0]),
        Scope::ChildPaidAbove | Scope::GrandchildPaid => of(PAID_ABOVE, &[1, 0]),
        Scope::Grandchild => of(GRANDCHILD, &[1, 0]),
        Scope::Elsewhere => of(ELSEWHERE, &[1, 0]),
    }
}

/// All that there is, each once.
pub(super) fn all_objects() -> Vec<Object> {
    let mut all: Vec<Object> = Scope::ALL
        .iter()
        .flat_map(|(scope, ..)| objects(*scope))
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}
