//! Divisions (区划): the tree 省 → 市 → 县 → 乡, with its questions answered in constant time.
//!
//! Places in the list are a walk of the tree, parents first, so that everything below a division
//! is one range: `covers` is two comparisons.

use hubu_kernel::ident::Division;
use std::collections::HashMap;

/// One division.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DivisionEntry {
    /// Its nine digits as a number.
    pub code: Division,
    /// Its name (名称).
    pub name: String,
    /// 1 province, 2 prefecture, 3 county, 4 township.
    pub level: u8,
    /// What it is, such as `county`.
    pub kind: String,
    /// Its parent's place, or `None` at the top.
    pub parent: Option<u32>,
    /// Who pays transfers to it, where that is not its parent (省直管县).
    pub paid_by: Option<Division>,
    /// The place after the last division below it.
    end: u32,
}

/// The tree, in the order of a walk.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Divisions {
    entries: Vec<DivisionEntry>,
    place: HashMap<u32, u32>,
}

/// A row of `config/divisions.csv`, checked for form only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DivisionRow {
    /// Its code.
    pub code: Division,
    /// Its parent's code, or `None` at the top.
    pub parent: Option<Division>,
    /// 1 to 4.
    pub level: u8,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// Who pays transfers to it, or `None` for its parent.
    pub paid_by: Option<Division>,
}

/// A code of nine digits as a number.
pub fn parse_code(code: &str) -> Option<Division> {
    let digits = code.len() == 9 && code.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| code.parse().ok().map(Division)).flatten()
}

impl Divisions {
    /// The tree of these rows, which the checker found whole: codes unique, parents there, no circle.
    /// Rows that hang on nothing are left out.
    pub fn new(rows: Vec<DivisionRow>) -> Divisions {
        let mut children: HashMap<Option<Division>, Vec<DivisionRow>> = HashMap::new();
        for row in rows {
            children.entry(row.parent).or_default().push(row);
        }
        let mut tree = Divisions::default();
        tree.grow(None, None, &mut children);
        tree
    }

    fn grow(
        &mut self,
        code: Option<Division>,
        parent: Option<u32>,
        children: &mut HashMap<Option<Division>, Vec<DivisionRow>>,
    ) {
        // The depth of the recursion is the depth of the tree: each visit takes its rows out of the map.
        for row in children.remove(&code).unwrap_or_default() {
            let at = self.entries.len() as u32;
            self.place.insert(row.code.0, at);
            self.entries.push(DivisionEntry {
                code: row.code,
                name: row.name,
                level: row.level,
                kind: row.kind,
                parent,
                paid_by: row.paid_by,
                end: 0,
            });
            self.grow(Some(row.code), Some(at), children);
            self.entries[at as usize].end = self.entries.len() as u32;
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All, parents before children; a place is an index of this list.
    pub fn all(&self) -> &[DivisionEntry] {
        &self.entries
    }

    /// The place of a division.
    #[inline]
    pub fn place(&self, code: Division) -> Option<u32> {
        self.place.get(&code.0).copied()
    }

    /// The division of this code.
    pub fn get(&self, code: Division) -> Option<&DivisionEntry> {
        Some(&self.entries[self.place(code)? as usize])
    }

    /// The division that nine digits name, if there is one.
    pub fn find(&self, code: &str) -> Option<Division> {
        parse_code(code).filter(|division| self.place.contains_key(&division.0))
    }

    /// The division above.
    #[inline]
    pub fn parent(&self, code: Division) -> Option<Division> {
        let parent = self.get(code)?.parent?;
        Some(self.entries[parent as usize].code)
    }

    /// Who pays transfers to the division and recalls them: its parent, or whom the list names.
    #[inline]
    pub fn payer(&self, code: Division) -> Option<Division> {
        self.get(code)?.paid_by.or_else(|| self.parent(code))
    }

    /// Whether `lower` is `upper` or below it.
    #[inline]
    pub fn covers(&self, upper: Division, lower: Division) -> bool {
        let (Some(upper), Some(lower)) = (self.place(upper), self.place(lower)) else {
            return false;
        };
        lower >= upper && lower < self.entries[upper as usize].end
    }

    /// The divisions right below.
    pub fn children(&self, code: Division) -> impl Iterator<Item = &DivisionEntry> {
        let place = self.place(code);
        self.subtree(code)
            .iter()
            .filter(move |entry| place.is_some() && entry.parent == place)
    }

    /// The division and all below it, parents first.
    pub fn subtree(&self, code: Division) -> &[DivisionEntry] {
        match self.place(code) {
            Some(at) => &self.entries[at as usize..self.entries[at as usize].end as usize],
            None => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(code: u32, parent: Option<u32>, level: u8) -> DivisionRow {
        DivisionRow {
            code: Division(code),
            parent: parent.map(Division),
            level,
            name: code.to_string(),
            kind: "k".into(),
            paid_by: (code == 4211).then_some(Division(420)),
        }
    }

    #[test]
    fn a_tree_answers_whatever_the_order_of_its_rows() {
        let tree = Divisions::new(vec![
            row(421, Some(420), 2),
            row(4211, Some(421), 3),
            row(420, None, 1),
            row(422, Some(420), 2),
        ]);
        let d = Division;
        assert!(tree.covers(d(420), d(4211)) && tree.covers(d(421), d(421)));
        assert!(!tree.covers(d(4211), d(421)) && !tree.covers(d(422), d(4211)));
        assert!(!tree.covers(d(9), d(9)) && !tree.covers(d(420), d(9)));
        assert_eq!(tree.parent(d(4211)), Some(d(421)));
        assert_eq!(tree.parent(d(420)), None);
        assert_eq!(tree.payer(d(4211)), Some(d(420)));
        assert_eq!(tree.payer(d(421)), Some(d(420)));
        assert_eq!(tree.payer(d(420)), None);
        let below: Vec<_> = tree.children(d(420)).map(|entry| entry.code.0).collect();
        assert_eq!(below, [421, 422]);
        assert_eq!(tree.subtree(d(421)).len(), 2);
    }

    #[test]
    fn a_code_has_nine_digits() {
        assert_eq!(parse_code("420106000"), Some(Division(420_106_000)));
        for wrong in ["42010600", "4201060000", "42010600x", "", "+20106000"] {
            assert_eq!(parse_code(wrong), None, "{wrong}");
        }
    }
}
