//! The packed key of a row (额度行键), as it is journalled and looked up.
//!
//! ```text
//! byte 0      ledger
//! byte 1..3   fiscal year, big-endian
//! byte 3..7   division as a number, big-endian
//! byte 7..9   one bit for each dimension of the ledger that has a value, big-endian, first = lowest
//! then, in the ledger's order, each value present:
//!   digits    two to a byte, high half first; the last half of an odd count is 0xF
//!   text      its length in a byte, then its bytes
//! ```
//! The dimension that spreads rows over shards stands first in every ledger that has it, so that it
//! is found without decoding. Keys sort by ledger, year and division.

use super::bag::Bag;
use super::dimension::{Dimension, DimensionId, Format, VALUE_MAX};
use super::document::{AmountSource, BagName, Condition, Place, RowRule, SetValue};
use super::ledger::{Ledger, LedgerDimension};
use super::model::Catalog;
use hubu_kernel::document::{Field, Value};
use hubu_kernel::ident::{Division, FieldId, LedgerId, Year};
use hubu_kernel::money::Cents;
use hubu_kernel::schedule::Month;
use std::hash::{Hash, Hasher};

/// The longest key, in bytes; the checker lets no ledger pass it.
pub const KEY_MAX: usize = 119;

/// Bytes before the first value.
pub const HEAD: usize = 9;

/// The most dimensions of one ledger.
pub const LEDGER_DIMENSIONS_MAX: usize = 16;

/// Months as values of a dimension.
const MONTHS: [&str; 12] = [
    "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12",
];

/// A packed key, in place.
#[derive(Clone)]
pub struct RowKey {
    length: u8,
    bytes: [u8; KEY_MAX],
}

/// What a key says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyParts {
    /// Of which ledger.
    pub ledger: LedgerId,
    /// Of which year.
    pub year: Year,
    /// Whose.
    pub division: Division,
    /// Its dimensions.
    pub bag: Bag,
}

/// All that a row rule may look at to work out a row of a line.
#[derive(Clone, Copy, Debug)]
pub struct LineView<'a> {
    /// The document's division.
    pub division: Division,
    /// The document's fiscal year.
    pub year: Year,
    /// Fields of the document's head, ascending by id.
    pub header: &'a [Field],
    /// The line's own dimensions.
    pub line: &'a Bag,
    /// Those of the receiving side; the line's own where it names none.
    pub to: &'a Bag,
    /// The line's month.
    pub month: Option<Month>,
    /// Fields of the line, ascending by id.
    pub fields: &'a [Field],
}

/// Why there is no key. Names are those of `config/`.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// A row of the ledger can't be without the dimension.
    #[error("{ledger} needs {dimension}")]
    Missing {
        /// The ledger.
        ledger: String,
        /// The dimension.
        dimension: String,
    },
    /// The value is not one of the dimension's.
    #[error("{value:?} is no {dimension}")]
    Value {
        /// The dimension.
        dimension: String,
        /// The value.
        value: String,
    },
    /// The row would be of a division that does not exist.
    #[error("no such division: {0}")]
    Division(String),
    /// The bytes are no key of this catalog.
    #[error("damaged row key")]
    Damaged,
}

impl Catalog {
    /// The key of the row that `rule` chooses for a line, or `None` when the line does not touch it.
    ///
    /// # Errors
    /// A required dimension is missing, or a value is not one of its dimension's.
    pub fn key_of(&self, rule: &RowRule, view: &LineView<'_>) -> Result<Option<RowKey>, KeyError> {
        if !rule.when.iter().all(|condition| condition.holds(view)) {
            return Ok(None);
        }
        let bag = view.bag(rule.bag);
        let division = self.place(rule.place, bag, view.division)?;
        let year = Year(view.year.0.saturating_add(rule.years_later));
        let ledger = self.ledger(rule.ledger).ok_or(KeyError::Damaged)?;
        let mut key = RowKey::head(ledger.id, year, division);
        for (at, wanted) in ledger.dimensions.iter().enumerate() {
            let dimension = self.dimension(wanted.id).ok_or(KeyError::Damaged)?;
            let mut scratch = String::new();
            let found = match rule.set.binary_search_by_key(&wanted.id, |(id, _)| *id) {
                Ok(at) => rule.set[at].1.value(view, &mut scratch),
                Err(_) => bag.get(wanted.id),
            };
            key.push_value(at, ledger, *wanted, dimension, found)?;
        }
        Ok(Some(key))
    }

    /// The key of a row named by its parts: for embedders and tests.
    ///
    /// # Errors
    /// As [`Catalog::key_of`].
    pub fn key(
        &self,
        ledger: &Ledger,
        year: Year,
        division: Division,
        bag: &Bag,
    ) -> Result<RowKey, KeyError> {
        let mut key = RowKey::head(ledger.id, year, division);
        for (at, wanted) in ledger.dimensions.iter().enumerate() {
            let dimension = self.dimension(wanted.id).ok_or(KeyError::Damaged)?;
            key.push_value(at, ledger, *wanted, dimension, bag.get(wanted.id))?;
        }
        Ok(key)
    }

    /// The key of the row of `ledger` that stands beside `base`: same year, division and dimensions.
    /// `None` where the two ledgers do not have the same dimensions.
    #[inline]
    pub fn beside(&self, base: &[u8], ledger: LedgerId) -> Option<RowKey> {
        let mut key = RowKey::from_bytes(base)?;
        if key.ledger() != ledger {
            let (from, to) = (self.ledger(key.ledger())?, self.ledger(ledger)?);
            if from.shape != to.shape {
                return None;
            }
            key.bytes[0] = ledger.0;
        }
        Some(key)
    }

    /// What a key says.
    ///
    /// # Errors
    /// [`KeyError::Damaged`] if the bytes are no key of this catalog.
    pub fn read_key(&self, bytes: &[u8]) -> Result<KeyParts, KeyError> {
        let mut parts = read_head(bytes).ok_or(KeyError::Damaged)?;
        let ledger = self.ledger(parts.ledger).ok_or(KeyError::Damaged)?;
        let present = u16::from_be_bytes([bytes[7], bytes[8]]);
        let mut rest = &bytes[HEAD..];
        for (at, wanted) in ledger.dimensions.iter().enumerate() {
            if present & (1 << at) == 0 {
                continue;
            }
            let dimension = self.dimension(wanted.id).ok_or(KeyError::Damaged)?;
            let mut room = [0; VALUE_MAX];
            let value = read_value(&mut rest, &dimension.format, &mut room);
            parts.bag.set(wanted.id, value.ok_or(KeyError::Damaged)?);
        }
        let known = (1_u32 << ledger.dimensions.len()) - 1;
        if !rest.is_empty() || u32::from(present) & !known != 0 {
            return Err(KeyError::Damaged);
        }
        Ok(parts)
    }

    /// Whether a key has this value in this dimension.
    ///
    /// # Errors
    /// As [`Catalog::read_key`], as far as it has to read.
    pub fn key_has(
        &self,
        bytes: &[u8],
        wanted: DimensionId,
        value: &str,
    ) -> Result<bool, KeyError> {
        let (ledger, ..) = head(bytes).ok_or(KeyError::Damaged)?;
        let ledger = self.ledger(ledger).ok_or(KeyError::Damaged)?;
        let packed = bytes.get(7..HEAD).ok_or(KeyError::Damaged)?;
        let present = u16::from_be_bytes([packed[0], packed[1]]);
        let mut rest = &bytes[HEAD..];
        for (at, known) in ledger.dimensions.iter().enumerate() {
            if present & (1 << at) == 0 {
                continue;
            }
            let dimension = self.dimension(known.id).ok_or(KeyError::Damaged)?;
            let mut room = [0; VALUE_MAX];
            let found = read_value(&mut rest, &dimension.format, &mut room);
            let found = found.ok_or(KeyError::Damaged)?;
            if known.id == wanted {
                return Ok(found == value);
            }
        }
        Ok(false)
    }

    /// The part of a key by which rows are spread over shards: division and, where the ledger has
    /// one, the sharding dimension (packed). Works on any key that this catalog wrote.
    pub fn shard_part<'k>(&self, key: &'k [u8]) -> (Division, &'k [u8]) {
        let Some((ledger, _, division)) = head(key) else {
            return (Division::default(), &[]);
        };
        let first = self
            .ledger(ledger)
            .and_then(|ledger| self.dimension(ledger.dimensions.first()?.id));
        match first {
            Some(dimension) if dimension.shard && key[8] & 1 != 0 => {
                let end = HEAD + dimension.key_bytes_max();
                (division, key.get(HEAD..end).unwrap_or(&[]))
            }
            _ => (division, &[]),
        }
    }

    fn place(&self, place: Place, bag: &Bag, own: Division) -> Result<Division, KeyError> {
        match place {
            Place::Document => Ok(own),
            Place::Parent => self
                .divisions
                .payer(own)
                .ok_or_else(|| KeyError::Division(format!("above {:09}", own.0))),
            Place::Named(id) => {
                let code = bag.get(id).unwrap_or("");
                self.divisions
                    .find(code)
                    .ok_or_else(|| KeyError::Division(code.to_owned()))
            }
        }
    }
}

impl LineView<'_> {
    /// One of the two bags.
    pub fn bag(&self, name: BagName) -> &Bag {
        match name {
            BagName::Line => self.line,
            BagName::To => self.to,
        }
    }
}

/// The amount that a rule moves or posts for a line of `amount` and `fields`; `None` when it is nothing.
pub fn amount_of(source: AmountSource, amount: Cents, fields: &[Field]) -> Option<Cents> {
    let amount = match source {
        AmountSource::Line => amount,
        AmountSource::Field(id) => match find(fields, id) {
            Some(Value::Amount(amount)) => *amount,
            _ => Cents::ZERO,
        },
    };
    amount.is_positive().then_some(amount)
}

impl Condition {
    fn holds(&self, view: &LineView<'_>) -> bool {
        match self {
            Condition::Has(bag, id) => view.bag(*bag).get(*id).is_some(),
            Condition::FieldIs(id, wanted) => {
                matches!(find(view.header, *id), Some(Value::Text(text)) if **text == **wanted)
            }
            Condition::Positive(id) => {
                matches!(find(view.fields, *id), Some(Value::Amount(a)) if a.is_positive())
            }
        }
    }
}

impl SetValue {
    fn value<'a>(&'a self, view: &LineView<'a>, scratch: &'a mut String) -> Option<&'a str> {
        match self {
            SetValue::Const(value) => Some(value),
            SetValue::Empty => None,
            SetValue::Field(id) => match find(view.header, *id) {
                Some(Value::Text(text)) => Some(text),
                _ => None,
            },
            SetValue::Month => Some(MONTHS[usize::from(view.month?.number()) - 1]),
            SetValue::Division => {
                *scratch = format!("{:09}", view.division.0);
                Some(scratch)
            }
        }
    }
}

/// The value of a field in a list that ascends by id.
pub fn find(fields: &[Field], id: FieldId) -> Option<&Value> {
    let at = fields.binary_search_by_key(&id, |field| field.id).ok()?;
    Some(&fields[at].value)
}

impl RowKey {
    fn head(ledger: LedgerId, year: Year, division: Division) -> RowKey {
        let mut bytes = [0; KEY_MAX];
        bytes[0] = ledger.0;
        bytes[1..3].copy_from_slice(&year.0.to_be_bytes());
        bytes[3..7].copy_from_slice(&division.0.to_be_bytes());
        RowKey {
            length: HEAD as u8,
            bytes,
        }
    }

    /// A key from its packed bytes, which [`Catalog`] wrote; `None` when they can't be one.
    pub fn from_bytes(packed: &[u8]) -> Option<RowKey> {
        let fits = (HEAD..=KEY_MAX).contains(&packed.len());
        let mut key = RowKey {
            length: packed.len() as u8,
            bytes: [0; KEY_MAX],
        };
        fits.then(|| {
            key.bytes[..packed.len()].copy_from_slice(packed);
            key
        })
    }

    /// Of which ledger the row is.
    pub fn ledger(&self) -> LedgerId {
        LedgerId(self.bytes[0])
    }

    /// Of which year the row is.
    pub fn year(&self) -> Year {
        Year(u16::from_be_bytes([self.bytes[1], self.bytes[2]]))
    }

    /// The packed bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    fn push_value(
        &mut self,
        at: usize,
        ledger: &Ledger,
        wanted: LedgerDimension,
        dimension: &Dimension,
        value: Option<&str>,
    ) -> Result<(), KeyError> {
        let Some(value) = value else {
            if wanted.required {
                return Err(KeyError::Missing {
                    ledger: ledger.name.clone(),
                    dimension: dimension.name.clone(),
                });
            }
            return Ok(());
        };
        self.bytes[7 + usize::from(at < 8)] |= 1 << (at % 8);
        let fits = match &dimension.format {
            Format::Digits { length, .. } => {
                value.len() == usize::from(*length) && self.push_digits(value.as_bytes())
            }
            Format::Text { max } => {
                (1..=usize::from(*max)).contains(&value.len())
                    && self.push(value.len() as u8)
                    && value.bytes().all(|byte| self.push(byte))
            }
        };
        fits.then_some(()).ok_or_else(|| KeyError::Value {
            dimension: dimension.name.clone(),
            value: value.to_owned(),
        })
    }

    fn push_digits(&mut self, digits: &[u8]) -> bool {
        digits.chunks(2).all(|pair| {
            let high = pair[0].wrapping_sub(b'0');
            let low = pair.get(1).map_or(0xF, |digit| digit.wrapping_sub(b'0'));
            high < 10 && (low < 10 || pair.len() == 1) && self.push(high << 4 | low)
        })
    }

    fn push(&mut self, byte: u8) -> bool {
        let at = usize::from(self.length);
        assert!(at < KEY_MAX, "the checker lets no ledger's key be longer");
        self.bytes[at] = byte;
        self.length += 1;
        true
    }
}

/// The ledger, year and division of a packed key.
pub fn head(key: &[u8]) -> Option<(LedgerId, Year, Division)> {
    let head: &[u8; HEAD] = key.first_chunk()?;
    let division = u32::from_be_bytes([head[3], head[4], head[5], head[6]]);
    Some((
        LedgerId(head[0]),
        Year(u16::from_be_bytes([head[1], head[2]])),
        Division(division),
    ))
}

fn read_head(bytes: &[u8]) -> Option<KeyParts> {
    let (ledger, year, division) = head(bytes)?;
    Some(KeyParts {
        ledger,
        year,
        division,
        bag: Bag::new(),
    })
}

/// The next value; digits are unpacked into `room`.
fn read_value<'r, 'a: 'r>(
    rest: &mut &'a [u8],
    format: &Format,
    room: &'r mut [u8; VALUE_MAX],
) -> Option<&'r str> {
    match format {
        Format::Digits { length, .. } => {
            let length = usize::from(*length);
            let packed = rest.split_off(..length.div_ceil(2))?;
            for (pair, byte) in room.chunks_mut(2).zip(packed) {
                pair[0] = b'0' + (byte >> 4);
                pair[1] = b'0' + (byte & 0xF);
            }
            let digits = room.get(..length)?;
            let plain = digits.iter().all(u8::is_ascii_digit);
            plain.then(|| std::str::from_utf8(digits).ok()).flatten()
        }
        Format::Text { max } => {
            let length = rest.split_off_first()?;
            let text = rest.split_off(..usize::from(*length))?;
            let text = std::str::from_utf8(text).ok()?;
            (1..=usize::from(*max))
                .contains(&text.len())
                .then_some(text)
        }
    }
}

impl PartialEq for RowKey {
    fn eq(&self, other: &RowKey) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for RowKey {}

impl PartialOrd for RowKey {
    fn partial_cmp(&self, other: &RowKey) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RowKey {
    fn cmp(&self, other: &RowKey) -> std::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for RowKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl std::fmt::Debug for RowKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_bytes()
            .iter()
            .try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}
