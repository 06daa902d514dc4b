//! vCPUs, memory and disk sizes as text: `4`, `4+`, `16GB`, `1TB+`.

use crate::model::Bound;

/// MiB per unit of memory. Vendors' GB of memory are GiB.
const MEMORY_UNITS: [(&str, f64); 10] = [
    ("tib", 1_048_576.0),
    ("tb", 1_048_576.0),
    ("t", 1_048_576.0),
    ("gib", 1024.0),
    ("gb", 1024.0),
    ("g", 1024.0),
    ("mib", 1.0),
    ("mb", 1.0),
    ("m", 1.0),
    ("", 1024.0),
];

/// Thousandths of a vCPU: `8`, `8+`, `0.5`.
pub(super) fn cpus(text: &str) -> Option<Bound> {
    let (number, exact) = split_plus(text);
    bound(number.parse().ok()?, 1000.0, exact)
}

/// MiB: `32`, `32+`, `32GB`, `1TB+`; a bare number is GiB.
pub(super) fn memory(text: &str) -> Option<Bound> {
    let (number, exact) = split_plus(text);
    let (value, mebibytes) = with_unit(number)?;
    bound(value, mebibytes, exact)
}

/// Whole GB of disk: `256`, `256GB`, `1TB`.
pub(super) fn disk(text: &str) -> Option<u32> {
    let (value, mebibytes) = with_unit(text.trim())?;
    let gigabytes = (value * mebibytes / 1024.0).ceil();
    (1.0..=1e6).contains(&gigabytes).then_some(gigabytes as u32)
}

/// Data sizes in GB, with a fraction: `150`, `0.5TB`.
pub(super) fn gigabytes(text: &str) -> Option<f64> {
    let (value, mebibytes) = with_unit(text.trim())?;
    let gigabytes = value * mebibytes / 1024.0;
    (0.0..=1e9).contains(&gigabytes).then_some(gigabytes)
}

/// A bound as it is written: `8+`, `0.5`.
pub(super) fn show(bound: Bound, per_unit: u64) -> String {
    let amount = bound.amount as f64 / per_unit as f64;
    format!("{amount}{}", if bound.exact { "" } else { "+" })
}

fn split_plus(text: &str) -> (&str, bool) {
    let text = text.trim();
    text.strip_suffix('+').map_or((text, true), |number| (number.trim(), false))
}

fn with_unit(text: &str) -> Option<(f64, f64)> {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit = unit.to_ascii_lowercase();
    let (_, mebibytes) = MEMORY_UNITS.iter().find(|(name, _)| *name == unit)?;
    Some((number.trim().parse().ok()?, *mebibytes))
}

fn bound(value: f64, factor: f64, exact: bool) -> Option<Bound> {
    let amount = (value * factor).round();
    (1.0..1e12).contains(&amount).then_some(Bound { amount: amount as u64, exact })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert_eq!(cpus("8"), Some(Bound { amount: 8000, exact: true }));
        assert_eq!(cpus(" 4+ "), Some(Bound::at_least(4000)));
        assert_eq!(cpus("0.5"), Some(Bound { amount: 500, exact: true }));
        assert_eq!(memory("32+"), Some(Bound::at_least(32 * 1024)));
        assert_eq!(memory("16GB"), Some(Bound { amount: 16 * 1024, exact: true }));
        assert_eq!(memory("1TB+"), Some(Bound::at_least(1024 * 1024)));
        assert_eq!(memory("3.75"), Some(Bound { amount: 3840, exact: true }));
        assert_eq!((disk("256"), disk("1TB"), disk("100 GB")), (Some(256), Some(1024), Some(100)));
        for wrong in ["", "+", "x", "-1", "0", "nan", "inf", "4++", "1e99", "8GB"] {
            assert_eq!(cpus(wrong), None, "{wrong}");
        }
        for wrong in ["", "GB", "16XB", "-1GB", "0+"] {
            assert_eq!(memory(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn shown_as_written() {
        assert_eq!(show(cpus("8+").unwrap(), 1000), "8+");
        assert_eq!(show(memory("3.75GB").unwrap(), 1024), "3.75");
    }
}
