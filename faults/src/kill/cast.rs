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
    Reviewer,
    Head,
    /// Two of the payment centre, as nobody takes two steps in a row.
    Sealer,
    Sender,
    Bank,
    /// The budget office, which moves money between indicators.
    Mover,
    Loader,
    Auditor,
}

const OTHERS: [Who; 8] = [
    Who::Reviewer,
    Who::Head,
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
        match self {
            Who::Clerk(agency) => CLERKS[agency],
            Who::Reviewer => "reviewer",
            Who::Head => "head",
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
            Who::Reviewer => "agency_reviewer",
            Who::Head => "agency_head",
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
            other => {
                AGENCIES
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
        let clerks = (0..AGENCIES).map(Who::Clerk);
        let headers = clerks.chain(OTHERS).map(|who| {
            let agency = match who {
                Who::Clerk(place) => Some(agency(place)),
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
