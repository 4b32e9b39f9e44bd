//! What a guard sees, as CEL values: only what the expression mentions is built.

use super::bag::Bag;
use super::calendar::{days_of, format_day, parse_day};
use super::document::{DocumentType, FieldKind, FieldPlace};
use super::guard::{Expression, GuardContext, LineFacts};
use super::key::find;
use super::model::Catalog;
use cel::{Context, Env, Value};
use hubu_kernel::document::Value as FieldValue;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

/// CEL's own functions, the same for every guard.
static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

type Names = BTreeSet<String>;

/// Judges an expression.
pub(super) fn judge(expression: &Expression, facts: &GuardContext<'_>) -> Result<bool, String> {
    let names = &expression.mentions;
    let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
    add_functions(&mut context, facts.catalog, names).map_err(|error| error.to_string())?;
    let wanted = |name: &str| names.contains(name);
    if wanted("doc") {
        context.add_variable_from_value("doc", document(facts, names));
    }
    if wanted("lines") {
        let lines: Vec<Value> = facts
            .lines
            .iter()
            .map(|one| line(one, facts, names))
            .collect();
        context.add_variable_from_value("lines", lines);
    }
    if wanted("actor") {
        context.add_variable_from_value("actor", actor(facts));
    }
    if wanted("now") {
        context.add_variable_from_value("now", today(facts));
    }
    if wanted("param") {
        context.add_variable_from_value("param", table(&facts.catalog.reference.params));
    }
    match expression.program.execute(&context) {
        Ok(Value::Bool(holds)) => Ok(holds),
        Ok(other) => Err(format!("it gave {other:?}")),
        Err(error) => Err(error.to_string()),
    }
}

/// The functions that `guard_check` knows by name and type, as far as they are mentioned.
fn add_functions(
    context: &mut Context<'_, '_>,
    catalog: &Catalog,
    names: &Names,
) -> Result<(), cel::DeclarationError> {
    if names.contains("is_leaf") {
        let reference = Arc::clone(&catalog.reference);
        context.add_function("is_leaf", move |class: Arc<String>, code: Arc<String>| {
            let list = reference.classes.get(&*class);
            list.and_then(|list| list.get(&*code))
                .copied()
                .unwrap_or(false)
        })?;
    }
    if names.contains("pays") {
        let divisions = Arc::clone(&catalog.divisions);
        context.add_function("pays", move |upper: Arc<String>, lower: Arc<String>| {
            let (upper, lower) = (divisions.find(&upper), divisions.find(&lower));
            lower.is_some_and(|lower| upper.is_some() && divisions.payer(lower) == upper)
        })?;
    }
    if names.contains("days") {
        context.add_function("days", |from: Arc<String>, to: Arc<String>| {
            match (parse_day(&from), parse_day(&to)) {
                (Some(from), Some(to)) => i64::from(to) - i64::from(from),
                // An unknown day is never late enough and never early enough.
                _ => i64::MIN,
            }
        })?;
    }
    if names.contains("period") {
        let reference = Arc::clone(&catalog.reference);
        context.add_function("period", move |year: i64| {
            reference.period(year).word().to_owned()
        })?;
    }
    Ok(())
}

fn document(facts: &GuardContext<'_>, names: &Names) -> HashMap<String, Value> {
    let head = &facts.document;
    let mut map: HashMap<String, Value> = HashMap::new();
    let built_in: [(&str, &dyn Fn() -> Value); 6] = [
        ("division", &|| format!("{:09}", head.division.0).into()),
        ("fiscal_year", &|| i64::from(head.year.0).into()),
        ("agency", &|| head.agency.into()),
        ("creator", &|| head.creator.into()),
        ("previous", &|| head.previous.into()),
        ("amount", &|| head.amount.0.into()),
    ];
    for (name, value) in built_in {
        if names.contains(name) {
            map.insert(name.to_owned(), value());
        }
    }
    // A head field that is missing is missing: guards ask with `has(doc.field)`.
    for field in head.fields {
        let rule = facts.kind.field(field.id);
        if let Some(rule) = rule.filter(|rule| names.contains(&rule.name)) {
            map.insert(rule.name.clone(), value(&field.value));
        }
    }
    map
}

fn line(line: &LineFacts<'_>, facts: &GuardContext<'_>, names: &Names) -> Value {
    let mut map = dimensions(line.line, facts.catalog, names);
    if names.contains("amount") {
        map.insert("amount".to_owned(), line.amount.0.into());
    }
    if names.contains("month") {
        let month = line.month.map_or(0, |month| i64::from(month.number()));
        map.insert("month".to_owned(), month.into());
    }
    if names.contains("to") {
        let to = dimensions(line.to, facts.catalog, names);
        map.insert("to".to_owned(), Value::from(to));
    }
    add_line_fields(&mut map, line, facts.kind, names);
    Value::from(map)
}

/// A line field that is missing is nothing: 0, "" or no.
fn add_line_fields(
    map: &mut HashMap<String, Value>,
    line: &LineFacts<'_>,
    kind: &DocumentType,
    names: &Names,
) {
    let wanted = |rule: &&super::document::FieldRule| {
        rule.place == FieldPlace::Line && names.contains(&rule.name)
    };
    for rule in kind.fields.iter().filter(wanted) {
        let nothing = || match rule.kind {
            FieldKind::Amount | FieldKind::Int => Value::Int(0),
            FieldKind::Flag => Value::Bool(false),
            FieldKind::Text { .. } | FieldKind::Date | FieldKind::Choice(_) => "".into(),
        };
        let value = find(line.fields, rule.id).map_or_else(nothing, value);
        map.insert(rule.name.clone(), value);
    }
}

/// A dimension that is missing is empty.
fn dimensions(bag: &Bag, catalog: &Catalog, names: &Names) -> HashMap<String, Value> {
    let wanted = catalog
        .dimensions
        .iter()
        .filter(|known| names.contains(&known.name));
    wanted
        .map(|known| (known.name.clone(), bag.get(known.id).unwrap_or("").into()))
        .collect()
}

fn actor(facts: &GuardContext<'_>) -> HashMap<String, Value> {
    let actor = &facts.actor;
    HashMap::from([
        ("id".to_owned(), actor.id.into()),
        (
            "division".to_owned(),
            format!("{:09}", actor.division.0).into(),
        ),
        ("agency".to_owned(), actor.agency.into()),
        ("dept".to_owned(), actor.dept.into()),
    ])
}

fn today(facts: &GuardContext<'_>) -> HashMap<String, Value> {
    let today = facts.today;
    let days = days_of(
        i32::from(today.year),
        u32::from(today.month),
        u32::from(today.day),
    );
    HashMap::from([
        ("year".to_owned(), i64::from(today.year).into()),
        ("month".to_owned(), i64::from(today.month).into()),
        ("day".to_owned(), i64::from(today.day).into()),
        ("date".to_owned(), format_day(days).into()),
    ])
}

fn value(value: &FieldValue) -> Value {
    match value {
        FieldValue::Text(text) => (**text).into(),
        FieldValue::Int(number) => (*number).into(),
        FieldValue::Amount(amount) => amount.0.into(),
        FieldValue::Flag(flag) => (*flag).into(),
        FieldValue::Date(days) => format_day(*days).into(),
        // The engine opens what a guard looks at; what is not open compares with nothing, so that the guard does not hold.
        FieldValue::Sealed(_) => Value::Null,
    }
}

fn table(params: &toml::Table) -> HashMap<String, Value> {
    let pair = |(name, value): (&String, &toml::Value)| (name.clone(), param(value));
    params.iter().map(pair).collect()
}

fn param(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.as_str().into(),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Boolean(flag) => (*flag).into(),
        toml::Value::Array(list) => list.iter().map(param).collect::<Vec<_>>().into(),
        toml::Value::Table(inner) => Value::from(table(inner)),
        toml::Value::Float(_) | toml::Value::Datetime(_) => Value::Null,
    }
}
