//! Looking things up: quota rows, documents, sums of a division, traces.

use std::str::FromStr;
use std::time::Instant;

use super::session::{KnownRow, Session};
use crate::measure::Action;
use crate::money;
use crate::plan::OFFICIAL;
use crate::wire::{QuotaPage, WorkPage, parse};
use crate::world::Ledger;

/// Rows asked for by somebody who looks.
const ROWS: u32 = 50;

impl Session {
    pub(super) async fn official(&mut self, due: Instant) {
        let of =
            |stage: &super::Stage, name: &str| stage.plan.official.get(name).copied().unwrap_or(0);
        let wanted = self.choose(&OFFICIAL, of);
        self.look(wanted, due).await;
    }

    /// What a desk does while nothing waits.
    pub(super) async fn idle(&mut self, due: Instant) {
        let of = |stage: &super::Stage, name: &str| stage.plan.idle.get(name).copied().unwrap_or(0);
        let wanted = self.choose(&OFFICIAL, of);
        self.look(wanted, due).await;
    }

    async fn look(&mut self, wanted: &str, due: Instant) {
        // A bank reads its own division's rows and what passed its desk, and nothing else.
        let is_bank = matches!(self.seat.role, "agent_bank" | "treasury_bank");
        let wanted = match wanted {
            "read_document" | "read_trace" if is_bank && self.recent == 0 => "read_quotas",
            "read_summary" if is_bank => "read_quotas",
            other => other,
        };
        match wanted {
            "read_document" => self.read_document(due).await,
            "read_summary" => self.read_summary(due).await,
            "read_trace" => self.read_trace(due).await,
            _ => self.read_quotas(due).await,
        }
    }

    /// The rows of an agency: one's own, or any of one's division.
    pub(super) async fn read_quotas(&mut self, due: Instant) {
        if self.seat.is_of_agency {
            return self.read_own_rows(due).await;
        }
        let agencies = &self.stage.world.agencies;
        let first = agencies.partition_point(|a| a.division < self.seat.division);
        let last = agencies.partition_point(|a| a.division <= self.seat.division);
        let at = first + self.choice.below((last - first).max(1) as u64) as usize;
        let path = self.quotas_path(at as u32, "");
        self.read(Action::ReadQuotas, &path, due).await;
    }

    /// The user's own agency's rows, kept to spend and plan from.
    pub(super) async fn read_own_rows(&mut self, due: Instant) {
        let path = self.quotas_path(self.seat.agency, "");
        let Some(answer) = self.read(Action::ReadQuotas, &path, due).await else {
            return;
        };
        let Ok(page) = parse::<QuotaPage<'_>>("quotas", &answer.body) else {
            return;
        };
        self.keep_rows(&page, &[Ledger::Ind, Ledger::Indp]);
    }

    pub(super) fn quotas_path(&self, agency: u32, more: &str) -> String {
        let world = &self.stage.world;
        let agency = &world.agencies[agency as usize];
        let (division, year) = (world.division_of(agency).code, world.recipe.fiscal_year);
        format!(
            "/v1/quotas?division={division:09}&agency={}&fiscal_year={year}&limit={ROWS}{more}",
            agency.code
        )
    }

    /// Keeps the rows of some ledgers that still have something to give.
    pub(super) fn keep_rows(&mut self, page: &QuotaPage<'_>, wanted: &[Ledger]) {
        self.rows.clear();
        for item in &page.items {
            let Some(ledger) = Ledger::named(&item.ledger).filter(|l| wanted.contains(l)) else {
                continue;
            };
            let key = self.stage.world.key_of(ledger, &item.division, &item.dims);
            let fen = |text: &str| money::parse(text).unwrap_or(0);
            let available = fen(&item.approved) - fen(&item.used) - fen(&item.decreasing);
            if let (Some(key), Ok(id), true) = (key, u64::from_str(&item.row), available > 0) {
                self.rows.push(KnownRow { id, key, available });
            }
        }
    }

    /// A document that the user may see: the last that passed his desk, or the newest of the division.
    fn some_document(&self) -> Option<u64> {
        let newest = || self.stage.newest.lock()[self.seat.division as usize];
        let document = match self.recent {
            0 if !self.seat.is_of_agency => newest(),
            own => own,
        };
        Some(document).filter(|id| *id != 0)
    }

    pub(super) async fn read_document(&mut self, due: Instant) {
        match self.some_document() {
            Some(id) => {
                let path = format!("/v1/documents/{id}");
                drop(self.read(Action::ReadDocument, &path, due).await);
            }
            None => self.read_quotas(due).await,
        }
    }

    async fn read_trace(&mut self, due: Instant) {
        match self.some_document() {
            Some(id) => {
                let path = format!("/v1/documents/{id}/trace");
                drop(self.read(Action::ReadTrace, &path, due).await);
            }
            None => self.read_quotas(due).await,
        }
    }

    /// The sums of the user's division; who works for one agency may see that agency alone.
    async fn read_summary(&mut self, due: Instant) {
        if self.seat.is_of_agency {
            return self.read_own_rows(due).await;
        }
        let world = &self.stage.world;
        let (code, year) = (
            world.divisions[self.seat.division as usize].code,
            world.recipe.fiscal_year,
        );
        let path = format!("/v1/divisions/{code:09}/summary?fiscal_year={year}");
        self.read(Action::ReadSummary, &path, due).await;
    }

    /// A glance at the work list; remembers one document to look at later.
    pub(super) async fn read_work(&mut self, due: Instant) {
        self.glance(Action::ReadWork, due).await;
    }

    /// 登录: the connection is opened by this request, and the first thing that is looked at is the work list.
    pub(super) async fn log_in(&mut self, due: Instant) {
        self.glance(Action::ReadLogin, due).await;
    }

    async fn glance(&mut self, action: Action, due: Instant) {
        let role = &self.claims.roles[0];
        let path = format!("/v1/work?role={role}&limit=20");
        let Some(answer) = self.read(action, &path, due).await else {
            return;
        };
        let Ok(page) = parse::<WorkPage<'_>>("work", &answer.body) else {
            return;
        };
        if let Some(item) = page.items.first() {
            self.recent = u64::from_str(&item.id).unwrap_or(0);
        }
    }
}
