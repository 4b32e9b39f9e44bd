//! Processors by name: what `/proc/cpuinfo` says in each architecture's own way, in words that a buyer knows (处理器).
//!
//! x86 gives its vendor and model as text, LoongArch its model; ARM gives numbers of the implementer and the part. The
//! numbers are those of Arm's register MIDR_EL1 as util-linux lists them (sys-utils/lscpu-arm.c, 2.41).

use super::emulator::value;

/// What a machine says of its processor, unread.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// `vendor_id` or `CPU implementer`.
    pub(crate) vendor: String,
    /// The model's name where there is one.
    pub(crate) model: String,
    /// `CPU part`.
    pub(crate) part: String,
}

/// Vendors of x86 processors, by what CPUID says.
const X86: [(&str, &str); 5] = [
    ("GenuineIntel", "Intel"),
    ("AuthenticAMD", "AMD"),
    ("HygonGenuine", "Hygon (海光)"),
    ("CentaurHauls", "Zhaoxin (兆芯)"),
    ("Shanghai", "Zhaoxin (兆芯)"),
];

/// Implementers of ARM processors.
const ARM: [(u32, &str); 12] = [
    (0x41, "ARM"),
    (0x43, "Cavium"),
    (0x46, "Fujitsu"),
    (0x48, "HiSilicon (海思)"),
    (0x4e, "NVIDIA"),
    (0x50, "APM"),
    (0x51, "Qualcomm"),
    (0x56, "Marvell"),
    (0x61, "Apple"),
    (0x6d, "Microsoft"),
    (0x70, "Phytium (飞腾)"),
    (0xc0, "Ampere"),
];

/// Their parts: implementer, part, name of the core and, where it is in one series alone, of the processor.
const PARTS: [(u32, u32, &str); 22] = [
    (0x41, 0xd03, "Cortex-A53"),
    (0x41, 0xd07, "Cortex-A57"),
    (0x41, 0xd08, "Cortex-A72"),
    (0x41, 0xd0b, "Cortex-A76"),
    (0x41, 0xd0c, "Neoverse-N1"),
    (0x41, 0xd40, "Neoverse-V1"),
    (0x41, 0xd49, "Neoverse-N2"),
    (0x41, 0xd4f, "Neoverse-V2"),
    (0x41, 0xd83, "Neoverse-V3"),
    (0x41, 0xd8e, "Neoverse-N3"),
    (0x46, 0x001, "A64FX"),
    (0x48, 0xd01, "Kunpeng 920 (鲲鹏), TaiShan v110"),
    (0x48, 0xd02, "TaiShan v120"),
    (0x6d, 0xd49, "Azure Cobalt 100"),
    (0x70, 0x303, "FTC310"),
    (0x70, 0x660, "FTC660"),
    (0x70, 0x661, "FTC661"),
    (0x70, 0x662, "FTC662"),
    (0x70, 0x663, "FTC663"),
    (0x70, 0x664, "FTC664"),
    (0x70, 0x862, "FTC862"),
    (0xc0, 0xac3, "Ampere-1"),
];

impl Told {
    /// From the text of `/proc/cpuinfo`: what the first processor says.
    pub(crate) fn read(info: &str) -> Self {
        let first = |names: &[&str]| {
            let found = names.iter().map(|name| value(info, ':', name));
            found.into_iter().flatten().next().unwrap_or_default()
        };
        Self {
            vendor: first(&["vendor_id", "CPU implementer"]),
            model: first(&["model name", "Model Name", "cpu model", "Hardware"]),
            part: first(&["CPU part"]),
        }
    }

    /// The family of the vendor; empty when the machine does not tell.
    pub(crate) fn vendor(&self) -> String {
        let told = self.vendor.trim();
        if self.model.to_ascii_lowercase().contains("loongson") {
            return "Loongson (龙芯)".into();
        }
        if let Some((_, name)) = X86.iter().find(|(id, _)| *id == told) {
            // Zhaoxin took CentaurHauls over from VIA.
            let is_via = told == "CentaurHauls" && self.model.starts_with("VIA");
            return if is_via { "VIA" } else { name }.into();
        }
        match number(told).and_then(|id| ARM.iter().find(|(number, _)| *number == id)) {
            Some((_, name)) => (*name).into(),
            None => told.into(),
        }
    }

    /// Model and, on ARM, the core; as the machine says where it is unknown to us.
    pub(crate) fn model(&self) -> String {
        let (vendor, part) = (number(self.vendor.trim()), number(&self.part));
        let known = PARTS
            .iter()
            .find(|(v, p, _)| Some(*v) == vendor && Some(*p) == part);
        let core = match known {
            Some((_, _, name)) => (*name).to_owned(),
            None if self.part.is_empty() => String::new(),
            None => format!("part {}", self.part),
        };
        let parts = [self.model.trim(), core.as_str()];
        let parts: Vec<&str> = parts.into_iter().filter(|text| !text.is_empty()).collect();
        parts.join(", ")
    }

    /// Both in one line; the vendor only where the model does not begin with its name.
    pub(crate) fn name(&self) -> String {
        let (vendor, model) = (self.vendor(), self.model());
        let begins = vendor.split(' ').next().unwrap_or_default();
        let named = model
            .to_ascii_lowercase()
            .starts_with(&begins.to_ascii_lowercase());
        match (vendor.is_empty(), model.is_empty()) {
            (true, _) => model,
            (false, true) => vendor,
            _ if named && !vendor.contains('(') => model,
            _ => format!("{vendor}: {model}"),
        }
    }
}

fn number(text: &str) -> Option<u32> {
    u32::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Huawei Cloud ECS kc1.small.1, Ubuntu 18.04, as its user showed it in 2019.
    const KUNPENG: &str = "processor\t: 0\nBogoMIPS\t: 200.00\nFeatures\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics \
        fphp asimdhp cpuid asimdrdm jscvt fcma dcpop asimddp asimdfhm\nCPU implementer\t: 0x48\nCPU architecture: 8\n\
        CPU variant\t: 0x1\nCPU part\t: 0xd01\nCPU revision\t: 0\n";
    /// A server with FT-1500A under Kylin 4.0.2, from a cluster's published notes.
    const PHYTIUM_1500A: &str = "processor\t: 0\nmodel name\t: phytium FT1500a\nbogomips\t: 3594.24\n\
        flags\t\t: fp asimd evtstrm aes pmull sha1 sha2 crc32\nCPU implementer\t: 0x70\nCPU architecture: 8\n\
        CPU variant\t: 0x1\nCPU part\t: 0x660\nCPU revision\t: 1\n";
    /// FT-2000, from published notes on processors.
    const PHYTIUM_2000: &str = "processor\t: 0\nBogoMIPS\t: 100.00\nFeatures\t: fp asimd evtstrm crc32 cpuid\n\
        CPU implementer\t: 0x70\nCPU architecture: 8\nCPU variant\t: 0x1\nCPU part\t: 0x662\nCPU revision\t: 2\n";
    /// Four cores, from the test data of py-cpuinfo.
    const LOONGSON: &str = "system type\t\t: generic-loongson-machine\n\nprocessor\t\t: 0\npackage\t\t\t: 0\ncore\t\t\t: 0\n\
        CPU Family\t\t: Loongson-64bit\nModel Name\t\t: Loongson-3A5000\nCPU Revision\t\t: 0x10\nFPU Revision\t\t: 0x00\n\
        CPU MHz\t\t\t: 2500.00\nISA\t\t\t: loongarch32 loongarch64\n";
    /// From a report to the Linux kernel's mailing list by Zhaoxin's own people.
    const ZHAOXIN: &str = "processor\t: 0\nvendor_id\t: CentaurHauls\ncpu family\t: 7\nmodel\t\t: 59\n\
        model name\t: ZHAOXIN KaiXian KX-U6780A@2.7GHz\nstepping\t: 0\ncpu MHz\t\t: 2694.594\n";
    /// Not recorded: put together from the vendor's CPUID text (Linux, arch/x86/kernel/cpu/hygon.c) and the model's sales name.
    const HYGON: &str = "processor\t: 0\nvendor_id\t: HygonGenuine\nmodel name\t: Hygon C86 7285 32-core Processor\n";
    /// The machine that this was written on.
    const INTEL: &str =
        "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) Processor\n";

    fn told(info: &str) -> (String, String) {
        let told = Told::read(info);
        (told.vendor(), told.model())
    }

    #[test]
    fn domestic_processors_are_named() {
        let pair = |vendor: &str, model: &str| (vendor.to_owned(), model.to_owned());
        let kunpeng = pair("HiSilicon (海思)", "Kunpeng 920 (鲲鹏), TaiShan v110");
        assert_eq!(told(KUNPENG), kunpeng);
        let phytium = pair("Phytium (飞腾)", "phytium FT1500a, FTC660");
        assert_eq!(told(PHYTIUM_1500A), phytium);
        assert_eq!(told(PHYTIUM_2000), pair("Phytium (飞腾)", "FTC662"));
        assert_eq!(told(LOONGSON), pair("Loongson (龙芯)", "Loongson-3A5000"));
        let zhaoxin = pair("Zhaoxin (兆芯)", "ZHAOXIN KaiXian KX-U6780A@2.7GHz");
        assert_eq!(told(ZHAOXIN), zhaoxin);
        let hygon = pair("Hygon (海光)", "Hygon C86 7285 32-core Processor");
        assert_eq!(told(HYGON), hygon);
    }

    #[test]
    fn a_name_does_not_say_its_vendor_twice() {
        assert_eq!(Told::read(INTEL).name(), "Intel(R) Xeon(R) Processor");
        let name = Told::read(KUNPENG).name();
        assert_eq!(name, "HiSilicon (海思): Kunpeng 920 (鲲鹏), TaiShan v110");
        assert_eq!(Told::read("").name(), "");
    }

    #[test]
    fn what_is_unknown_is_said_as_it_is() {
        let stranger = "CPU implementer\t: 0x99\nCPU part\t: 0x123\n";
        assert_eq!(told(stranger), ("0x99".into(), "part 0x123".into()));
        let newer = "CPU implementer\t: 0x70\nCPU part\t: 0xfff\n";
        assert_eq!(told(newer), ("Phytium (飞腾)".into(), "part 0xfff".into()));
        let via = "vendor_id\t: CentaurHauls\nmodel name\t: VIA Nano U3500@1000MHz\n";
        assert_eq!(told(via).0, "VIA");
        assert_eq!(told("vendor_id\t:   Shanghai  \n").0, "Zhaoxin (兆芯)");
        assert_eq!(told("garbage\nwithout: sense"), Default::default());
    }
}
