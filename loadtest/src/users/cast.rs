//! The cast: which user sits where. A team serves a few agencies of one department in one division; users are dealt to
//! teams one after another, so that a worker's share is whole teams as far as possible.

use std::collections::HashMap;

use crate::book::user_prefix;
use crate::plan::{Plan, SEATS, TEAM_AGENCIES};
use crate::seeded::Seeded;
use crate::wire::Claims;
use crate::world::World;

/// One user's seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Number of the user over all workers.
    pub user: u32,
    /// Role, as tokens name it; `official` reads with the role of an auditor.
    pub role: &'static str,
    /// Number among the team's seats of this role (and agency).
    pub number: u32,
    /// Index of the division.
    pub division: u32,
    /// Index of the agency that the user works for, or that a look-up begins with.
    pub agency: u32,
    /// The team's agencies: the first, and how many.
    pub team: (u32, u32),
    /// Whether the user belongs to that agency alone.
    pub is_of_agency: bool,
    /// Number among all who have the same work list, and how many they are.
    pub colleagues: (u32, u32),
    /// The same among those whose number is as even or odd: some desks share the steps out by that.
    pub partners: (u32, u32),
}

/// What a work list shows: division, agency or department where it is one's own, and role.
type List<'a> = (u32, Option<u32>, Option<&'a str>, &'static str);

/// Deals out users `first..last` of a plan. Teams beyond what the world has room for share their agencies.
pub fn deal(world: &World, plan: &Plan, first: u32, last: u32) -> Vec<Seat> {
    let mut places = places(world);
    places.truncate(plan.hot_places.map_or(usize::MAX, |p| p as usize));
    let seats = team_seats(plan);
    assert!(
        !places.is_empty() && !seats.is_empty(),
        "checked plans have seats, worlds have agencies"
    );
    let sit = |user: u32| {
        let (team, seat) = (user as usize / seats.len(), user as usize % seats.len());
        let (role, number, offset) = seats[seat];
        let (division, start, agencies) = places[team % places.len()];
        let agency = start + offset.unwrap_or(user) % agencies;
        Seat {
            user,
            role,
            number,
            division,
            agency,
            team: (start, agencies),
            is_of_agency: offset.is_some(),
            colleagues: (0, 1),
            partners: (0, 1),
        }
    };
    // Who sits at each list with an even number, and with an odd one.
    let mut lists: HashMap<List<'_>, [u32; 2]> = HashMap::new();
    let mut dealt = Vec::with_capacity((last - first) as usize);
    for user in 0..plan.users.max(last) {
        let mut seat = sit(user);
        let sitting = lists.entry(seat.list(world)).or_default();
        let partners = &mut sitting[seat.number as usize % 2];
        seat.partners.0 = *partners;
        *partners += 1;
        seat.colleagues.0 = sitting.iter().sum::<u32>() - 1;
        if (first..last).contains(&user) {
            dealt.push(seat);
        }
    }
    for seat in &mut dealt {
        let sitting = lists[&seat.list(world)];
        seat.partners.1 = sitting[seat.number as usize % 2];
        seat.colleagues.1 = sitting.iter().sum();
    }
    dealt
}

/// Role, number among its like, and which of the team's agencies, seat by seat.
fn team_seats(plan: &Plan) -> Vec<(&'static str, u32, Option<u32>)> {
    let mut seats = Vec::new();
    for (role, is_each) in SEATS {
        let count = plan.team.get(role).copied().unwrap_or(0);
        if is_each {
            seats.extend(
                (0..TEAM_AGENCIES).flat_map(|a| (0..count).map(move |n| (role, n, Some(a)))),
            );
        } else {
            seats.extend((0..count).map(|n| (role, n, None)));
        }
    }
    seats
}

/// Where teams can sit: division, first agency, how many agencies. Every division has its first team before any has
/// its second, so that few teams share a division's work lists.
fn places(world: &World) -> Vec<(u32, u32, u32)> {
    let mut rounds: Vec<Vec<(u32, u32, u32)>> = Vec::new();
    let mut at = 0usize;
    while at < world.agencies.len() {
        let division = world.agencies[at].division;
        let end = at
            + world.agencies[at..]
                .iter()
                .take_while(|a| a.division == division)
                .count();
        let mut round = 0;
        while at < end {
            let count = (end - at).min(TEAM_AGENCIES as usize);
            // A rest of a few agencies makes no team of its own, unless the division has no other.
            if count == TEAM_AGENCIES as usize || round == 0 {
                if rounds.len() == round {
                    rounds.push(Vec::new());
                }
                rounds[round].push((division, at as u32, count as u32));
            }
            round += 1;
            at += count;
        }
    }
    // Within a round the larger divisions come last in file order; full teams first.
    for round in &mut rounds {
        round.sort_by_key(|(_, _, count)| std::cmp::Reverse(*count));
    }
    rounds.concat()
}

impl Seat {
    fn list<'a>(&self, world: &'a World) -> List<'a> {
        let agency = &world.agencies[self.agency as usize];
        (
            self.division,
            self.is_of_agency.then_some(self.agency),
            (self.role == "dept_reviewer").then_some(agency.dept.as_str()),
            self.role,
        )
    }

    /// Whether a document on the work list is this one's to do, where all at the list take this step or only those whose
    /// number is as even or odd. It is shared out as an office does, so that nobody does what another has just done.
    pub fn is_mine(&self, document: u64, is_all_of_us: bool) -> bool {
        let (number, count) = if is_all_of_us {
            self.colleagues
        } else {
            self.partners
        };
        // Documents of one office have ids a thousand or so apart: their low bits are all the same.
        let mixed = document.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        mixed % u64::from(count) == u64::from(number)
    }

    /// One of the team's agencies.
    pub fn some_agency(&self, choice: &mut Seeded) -> u32 {
        self.team.0 + choice.below(u64::from(self.team.1)) as u32
    }

    /// What the user's token says.
    pub fn claims(&self, world: &World, run: u32) -> Claims {
        let agency = &world.agencies[self.agency as usize];
        let division = world.divisions[self.division as usize].code;
        let role = if self.role == "official" {
            "auditor"
        } else {
            self.role
        };
        let mut claims = Claims::new(
            format!("{}{:06}", user_prefix(run), self.user),
            role,
            division,
        );
        claims.agency = self.is_of_agency.then(|| agency.code.clone());
        claims.dept = (self.role == "dept_reviewer").then(|| agency.dept.clone());
        claims
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_team_has_one_division_and_one_department() {
        let world = crate::world::tests::small();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/plans/smoke.toml");
        let plan = Plan::read(Path::new(path)).unwrap();
        let team = deal(&world, &plan, 0, plan.seats_per_team());
        assert!(team.iter().all(|s| s.division == team[0].division));
        let depts: Vec<_> = team
            .iter()
            .map(|s| &world.agencies[s.agency as usize].dept)
            .collect();
        assert!(depts.iter().all(|d| *d == depts[0]), "{depts:?}");
        assert_eq!(team.iter().filter(|s| s.role == "agency_clerk").count(), 10);
        let reviewer = team
            .iter()
            .find(|s| s.role == "dept_reviewer")
            .unwrap()
            .claims(&world, 1);
        assert_eq!(
            (reviewer.agency, reviewer.dept.as_ref()),
            (None, Some(depts[0]))
        );
    }

    #[test]
    fn each_document_of_a_list_is_one_colleagues() {
        let world = crate::world::tests::small();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/plans/smoke.toml");
        let mut plan = Plan::read(Path::new(path)).unwrap();
        plan.users = 40 * plan.seats_per_team();
        let seats = deal(&world, &plan, 0, plan.users);
        let mut lists: HashMap<_, Vec<&Seat>> = HashMap::new();
        for seat in &seats {
            lists.entry(seat.list(&world)).or_default().push(seat);
        }
        assert!(lists.values().any(|list| list.len() > 2), "some are shared");
        let documents = || (0..1_000).map(|n| 7 + 1_024 * n);
        for list in lists.values() {
            let mut done = vec![0; list.len()];
            for document in documents() {
                let is_mine = |at: &usize| list[*at].is_mine(document, true);
                let mine: Vec<_> = (0..list.len()).filter(is_mine).collect();
                assert_eq!(mine.len(), 1);
                done[mine[0]] += 1;
                for parity in 0..2 {
                    let partners = list.iter().filter(|s| s.number % 2 == parity);
                    let partners: Vec<_> = partners.collect();
                    let mine = partners.iter().filter(|s| s.is_mine(document, false));
                    assert_eq!(mine.count(), usize::from(!partners.is_empty()));
                }
            }
            let fair = 1_000 / list.len();
            assert!(
                done.iter().all(|n| (fair / 2..=fair * 2).contains(n)),
                "{done:?}"
            );
        }
    }

    #[test]
    fn shares_of_workers_make_up_the_whole() {
        let world = crate::world::tests::small();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/plans/smoke.toml");
        let plan = Plan::read(Path::new(path)).unwrap();
        let whole = deal(&world, &plan, 0, 90);
        let mut parts = deal(&world, &plan, 0, 40);
        parts.extend(deal(&world, &plan, 40, 90));
        assert_eq!(whole, parts);
    }
}
