//! Accelerators as text: `V100`, `V100:8`, `A10:0.5`, `H100:1..8`, `80GB+`, `nvidia:80GB+:2`.

use std::fmt;
use std::str::FromStr;

/// More devices than any machine has.
const MOST: f64 = 4096.0;

/// One accelerator as it was asked for: what, and how many a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What.
    pub devices: Devices,
    /// How many, in thousandths; the fewest and the most that will do.
    pub count_milli: (u32, u32),
}

/// What kind of device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Devices {
    /// A model by name, as written.
    Named(String),
    /// Any model with so much memory a device.
    Memory {
        /// Only of this vendor.
        vendor: Option<String>,
        /// Memory of one device, in GB.
        gigabytes: u32,
        /// More is welcome too.
        or_more: bool,
    },
}

/// Why a text is not an accelerator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAccelerator {
    /// Not of the form at all.
    #[error("{0} is not an accelerator")]
    Form(String),
    /// The part after the colon.
    #[error("the count of an accelerator must be a positive number, not {0}")]
    Count(String),
    /// A range the wrong way round.
    #[error("the range {0} is empty")]
    Range(String),
}

impl NotAccelerator {
    /// What would have been right.
    pub fn hint(&self) -> String {
        match self {
            Self::Form(_) => "write NAME or NAME:COUNT, such as V100:8, or by memory, such as 80GB+:2".to_owned(),
            Self::Count(_) => "write for example V100:8, A10:0.5 or H100:1..8".to_owned(),
            Self::Range(_) => "write the smaller count first, such as H100:1..8".to_owned(),
        }
    }
}

impl FromStr for Wanted {
    type Err = NotAccelerator;

    fn from_str(text: &str) -> Result<Self, NotAccelerator> {
        let quoted = || crate::yaml::quote(text.trim());
        let parts: Vec<&str> = text.split(':').map(str::trim).collect();
        let (devices, rest) = match parts.as_slice() {
            [vendor, memory, rest @ ..] if is_name(vendor) && device_memory(memory).is_some() => {
                (memory_of(Some(vendor), memory), rest)
            }
            [memory, rest @ ..] if device_memory(memory).is_some() => (memory_of(None, memory), rest),
            [name, rest @ ..] if is_name(name) => (Some(Devices::Named((*name).to_owned())), rest),
            _ => (None, &[][..]),
        };
        let devices = devices.ok_or_else(|| NotAccelerator::Form(quoted()))?;
        let count_milli = match rest {
            [] => (1000, 1000),
            [count] => counts(count)?,
            _ => return Err(NotAccelerator::Form(quoted())),
        };
        Ok(Self { devices, count_milli })
    }
}

/// The shortest text that parses to the same.
impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.devices {
            Devices::Named(name) => f.write_str(name)?,
            Devices::Memory { vendor, gigabytes, or_more } => {
                if let Some(vendor) = vendor {
                    write!(f, "{vendor}:")?;
                }
                write!(f, "{gigabytes}GB{}", if *or_more { "+" } else { "" })?;
            }
        }
        match self.count_milli {
            (1000, 1000) => Ok(()),
            (low, high) if low == high => write!(f, ":{}", thousandths(low)),
            (low, high) => write!(f, ":{}..{}", thousandths(low), thousandths(high)),
        }
    }
}

/// `8`, `0.5`, `0.167`.
pub(super) fn thousandths(milli: u32) -> f64 {
    f64::from(milli) / 1000.0
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_. /+".contains(c))
}

/// `80GB`, `80GB+`, `24gib`.
fn device_memory(text: &str) -> Option<(u32, bool)> {
    let lower = text.to_ascii_lowercase();
    let (rest, or_more) = lower.strip_suffix('+').map_or((lower.as_str(), false), |rest| (rest, true));
    let number = ["gib", "gb"].iter().find_map(|unit| rest.strip_suffix(unit))?;
    let gigabytes: u32 = number.trim().parse().ok()?;
    (gigabytes > 0).then_some((gigabytes, or_more))
}

fn memory_of(vendor: Option<&str>, text: &str) -> Option<Devices> {
    let (gigabytes, or_more) = device_memory(text)?;
    Some(Devices::Memory { vendor: vendor.map(str::to_owned), gigabytes, or_more })
}

fn counts(text: &str) -> Result<(u32, u32), NotAccelerator> {
    let one = |part: &str| count(part).ok_or_else(|| NotAccelerator::Count(crate::yaml::quote(text)));
    let Some((low, high)) = text.split_once("..") else {
        let exact = one(text)?;
        return Ok((exact, exact));
    };
    let (low, high) = (one(low)?, one(high.trim_start_matches('='))?);
    if low > high { Err(NotAccelerator::Range(crate::yaml::quote(text))) } else { Ok((low, high)) }
}

fn count(text: &str) -> Option<u32> {
    let number: f64 = text.trim().parse().ok()?;
    let milli = (number * 1000.0).round();
    (number <= MOST && milli >= 1.0).then_some(milli as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(name: &str, low: u32, high: u32) -> Wanted {
        Wanted { devices: Devices::Named(name.to_owned()), count_milli: (low, high) }
    }

    fn memory(vendor: Option<&str>, gigabytes: u32, or_more: bool, count: u32) -> Wanted {
        let devices = Devices::Memory { vendor: vendor.map(str::to_owned), gigabytes, or_more };
        Wanted { devices, count_milli: (count, count) }
    }

    #[test]
    fn forms() {
        let of = |text: &str| text.parse::<Wanted>().unwrap();
        assert_eq!(of("V100"), named("V100", 1000, 1000));
        assert_eq!(of(" V100 : 8 "), named("V100", 8000, 8000));
        assert_eq!(of("A10:0.5"), named("A10", 500, 500));
        assert_eq!(of("V100:8.0"), named("V100", 8000, 8000));
        assert_eq!(of("H100:1..8"), named("H100", 1000, 8000));
        assert_eq!(of("tpu-v3-8"), named("tpu-v3-8", 1000, 1000));
        assert_eq!(of("Radeon Pro V520:2"), named("Radeon Pro V520", 2000, 2000));
        assert_eq!(of("A100-80GB:8"), named("A100-80GB", 8000, 8000));
        assert_eq!(of("80GB"), memory(None, 80, false, 1000));
        assert_eq!(of("80GB+:2"), memory(None, 80, true, 2000));
        assert_eq!(of("nvidia:80gb+"), memory(Some("nvidia"), 80, true, 1000));
        assert_eq!(of("nvidia:80GB+:2"), memory(Some("nvidia"), 80, true, 2000));
    }

    #[test]
    fn refused() {
        for text in
            ["", ":", ":8", "V100:", "V100:x", "V100:0", "V100:-1", "V100:nan", "V100:1e9", "V100:8..1", "a:b:c:d"]
        {
            assert!(text.parse::<Wanted>().is_err(), "{text}");
        }
    }

    fn any_wanted() -> impl Strategy<Value = Wanted> {
        let devices = prop_oneof![
            "[A-Za-z][A-Za-z0-9]{0,6}(-[0-9]{1,2}x)?".prop_map(Devices::Named),
            (proptest::option::of("[a-z]{3,8}"), 1..500u32, any::<bool>())
                .prop_map(|(vendor, gigabytes, or_more)| { Devices::Memory { vendor, gigabytes, or_more } }),
        ];
        (devices, 1..100_000u32, 0..20_000u32)
            .prop_map(|(devices, low, more)| Wanted { devices, count_milli: (low, low + more) })
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_to_the_same(wanted in any_wanted()) {
            prop_assert_eq!(wanted.to_string().parse::<Wanted>(), Ok(wanted));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,20}|[A0-9:.+GB -]{0,12}") {
            if let Ok(wanted) = text.parse::<Wanted>() {
                prop_assert_eq!(wanted.to_string().parse::<Wanted>(), Ok(wanted));
            }
        }
    }
}
