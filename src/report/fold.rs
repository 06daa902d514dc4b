//! Tables that are wider than the terminal, set below each other: the columns that tell the rows apart are repeated.
//!
//! **Invariant:** every cell is told once, those that are repeated aside; lines that are no table stay as they are.

use super::grid::GAP;

/// The same lines with every table folded that is wider than this many columns.
pub fn folded(lines: &[String], width: usize) -> Vec<String> {
    let mut told = Vec::with_capacity(lines.len());
    let mut rest = lines;
    while let Some((line, after)) = rest.split_first() {
        if let Some(length) = table(rest).filter(|_| line.chars().count() > width) {
            told.extend(Table::read(&rest[..length]).folded(width));
            rest = &rest[length..];
        } else {
            told.push(line.clone());
            rest = after;
        }
    }
    told
}

fn is_rule(line: &str) -> bool {
    line.len() > GAP && line.bytes().all(|byte| byte == b'-')
}

/// How many of the lines are a table: a rule, its head, a rule, rows, the same rule.
fn table(lines: &[String]) -> Option<usize> {
    let rule = lines.first().filter(|line| is_rule(line))?;
    (lines.get(2)? == rule).then_some(())?;
    lines.iter().skip(3).position(|line| line == rule).map(|end| end + 4)
}

/// A table as cells: its head first.
struct Table {
    rows: Vec<Vec<String>>,
    widths: Vec<usize>,
}

impl Table {
    /// Columns begin where every line is blank for as long as the gap between two columns is wide.
    fn read(lines: &[String]) -> Self {
        let lines: Vec<Vec<char>> =
            lines.iter().filter(|line| !is_rule(line)).map(|line| line.chars().skip(1).collect()).collect();
        let longest = lines.iter().map(Vec::len).max().unwrap_or(0);
        let is_blank = |at: usize| lines.iter().all(|line| line.get(at).is_none_or(|c| *c == ' '));
        let mut columns: Vec<(usize, usize)> = Vec::new();
        let mut blanks = GAP;
        for at in 0..longest {
            if is_blank(at) {
                blanks += 1;
                continue;
            }
            match columns.last_mut().filter(|_| blanks < GAP) {
                Some((_, end)) => *end = at + 1,
                None => columns.push((at, at + 1)),
            }
            blanks = 0;
        }
        let cut = |line: &Vec<char>| {
            let cell = |(from, to): &(usize, usize)| line.iter().take(*to).skip(*from).collect::<String>();
            columns.iter().map(|column| cell(column).trim_end().to_owned()).collect()
        };
        let widths = columns.iter().map(|(from, to)| to - from).collect();
        Self { rows: lines.iter().map(cut).collect(), widths }
    }

    /// How many columns it takes to tell the rows apart; rows below a row (of its intervals) aside.
    fn keys(&self) -> usize {
        let rows = || self.rows.iter().filter(|row| !row[0].starts_with("  "));
        let distinct = |keys: usize| rows().map(|row| &row[..keys]).collect::<std::collections::BTreeSet<_>>().len();
        let all = rows().count();
        (1..self.widths.len()).find(|keys| distinct(*keys) == all).unwrap_or(1)
    }

    fn folded(&self, width: usize) -> Vec<String> {
        let across = |columns: &[usize]| 1 + columns.iter().map(|at| self.widths[*at] + GAP).sum::<usize>() - GAP;
        let keys: Vec<usize> = (0..self.keys()).collect();
        // Names that leave no room for what is said of them are not worth repeating.
        let keys = if across(&keys) > width / 2 { vec![0] } else { keys };
        let mut parts: Vec<Vec<usize>> = vec![keys.clone()];
        for at in keys.len()..self.widths.len() {
            let with = |part: &Vec<usize>| part.iter().copied().chain([at]).collect::<Vec<_>>();
            let last = parts.len() - 1;
            if across(&with(&parts[last])) <= width || parts[last].len() == keys.len() {
                parts[last].push(at);
            } else {
                parts.push(with(&keys));
            }
        }
        let rule = "-".repeat(parts.iter().map(|part| across(part)).max().unwrap_or(0));
        let mut lines = Vec::new();
        for part in &parts {
            for (n, row) in self.rows.iter().enumerate() {
                if n < 2 {
                    lines.push(rule.clone());
                }
                let cells = part.iter().map(|at| format!("{:1$}", row[*at], self.widths[*at] + GAP));
                lines.push(format!(" {}", cells.collect::<String>()).trim_end().to_owned());
            }
        }
        lines.push(rule);
        lines
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::grid::Grid;
    use super::*;

    fn lines() -> Vec<String> {
        let mut grid = Grid::new(["POLICY", "MEASURE", "DIFFERENCE", "95 % INTERVAL", "COST ($)"]).right_from(4);
        grid.push(["cheapest", "wait p50", "~0.0s", "0.0s .. 0.1s", "3.06"]);
        grid.push(["  95 % interval", "", "", "", "1 .. 2"]);
        grid.push(["cheapest", "wait p90", "", "−1.0s .. 12.1s", "12.06"]);
        let mut lines = vec!["A line that is longer than the table is allowed to be, and no table.".to_owned()];
        lines.extend(grid.lines());
        lines.push("after".to_owned());
        lines
    }

    #[test]
    fn a_wide_table_is_set_below_itself() {
        assert_snapshot!(folded(&lines(), 60).join("\n"), @r"
        A line that is longer than the table is allowed to be, and no table.
        ---------------------------------------------------------
         POLICY            MEASURE    DIFFERENCE   95 % INTERVAL
        ---------------------------------------------------------
         cheapest          wait p50   ~0.0s        0.0s .. 0.1s
           95 % interval
         cheapest          wait p90                −1.0s .. 12.1s
        ---------------------------------------------------------
         POLICY            MEASURE    COST ($)
        ---------------------------------------------------------
         cheapest          wait p50       3.06
           95 % interval                1 .. 2
         cheapest          wait p90      12.06
        ---------------------------------------------------------
        after
        ");
    }

    #[test]
    fn what_fits_stays() {
        assert_eq!(folded(&lines(), 80), lines());
    }

    #[test]
    fn no_cell_is_lost_and_no_line_too_long() {
        for width in 46..80 {
            let told = folded(&lines(), width);
            for cell in ["~0.0s", "0.0s .. 0.1s", "3.06", "−1.0s .. 12.1s", "12.06", "1 .. 2", "DIFFERENCE"] {
                assert_eq!(told.iter().filter(|line| line.contains(cell)).count(), 1, "{cell} at {width}: {told:#?}");
            }
            assert!(told[1..].iter().all(|line| line.chars().count() <= width), "{width}: {told:#?}");
        }
    }
}
