//! What was not the same to begin with: whoever compares two runs should know before reading the figures.

use serde::Serialize;
use serde_json::Value;

use crate::error::LoadError;
use crate::report::RunResult;

/// Every place where plan, world, platform and builds differ, in words.
pub(super) fn differ(before: &RunResult, after: &RunResult) -> Result<Vec<String>, LoadError> {
    let mut all = Vec::new();
    fields("plan", &before.plan, &after.plan, &mut all)?;
    let (a, b) = (&before.world.recipe, &after.world.recipe);
    fields("world", a, b, &mut all)?;
    let platforms = [before, after].map(|r| {
        let mut platform = r.platform.clone();
        // Measured anew each time, and never equal.
        (platform.sync_ms, platform.sync_max_ms) = (0.0, 0.0);
        platform
    });
    fields("platform", &platforms[0], &platforms[1], &mut all)?;
    let told = |r: &RunResult| {
        r.server
            .as_ref()
            .map(|s| (s.build.clone(), s.journal.clone()))
    };
    fields("server", &told(before), &told(after), &mut all)?;
    let (a, b) = (before.run.workers, after.run.workers);
    fields("workers", &a, &b, &mut all)?;
    let why = |r: &RunResult| r.harness.bottleneck.clone();
    for (name, why) in [("earlier", why(before)), ("later", why(after))] {
        all.extend(
            why.map(|why| format!("the harness was the bottleneck of the {name} run: {why}")),
        );
    }
    Ok(all)
}

fn fields<T: Serialize>(
    name: &str,
    before: &T,
    after: &T,
    all: &mut Vec<String>,
) -> Result<(), LoadError> {
    let value = |of: &T| serde_json::to_value(of).map_err(|e| LoadError::format("diff", e));
    walk(name, &value(before)?, &value(after)?, all);
    Ok(())
}

/// Goes down while both are objects; says what differs below.
fn walk(name: &str, before: &Value, after: &Value, all: &mut Vec<String>) {
    if let (Value::Object(a), Value::Object(b)) = (before, after) {
        let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned();
            let (a, b) = (of(a).unwrap_or_default(), of(b).unwrap_or_default());
            walk(&format!("{name}.{key}"), &a, &b, all);
        }
    } else if before != after {
        all.push(format!("{name}: {} | {}", words(before), words(after)));
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
