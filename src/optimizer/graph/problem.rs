//! What is to be decided: one choice a task, where choices of linked tasks cost something together.
//!
//! **Invariant:** a checked problem has a choice for every task, no cycle, and no total beyond [`LIMIT`].

use super::table::Table;

/// One way to run a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// Its location class: all that links can tell of it.
    pub class: u16,
    /// What it adds to the objective by itself: a cost, or a run time.
    pub value: i64,
}

/// One task's output feeds another; adds `volume` times the table's entry for the two classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The task that produces.
    pub from: u32,
    /// The task that consumes.
    pub to: u32,
    /// Which of the problem's tables prices it.
    pub table: u32,
    /// What the entry is multiplied by, such as gigabytes.
    pub volume: i64,
}

/// Tasks, each with its choices in the order that breaks ties (earlier is better), and the links between them.
#[derive(Debug, Clone, Default)]
pub struct Problem<'a> {
    /// The choices of each task.
    pub tasks: Vec<Vec<Choice>>,
    /// The links.
    pub links: Vec<Link>,
    /// What the links refer to.
    pub tables: Vec<&'a Table>,
}

/// A choice for every task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solution {
    /// For each task, the position of its choice.
    pub choices: Vec<u32>,
    /// The objective: the sum of all values and transfers, or the time until the last task is done.
    pub total: i64,
    /// Whether anything could be better.
    pub proof: Proof,
}

/// How good a solution is known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Nothing is better.
    Optimal,
    /// The search stopped at its limit; nothing is below the bound.
    Gap {
        /// The best total that has not been ruled out.
        lower_bound: i64,
    },
}

/// How much work may be spent on a proof, counted in steps and not in time, so that the answer depends on nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// The most entries that the tables of one elimination may have together; about 20 bytes each.
    pub table_entries: u64,
    /// The most branches searched.
    pub branches: u64,
}

/// A problem that cannot be solved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProblemError {
    /// A task has no choices.
    #[error("task {task} has no choice")]
    NoChoice {
        /// Its position.
        task: u32,
    },
    /// A link names a task, table or class that does not exist, or has a negative volume or value.
    #[error("link {link} is not between two tasks of the graph, or has no table")]
    BadLink {
        /// Its position.
        link: u32,
    },
    /// A task waits for itself.
    #[error("task {task} depends on itself")]
    Cycle {
        /// One of the tasks on the cycle.
        task: u32,
    },
    /// Values so large that totals could overflow, or negative.
    #[error("a value or volume is negative, or too large to be added up")]
    OutOfRange,
}

/// No total is larger.
pub(super) const LIMIT: i64 = i64::MAX / 16;

impl Default for Effort {
    fn default() -> Self {
        Self { table_entries: 1 << 20, branches: 5_000 }
    }
}

impl Problem<'_> {
    /// The objective "sum" of a choice for each task.
    pub fn cost_of(&self, choices: &[u32]) -> i64 {
        let chosen = |task: usize| self.tasks[task][choices[task] as usize];
        let own: i64 = (0..self.tasks.len()).map(|task| chosen(task).value).sum();
        let moved = self.links.iter().map(|link| {
            let (from, to) = (chosen(link.from as usize), chosen(link.to as usize));
            link.volume * self.tables[link.table as usize].at(from.class, to.class)
        });
        own + moved.sum::<i64>()
    }

    /// The objective "last task done" of a choice for each task.
    ///
    /// # Errors
    /// If the problem makes no sense.
    pub fn time_of(&self, choices: &[u32]) -> Result<i64, ProblemError> {
        let mut start = vec![0i64; self.tasks.len()];
        let mut last = 0;
        let outgoing = self.outgoing();
        for task in self.check()? {
            let chosen = self.tasks[task as usize][choices[task as usize] as usize];
            let done = start[task as usize] + chosen.value;
            last = last.max(done);
            for &link in &outgoing[task as usize] {
                let link = self.links[link as usize];
                let to = self.tasks[link.to as usize][choices[link.to as usize] as usize];
                let moved = link.volume * self.tables[link.table as usize].at(chosen.class, to.class);
                start[link.to as usize] = start[link.to as usize].max(done + moved);
            }
        }
        Ok(last)
    }

    /// The links that leave each task.
    pub(super) fn outgoing(&self) -> Vec<Vec<u32>> {
        let mut outgoing = vec![Vec::new(); self.tasks.len()];
        for (i, link) in self.links.iter().enumerate() {
            outgoing[link.from as usize].push(i as u32);
        }
        outgoing
    }

    /// Checks everything the solvers rely on and gives a topological order: of the tasks that may come next, always the
    /// first.
    pub(super) fn check(&self) -> Result<Vec<u32>, ProblemError> {
        self.check_links()?;
        self.check_values()?;
        let outgoing = self.outgoing();
        let mut waits = vec![0u32; self.tasks.len()];
        for link in &self.links {
            waits[link.to as usize] += 1;
        }
        let mut ready: std::collections::BTreeSet<u32> =
            (0..self.tasks.len() as u32).filter(|&task| waits[task as usize] == 0).collect();
        let mut order = Vec::with_capacity(self.tasks.len());
        while let Some(task) = ready.pop_first() {
            order.push(task);
            for &link in &outgoing[task as usize] {
                let to = self.links[link as usize].to;
                waits[to as usize] -= 1;
                if waits[to as usize] == 0 {
                    ready.insert(to);
                }
            }
        }
        match waits.iter().position(|&left| left > 0) {
            Some(task) => Err(ProblemError::Cycle { task: task as u32 }),
            None => Ok(order),
        }
    }

    fn check_links(&self) -> Result<(), ProblemError> {
        let classes = |choices: &Vec<Choice>| choices.iter().map(|choice| choice.class as usize + 1).max().unwrap_or(0);
        let classes: Vec<usize> = self.tasks.iter().map(classes).collect();
        for (i, link) in self.links.iter().enumerate() {
            let covers = |end: u32, table: &Table| classes.get(end as usize).is_some_and(|&n| n <= table.classes());
            let table = self.tables.get(link.table as usize);
            if !table.is_some_and(|table| covers(link.from, table) && covers(link.to, table)) {
                return Err(ProblemError::BadLink { link: i as u32 });
            }
            if link.from == link.to {
                return Err(ProblemError::Cycle { task: link.from });
            }
        }
        Ok(())
    }

    fn check_values(&self) -> Result<(), ProblemError> {
        let mut most: i64 = 0;
        for (task, choices) in self.tasks.iter().enumerate() {
            let largest = choices.iter().map(|choice| choice.value).max();
            let largest = largest.ok_or(ProblemError::NoChoice { task: task as u32 })?;
            let smallest = choices.iter().map(|choice| choice.value).min().unwrap_or(0);
            most = most.saturating_add(if smallest < 0 { i64::MAX } else { largest });
        }
        let largest: Vec<i64> = self.tables.iter().map(|table| table.largest()).collect();
        for link in &self.links {
            let moved = if link.volume < 0 { None } else { link.volume.checked_mul(largest[link.table as usize]) };
            most = most.saturating_add(moved.unwrap_or(i64::MAX));
        }
        if most <= LIMIT { Ok(()) } else { Err(ProblemError::OutOfRange) }
    }
}
