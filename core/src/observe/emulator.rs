//! Whether a processor is played by an emulator, as far as files of the system give it away.
//!
//! `hubu-load` does without this crate and borrows this file: the harness and the server judge by one rule.

/// Who plays the processor, in words; empty on a real one. An emulator of single programs (qemu-user) lets files of the
/// kernel through as they are: the kernel's own architecture (Linux 6.1 on), or the other processor's fields. One of a whole
/// machine may call its processor TCG, as qemu's does on x86.
pub(crate) fn emulated(info: &str, kernel_arch: &str, built_for: &str) -> String {
    let under = |arch: &str| format!("built for {built_for}, run by a {arch} kernel");
    if !kernel_arch.is_empty() && family(kernel_arch) != family(built_for) {
        return under(kernel_arch);
    }
    let shown = [
        ("vendor_id", "x86"),
        ("CPU implementer", "arm"),
        ("CPU Family", "loongarch"),
    ];
    let shown = shown
        .iter()
        .find(|(name, _)| value(info, ':', name).is_some());
    if let Some((_, shown)) = shown.filter(|(_, shown)| *shown != family(built_for)) {
        return under(shown);
    }
    let model = value(info, ':', "model name").or_else(|| value(info, ':', "Model Name"));
    match model {
        Some(model) if model.contains("TCG") => format!("by {model}"),
        _ => String::new(),
    }
}

/// One word for the names that kernel and compiler give an architecture.
fn family(arch: &str) -> &str {
    match arch {
        "x86_64" | "x86" | "i386" | "i686" => "x86",
        "aarch64" | "arm" | "armv7l" | "armv8l" => "arm",
        "loongarch64" => "loongarch",
        other => other,
    }
}

/// What stands behind a name; nothing where it is empty.
pub(crate) fn value(text: &str, mark: char, name: &str) -> Option<String> {
    let fields = text.lines().filter_map(|line| line.split_once(mark));
    let mut found = fields.filter(|(field, _)| field.trim() == name);
    let value = found.next()?.1.trim().trim_matches('"');
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const XEON: &str =
        "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) Processor\n";
    const KUNPENG: &str = "processor\t: 0\nCPU implementer\t: 0x48\nCPU part\t: 0xd01\n";

    #[test]
    fn an_emulator_gives_itself_away() {
        for kernel_arch in ["x86_64", ""] {
            let told = emulated(XEON, kernel_arch, "aarch64");
            assert!(told.contains("built for aarch64"), "{told}");
        }
        // An emulator that makes up the file, under a kernel that says what it is.
        assert!(!emulated(KUNPENG, "x86_64", "aarch64").is_empty());
        let whole = "vendor_id : AuthenticAMD\nmodel name : QEMU TCG CPU version 2.5+\n";
        assert!(emulated(whole, "x86_64", "x86_64").contains("TCG"));
        let loongson = "CPU Family : Loongson-64bit\nModel Name : Loongson-3A5000\n";
        for (info, kernel_arch, built_for) in [
            (XEON, "x86_64", "x86_64"),
            (XEON, "", "x86_64"),
            (KUNPENG, "aarch64", "aarch64"),
            (loongson, "", "loongarch64"),
            ("", "", "aarch64"),
        ] {
            assert_eq!(emulated(info, kernel_arch, built_for), "", "{built_for}");
        }
    }
}
