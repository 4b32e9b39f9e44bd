//! Compiling a guard: names, fields, functions and types are checked before any document sees it.
//!
//! CEL itself finds out at run time; here a guard that names what is not there, compares a number with
//! a text or does not give yes or no is a mistake of the file. What can't be known, such as an entry
//! of a parameter table chosen by a variable, is let through as [`Ty::Any`].

use super::dimension::Dimension;
use super::document::{FieldKind, FieldPlace, FieldRule};
use super::guard::{Guard, Test, Words};
use super::model::Catalog;
use cel::IdedExpr;
use cel::Program;
use cel::common::ast::{
    ComprehensionExpr, EntryExpr, Expr, LiteralValue, SelectExpr, operators as op,
};
use std::collections::BTreeSet;

/// What a guard of one document type may name.
#[derive(Clone, Copy, Debug)]
pub(super) struct GuardScope<'a> {
    pub(super) fields: &'a [FieldRule],
    pub(super) catalog: &'a Catalog,
}

/// The type of an expression, as far as it can be known.
#[derive(Clone, PartialEq, Debug)]
enum Ty<'a> {
    Any,
    Bool,
    Int,
    Text,
    List(Box<Ty<'a>>),
    Param(&'a toml::Table),
    Doc,
    Line,
    To,
    Actor,
    Now,
}

/// Our functions: name, arguments, result. `guard_value` has their meaning.
const FUNCTIONS: [(&str, &[Ty<'static>], Ty<'static>); 5] = [
    ("is_leaf", &[Ty::Text, Ty::Text], Ty::Bool),
    ("pays", &[Ty::Text, Ty::Text], Ty::Bool),
    ("days", &[Ty::Text, Ty::Text], Ty::Int),
    ("period", &[Ty::Int], Ty::Text),
    ("string", &[Ty::Int], Ty::Text),
];

/// Functions of a text with one text.
const TEXT_METHODS: [&str; 4] = ["startsWith", "endsWith", "contains", "matches"];

impl Guard {
    /// The guard that a flag of the head is yes.
    pub(super) fn affirmed(field: &FieldRule) -> Guard {
        Guard {
            source: format!("doc.{}", field.name),
            words: Words {
                zh: format!("“{}”须为是", field.zh),
                en: format!("{} is true", field.name),
            },
            test: Test::Affirmed(field.id),
            needs_lines: false,
        }
    }

    /// The guard that the fiscal year is not closed.
    pub(super) fn open_year() -> Guard {
        Guard {
            source: "period(doc.fiscal_year) != 'closed'".to_owned(),
            words: Words {
                zh: "该财政年度须尚未关账".to_owned(),
                en: "the fiscal year is not closed".to_owned(),
            },
            test: Test::OpenYear,
            needs_lines: false,
        }
    }

    /// The guard that lines stay with the document's agency.
    pub(super) fn own_agency(dimension: &Dimension) -> Guard {
        Guard {
            source: format!("lines.all(l, l.{} == doc.agency)", dimension.name),
            words: Words {
                zh: "每条明细须属于本单据的单位".to_owned(),
                en: "every line is the document's own agency's".to_owned(),
            },
            test: Test::OwnAgency(dimension.id),
            needs_lines: false,
        }
    }

    /// Compiles and checks an expression.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(super) fn compile(
        source: &str,
        words: Words,
        scope: &GuardScope<'_>,
    ) -> Result<Guard, Vec<String>> {
        let program = Program::compile(source).map_err(|errors| {
            errors
                .errors
                .iter()
                .map(|error| error.msg.clone())
                .collect::<Vec<_>>()
        })?;
        let mut checker = Checker {
            scope: *scope,
            variables: Vec::new(),
            mentions: BTreeSet::new(),
            faults: Vec::new(),
        };
        let ty = checker.infer(program.expression());
        if !matches!(ty, Ty::Bool | Ty::Any) {
            checker.faults.push("it does not give yes or no".to_owned());
        }
        if !checker.faults.is_empty() {
            return Err(checker.faults);
        }
        let needs_lines = checker.mentions.contains("lines");
        Ok(Guard {
            source: source.to_owned(),
            words,
            test: Test::Cel(Box::new(super::guard::Expression {
                program,
                mentions: checker.mentions,
            })),
            needs_lines,
        })
    }
}

struct Checker<'a> {
    scope: GuardScope<'a>,
    /// Variables of macros, innermost last.
    variables: Vec<(String, Ty<'a>)>,
    /// Names and fields that the expression mentions: all that need be built for it.
    mentions: BTreeSet<String>,
    faults: Vec<String>,
}

impl<'a> Checker<'a> {
    fn fault(&mut self, message: String) -> Ty<'a> {
        self.faults.push(message);
        Ty::Any
    }

    fn infer(&mut self, node: &IdedExpr) -> Ty<'a> {
        match &node.expr {
            Expr::Ident(name) => self.name(name),
            Expr::Literal(value) => literal(value),
            Expr::Select(select) => self.select(select),
            Expr::Call(call) => {
                let target = call.target.as_ref().map(|target| self.infer(target));
                let args: Vec<_> = call.args.iter().map(|arg| self.infer(arg)).collect();
                match target {
                    Some(target) => self.method(&call.func_name, &target, &args),
                    None => self.call(&call.func_name, &args),
                }
            }
            Expr::Comprehension(macro_call) => self.comprehension(macro_call),
            Expr::List(list) => {
                let mut types: Vec<_> = list
                    .elements
                    .iter()
                    .map(|element| self.infer(element))
                    .collect();
                types.dedup();
                match types.as_slice() {
                    [one] => Ty::List(Box::new(one.clone())),
                    _ => Ty::List(Box::new(Ty::Any)),
                }
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(pair) = &entry.expr {
                        self.infer(&pair.key);
                        self.infer(&pair.value);
                    }
                }
                Ty::Any
            }
            Expr::Struct(made) => self.fault(format!("there is no type `{}`", made.type_name)),
            Expr::Unspecified => self.fault("the expression is empty".to_owned()),
        }
    }

    fn name(&mut self, name: &str) -> Ty<'a> {
        if let Some((_, ty)) = self.variables.iter().rev().find(|(known, _)| known == name) {
            return ty.clone();
        }
        self.mentions.insert(name.to_owned());
        match name {
            "doc" => Ty::Doc,
            "lines" => Ty::List(Box::new(Ty::Line)),
            "actor" => Ty::Actor,
            "now" => Ty::Now,
            "param" => Ty::Param(&self.scope.catalog.reference.params),
            _ => self.fault(format!(
                "there is no `{name}`; known: doc, lines, actor, now, param"
            )),
        }
    }

    fn select(&mut self, select: &SelectExpr) -> Ty<'a> {
        let of = self.infer(&select.operand);
        let field = select.field.as_str();
        self.mentions.insert(field.to_owned());
        let found = match &of {
            Ty::Any => Some(Ty::Any),
            Ty::Doc => match field {
                "amount" | "fiscal_year" => Some(Ty::Int),
                "division" | "agency" | "creator" | "previous" => Some(Ty::Text),
                _ => self.field(FieldPlace::Header, field),
            },
            Ty::Line => match field {
                "amount" | "month" => Some(Ty::Int),
                "to" => Some(Ty::To),
                _ => self
                    .field(FieldPlace::Line, field)
                    .or_else(|| self.dimension(field)),
            },
            Ty::To => self.dimension(field),
            Ty::Actor => matches!(field, "id" | "division" | "agency" | "dept").then_some(Ty::Text),
            Ty::Now => match field {
                "date" => Some(Ty::Text),
                "year" | "month" | "day" => Some(Ty::Int),
                _ => None,
            },
            Ty::Param(table) => table.get(field).map(param),
            Ty::Bool | Ty::Int | Ty::Text | Ty::List(_) => None,
        };
        match found {
            Some(_) if select.test => Ty::Bool,
            Some(ty) => ty,
            None => self.fault(format!("there is no field `{field}` here")),
        }
    }

    fn field(&self, place: FieldPlace, name: &str) -> Option<Ty<'a>> {
        let mut fields = self.scope.fields.iter();
        let field = fields.find(|field| field.place == place && field.name == name)?;
        Some(match field.kind {
            FieldKind::Amount | FieldKind::Int => Ty::Int,
            FieldKind::Flag => Ty::Bool,
            FieldKind::Text { .. } | FieldKind::Date | FieldKind::Choice(_) => Ty::Text,
        })
    }

    fn dimension(&self, name: &str) -> Option<Ty<'a>> {
        self.scope.catalog.dimension_named(name).map(|_| Ty::Text)
    }

    fn call(&mut self, name: &str, args: &[Ty<'a>]) -> Ty<'a> {
        match (name, args) {
            (op::LOGICAL_AND | op::LOGICAL_OR | op::LOGICAL_NOT | op::NOT_STRICTLY_FALSE, _) => {
                for arg in args {
                    self.want(name, arg, &Ty::Bool);
                }
                Ty::Bool
            }
            (op::EQUALS | op::NOT_EQUALS, [left, right]) => {
                self.want(name, left, right);
                Ty::Bool
            }
            (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS, [left, right]) => {
                self.want(name, left, right);
                if !matches!(left, Ty::Int | Ty::Text | Ty::Any) {
                    self.fault(format!("`{name}` does not order such values"));
                }
                Ty::Bool
            }
            (op::ADD, [left @ (Ty::List(_) | Ty::Text), right]) => {
                self.want(name, left, right);
                left.clone()
            }
            (op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE | op::MODULO | op::NEGATE, _) => {
                for arg in args {
                    self.want(name, arg, &Ty::Int);
                }
                Ty::Int
            }
            (op::IN, [left, Ty::List(of)]) => {
                self.want(name, left, of);
                Ty::Bool
            }
            (op::IN, [_, Ty::Any | Ty::Param(_)]) => Ty::Bool,
            (op::INDEX, [Ty::List(of), index]) => {
                self.want(name, index, &Ty::Int);
                (**of).clone()
            }
            (op::INDEX, [Ty::Param(_) | Ty::Any, _]) => Ty::Any,
            (op::CONDITIONAL, [condition, left, right]) => {
                self.want(name, condition, &Ty::Bool);
                self.want(name, left, right);
                left.clone()
            }
            ("size", [Ty::List(_) | Ty::Text | Ty::Any]) => Ty::Int,
            _ => self.own_function(name, args),
        }
    }

    fn own_function(&mut self, name: &str, args: &[Ty<'a>]) -> Ty<'a> {
        let Some((_, wanted, result)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
            return self.fault(format!("there is no function `{name}` of such values"));
        };
        self.mentions.insert(name.to_owned());
        if wanted.len() != args.len() {
            return self.fault(format!(
                "`{name}` takes {} values, not {}",
                wanted.len(),
                args.len()
            ));
        }
        for (arg, wanted) in args.iter().zip(wanted.iter()) {
            self.want(name, arg, wanted);
        }
        result.clone()
    }

    fn method(&mut self, name: &str, target: &Ty<'a>, args: &[Ty<'a>]) -> Ty<'a> {
        match (target, args) {
            (Ty::Text | Ty::Any, [Ty::Text | Ty::Any]) if TEXT_METHODS.contains(&name) => Ty::Bool,
            (Ty::List(_) | Ty::Text | Ty::Any, []) if name == "size" => Ty::Int,
            _ => self.fault(format!("there is no function `{name}` of such a value")),
        }
    }

    fn comprehension(&mut self, node: &ComprehensionExpr) -> Ty<'a> {
        let element = match self.infer(&node.iter_range) {
            Ty::List(of) => *of,
            Ty::Any => Ty::Any,
            _ => self.fault("only a list can be gone through".to_owned()),
        };
        let start = self.infer(&node.accu_init);
        let depth = self.variables.len();
        self.variables.push((node.iter_var.clone(), element));
        if let Some(second) = &node.iter_var2 {
            self.variables.push((second.clone(), Ty::Any));
        }
        self.variables.push((node.accu_var.clone(), start));
        self.infer(&node.loop_cond);
        self.infer(&node.loop_step);
        let result = self.infer(&node.result);
        self.variables.truncate(depth);
        result
    }

    fn want(&mut self, name: &str, found: &Ty<'a>, wanted: &Ty<'a>) {
        let fits = match (found, wanted) {
            (Ty::Any, _) | (_, Ty::Any) | (Ty::List(_), Ty::List(_)) => true,
            (found, wanted) => found == wanted,
        };
        if !fits {
            self.fault(format!(
                "`{name}` does not take {} with {}",
                words(found),
                words(wanted)
            ));
        }
    }
}

fn literal(value: &LiteralValue) -> Ty<'static> {
    match value {
        LiteralValue::Boolean(_) => Ty::Bool,
        LiteralValue::Int(_) => Ty::Int,
        LiteralValue::String(_) => Ty::Text,
        _ => Ty::Any,
    }
}

fn param(value: &toml::Value) -> Ty<'_> {
    match value {
        toml::Value::Table(table) => Ty::Param(table),
        toml::Value::Integer(_) => Ty::Int,
        toml::Value::String(_) => Ty::Text,
        toml::Value::Boolean(_) => Ty::Bool,
        toml::Value::Array(array) => {
            let first = array.first().map_or(Ty::Any, param);
            Ty::List(Box::new(first))
        }
        _ => Ty::Any,
    }
}

fn words(ty: &Ty<'_>) -> &'static str {
    match ty {
        Ty::Any => "anything",
        Ty::Bool => "a bool",
        Ty::Int => "a number",
        Ty::Text => "a text",
        Ty::List(_) => "a list",
        Ty::Param(_) => "a parameter table",
        Ty::Doc => "the document",
        Ty::Line | Ty::To => "a line",
        Ty::Actor => "the actor",
        Ty::Now => "the day",
    }
}
