//! The kernel depends on nothing: no crate, no standard library.
#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

#[test]
fn the_kernel_has_no_dependency() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", "hubu-kernel"])
        .args([
            "--edges",
            "normal,build",
            "--all-features",
            "--target",
            "all",
        ])
        .args(["--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let listed = String::from_utf8(tree.stdout).unwrap();
    let errors = String::from_utf8_lossy(&tree.stderr);
    assert!(tree.status.success(), "{errors}");
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert!(listed.starts_with("hubu-kernel "), "{listed}");
}

#[test]
fn the_kernel_is_no_std_and_has_no_unsafe_code() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = std::fs::read_to_string(source.join("lib.rs")).unwrap();
    assert!(lib.contains("#![no_std]") && lib.contains("#![forbid(unsafe_code)]"));
    for file in std::fs::read_dir(source).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("extern crate std"), "{}", path.display());
    }
}
