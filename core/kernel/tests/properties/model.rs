//! Random documents through random steps, against a model written from the rules alone.
//!
//! The model keeps no running amounts: it recomputes every field of every row from the list of all
//! documents, so it shares neither code nor method with the kernel.

use crate::memory::{Memory, Step};
use hubu_kernel::decide::Move;
use hubu_kernel::document::Document;
use hubu_kernel::effect::{Effect, Phase};
use hubu_kernel::ident::{DocumentId, RowId};
use hubu_kernel::money::Cents;
use hubu_kernel::posting::Posting;
use hubu_kernel::row::{Control, Row, RowKind};
use hubu_kernel::schedule::Month;
use proptest::prelude::*;
use proptest::sample::select;

const ROWS: u32 = 6;
/// The row whose plan is kept by month.
const PLAN: u32 = 0;
/// The row that only warns, and the row that only counts.
const WARNS: u32 = 1;
const COUNTS: u32 = 2;
/// The other side of every posting that the model's documents make: outside the quotas.
const OUTSIDE: RowId = RowId(ROWS);

/// Kinds of documents, each with at most one move a row.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    /// Money from nowhere: how a test begins.
    Open,
    /// From one row to the next (下达).
    Allocate,
    /// Off one row, on to the next (调剂).
    Adjust,
    /// Spent (支付).
    Pay,
    /// Given back (退款).
    Refund,
    /// Sent, to be received by another document (在途).
    Send,
    /// What was sent arrives (接收).
    Receive,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Status {
    Draft,
    Held,
    Final,
}

#[derive(Clone, Debug)]
struct Paper {
    kind: Kind,
    from: u32,
    to: u32,
    amount: i64,
    month: u8,
    status: Status,
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Enter {
        kind: Kind,
        from: u32,
        hop: u32,
        amount: i64,
        month: u8,
        at_once: bool,
    },
    Submit(prop::sample::Index),
    Approve(prop::sample::Index),
    Reject(prop::sample::Index),
    Mark {
        row: u32,
        freeze: bool,
    },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let kinds = vec![
        Kind::Open,
        Kind::Open,
        Kind::Open,
        Kind::Allocate,
        Kind::Allocate,
        Kind::Adjust,
        Kind::Pay,
        Kind::Pay,
        Kind::Refund,
        Kind::Send,
        Kind::Receive,
    ];
    let enter = (
        select(kinds),
        0..ROWS,
        1..ROWS,
        1..60i64,
        1..=12u8,
        any::<bool>(),
    )
        .prop_map(|(kind, from, hop, amount, month, at_once)| Act::Enter {
            kind,
            from,
            hop,
            amount,
            month,
            at_once,
        });
    let one = prop_oneof![
        6 => enter,
        4 => any::<prop::sample::Index>().prop_map(Act::Submit),
        4 => any::<prop::sample::Index>().prop_map(Act::Approve),
        2 => any::<prop::sample::Index>().prop_map(Act::Reject),
        1 => (0..ROWS, any::<bool>()).prop_map(|(row, freeze)| Act::Mark { row, freeze }),
    ];
    prop::collection::vec(one, 1..80)
}

/// Approved, used, decreasing, increasing.
type Fields = [i64; 4];

#[derive(Debug, Default)]
struct Model {
    papers: Vec<Paper>,
    frozen: [bool; ROWS as usize],
}

impl Paper {
    /// What this paper has done to `row` by now, from the text of the rules.
    fn part(&self, row: u32) -> Fields {
        let m = self.amount;
        let at = |fields: Fields, there: u32| if row == there { fields } else { [0; 4] };
        let (from, to) = match (self.kind, self.status) {
            (_, Status::Draft) => ([0; 4], [0; 4]),
            (Kind::Open, Status::Held) => ([0; 4], [0, 0, 0, m]),
            (Kind::Open, Status::Final) => ([0; 4], [m, 0, 0, 0]),
            (Kind::Allocate | Kind::Adjust, Status::Held) => ([0, 0, m, 0], [0, 0, 0, m]),
            (Kind::Allocate, Status::Final) => ([0, m, 0, 0], [m, 0, 0, 0]),
            (Kind::Adjust, Status::Final) => ([-m, 0, 0, 0], [m, 0, 0, 0]),
            (Kind::Pay | Kind::Send, Status::Held) => ([0, 0, m, 0], [0; 4]),
            (Kind::Pay, Status::Final) => ([0, m, 0, 0], [0; 4]),
            (Kind::Send, Status::Final) => ([0, m, 0, 0], [0, 0, 0, m]),
            (Kind::Refund, Status::Final) => ([0, -m, 0, 0], [0; 4]),
            (Kind::Receive, Status::Final) => ([0; 4], [m, 0, 0, -m]),
            (Kind::Refund | Kind::Receive, Status::Held) => ([0; 4], [0; 4]),
        };
        let (a, b) = (at(from, self.from), at(to, self.to));
        [0, 1, 2, 3].map(|field| a[field] + b[field])
    }

    const fn decreases(&self) -> bool {
        matches!(
            self.kind,
            Kind::Allocate | Kind::Adjust | Kind::Pay | Kind::Send
        )
    }

    /// What it plans for `month` of the plan row: grants there, less cuts there.
    fn planned(&self, month: u8) -> i64 {
        if self.status != Status::Final || self.month != month {
            return 0;
        }
        let grants = matches!(
            self.kind,
            Kind::Open | Kind::Allocate | Kind::Adjust | Kind::Receive
        );
        let given = if grants && self.to == PLAN {
            self.amount
        } else {
            0
        };
        let cut = if self.kind == Kind::Adjust && self.from == PLAN {
            self.amount
        } else {
            0
        };
        given - cut
    }
}

impl Model {
    fn fields(&self, row: u32) -> Fields {
        let mut sum = [0; 4];
        for paper in &self.papers {
            let part = paper.part(row);
            sum = [0, 1, 2, 3].map(|field| sum[field] + part[field]);
        }
        sum
    }

    fn planned_up_to(&self, month: u8) -> i64 {
        let all = |month| self.papers.iter().map(move |p| p.planned(month));
        (1..=month).flat_map(all).sum()
    }

    /// Whether `paper` may go on to `status`: every rule that domain and design state.
    fn allows(&self, index: usize, status: Status) -> bool {
        let paper = &self.papers[index];
        let newly_held = paper.status == Status::Draft && status != Status::Draft;
        let takes = newly_held && paper.decreases();
        if takes {
            let [approved, used, decreasing, _] = self.fields(paper.from);
            let after = used + decreasing + paper.amount;
            let lax = paper.from == WARNS || paper.from == COUNTS;
            let is_ahead = paper.from == PLAN && after > self.planned_up_to(paper.month);
            if self.frozen[paper.from as usize] || (!lax && (after > approved || is_ahead)) {
                return false;
            }
        }
        let mut after = Model {
            papers: self.papers.clone(),
            frozen: self.frozen,
        };
        after.papers[index].status = status;
        let no_field_negative = (0..ROWS).all(|row| after.fields(row).iter().all(|f| *f >= 0));
        no_field_negative && (1..=12).all(|month| after.planned_in(month) >= 0)
    }

    fn planned_in(&self, month: u8) -> i64 {
        self.papers.iter().map(|paper| paper.planned(month)).sum()
    }
}

/// The moves of a paper in row order, as its document type would list them.
fn moves(paper: &Paper) -> Vec<Move> {
    let effect = |row: u32, effect| Move {
        row: RowId(row),
        effect,
        amount: Cents(paper.amount),
        month: Month::new(paper.month),
    };
    let (from, to) = (paper.from, paper.to);
    let mut moves = match paper.kind {
        Kind::Open => vec![effect(to, Effect::Grant)],
        Kind::Allocate => vec![effect(from, Effect::Consume), effect(to, Effect::Grant)],
        Kind::Adjust => vec![effect(from, Effect::Cut), effect(to, Effect::Grant)],
        Kind::Pay => vec![effect(from, Effect::Consume)],
        Kind::Refund => vec![effect(from, Effect::Restore)],
        Kind::Send => vec![effect(from, Effect::Consume), effect(to, Effect::Promise)],
        Kind::Receive => vec![effect(to, Effect::Receive)],
    };
    moves.sort_by_key(|m| m.row);
    moves
}

/// `Dr` what rises, `Cr` what falls, so that every row keeps Σ Dr − Σ Cr = approved − used.
fn postings(paper: &Paper) -> Vec<Posting> {
    let (from, to) = (RowId(paper.from), RowId(paper.to));
    let (debit, credit) = match paper.kind {
        Kind::Open | Kind::Receive => (to, OUTSIDE),
        Kind::Allocate | Kind::Adjust => (to, from),
        Kind::Pay | Kind::Send => (OUTSIDE, from),
        Kind::Refund => (from, OUTSIDE),
    };
    vec![Posting {
        debit,
        credit,
        amount: Cents(paper.amount),
    }]
}

fn rows() -> impl Iterator<Item = Row> {
    (0..=ROWS).map(|slot| {
        Row::new(RowKind {
            scheduled: slot == PLAN,
            control: match slot {
                WARNS => Control::Warn,
                COUNTS => Control::None,
                _ => Control::Strict,
            },
            ..RowKind::default()
        })
    })
}

/// One paper takes one step in both worlds, which must agree.
fn step(memory: &mut Memory, model: &mut Model, index: usize, phase: Phase, status: Status) {
    let paper = model.papers[index].clone();
    let mut step = Step::of(phase).on(index as u64).moving(&moves(&paper));
    if matches!(phase, Phase::Final | Phase::Now) {
        step.postings = postings(&paper);
        step.transition.terminal = true;
    }
    // Even letting go can fail: a receipt of more than was sent took what this paper promised.
    let allowed = model.allows(index, status);
    let before = memory.clone();
    let ran = memory.run(&step);
    assert_eq!(ran.is_ok(), allowed, "{paper:?} to {status:?}: {ran:?}");
    if allowed {
        model.papers[index].status = status;
    } else {
        assert_eq!(*memory, before);
    }
}

fn act(memory: &mut Memory, model: &mut Model, act: Act) {
    let pick = |index: prop::sample::Index, model: &Model, status| {
        let index = index.index(model.papers.len().max(1));
        let paper = model.papers.get(index)?;
        (paper.status == status).then_some(index)
    };
    match act {
        Act::Enter {
            kind,
            from,
            hop,
            amount,
            month,
            at_once,
        } => {
            model.papers.push(Paper {
                kind,
                from,
                to: (from + hop) % ROWS,
                amount,
                month,
                status: Status::Draft,
            });
            if at_once {
                step(
                    memory,
                    model,
                    model.papers.len() - 1,
                    Phase::Now,
                    Status::Final,
                );
            }
        }
        Act::Submit(index) => {
            if let Some(index) = pick(index, model, Status::Draft) {
                step(memory, model, index, Phase::Reserve, Status::Held);
            }
        }
        Act::Approve(index) => {
            if let Some(index) = pick(index, model, Status::Held) {
                step(memory, model, index, Phase::Final, Status::Final);
            }
        }
        Act::Reject(index) => {
            if let Some(index) = pick(index, model, Status::Held) {
                step(memory, model, index, Phase::Release, Status::Draft);
            }
        }
        Act::Mark { row, freeze } => {
            let effect = if freeze { Effect::Freeze } else { Effect::Thaw };
            let mark = Move {
                row: RowId(row),
                effect,
                amount: Cents::ZERO,
                month: None,
            };
            let mut mark = Step::of(Phase::Now).on(u64::MAX).moving(&[mark]);
            mark.transition.terminal = true;
            memory.run(&mark).expect("a mark is never refused");
            model.frozen[row as usize] = freeze;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn kernel_and_model_agree_on_every_step(acts in acts()) {
        let mut memory = Memory::with_rows(rows());
        let mut model = Model::default();
        for one in acts {
            act(&mut memory, &mut model, one);
            for slot in 0..ROWS {
                let row = &memory.rows[&RowId(slot)];
                let fields = [row.approved, row.used, row.decreasing, row.increasing];
                prop_assert_eq!(fields.map(|f| f.0), model.fields(slot), "row {} after {:?}", slot, one);
                prop_assert_eq!(row.hold.is_frozen(), model.frozen[slot as usize]);
                let tie = i128::from(row.approved.0) - i128::from(row.used.0);
                prop_assert_eq!(row.balance(), tie, "Σ Dr − Σ Cr = approved − used");
            }
        }
        for (id, document) in &memory.documents {
            let DocumentId(index) = *id;
            let paper = &model.papers[index as usize];
            let holds = paper.status == Status::Held
                && !matches!(paper.kind, Kind::Refund | Kind::Receive);
            let Document { holds: held, .. } = document;
            prop_assert_eq!(!held.is_empty(), holds);
            prop_assert!(paper.status != Status::Final, "what is final has left memory");
        }
    }
}
