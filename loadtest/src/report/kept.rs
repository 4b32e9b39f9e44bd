//! A run's folder: `result.json`, the plan as it was played, and the schema that the former follows.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::result::{RunResult, SCHEMA};
use crate::error::LoadError;

/// Name of the plan in a run's folder. Not `plan.toml`: that may be the file that the run was told to play.
pub const PLAN_AS_PLAYED: &str = "plan-as-played.toml";

/// The largest result that is read: a day of seconds is below 100 MB.
const RESULT_MAX: u64 = 256 << 20;

/// Writes `result.json`.
///
/// # Errors
/// It cannot be written.
pub fn write_result(path: &Path, result: &RunResult) -> Result<(), LoadError> {
    let text = serde_json::to_string_pretty(result).map_err(|e| LoadError::format("result", e))?;
    std::fs::write(path, text + "\n").map_err(|e| LoadError::file(path, e))
}

/// Reads `result.json`, or the one in a run's folder.
///
/// # Errors
/// It is not there, is no result, or follows another schema than [`SCHEMA`]: an older file cannot be read, since what
/// newer ones say is not in it.
pub fn read_result(path: &Path) -> Result<RunResult, LoadError> {
    #[derive(Deserialize)]
    struct Head {
        schema: String,
    }
    let inside = path.join("result.json");
    let path = if path.is_dir() { &inside } else { path };
    let wrong =
        |reason: String| LoadError::format("result", format!("{}: {reason}", path.display()));
    let size = std::fs::metadata(path).map_err(|e| LoadError::file(path, e))?;
    if size.len() > RESULT_MAX {
        return Err(wrong(format!("longer than {RESULT_MAX} bytes: no result")));
    }
    let text = std::fs::read_to_string(path).map_err(|e| LoadError::file(path, e))?;
    let head: Head = serde_json::from_str(&text)
        .map_err(|e| wrong(format!("no result of hubu-load (it names no schema): {e}")))?;
    if head.schema != SCHEMA {
        return Err(wrong(format!(
            "its schema is {:?} and this hubu-load reads {SCHEMA:?}: use the version that wrote it, or play the run again",
            head.schema
        )));
    }
    serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))
}

/// Writes the plan as it was played, every option applied, so that `run --plan` plays the same again.
///
/// # Errors
/// It cannot be written.
pub fn write_plan(folder: &Path, plan: &impl Serialize) -> Result<(), LoadError> {
    let text = toml::to_string(plan).map_err(|e| LoadError::format("plan", e))?;
    let path = folder.join(PLAN_AS_PLAYED);
    std::fs::write(&path, text).map_err(|e| LoadError::file(path, e))
}

/// The JSON Schema of `result.json`, as `docs/result.schema.json` has it.
///
/// # Errors
/// Never in practice: the schema is text.
pub fn schema() -> Result<String, LoadError> {
    let mut schema = schemars::schema_for!(RunResult);
    schema.insert("title".into(), SCHEMA.into());
    let text = serde_json::to_string_pretty(&schema).map_err(|e| LoadError::format("schema", e))?;
    Ok(text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;

    #[test]
    fn the_published_schema_is_that_of_the_types() {
        let published = include_str!("../../../docs/result.schema.json");
        // Not printed: it is long.
        assert!(
            published == schema().unwrap(),
            "run: hubu-load schema > docs/result.schema.json"
        );
    }

    #[test]
    fn a_played_plan_is_a_plan() {
        let folder = tempfile::tempdir().unwrap();
        let plans = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/plans");
        for plan in std::fs::read_dir(plans).unwrap() {
            let plan = Plan::read(&plan.unwrap().path()).unwrap();
            write_plan(folder.path(), &plan).unwrap();
            let again = Plan::read(&folder.path().join(PLAN_AS_PLAYED)).unwrap();
            assert_eq!(again, plan);
        }
    }

    #[test]
    fn older_results_and_other_files_are_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.json");
        let said = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read_result(folder.path()).unwrap_err().to_string()
        };
        let old = said("{\"schema\": \"hubu-load/1\", \"verdict\": {}}");
        assert!(
            old.contains("hubu-load/1") && old.contains("play the run again"),
            "{old}"
        );
        assert!(said("{\"a\": 1}").contains("names no schema"));
        assert!(said("nothing").contains("no result"));
        assert!(read_result(Path::new("/nowhere")).is_err());
    }
}
