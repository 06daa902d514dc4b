//! How well a fitted market fits: for a terminal, for Markdown, for a page.
//!
//! **Invariant:** a figure that is off is told like one that is not, first the number, then the word.

use crate::study::fit::{Contest, Count, Line, TIMES, Told};

use super::cells::Cells;
use super::page::Page;
use super::plot::{Curve, Curves, Picture, Scale};
use super::study::{percent, time};

/// A market against one part of a trace.
#[derive(Debug, Clone)]
pub struct Part {
    /// Which part: `all of it`.
    pub title: String,
    /// What is to be known of it.
    pub note: String,
    /// The figures.
    pub lines: Vec<Line>,
    /// The trace, counted.
    pub trace: Count,
    /// The market, counted.
    pub market: Count,
}

/// Everything that is told of a fit.
#[derive(Debug, Clone)]
pub struct Calibration {
    /// What was fitted.
    pub title: String,
    /// How much trace there was.
    pub lead: String,
    /// What makes it again.
    pub command: String,
    /// The parts, the one that judges first.
    pub parts: Vec<Part>,
    /// Families for up times and for outages, the chosen one first.
    pub contests: [Vec<Contest>; 2],
    /// The lines of the scenario file.
    pub yaml: String,
    /// What to beware of.
    pub cautions: Vec<String>,
}

fn value(number: f64, told: Told) -> String {
    match told {
        Told::Share => percent(number),
        Told::Seconds => time(number),
        Told::Number => format!("{number:.3}"),
    }
}

/// The figures as a table.
pub fn table(lines: &[Line]) -> Cells {
    let row = |line: &Line| {
        let off = line.off();
        let word = match (line.is_near(), line.is_likely()) {
            (true, _) => "within 10 %",
            (false, true) => "luck of one trace",
            (false, false) => "off",
        };
        let between = |(low, high): (f64, f64)| format!("{} .. {}", value(low, line.told), value(high, line.told));
        vec![
            line.what.clone(),
            line.on.map_or_else(String::new, |on| on.to_string()),
            value(line.trace, line.told),
            line.error.map_or_else(String::new, |error| format!("± {}", value(error, line.told))),
            value(line.market, line.told),
            if off.is_finite() { format!("{:+.0} %", off * 100.0 + 0.0) } else { String::new() },
            line.replicas.map_or_else(String::new, between),
            if line.replicas.is_some() { word.to_owned() } else { String::new() },
        ]
    };
    let head = ["FIGURE", "RUNS", "TRACE", "ERROR", "MARKET", "OFF BY", "9 OF 10 REPLICAS", ""];
    Cells::new(head, lines.iter().map(row).collect())
}

/// How many figures are within a tenth, how many more luck explains, and how many there are.
pub fn score(lines: &[Line]) -> String {
    let judged: Vec<&Line> = lines.iter().filter(|line| line.replicas.is_some()).collect();
    let near = judged.iter().filter(|line| line.is_near()).count();
    let lucky = judged.iter().filter(|line| !line.is_near() && line.is_likely()).count();
    format!(
        "{near} of {} figures within 10 % of the trace, {lucky} more within what luck makes of a trace of that length, {} off",
        judged.len(),
        judged.len() - near - lucky
    )
}

fn families(contests: &[Vec<Contest>; 2]) -> Cells {
    let mut rows = Vec::new();
    for (side, what) in ["up times", "outages"].into_iter().enumerate() {
        for contest in &contests[side] {
            rows.push(vec![
                what.to_owned(),
                contest.family.to_string(),
                format!("{:.1}", contest.held_out),
                format!("{:.1}", contest.aic),
            ]);
        }
    }
    Cells::new(["OF", "FAMILY", "LOG-LIKELIHOOD HELD OUT", "AIC"], rows)
}

impl Calibration {
    /// Lines for a terminal.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("{}: {}", self.title, self.lead)];
        for part in &self.parts {
            lines.extend([String::new(), format!("{}: {}", part.title, score(&part.lines)), part.note.clone()]);
            lines.extend(table(&part.lines).lines());
        }
        lines.extend(self.cautions.iter().map(|caution| format!("caution: {caution}")));
        lines
    }

    /// A document.
    pub fn markdown(&self) -> String {
        let mut lines = vec![format!("# {}", self.title), String::new(), self.lead.clone(), String::new()];
        lines.extend(["Again:".to_owned(), String::new(), format!("    {}", self.command)]);
        lines.extend([String::new(), HOW.to_owned()]);
        for part in &self.parts {
            lines.extend([String::new(), format!("## {}", part.title), String::new(), part.note.clone()]);
            lines.extend([String::new(), format!("{}.", score(&part.lines)), String::new()]);
            lines.extend(table(&part.lines).markdown());
        }
        lines.extend([String::new(), "## Which law".to_owned(), String::new()]);
        lines.extend(families(&self.contests).markdown());
        if !self.cautions.is_empty() {
            lines.push(String::new());
            lines.extend(self.cautions.iter().map(|caution| format!("- caution: {caution}")));
        }
        lines.join("\n") + "\n"
    }

    /// The pictures of a part, with the names of their files.
    pub fn pictures(&self, part: &Part) -> Vec<(&'static str, Curves)> {
        let subtitle = format!("{} · dots: the trace, line: the market", part.title);
        let (trace, market) = (part.trace.figures(), part.market.figures());
        let pair = |trace: Vec<(f64, f64)>, market: Vec<(f64, f64)>, n: usize, of: &str| {
            let curve = |label: String, points, series, is_dots| Curve { label, points, series, is_dots };
            [curve(format!("trace{of}"), trace, n, true), curve(format!("market{of}"), market, n, false)]
        };
        let picture = |title: &str, across: &str, up: &str, scale, curves: Vec<Curve>| Curves {
            title: title.to_owned(),
            subtitle: subtitle.clone(),
            across: across.to_owned(),
            up: up.to_owned(),
            scale,
            curves,
        };
        let laws = |figures: &crate::study::fit::Figures, side: usize| -> Vec<(f64, f64)> {
            TIMES.into_iter().zip(figures.by_then[side]).collect()
        };
        let lengths = [(0, ": up times"), (1, ": outages")];
        let lengths = lengths.map(|(side, of)| pair(laws(&trace, side), laws(&market, side), side, of));
        let ages = |figures: &crate::study::fit::Figures| -> Vec<(f64, f64)> {
            let middle = [900.0, 2700.0, 4500.0, 6300.0, 9000.0, 14_400.0, 27_000.0, 54_000.0];
            middle.into_iter().zip(figures.hazard).filter_map(|(age, hazard)| Some((age, hazard?))).collect()
        };
        let hazard = pair(ages(&trace), ages(&market), 0, "");
        let again = pair(trace.again.clone(), market.again.clone(), 0, "");
        vec![
            (
                "run-lengths",
                picture(
                    "How long pools stay up and down",
                    "length (logarithmic)",
                    "share that is no longer",
                    Scale::Even,
                    lengths.into_iter().flatten().collect(),
                ),
            ),
            (
                "recovery-by-age",
                picture(
                    "The older an outage, the less likely it ends",
                    "age of the outage (logarithmic)",
                    "chance to end by the next tick (logarithmic)",
                    Scale::Log,
                    hazard.to_vec(),
                ),
            ),
            (
                "up-again",
                picture(
                    "Up again after it was seen down",
                    "how much later (logarithmic)",
                    "share of pools that are up",
                    Scale::Even,
                    again.to_vec(),
                ),
            ),
        ]
    }

    /// A page.
    pub fn page(&self, version: &str) -> String {
        let mut page = Page::new(&self.title, &self.lead);
        page.paragraph(HOW);
        page.cautions(&self.cautions);
        for (n, part) in self.parts.iter().enumerate() {
            page.heading(&format!("part-{n}"), &part.title);
            page.paragraph(&part.note);
            page.paragraph(&format!("{}.", score(&part.lines)));
            for (_, picture) in self.pictures(part) {
                page.picture(&picture as &dyn Picture, "Dots: the trace. Line: the fitted market.");
            }
            page.table(&table(&part.lines));
        }
        page.heading("law", "Which law");
        page.paragraph(
            "Fitted to the first 70 % of the trace and judged by the likelihood of the rest; the first is taken.",
        );
        page.table(&families(&self.contests));
        page.heading("market", "The market");
        page.command(self.yaml.trim_end());
        page.heading("made", "How it was made");
        page.command(&self.command);
        page.finish(&format!("sky-sim {version}"))
    }
}

/// What the columns mean.
const HOW: &str = "Each figure is counted in the trace and in replicas of the fitted market that were probed at the same \
ticks, with luck that the search for the market never met. RUNS is how many runs of the trace a \
figure rests on, ERROR its standard error for that (a jackknife over ten parts of the time). MARKET is over all replicas together; of ten single replicas as long as the trace, nine lie in the range given. A \
figure is within 10 % of the trace, or within that range and so no more off than the luck of one trace explains, or off.";
