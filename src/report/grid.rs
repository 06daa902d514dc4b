//! Columns of text between two rules, in the form of SkyPilot's tables.
//!
//! **Invariant:** width is counted in characters, and no line ends in a space.

/// Where a column's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// At the left, as words do.
    #[default]
    Left,
    /// At the right, as amounts do.
    Right,
}

/// A table under construction.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    head: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// A table with these columns, all left-aligned.
    pub fn new<S: Into<String>>(head: impl IntoIterator<Item = S>) -> Self {
        Self { head: head.into_iter().map(|h| (h.into(), Align::Left)).collect(), rows: Vec::new() }
    }

    /// Right-aligns the columns from `first` on.
    #[must_use]
    pub fn right_from(mut self, first: usize) -> Self {
        for (_, align) in self.head.iter_mut().skip(first) {
            *align = Align::Right;
        }
        self
    }

    /// Adds a row. Missing cells are empty, surplus ones are dropped.
    pub fn push<S: Into<String>>(&mut self, row: impl IntoIterator<Item = S>) {
        let mut row: Vec<String> = row.into_iter().map(Into::into).collect();
        row.resize(self.head.len(), String::new());
        self.rows.push(row);
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines: rule, head, rule, rows, rule.
    pub fn lines(&self) -> Vec<String> {
        let widths = self.widths();
        let rule = "-".repeat(1 + widths.iter().map(|w| w + GAP).sum::<usize>() - 1);
        let line = |cells: &mut dyn Iterator<Item = &str>| self.line(cells, &widths);
        let mut lines = vec![rule.clone(), line(&mut self.head.iter().map(|(h, _)| h.as_str())), rule.clone()];
        lines.extend(self.rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
        lines.push(rule);
        lines
    }

    fn widths(&self) -> Vec<usize> {
        let cell = |row: &Vec<String>, i: usize| row[i].chars().count();
        let of = |(i, (head, _)): (usize, &(String, Align))| {
            self.rows.iter().map(|row| cell(row, i)).max().unwrap_or(0).max(head.chars().count())
        };
        self.head.iter().enumerate().map(of).collect()
    }

    fn line(&self, cells: &mut dyn Iterator<Item = &str>, widths: &[usize]) -> String {
        let mut line = String::from(" ");
        for ((cell, (_, align)), width) in cells.zip(&self.head).zip(widths) {
            let space = " ".repeat(width - cell.trim_end().chars().count());
            match align {
                Align::Left => line.extend([cell.trim_end(), &space]),
                Align::Right => line.extend([&space, cell.trim_end()]),
            }
            line.push_str(&" ".repeat(GAP));
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// Spaces between two columns.
pub(super) const GAP: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_the_width_of_a_character() {
        let mut grid = Grid::new(["NAME", "COST ($)"]).right_from(1);
        grid.push(["ä✔", "0.45"]);
        grid.push(["longer"]);
        assert_eq!(
            grid.lines(),
            [
                "--------------------",
                " NAME     COST ($)",
                "--------------------",
                " ä✔           0.45",
                " longer",
                "--------------------"
            ]
        );
    }
}
