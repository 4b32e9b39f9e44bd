//! Who asks: the people of one county, and an auditor of the province who sees all that happened.

use crate::Outcome;
use hubu_testkit::Site;

pub(super) const PROVINCE: &str = "420000000";
pub(super) const COUNTY: &str = "420106000";

/// So many agencies, each with an indicator row and a plan row.
pub(super) const AGENCIES: usize = 4;

/// Somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// The clerk of an agency, by its place.
    Clerk(usize),
    /// Who reviews there.
    Reviewer(usize),
    /// Who signs there.
    Head(usize),
    /// Two of the payment centre, as nobody takes two steps in a row.
    Sealer,
    Sender,
    Bank,
    /// The budget office, which moves money between indicators.
    Mover,
    Loader,
    Auditor,
}

const OTHERS: [Who; 6] = [
    Who::Sealer,
    Who::Sender,
    Who::Bank,
    Who::Mover,
    Who::Loader,
    Who::Auditor,
];

impl Who {
    /// As records name them.
    pub(super) fn name(self) -> &'static str {
        const CLERKS: [&str; AGENCIES] = ["clerk-0", "clerk-1", "clerk-2", "clerk-3"];
        const REVIEWERS: [&str; AGENCIES] =
            ["reviewer-0", "reviewer-1", "reviewer-2", "reviewer-3"];
        const HEADS: [&str; AGENCIES] = ["head-0", "head-1", "head-2", "head-3"];
        match self {
            Who::Clerk(agency) => CLERKS[agency],
            Who::Reviewer(agency) => REVIEWERS[agency],
            Who::Head(agency) => HEADS[agency],
            Who::Sealer => "sealer",
            Who::Sender => "sender",
            Who::Bank => "bank",
            Who::Mover => "mover",
            Who::Loader => "loader",
            Who::Auditor => "auditor",
        }
    }

    fn role(self) -> &'static str {
        match self {
            Who::Clerk(_) => "agency_clerk",
            Who::Reviewer(_) => "agency_reviewer",
            Who::Head(_) => "agency_head",
            Who::Sealer | Who::Sender => "payment_centre",
            Who::Bank => "agent_bank",
            Who::Mover => "budget_office",
            Who::Loader => "system_admin",
            Who::Auditor => "auditor",
        }
    }

    fn place(self) -> usize {
        match self {
            Who::Clerk(agency) => agency,
            Who::Reviewer(agency) => AGENCIES + agency,
            Who::Head(agency) => 2 * AGENCIES + agency,
            other => {
                3 * AGENCIES
                    + OTHERS
                        .iter()
                        .position(|who| *who == other)
                        .unwrap_or_default()
            }
        }
    }
}

/// The code of an agency.
pub(super) fn agency(place: usize) -> String {
    format!("{COUNTY}{:012}", place + 1)
}

/// Everybody's token.
pub(super) struct Cast(Vec<String>);

impl Cast {
    pub(super) fn new(site: &Site) -> Outcome<Cast> {
        // In the order of their places.
        let of_agencies = [Who::Clerk, Who::Reviewer, Who::Head];
        let of_agencies = of_agencies
            .into_iter()
            .flat_map(|who| (0..AGENCIES).map(who));
        let headers = of_agencies.chain(OTHERS).map(|who| {
            let agency = match who {
                Who::Clerk(place) | Who::Reviewer(place) | Who::Head(place) => Some(agency(place)),
                _ => None,
            };
            let division = if who == Who::Auditor {
                PROVINCE
            } else {
                COUNTY
            };
            let token = site.token(who.name(), who.role(), (division, agency.as_deref()))?;
            Ok(format!("Authorization: Bearer {token}\r\n"))
        });
        Ok(Cast(headers.collect::<Outcome<_>>()?))
    }

    /// The header line that says who asks.
    pub(super) fn header(&self, who: Who) -> &str {
        &self.0[who.place()]
    }
}
