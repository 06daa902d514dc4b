//! Decimal numbers of price tables, read exactly.
//!
//! **Invariant:** what has at most six decimals is read without rounding.

/// Millionths of a non-negative decimal (`0.526` is 526000), the seventh digit rounding; `None` if it is not a
/// number, is negative or is beyond a trillion.
pub(super) fn micros(text: &[u8]) -> Option<i64> {
    let text = text.trim_ascii();
    let mut value: i64 = 0;
    let mut digits = 0_u32;
    let mut decimals: Option<u32> = None;
    let mut round_up = false;
    for &byte in text {
        match byte {
            b'0'..=b'9' if decimals.unwrap_or(0) < 6 => {
                value = value.checked_mul(10)?.checked_add((byte - b'0') as i64)?;
                digits += 1;
                decimals = decimals.map(|n| n + 1);
            }
            b'0'..=b'9' => {
                if decimals == Some(6) {
                    round_up = byte >= b'5';
                }
                decimals = decimals.map(|n| n + 1);
            }
            b'.' if decimals.is_none() => decimals = Some(0),
            // An exponent (1e-05), as some tools write small numbers.
            _ => return exponent(text),
        }
    }
    if digits == 0 {
        return None;
    }
    let scaled = value.checked_mul(10_i64.pow(6 - decimals.unwrap_or(0).min(6)))?.checked_add(round_up as i64)?;
    (scaled < LIMIT).then_some(scaled)
}

/// A trillion, in millionths: beyond every price, and far from overflow when a few are added.
const LIMIT: i64 = 1_000_000_000_000_000_000;

fn exponent(text: &[u8]) -> Option<i64> {
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    let scaled = (value * 1e6).round();
    (scaled >= 0.0 && scaled < LIMIT as f64).then_some(scaled as i64)
}

#[cfg(test)]
mod tests {
    use super::micros;

    #[test]
    fn reads_exactly() {
        for (text, expected) in [
            ("0", 0),
            ("4.049591", 4_049_591),
            ("29362.176", 29_362_176_000),
            (".5", 500_000),
            ("3.", 3_000_000),
            ("1e-05", 10),
            ("2.5E1", 25_000_000),
            ("0.1234565", 123_457),
            ("0.12345649", 123_456),
            (" 7 ", 7_000_000),
        ] {
            assert_eq!(micros(text.as_bytes()), Some(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_amount() {
        for text in ["", ".", "-1", "nan", "inf", "1,5", "1.2.3", "$3", "1e99", "9999999999999999999999"] {
            assert_eq!(micros(text.as_bytes()), None, "{text}");
        }
    }
}
