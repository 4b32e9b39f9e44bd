//! What the process runs on, for `hubu_platform_info`: the harness may be elsewhere, and of another kind. Processors are told
//! as the system tells them; whoever reads names them.

use super::emulator::{emulated, value};
use std::fs::read_to_string;

/// What the system says, one label each.
#[derive(Debug, Default, PartialEq, Eq)]
struct Machine {
    cpu_vendor: String,
    cpu_model: String,
    cpu_part: String,
    system: String,
    kernel: String,
    emulated: String,
}

/// Shows what the process runs on.
pub(super) fn tell() {
    let read = |path: &str| read_to_string(path).unwrap_or_default();
    let machine = Machine::of(
        &read("/proc/cpuinfo"),
        &read("/etc/os-release"),
        read("/proc/sys/kernel/osrelease").trim(),
        read("/proc/sys/kernel/arch").trim(),
        std::env::consts::ARCH,
    );
    let labels = [
        ("architecture", std::env::consts::ARCH.to_owned()),
        ("cpu_vendor", machine.cpu_vendor),
        ("cpu_model", machine.cpu_model),
        ("cpu_part", machine.cpu_part),
        ("system", machine.system),
        ("kernel", machine.kernel),
        ("emulated", machine.emulated),
    ];
    metrics::gauge!("hubu_platform_info", &labels).set(1.0);
}

impl Machine {
    fn of(info: &str, release: &str, kernel: &str, kernel_arch: &str, built_for: &str) -> Self {
        let first = |text: &str, mark: char, names: &[&str]| {
            let of = |name: &&str| value(text, mark, name);
            names.iter().find_map(of).unwrap_or_default()
        };
        Self {
            cpu_vendor: first(info, ':', &["vendor_id", "CPU implementer"]),
            cpu_model: first(info, ':', &["model name", "Model Name", "cpu model"]),
            cpu_part: first(info, ':', &["CPU part"]),
            system: first(release, '=', &["PRETTY_NAME", "NAME"]),
            kernel: kernel.to_owned(),
            emulated: emulated(info, kernel_arch, built_for),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KUNPENG: &str = "processor\t: 0\nCPU implementer\t: 0x48\nCPU part\t: 0xd01\n";

    #[test]
    fn a_machine_is_told_as_it_tells_itself() {
        let release = "NAME=\"openEuler\"\nPRETTY_NAME=\"openEuler 22.03 (LTS-SP3)\"\n";
        let machine = Machine::of(KUNPENG, release, "5.10.0", "aarch64", "aarch64");
        let wanted = Machine {
            cpu_vendor: "0x48".into(),
            cpu_part: "0xd01".into(),
            system: "openEuler 22.03 (LTS-SP3)".into(),
            kernel: "5.10.0".into(),
            ..Machine::default()
        };
        assert_eq!(machine, wanted);
    }
}
