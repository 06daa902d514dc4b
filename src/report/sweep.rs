//! A sweep over parameters: what was run, and a line a point and policy of what came of it.
//!
//! **Invariant:** the header says everything that decides the rows, so pieces with the same header belong together.

use serde::{Deserialize, Serialize};

use crate::study::stats::Estimate;
use crate::study::{Point, Summary};

use super::Manifest;
use super::grid::Grid;
use super::study::{percent, shown, time};

/// The line of JSON that a file of trials starts with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepHeader {
    /// `sky-sim.sweep/1`.
    pub schema: String,
    /// What made it. Its hash of the scenario is that of the file without settings.
    pub manifest: Manifest,
    /// Requests of a trial.
    pub demands: usize,
    /// The points, in the order of the rows' cells.
    pub points: Vec<Point>,
}

/// What a file of trials calls its format.
pub const SWEEP_SCHEMA: &str = "sky-sim.sweep/1";

/// One policy at one point.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// The point.
    pub point: &'a Point,
    /// The policy's name.
    pub policy: &'a str,
    /// What it achieved there.
    pub summary: &'a Summary,
}

const NUMBERS: [&str; 7] = ["SUCCESS", "WAIT p50", "p90", "p99", "ATTEMPTS", "$/h", "OVER CHEAPEST"];

/// For people.
pub fn table(rows: &[At<'_>]) -> Vec<String> {
    let axes = rows.first().map_or(&[][..], |row| row.point);
    let head = axes.iter().map(|(name, _)| name.as_str()).chain(["POLICY"]).chain(NUMBERS);
    let mut grid = Grid::new(head);
    for At { point, policy, summary } in rows {
        let [p50, p90, p99] = summary.time;
        let above = |share: f64| format!("{:+.1} %", (share * 1000.0).round() / 10.0 + 0.0);
        let two = |number: f64| format!("{number:.2}");
        let cells = [
            shown(summary.success, percent),
            shown(p50, time),
            shown(p90, time),
            shown(p99, time),
            shown(summary.attempts, two),
            shown(summary.price_hourly, two),
            shown(summary.premium, above),
        ];
        grid.push(point.iter().map(|(_, value)| value.clone()).chain([(*policy).to_owned()]).chain(cells));
    }
    grid.lines()
}

/// For spreadsheets: every estimate with its interval.
pub fn csv(rows: &[At<'_>]) -> String {
    const COLUMNS: [&str; 8] =
        ["success", "p50_s", "p90_s", "p99_s", "attempts", "price_hourly", "over_cheapest", "wasted"];
    let field = |text: &str| {
        if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
    };
    let axes = rows.first().map_or(&[][..], |row| row.point);
    let mut head: Vec<String> = axes.iter().map(|(name, _)| field(name)).collect();
    head.push("policy".to_owned());
    head.extend(COLUMNS.iter().flat_map(|name| [(*name).to_owned(), format!("{name}_low"), format!("{name}_high")]));
    let mut lines = vec![head.join(",")];
    for At { point, policy, summary } in rows {
        let [p50, p90, p99] = summary.time;
        let numbers =
            [summary.success, p50, p90, p99, summary.attempts, summary.price_hourly, summary.premium, summary.wasted];
        let mut cells: Vec<String> = point.iter().map(|(_, value)| field(value)).collect();
        cells.push(field(policy));
        cells.extend(numbers.into_iter().flat_map(three));
        lines.push(cells.join(","));
    }
    lines.join("\n") + "\n"
}

/// Value and ends; what is infinite or unknown is empty.
fn three(estimate: Option<Estimate>) -> [String; 3] {
    let interval = estimate.and_then(|estimate| estimate.interval);
    let numbers = [estimate.map(|e| e.value), interval.map(|i| i.low), interval.map(|i| i.high)];
    numbers.map(|number| number.filter(|n| n.is_finite()).map_or_else(String::new, |n| n.to_string()))
}
