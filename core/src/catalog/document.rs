//! A document type (单据类型) as compiled: its states, steps, rows, effects and postings.
//!
//! A line of a document is two bags of dimensions, `line` and `to`; the type's [`RowRule`]s say which
//! rows they choose, and its [`MoveRule`]s and [`PostingRule`]s what happens to those rows. A row is
//! worked out once a line, however many moves and postings touch it.

use super::dimension::DimensionId;
use super::guard::Guard;
use super::limit::RoleLimit;
use crate::cipher::Algorithm;
use hubu_kernel::effect::Effect;
use hubu_kernel::ident::{FieldId, LedgerId, StateId, TransitionId, TypeId};
use hubu_kernel::transition::Transition;

/// A document type.
#[derive(Debug)]
pub struct DocumentType {
    /// Its stable code; it is journalled.
    pub id: TypeId,
    /// Its name in the API, such as `payment`.
    pub name: String,
    /// Its name in words (中文名).
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// The letters in its document numbers, as in `420106000-2026-PAY-000123`.
    pub series: String,
    /// Where a new document stands.
    pub initial: StateId,
    /// Its states; a [`StateId`] is a place in this list.
    pub states: Vec<State>,
    /// Its steps; a [`TransitionId`] is a place in this list.
    pub transitions: Vec<TransitionRule>,
    /// Who may enter one, and what with.
    pub entry: EntryRule,
    /// Fields of its head and lines, ascending by id.
    pub fields: Vec<FieldRule>,
    /// Whether any of them is sensitive: a type without one pays nothing.
    pub has_sensitive: bool,
    /// Whether it is one agency's: it names the agency, and no line may touch another's rows.
    pub agency: bool,
    /// What its lines look like.
    pub lines: LineRule,
    /// The rows that a line touches; a [`RowIndex`] is a place in this list.
    pub rows: Vec<RowRule>,
    /// What happens to the rows, in order.
    pub moves: Vec<MoveRule>,
    /// What is posted by a step that is final.
    pub postings: Vec<PostingRule>,
    /// Documents that it makes for others.
    pub spawns: Vec<SpawnRule>,
    /// Why one person alone may bring one to its end, where one may: see [`super::rights`].
    pub single_person: Option<String>,
}

/// A state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct State {
    /// Its name in the API.
    pub name: String,
    /// Its name in words.
    pub zh: String,
    /// Nothing follows.
    pub terminal: bool,
    /// Whether a document in it holds something on rows.
    pub holds: bool,
}

/// A set of roles, one bit each by [`super::role::Role::bit`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct RoleSet(pub u64);

impl RoleSet {
    /// Whether the two sets share a role.
    pub const fn meets(self, other: RoleSet) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is no role in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Of which division the actor of a step must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Acting {
    /// The document's own (本级).
    #[default]
    Document,
    /// Who pays transfers to the document's division, as a rule its parent (上级).
    Parent,
}

/// A step.
#[derive(Debug)]
pub struct TransitionRule {
    /// Its name in the API, such as `submit`; unique among the steps from one state.
    pub name: String,
    /// Its name in words.
    pub zh: String,
    /// What the kernel judges of it.
    pub kernel: Transition,
    /// Who may take it: any of these, within its limit.
    pub roles: RoleSet,
    /// Up to which amount; at most one for each role.
    pub limits: Vec<RoleLimit>,
    /// Of which division the actor must be.
    pub acting: Acting,
    /// Fields of the head that the document must have once this step's are laid over it.
    pub requires: Vec<FieldId>,
    /// Fields of the head that must come with this very step.
    pub asks: Vec<FieldId>,
    /// Fields of the head that this step may set; contains `asks`. Ascending.
    pub accepts: Vec<FieldId>,
    /// Whether the step may bring new lines.
    pub edits_lines: bool,
    /// What must hold beyond that, in order.
    pub guards: Vec<Guard>,
    /// Fields of the head that guards and documents made for others look at: sealed ones are opened for them.
    pub looks_at: Vec<FieldId>,
    /// Fields of the lines that guards look at.
    pub looks_at_lines: Vec<FieldId>,
    /// The algorithms of which it demands a signature (签章), or `None` where it demands none.
    pub signature: Option<Vec<Algorithm>>,
}

/// Entering a document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EntryRule {
    /// Who may; empty when such documents only come to be through others.
    pub roles: RoleSet,
    /// Of which division the actor must be.
    pub acting: Acting,
    /// Fields of the head that must come with it.
    pub asks: Vec<FieldId>,
    /// Fields of the head that may come with it; contains `asks`. Ascending.
    pub accepts: Vec<FieldId>,
}

/// Where a field stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldPlace {
    /// On the head (表头).
    Header,
    /// On each line (明细).
    Line,
}

/// What a field's value is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FieldKind {
    /// Words.
    Text {
        /// The most characters.
        max: u16,
    },
    /// An amount in 分, at least 0.
    Amount,
    /// A whole number, at least 0.
    Int,
    /// Yes or no.
    Flag,
    /// A day.
    Date,
    /// One of a list of words, kept as text.
    Choice(Vec<String>),
}

/// A field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldRule {
    /// Its stable code within the type.
    pub id: FieldId,
    /// Its name in the API.
    pub name: String,
    /// Its name in words.
    pub zh: String,
    /// What its value is.
    pub kind: FieldKind,
    /// Where it stands.
    pub place: FieldPlace,
    /// Whether each line must have it; for a head field the steps say when.
    pub required: bool,
    /// Whether its value is somebody's own, and who sees it in full.
    pub sensitive: Option<Sensitive>,
}

/// A field whose values are kept as ciphertext and shown in full to some roles alone (敏感字段).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sensitive {
    /// What it is, which says how it is masked.
    pub kind: SensitiveKind,
    /// Who sees it in full: any of these.
    pub seen_by: RoleSet,
}

/// What a sensitive value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SensitiveKind {
    /// A bank account (银行账号).
    Bank,
    /// A name or another thing of a person (个人信息).
    Personal,
    /// An identity number (证件号码).
    Identity,
    /// A telephone number (电话号码).
    Phone,
}

impl SensitiveKind {
    /// The words of `sensitive = "..."`.
    pub const WORDS: [(&str, SensitiveKind); 4] = [
        ("bank", SensitiveKind::Bank),
        ("personal", SensitiveKind::Personal),
        ("identity", SensitiveKind::Identity),
        ("phone", SensitiveKind::Phone),
    ];
}

/// Whether a line has a month.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MonthRule {
    /// Always.
    Required,
    /// It may.
    Optional,
    /// Never.
    Absent,
}

/// What lines look like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineRule {
    /// The fewest.
    pub min: u16,
    /// The most.
    pub max: u16,
    /// Whether a line has a month.
    pub month: MonthRule,
    /// Whether a line may have a second set of dimensions.
    pub to: bool,
}

/// A row rule of the type, by its place.
pub type RowIndex = u8;

/// Which of a line's two bags.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BagName {
    /// Its own dimensions.
    Line,
    /// Those of the receiving side: its own, overlaid.
    To,
}

/// Whose row it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// The document's division.
    Document,
    /// Who pays transfers to the document's division, as a rule its parent.
    Parent,
    /// The division that this dimension of the row's bag names.
    Named(DimensionId),
}

/// A dimension that a row takes from elsewhere than its bag.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SetValue {
    /// Always this.
    Const(String),
    /// Always empty.
    Empty,
    /// A text field of the head.
    Field(FieldId),
    /// The line's month, two digits.
    Month,
    /// The code of the document's division.
    Division,
}

/// When a line touches a row at all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Condition {
    /// The dimension is in the bag.
    Has(BagName, DimensionId),
    /// The text field of the head has this value.
    FieldIs(FieldId, String),
    /// The line's field is an amount of more than 0.
    Positive(FieldId),
}

/// A row that a line touches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RowRule {
    /// Its name in the type's file.
    pub name: String,
    /// Its ledger.
    pub ledger: LedgerId,
    /// The bag that chooses it.
    pub bag: BagName,
    /// Dimensions from elsewhere, ascending by dimension.
    pub set: Vec<(DimensionId, SetValue)>,
    /// Whose it is.
    pub place: Place,
    /// Fiscal years after the document's.
    pub years_later: u16,
    /// When: all of these.
    pub when: Vec<Condition>,
}

/// Where an amount comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AmountSource {
    /// The line's amount.
    Line,
    /// An amount field of the line; missing or 0 means that nothing happens.
    Field(FieldId),
}

/// What happens to a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MoveRule {
    /// The effect.
    pub effect: Effect,
    /// On which row; nothing happens where the line does not touch it.
    pub row: RowIndex,
    /// By how much.
    pub amount: AmountSource,
}

/// A posting: both rows stand in the same division and year.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PostingRule {
    /// The row debited.
    pub debit: RowIndex,
    /// The row credited.
    pub credit: RowIndex,
    /// How much.
    pub amount: AmountSource,
}

/// A document made for somebody else's inbox: one for each division that the lines name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpawnRule {
    /// The step that makes it.
    pub on: TransitionId,
    /// Its type.
    pub kind: TypeId,
    /// The dimension of the `to` bag that names its division. Lines are grouped by it; a new line's
    /// dimensions are the `to` bag without it.
    pub division: DimensionId,
    /// Fields of the head that go along: ours, and the new document's.
    pub fields: Vec<(FieldId, FieldId)>,
}

impl DocumentType {
    /// The state of this place, which is one of ours.
    pub fn state(&self, id: StateId) -> Option<&State> {
        self.states.get(usize::from(id.0))
    }

    /// The step of this place.
    pub fn transition(&self, id: TransitionId) -> Option<&TransitionRule> {
        self.transitions.get(usize::from(id.0))
    }

    /// The step of this name from `state`, or `None` where there is none.
    pub fn step(&self, state: StateId, name: &str) -> Option<&TransitionRule> {
        self.steps_from(state).find(|step| step.name == name)
    }

    /// The steps from `state`, in the order of the file.
    pub fn steps_from(&self, state: StateId) -> impl Iterator<Item = &TransitionRule> {
        self.transitions
            .iter()
            .filter(move |step| step.kernel.from == state)
    }

    /// Whether any step has this name: tells a wrong state from a step that does not exist.
    pub fn has_step(&self, name: &str) -> bool {
        self.transitions.iter().any(|step| step.name == name)
    }

    /// The field of this id.
    pub fn field(&self, id: FieldId) -> Option<&FieldRule> {
        let at = self.fields.binary_search_by_key(&id, |f| f.id).ok()?;
        Some(&self.fields[at])
    }

    /// Who sees this field in full, where that is not everybody who sees the document.
    pub fn sensitive(&self, id: FieldId) -> Option<&Sensitive> {
        self.field(id)?.sensitive.as_ref()
    }

    /// Whether the value of this field has a say in which rows a line touches, or by how much: such a value stands in the
    /// rows' keys and amounts for everybody to see.
    pub fn chooses_rows_by(&self, id: FieldId) -> bool {
        let by_rows = self.rows.iter().any(|row| {
            let set = row
                .set
                .iter()
                .any(|(_, value)| *value == SetValue::Field(id));
            let when = row.when.iter().any(|condition| match condition {
                Condition::FieldIs(field, _) | Condition::Positive(field) => *field == id,
                Condition::Has(..) => false,
            });
            set || when
        });
        let amounts = self.moves.iter().map(|rule| rule.amount);
        let mut amounts = amounts.chain(self.postings.iter().map(|rule| rule.amount));
        by_rows || amounts.any(|amount| amount == AmountSource::Field(id))
    }

    /// The field of this name at this place.
    pub fn field_named(&self, place: FieldPlace, name: &str) -> Option<&FieldRule> {
        self.fields
            .iter()
            .find(|field| field.place == place && field.name == name)
    }

    /// The row rule of this place; the checker lets no other place be named.
    pub fn row(&self, index: RowIndex) -> &RowRule {
        &self.rows[usize::from(index)]
    }
}
