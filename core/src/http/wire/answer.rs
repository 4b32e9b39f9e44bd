//! Answers to commands, as they go out.

use hubu_kernel::ident::{Division, Year};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::super::problem::Problem;

/// An id or a sequence number: a decimal string, since not every client has 64-bit numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(pub u64);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(itoa::Buffer::new().format(self.0))
    }
}

/// Appends a number with at least `digits` digits.
fn push_number(text: &mut String, number: u64, digits: usize) {
    let mut room = itoa::Buffer::new();
    let plain = room.format(number);
    (plain.len()..digits).for_each(|_| text.push('0'));
    text.push_str(plain);
}

/// A document's number: `420106000-2026-PAY-000123`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number<'a> {
    /// Whose series.
    pub division: Division,
    /// Of which year.
    pub year: Year,
    /// The series of the document's type.
    pub series: &'a str,
    /// Its place there, from 1.
    pub number: u64,
}

impl Serialize for Number<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // By hand, as every answer has one and the machinery of `fmt` costs several times as much.
        let mut text = String::with_capacity(48);
        push_number(&mut text, u64::from(self.division.0), 9);
        text.push('-');
        push_number(&mut text, u64::from(self.year.0), 4);
        text.push('-');
        text.push_str(self.series);
        text.push('-');
        push_number(&mut text, self.number, 6);
        serializer.serialize_str(&text)
    }
}

/// What a command came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct Moved<'a> {
    /// The document.
    #[schema(value_type = String, example = "123")]
    pub id: Id,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// Where it stands now.
    pub state: &'a str,
    /// Its version now.
    pub version: u32,
    /// Its number, in the answer to the command that entered it; left out of the answers to later steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, nullable = false, example = "420106000-2026-PAY-000123")]
    pub number: Option<Number<'a>>,
    /// The journal's number of this decision.
    #[schema(value_type = String, example = "456")]
    pub seq: Id,
    /// Rows that went below what they have, where that only warns.
    #[schema(value_type = Vec<String>)]
    pub warnings: Vec<Id>,
    /// Documents made for others.
    #[schema(value_type = Vec<String>)]
    pub spawned: Vec<Id>,
}

/// The answer to a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchAnswer<'a> {
    /// One for each command, in their order.
    pub results: Vec<BatchResult<'a>>,
}

/// What one command of a batch came to: `answer` or `problem`.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchResult<'a> {
    /// The status that the command would have got alone.
    pub status: u16,
    /// What it came to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Moved<'a>>,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

impl BatchResult<'_> {
    /// A command that came to nothing.
    pub fn refused(problem: Problem) -> Self {
        Self {
            status: problem.status,
            answer: None,
            problem: Some(problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_texts_with_leading_zeros_where_they_belong() {
        let number = Number {
            division: Division(20_106_000),
            year: Year(2026),
            series: "PAY",
            number: 123,
        };
        assert_eq!(
            serde_json::to_string(&number).unwrap(),
            r#""020106000-2026-PAY-000123""#
        );
        for id in [0, 7, 10, u64::MAX] {
            let text = serde_json::to_string(&Id(id)).unwrap();
            assert_eq!(text, format!("\"{id}\""));
        }
        let many = Number {
            number: 12_345_678,
            ..number
        };
        assert!(
            serde_json::to_string(&many)
                .unwrap()
                .ends_with("-12345678\"")
        );
    }
}
