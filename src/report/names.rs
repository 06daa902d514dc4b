//! Ids resolved to the names people know.

use crate::catalog::Catalog;
use crate::model::{AcceleratorId, CapacityType, CloudId, FamilyId, Offering, RegionId, TypeId, ZoneId};

/// What is printed of an instance type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeFacts<'a> {
    /// The cloud's name for it.
    pub name: &'a str,
    /// Thousandths of a vCPU; 0 where the cloud tells none (TPU slices).
    pub vcpus_milli: u32,
    /// MiB; 0 where the cloud tells none.
    pub memory_mib: u32,
    /// Model and thousandths of a device, as the cloud's users call it: a slice of an A10 is sold as `A10:1`.
    pub accelerator: Option<(&'a str, u32)>,
    /// Thousandths of a device where it is really another number than that.
    pub fraction_milli: Option<u32>,
}

/// Knows what the ids of one catalog are called.
pub trait Names {
    /// `GCP`.
    fn cloud(&self, id: CloudId) -> &str;
    /// `us-central1`.
    fn region(&self, id: RegionId) -> &str;
    /// `us-central1-a`.
    fn zone(&self, id: ZoneId) -> &str;
    /// `V100`.
    fn accelerator(&self, id: AcceleratorId) -> &str;
    /// `NVIDIA_V100_GPUS`.
    fn family(&self, id: FamilyId) -> &str;
    /// What an instance type is.
    fn instance_type(&self, id: TypeId) -> TypeFacts<'_>;
}

/// Thousandths as a number: `8`, `0.167`.
pub(crate) fn count(milli: u32) -> String {
    let text = format!("{}.{:03}", milli / 1000, milli % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `V100:8`, or `-` without accelerators.
pub fn accelerators_text(accelerator: Option<(&str, u32)>) -> String {
    accelerator.map_or_else(|| "-".to_owned(), |(name, milli)| format!("{name}:{}", count(milli)))
}

/// `{'V100': 8.0}`, as the log names what a cluster has.
pub fn accelerators_title((name, milli): (&str, u32)) -> String {
    let number = count(milli);
    let point = if number.contains('.') { "" } else { ".0" };
    format!("{{'{name}': {number}{point}}}")
}

/// `GCP(n1-highmem-8, {'V100': 1.0})`, `AWS(m6i.2xlarge[Spot])`.
pub fn resources_title(names: &dyn Names, offering: &Offering) -> String {
    let facts = names.instance_type(offering.instance_type);
    let spot = if offering.capacity == CapacityType::Spot { "[Spot]" } else { "" };
    let with = facts.accelerator.map_or_else(String::new, |a| format!(", {}", accelerators_title(a)));
    format!("{}({}{spot}{with})", names.cloud(offering.cloud), facts.name)
}

impl Names for Catalog {
    fn cloud(&self, id: CloudId) -> &str {
        self.cloud_title(id)
    }

    fn region(&self, id: RegionId) -> &str {
        self.region_name(id)
    }

    fn zone(&self, id: ZoneId) -> &str {
        self.zone_name(id)
    }

    fn accelerator(&self, id: AcceleratorId) -> &str {
        self.accelerator_name(id)
    }

    fn family(&self, id: FamilyId) -> &str {
        self.family_name(id)
    }

    fn instance_type(&self, id: TypeId) -> TypeFacts<'_> {
        TypeFacts {
            name: self.type_name(id),
            vcpus_milli: self.type_vcpus_milli(id),
            memory_mib: self.type_memory_mib(id),
            accelerator: self
                .type_accelerator(id)
                .map(|a| (self.accelerator_name(a.accelerator), self.presented_count(id))),
            fraction_milli: self.true_fraction(id),
        }
    }
}

#[cfg(test)]
pub(crate) mod fake {
    //! Two clouds, enough to print with.

    use super::{AcceleratorId, CloudId, FamilyId, Names, RegionId, TypeFacts, TypeId, ZoneId};

    pub(crate) struct Fake;

    impl Names for Fake {
        fn cloud(&self, id: CloudId) -> &str {
            ["AWS", "Azure", "GCP"][id.index()]
        }
        fn region(&self, id: RegionId) -> &str {
            ["us-east-2", "eastus", "us-central1", "us-west1"][id.index()]
        }
        fn zone(&self, id: ZoneId) -> &str {
            ["us-east-2a", "us-east-2b", "us-central1-a", "us-central1-f", "us-west1-a"][id.index()]
        }
        fn accelerator(&self, _: AcceleratorId) -> &'static str {
            "V100"
        }
        fn family(&self, _: FamilyId) -> &'static str {
            "NVIDIA_V100_GPUS"
        }
        fn instance_type(&self, id: TypeId) -> TypeFacts<'_> {
            let v100 = |name, vcpus_milli, memory_mib, accelerator| TypeFacts {
                name,
                vcpus_milli,
                memory_mib,
                accelerator,
                fraction_milli: None,
            };
            [
                v100("p3.2xlarge", 8_000, 62_464, Some(("V100", 1_000))),
                v100("Standard_NV6ads_A10_v5", 6_000, 56_320, Some(("A10", 1_000))),
                v100("n1-highmem-8", 8_000, 53_248, Some(("V100", 1_000))),
                v100("e2-micro", 250, 1_024, None),
            ][id.index()]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_read_as_people_write_them() {
        assert_eq!([count(8000), count(167), count(500), count(1500)], ["8", "0.167", "0.5", "1.5"]);
        assert_eq!(accelerators_title(("V100", 1000)), "{'V100': 1.0}");
        assert_eq!(accelerators_title(("A10", 167)), "{'A10': 0.167}");
        assert_eq!(accelerators_text(Some(("V100", 8000))), "V100:8");
        assert_eq!(accelerators_text(None), "-");
    }
}
