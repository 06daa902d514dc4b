//! Memory and maker of an accelerator, out of the `GpuInfo` column.
//!
//! **Invariant:** never fails: the column is a Python dictionary in some tables, JSON in others, a bare name for
//! TPUs, or missing; what is not found is unknown.

/// Memory of one device in MiB (0 if unknown) and its maker (empty if unknown).
pub(super) fn parse<'a>(accelerator: &str, info: &'a [u8]) -> (u32, &'a str) {
    let info = std::str::from_utf8(info).unwrap_or("");
    let memory = after(info, "SizeInMiB").map_or(0, |rest| {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse().unwrap_or(0)
    });
    let maker = after(info, "Manufacturer").map_or("", |rest| {
        let end = rest.find(['\'', '"', ',', '}']).unwrap_or(rest.len());
        rest[..end].trim()
    });
    if maker.is_empty() && accelerator.starts_with("tpu-") { (memory, "Google") } else { (memory, maker) }
}

/// What follows `'key': `, past an opening quote.
fn after<'a>(info: &'a str, key: &str) -> Option<&'a str> {
    let at = info.find(key)? + key.len();
    Some(info[at..].trim_start_matches(['\'', '"', ':', ' ']))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn tolerates_dialects() {
        let python =
            b"{'Gpus': [{'Name': 'A100', 'Manufacturer': 'NVIDIA', 'Count': 1, 'MemoryInfo': {'SizeInMiB': 40960}}]}";
        let json = br#"{"Gpus": [{"Manufacturer":"AMD", "MemoryInfo": {"SizeInMiB":16384}}]}"#;
        assert_eq!(parse("A100", python), (40_960, "NVIDIA"));
        assert_eq!(parse("MI25", json), (16_384, "AMD"));
        assert_eq!(parse("tpu-v2-8", b"tpu-v2-8"), (0, "Google"));
        assert_eq!(parse("X", b"{'SizeInMiB': many"), (0, ""));
        assert_eq!(parse("X", b"\xff"), (0, ""));
    }
}
