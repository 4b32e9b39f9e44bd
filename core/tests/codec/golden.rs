//! Golden files: the bytes of today, to be read in ten years.
//!
//! A file holds hexadecimal bytes; `#` starts a comment. They are never rewritten: a format that
//! needs other bytes gets another version, and these go on being read.

use crate::samples;
use hubu_core::journal::codec::{decode, encode};
use std::path::PathBuf;

fn read(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
        .with_extension("hex");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let digits: String = text
        .lines()
        .filter_map(|line| line.split('#').next())
        .flat_map(|line| line.chars().filter(|c| !c.is_whitespace()))
        .collect();
    assert!(digits.len().is_multiple_of(2), "{name}: half a byte");
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect(name))
        .collect()
}

#[test]
fn records_have_the_bytes_of_their_golden_files() {
    for (name, record) in samples::all() {
        let golden = read(name);
        let mut bytes = Vec::new();
        encode(&record, &mut bytes);
        let hex = |bytes: &[u8]| {
            bytes
                .iter()
                .map(|b| format!("{b:02x} "))
                .collect::<String>()
        };
        assert_eq!(hex(&bytes), hex(&golden), "{name}");
        assert_eq!(decode(&golden), Ok(record), "{name}");
    }
}

#[test]
fn every_golden_file_has_its_record() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let names: Vec<&str> = samples::all().into_iter().map(|(name, _)| name).collect();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        // Other layouts of the journal keep theirs beside these.
        let is_ours = ["decided_", "refused_", "catalog", "genesis"]
            .iter()
            .any(|kind| stem.starts_with(kind));
        assert!(!is_ours || names.contains(&&*stem), "{stem} is not read");
    }
}
