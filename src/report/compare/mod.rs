//! Policies compared on the same luck: for people as tables, for programs as JSON and CSV.
//!
//! **Invariant:** a difference that may be luck is marked `~` wherever it is shown, and never called faster or cheaper.

mod record;
#[cfg(test)]
mod tests;

use crate::study::stats::{Estimate, Verdict};
use crate::study::{Judged, Judgement, Measure, Summary, Unit};

use super::cells::Cells;
use super::study::{percent, time};

pub use record::{Clairvoyant, CompareRecord, ComparedRecord, Difference, csv};

/// One scenario's comparison.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'a> {
    /// One a policy: its name and what it achieved.
    pub arms: &'a [(&'a str, &'a Summary)],
    /// How they compare.
    pub judgement: &'a Judgement,
}

/// What each policy achieved, the clairvoyant last.
pub fn achieved(compared: Compared<'_>) -> Cells {
    let Compared { arms, judgement } = compared;
    let mean = judgement.limit.map_or("MEAN".to_owned(), |limit| format!("MEAN UP TO {}", time(limit)));
    let head = ["POLICY", "SUCCESS", "WAIT p50", "p90", "p99", &mean, "ATTEMPTS", "$/h", "REGRET ($/h)", "WASTED ($)"];
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (at, (name, summary)) in arms.iter().enumerate() {
        let [p50, p90, p99] = summary.time;
        let marked = if at == judgement.baseline { format!("{name} (baseline)") } else { (*name).to_owned() };
        let cells = [
            (summary.success, Unit::Share),
            (p50, Unit::Seconds),
            (p90, Unit::Seconds),
            (p99, Unit::Seconds),
            (judgement.mean_waits.get(at).copied().flatten(), Unit::Seconds),
            (summary.attempts, Unit::Calls),
            (summary.price_hourly, Unit::DollarsPerHour),
            (judgement.regrets.get(at).copied().flatten(), Unit::DollarsPerHour),
            (summary.wasted, Unit::Dollars),
        ];
        let value = |(estimate, unit): &(Option<Estimate>, Unit)| own(*estimate, *unit);
        rows.push(std::iter::once(marked).chain(cells.iter().map(value)).collect());
        let between = |(estimate, unit): &(Option<Estimate>, Unit)| range(*estimate, *unit, false);
        rows.push(std::iter::once("  95 % interval".to_owned()).chain(cells.iter().map(between)).collect());
    }
    let bound = judgement.bound;
    let mut clairvoyant = vec!["clairvoyant (bound)".to_owned(), own(bound.obtainable, Unit::Share)];
    clairvoyant.extend(["", "", "", "", "1.00"].map(str::to_owned));
    clairvoyant.extend([own(bound.price_hourly, Unit::DollarsPerHour), "0.00".to_owned(), "0.000".to_owned()]);
    rows.push(clairvoyant);
    Cells::new(head, rows)
}

/// Every measure of every policy against the baseline's.
pub fn differences(compared: Compared<'_>) -> Cells {
    let Compared { arms, judgement } = compared;
    let name = |at: usize| arms.get(at).map_or("", |(name, _)| name);
    let row = |judged: &Judged| {
        let unit = judged.measure.unit();
        let marker = judged.verdict.marker();
        let factor = |estimate: Estimate| format!("{:.2} ×", estimate.value);
        let factors = |estimate: Estimate| {
            estimate.interval.map_or_else(String::new, |i| format!("{} .. {}", number(i.low), number(i.high)))
        };
        vec![
            name(judged.arm).to_owned(),
            judged.measure.to_string(),
            format!("{marker}{}", judged.difference.map_or("-".to_owned(), |d| signed(d.value, unit))),
            range(judged.difference, unit, true),
            judged.ratio.filter(|r| r.value.is_finite()).map_or_else(String::new, factor),
            judged.ratio.filter(|r| r.value.is_finite()).map_or_else(String::new, factors),
            judged.adjusted.map_or_else(String::new, chance),
        ]
    };
    let head = ["POLICY", "MEASURE", "DIFFERENCE", "95 % INTERVAL", "FACTOR", "FACTOR 95 %", "p (Holm)"];
    Cells::new(head, judgement.rows.iter().map(row).collect())
}

/// A line a policy: how it waits, pays and asks against the baseline, as far as the study can tell.
pub fn verdicts(compared: Compared<'_>) -> Vec<String> {
    let Compared { arms, judgement } = compared;
    let Some((baseline, _)) = arms.get(judgement.baseline) else { return Vec::new() };
    let line = |(at, (name, _)): (usize, &(&str, &Summary))| {
        let told = judgement.rows.iter().filter(|row| row.arm == at).filter_map(words);
        let told: Vec<String> = told.collect();
        let told = if told.is_empty() { "no difference that may not be luck".to_owned() } else { told.join(" · ") };
        format!("{name} against {baseline}: {told}")
    };
    arms.iter().enumerate().filter(|(at, _)| *at != judgement.baseline).map(line).collect()
}

/// What one row amounts to, if it is no luck.
fn words(row: &Judged) -> Option<String> {
    let (more, less) = match row.measure {
        Measure::Success => ("places more", "places fewer"),
        Measure::Wait(_) | Measure::JobTime => ("longer", "shorter"),
        Measure::Attempts | Measure::Late => ("more", "fewer"),
        Measure::Regret | Measure::Wasted | Measure::JobCost => ("more", "less"),
    };
    let word = match row.verdict {
        Verdict::Higher => more,
        Verdict::Lower => less,
        Verdict::Unclear => return None,
    };
    let difference = row.difference?;
    let size = match row.ratio.filter(|ratio| ratio.value.is_finite() && ratio.value > 0.0) {
        Some(ratio) => format!("{:.2} ×", ratio.value),
        None => signed(difference.value, row.measure.unit()),
    };
    Some(format!("{} {size} ({word})", row.measure))
}

/// A value in its unit.
fn own(estimate: Option<Estimate>, unit: Unit) -> String {
    estimate.map_or_else(|| "-".to_owned(), |estimate| plain(estimate.value, unit))
}

fn plain(value: f64, unit: Unit) -> String {
    // Rounded first, so that a hair below nothing is not printed as `-0.0`.
    let near = |digits: i32| (value * 10f64.powi(digits)).round() / 10f64.powi(digits) + 0.0;
    match unit {
        Unit::Share => percent(value),
        Unit::Seconds => time(value),
        Unit::Calls | Unit::DollarsPerHour => format!("{:.2}", near(2)),
        Unit::Dollars => format!("{:.3}", near(3)),
    }
}

/// A difference in its unit, with its sign.
fn signed(value: f64, unit: Unit) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    let size = value.abs();
    let text = match unit {
        Unit::Share => format!("{:.2} points", size * 100.0),
        Unit::Seconds if size < 60.0 => format!("{size:.1}s"),
        Unit::Seconds => time(size),
        Unit::Calls | Unit::DollarsPerHour | Unit::Dollars => number(size),
    };
    if text.chars().all(|c| !c.is_ascii_digit() || c == '0') && size.is_finite() {
        text
    } else {
        format!("{sign}{text}")
    }
}

/// Two digits, three below one tenth.
fn number(value: f64) -> String {
    if value.is_infinite() {
        "∞".to_owned()
    } else if value != 0.0 && value.abs() < 0.1 {
        format!("{value:.4}")
    } else {
        format!("{value:.2}")
    }
}

fn range(estimate: Option<Estimate>, unit: Unit, with_sign: bool) -> String {
    let text = if with_sign { signed } else { plain };
    let interval = estimate.and_then(|estimate| estimate.interval);
    interval.map_or_else(String::new, |i| format!("{} .. {}", text(i.low, unit), text(i.high, unit)))
}

fn chance(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}
