//! What is known of EC2 without asking it: what the name of an instance type says, and the codes of its limits.
//!
//! **Invariant:** read off names alone, by Amazon's naming rules, so that it costs no call; the adapter and the wire
//! server go by the same facts.

/// Instruction set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// `x86_64`
    X86,
    /// `arm64`
    Arm,
}

/// Which image a type needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Devices {
    /// None, or none that needs a driver.
    None,
    /// NVIDIA's, for which the open kernel module works.
    Nvidia,
    /// NVIDIA's before Turing, which need the closed kernel module.
    OldNvidia,
    /// Amazon's own, Inferentia and Trainium.
    Neuron,
}

/// `g5g.xlarge` as `g`, generation 5 and the letters after it.
fn parts(instance_type: &str) -> (&str, &str, &str) {
    let family = instance_type.split('.').next().unwrap_or(instance_type);
    let digits = family.find(|c: char| c.is_ascii_digit()).unwrap_or(family.len());
    let (series, rest) = family.split_at(digits);
    let letters = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (generation, suffix) = rest.split_at(letters);
    // `u-6tb1` has a dash there.
    (series.trim_end_matches('-'), generation, suffix)
}

/// A `g` after the generation is Graviton; `a1` came before that rule, and `-gb200` is NVIDIA's Grace.
pub fn architecture(instance_type: &str) -> Architecture {
    let (series, generation, suffix) = parts(instance_type);
    let attributes = suffix.split('-').next().unwrap_or(suffix);
    if attributes.contains('g') || suffix.contains("-gb") || (series == "a" && generation == "1") {
        Architecture::Arm
    } else {
        Architecture::X86
    }
}

/// The devices of a type, as far as the choice of an image goes.
pub fn devices(instance_type: &str) -> Devices {
    match parts(instance_type) {
        // AMD's GPUs; the kernel of a plain image has the driver.
        ("g", "4", suffix) if suffix.starts_with("ad") => Devices::None,
        ("p" | "g", "2" | "3", _) => Devices::OldNvidia,
        ("p" | "g" | "gr", _, _) => Devices::Nvidia,
        ("inf" | "trn", _, _) => Devices::Neuron,
        _ => Devices::None,
    }
}

/// The vCPU limits: name of the bucket, code for on-demand, code for spot (empty where there is none). From the console's list of EC2 quotas.
pub const BUCKETS: [(&str, &str, &str); 10] = [
    ("Standard", "L-1216C47A", "L-34B43A08"),
    ("P", "L-417A185B", "L-7212CCBC"),
    ("G and VT", "L-DB2E81BA", "L-3819A6DF"),
    ("Inf", "L-1945791B", "L-B5D1601B"),
    ("Trn", "L-2C3B7624", "L-6B0D517C"),
    ("DL", "L-6E869C2A", "L-85EED4F7"),
    ("F", "L-74FC7D96", "L-88CF9481"),
    ("X", "L-7295265B", "L-E3A00192"),
    ("High Memory", "L-43DA4232", ""),
    ("HPC", "L-F7808C92", ""),
];

/// The bucket that a quota code limits, and whether it is spot's; `None` for codes that limit something else.
pub fn bucket_of_code(code: &str) -> Option<(&'static str, bool)> {
    BUCKETS.iter().find_map(|(name, on_demand, spot)| match code {
        "" => None,
        code if code == *on_demand => Some((*name, false)),
        code if code == *spot => Some((*name, true)),
        _ => None,
    })
}

/// The bucket that a type counts against: the catalog's quota family.
pub use crate::catalog::ec2_bucket as bucket;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_the_architecture() {
        for arm in [
            "m6g.large",
            "c7gn.xlarge",
            "g5g.xlarge",
            "t4g.nano",
            "x2gd.metal",
            "im4gn.large",
            "a1.large",
            "p6e-gb200.36xlarge",
        ] {
            assert_eq!(architecture(arm), Architecture::Arm, "{arm}");
        }
        for x86 in
            ["m6i.large", "g5.xlarge", "g4dn.xlarge", "p4d.24xlarge", "gr6.4xlarge", "u-6tb1.metal", "hpc6a.48xlarge"]
        {
            assert_eq!(architecture(x86), Architecture::X86, "{x86}");
        }
    }

    #[test]
    fn names_say_the_devices() {
        assert_eq!(devices("p3.16xlarge"), Devices::OldNvidia);
        assert_eq!(devices("p3dn.24xlarge"), Devices::OldNvidia);
        assert_eq!(devices("p4d.24xlarge"), Devices::Nvidia);
        assert_eq!(devices("g4ad.xlarge"), Devices::None);
        assert_eq!(devices("g4dn.xlarge"), Devices::Nvidia);
        assert_eq!(devices("trn1.2xlarge"), Devices::Neuron);
        assert_eq!(devices("m6i.large"), Devices::None);
    }

    #[test]
    fn every_code_leads_to_one_bucket() {
        let codes: Vec<&str> = BUCKETS.iter().flat_map(|(_, a, b)| [*a, *b]).filter(|c| !c.is_empty()).collect();
        let unique: std::collections::BTreeSet<&&str> = codes.iter().collect();
        assert_eq!(unique.len(), codes.len());
        assert_eq!(bucket_of_code("L-417A185B"), Some(("P", false)));
        assert_eq!(bucket_of_code("L-3819A6DF"), Some(("G and VT", true)));
        assert_eq!(bucket_of_code(""), None);
        for (kind, name) in [
            ("p3.16xlarge", "P"),
            ("g5.xlarge", "G and VT"),
            ("u-6tb1.metal", "High Memory"),
            ("m6i.large", "Standard"),
            ("im4gn.large", "Standard"),
        ] {
            assert_eq!(bucket(kind), name);
            assert!(BUCKETS.iter().any(|(bucket, ..)| *bucket == name));
        }
    }
}
