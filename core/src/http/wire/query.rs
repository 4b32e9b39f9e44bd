//! What is read, as it goes out.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::super::money::Amount;
use super::answer::{Id, Number};
use super::sign::SignatureView;
use crate::catalog::bag::Bag;
use crate::catalog::calendar::format_day;
use crate::catalog::model::Catalog;
use crate::engine::show::Shown;
use crate::fields::error::FieldsError;
use crate::fields::mask::STARS;
use hubu_kernel::document::{Dimension, Value};

/// Pairs of names and values as a JSON object, in their order.
#[derive(Debug)]
pub struct Object<'a, V>(pub Vec<(&'a str, V)>);

impl<V> Object<'_, V> {
    /// Whether there is no pair in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<V: Serialize> Serialize for Object<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// A value of a field, as far as the reader may see it.
#[derive(Debug)]
pub struct FieldValue<'a>(pub Shown<'a>);

impl FieldValue<'_> {
    /// Why it is not there in full.
    pub fn hidden(&self) -> Option<&'static str> {
        match &self.0 {
            Shown::Whole(_) => None,
            Shown::Masked(_) => Some("masked"),
            Shown::Closed(FieldsError::Damaged { .. }) => Some("damaged"),
            Shown::Closed(_) => Some("key_missing"),
        }
    }
}

impl Serialize for FieldValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = match &self.0 {
            Shown::Whole(value) => value,
            Shown::Masked(text) => return serializer.serialize_str(text),
            // The stars keep it from being written back.
            Shown::Closed(error) => {
                return serializer.collect_str(&format_args!("{STARS} {error}"));
            }
        };
        match &**value {
            Value::Text(text) => serializer.serialize_str(text),
            Value::Int(number) => serializer.serialize_i64(*number),
            Value::Amount(cents) => Amount::from(*cents).serialize(serializer),
            Value::Flag(flag) => serializer.serialize_bool(*flag),
            Value::Date(day) => serializer.serialize_str(&format_day(*day)),
            Value::Sealed(_) => serializer.serialize_str(STARS),
        }
    }
}

/// Dimensions by name.
pub fn dims<'a>(catalog: &'a Catalog, pairs: &'a [Dimension]) -> Object<'a, &'a str> {
    let named = |pair: &'a Dimension| Some((&*catalog.dimension(pair.code)?.name, &*pair.value));
    Object(pairs.iter().filter_map(named).collect())
}

/// The dimensions of a row by name, written from where its key was read: a page has a thousand of them.
#[derive(Debug)]
pub struct RowDims<'a> {
    /// What they are called.
    pub catalog: &'a Catalog,
    /// Their values.
    pub bag: Bag,
}

impl Serialize for RowDims<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (id, value) in self.bag.iter() {
            if let Some(dimension) = self.catalog.dimension(id) {
                map.serialize_entry(&*dimension.name, value)?;
            }
        }
        map.end()
    }
}

/// A document (`GET /v1/documents/{id}`).
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentView<'a> {
    /// Its id.
    #[schema(value_type = String, example = "123")]
    pub id: Id,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// Where it stands.
    pub state: &'a str,
    /// Its version, as `If-Match` wants it.
    pub version: u32,
    /// Its number.
    #[schema(example = "420106000-2026-PAY-000123")]
    #[schema(value_type = String)]
    pub number: Number<'a>,
    /// Whose it is: nine digits.
    pub division: String,
    /// Of which year.
    pub fiscal_year: u16,
    /// The agency, or null.
    pub agency: Option<&'a str>,
    /// Who entered it.
    pub creator: &'a str,
    /// On whose behalf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<&'a str>,
    /// Fields of its head.
    #[schema(value_type = Object)]
    pub fields: Object<'a, FieldValue<'a>>,
    /// Which of them are not shown in full, and why: `masked`, `key_missing` or `damaged`.
    #[serde(skip_serializing_if = "Object::is_empty")]
    #[schema(value_type = Object)]
    pub hidden: Object<'a, &'static str>,
    /// Its lines.
    pub lines: Vec<LineView<'a>>,
    /// Documents upstream.
    #[schema(value_type = Vec<String>)]
    pub links: Vec<Id>,
    /// Documents that it made for others.
    #[schema(value_type = Vec<String>)]
    pub downstream: Vec<Id>,
    /// Signatures under its steps; left out where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<SignatureView<'a>>,
    /// The records that made it.
    #[schema(value_type = Vec<String>)]
    pub history: Vec<Id>,
    /// Steps that the reader may take with it now, as far as role and scope go.
    pub actions: Vec<&'a str>,
}

/// A line of a document.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineView<'a> {
    /// How much.
    #[schema(value_type = String, example = "1234.56")]
    pub amount: Amount,
    /// The row that it starts from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub row: Option<Id>,
    /// Dimensions laid over those of the row.
    #[schema(value_type = Object)]
    pub dims: Object<'a, &'a str>,
    /// The row that the receiving side starts from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub to_row: Option<Id>,
    /// Dimensions of the receiving side.
    #[schema(value_type = Object)]
    pub to: Object<'a, &'a str>,
    /// The month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub month: Option<u8>,
    /// Further fields.
    #[schema(value_type = Object)]
    pub fields: Object<'a, FieldValue<'a>>,
    /// Which of them are not shown in full, and why.
    #[serde(skip_serializing_if = "Object::is_empty")]
    #[schema(value_type = Object)]
    pub hidden: Object<'a, &'static str>,
}

/// A row (`GET /v1/quotas/{row}`).
#[derive(Debug, Serialize, ToSchema)]
pub struct QuotaView<'a> {
    /// Its id.
    #[schema(value_type = String, example = "17")]
    pub row: Id,
    /// Its ledger.
    pub ledger: &'a str,
    /// Whose it is: nine digits.
    pub division: String,
    /// Of which year.
    pub fiscal_year: u16,
    /// Its dimensions.
    #[schema(value_type = Object)]
    pub dims: RowDims<'a>,
    /// What was given to it.
    #[schema(value_type = String)]
    pub approved: Amount,
    /// What was taken from it for good.
    #[schema(value_type = String)]
    pub used: Amount,
    /// What is being taken from it.
    #[schema(value_type = String)]
    pub decreasing: Amount,
    /// What is being given to it.
    #[schema(value_type = String)]
    pub increasing: Amount,
    /// `approved − used − decreasing`
    #[schema(value_type = String)]
    pub available: Amount,
    /// Total debited.
    #[schema(value_type = String)]
    pub debit: Amount,
    /// Total credited.
    #[schema(value_type = String)]
    pub credit: Amount,
    /// Whether nothing may be consumed or cut.
    pub frozen: bool,
    /// `strict`, `warn` or `none`.
    pub control: &'static str,
    /// What was planned for each month, January first, where the ledger keeps a plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub planned: Option<Vec<Amount>>,
}

/// A part of a list of rows (`GET /v1/quotas`).
#[derive(Debug, Serialize, ToSchema)]
pub struct QuotaPage<'a> {
    /// The rows.
    pub items: Vec<QuotaView<'a>>,
    /// Where the next part begins; null at the end.
    pub cursor: Option<String>,
}
