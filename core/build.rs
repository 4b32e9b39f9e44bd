//! Hands what built us to the program: compiler, profile, processor. No commit: it would have everything built again
//! with each one. `hubu-load` uses the same file.

use std::process::Command;

fn main() {
    // Not by this file's path: `hubu-load` has it elsewhere, and a path that is not there builds everything anew each time.
    println!("cargo:rerun-if-env-changed=RUSTC");
    let of = |name: &str| std::env::var(name).unwrap_or_default();
    let rustc = Command::new(of("RUSTC")).arg("--version").output();
    let rustc = rustc
        .map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned())
        .unwrap_or_default();
    let flags = of("CARGO_ENCODED_RUSTFLAGS");
    let named = |name: &str| {
        let mut flags = flags.split('\u{1f}');
        flags.find_map(|flag| flag.rsplit_once(name).map(|(_, value)| value))
    };
    // What the processor has; how the program is linked stands among it.
    let features = named("target-feature=").unwrap_or_default().split(',');
    let features: Vec<&str> = features.filter(|f| !f.ends_with("crt-static")).collect();
    let cpu = named("target-cpu=").unwrap_or("generic");
    let cpu = format!("{cpu} {}", features.join(","));
    println!("cargo:rustc-env=HUBU_RUSTC={rustc}");
    println!(
        "cargo:rustc-env=HUBU_PROFILE={} opt-level={}",
        profile(&of("OUT_DIR"), &of("PROFILE")),
        of("OPT_LEVEL")
    );
    println!("cargo:rustc-env=HUBU_TARGET_CPU={}", cpu.trim_end());
    println!("cargo:rustc-env=HUBU_TARGET={}", of("TARGET"));
}

/// The profile's own name. Cargo tells only which of its two a profile of one's own inherits from; the folder that we are
/// built in, `target/<profile>/build/<package>-<hash>/out`, has the name.
fn profile(out: &str, family: &str) -> String {
    let folders: Vec<&str> = out.split('/').collect();
    let at = folders.iter().rposition(|folder| *folder == "build");
    let name = at.and_then(|at| folders.get(at.checked_sub(1)?));
    name.map_or(family, |name| *name).to_owned()
}
