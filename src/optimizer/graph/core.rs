//! A problem cut down to what matters: of each task only the choices that links can tell apart.
//!
//! **Invariant:** tasks are in topological order, choices in tie-break order; every solution of the problem that is best
//! and, among those, first in the tie-break, is still there.

use super::problem::{Choice, Problem};
use super::table::Table;

/// The choices of a task that are left, as parallel columns.
#[derive(Debug, Clone, Default)]
pub(super) struct Domain {
    /// The task's position in the problem.
    pub(super) id: u32,
    /// The location class of each choice.
    pub(super) classes: Vec<u16>,
    /// What each adds by itself.
    pub(super) values: Vec<i64>,
    /// Its position in the problem; ascending.
    pub(super) ranks: Vec<u32>,
}

/// A link between two tasks of a core, `from < to`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Joint<'a> {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) table: &'a Table,
    pub(super) volume: i64,
}

/// Tasks and links that are still to be decided.
#[derive(Debug, Clone, Default)]
pub(super) struct Core<'a> {
    pub(super) tasks: Vec<Domain>,
    pub(super) joints: Vec<Joint<'a>>,
}

/// A choice for some tasks: pairs of a task's position in the problem and the choice's, by task.
pub(super) type Picks = Vec<(u32, u32)>;

/// How two links between the same tasks come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parallel {
    /// Both are paid.
    Sum,
    /// The slower one counts.
    Max,
}

impl Joint<'_> {
    /// What it adds for two classes.
    pub(super) fn at(&self, from: u16, to: u16) -> i64 {
        self.volume * self.table.at(from, to)
    }
}

impl Domain {
    pub(super) fn len(&self) -> usize {
        self.classes.len()
    }

    /// Leaves only the choices that are marked.
    pub(super) fn retain(&mut self, keep: &[bool]) {
        retain(&mut self.classes, keep);
        retain(&mut self.values, keep);
        retain(&mut self.ranks, keep);
    }

    /// Leaves one choice only.
    pub(super) fn fix(&mut self, choice: usize) {
        self.classes = vec![self.classes[choice]];
        self.values = vec![self.values[choice]];
        self.ranks = vec![self.ranks[choice]];
    }
}

/// Leaves only the marked entries.
pub(super) fn retain<T: Copy>(column: &mut Vec<T>, keep: &[bool]) {
    let mut marks = keep.iter();
    column.retain(|_| *marks.next().expect("one mark an entry"));
}

impl<'a> Core<'a> {
    /// Cuts a checked problem down: links without volume go (if only what they add counts, not that one task waits for
    /// the other), links between the same tasks are joined, and of the choices of a task that no link can tell apart the
    /// least is kept, of equals the first.
    pub(super) fn new(problem: &Problem<'a>, order: &[u32], parallel: Parallel) -> Self {
        let mut place = vec![0usize; order.len()];
        for (position, &task) in order.iter().enumerate() {
            place[task as usize] = position;
        }
        let mut joints: Vec<Joint<'a>> = Vec::with_capacity(problem.links.len());
        let mut sorted: Vec<_> =
            problem.links.iter().filter(|link| link.volume > 0 || parallel == Parallel::Max).collect();
        sorted.sort_by_key(|link| (place[link.from as usize], place[link.to as usize], link.table));
        for link in sorted {
            let (from, to) = (place[link.from as usize], place[link.to as usize]);
            let table = problem.tables[link.table as usize];
            match joints.last_mut() {
                Some(last) if last.from == from && last.to == to && std::ptr::eq(last.table, table) => match parallel {
                    Parallel::Sum => last.volume += link.volume,
                    Parallel::Max => last.volume = last.volume.max(link.volume),
                },
                _ => joints.push(Joint { from, to, table, volume: link.volume }),
            }
        }
        let mut touching: Vec<Vec<&'a Table>> = vec![Vec::new(); order.len()];
        for joint in &joints {
            touching[joint.from].push(joint.table);
            touching[joint.to].push(joint.table);
        }
        let reduced = order.iter().zip(&touching);
        let tasks = reduced.map(|(&id, tables)| reduce(id, &problem.tasks[id as usize], tables)).collect();
        Self { tasks, joints }
    }

    /// True if the links close no circle, whatever their direction.
    pub(super) fn is_forest(&self) -> bool {
        let mut root: Vec<usize> = (0..self.tasks.len()).collect();
        self.joints.iter().all(|joint| {
            let (a, b) = (find(&mut root, joint.from), find(&mut root, joint.to));
            root[a] = b;
            a != b
        })
    }

    /// The total of one choice (by position in its domain) for every task.
    pub(super) fn total(&self, chosen: &[usize]) -> i64 {
        let own: i64 = self.tasks.iter().zip(chosen).map(|(task, &choice)| task.values[choice]).sum();
        let class = |task: usize| self.tasks[task].classes[chosen[task]];
        own + self.joints.iter().map(|joint| joint.at(class(joint.from), class(joint.to))).sum::<i64>()
    }

    /// The picks that such a choice stands for.
    pub(super) fn picks(&self, chosen: &[usize]) -> Picks {
        let mut picks: Picks = self.tasks.iter().zip(chosen).map(|(task, &c)| (task.id, task.ranks[c])).collect();
        picks.sort_unstable();
        picks
    }

    /// Takes out the tasks with one choice left, charging their links to the other end; gives what they add and what was
    /// picked.
    pub(super) fn fold(&mut self) -> (i64, Picks) {
        let fixed: Vec<bool> = self.tasks.iter().map(|task| task.len() == 1).collect();
        let mut constant = 0;
        for joint in &self.joints {
            match (fixed[joint.from], fixed[joint.to]) {
                (true, true) => {
                    constant += joint.at(self.tasks[joint.from].classes[0], self.tasks[joint.to].classes[0]);
                }
                (true, false) => {
                    let class = self.tasks[joint.from].classes[0];
                    let Domain { classes, values, .. } = &mut self.tasks[joint.to];
                    values.iter_mut().zip(classes).for_each(|(value, &mut to)| *value += joint.at(class, to));
                }
                (false, true) => {
                    let class = self.tasks[joint.to].classes[0];
                    let Domain { classes, values, .. } = &mut self.tasks[joint.from];
                    values.iter_mut().zip(classes).for_each(|(value, &mut from)| *value += joint.at(from, class));
                }
                (false, false) => {}
            }
        }
        let singles = self.tasks.iter().zip(&fixed).filter(|(_, fixed)| **fixed);
        let (values, mut picks): (Vec<i64>, Picks) = singles.map(|(t, _)| (t.values[0], (t.id, t.ranks[0]))).unzip();
        picks.sort_unstable();
        let kept: Vec<usize> = (0..self.tasks.len()).filter(|&task| !fixed[task]).collect();
        *self = self.part(&kept);
        (constant + values.iter().sum::<i64>(), picks)
    }

    /// Some of the tasks (ascending), with the links among them.
    fn part(&self, kept: &[usize]) -> Self {
        let mut place = vec![usize::MAX; self.tasks.len()];
        for (position, &task) in kept.iter().enumerate() {
            place[task] = position;
        }
        let inside = self.joints.iter().map(|joint| Joint { from: place[joint.from], to: place[joint.to], ..*joint });
        let joints = inside.filter(|joint| joint.from != usize::MAX && joint.to != usize::MAX).collect();
        Self { tasks: kept.iter().map(|&task| self.tasks[task].clone()).collect(), joints }
    }

    /// The parts that no link connects, ordered by their first task.
    pub(super) fn components(self) -> Vec<Self> {
        let mut root: Vec<usize> = (0..self.tasks.len()).collect();
        for joint in &self.joints {
            let (a, b) = (find(&mut root, joint.from), find(&mut root, joint.to));
            root[a.max(b)] = a.min(b);
        }
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); self.tasks.len()];
        for task in 0..self.tasks.len() {
            members[find(&mut root, task)].push(task);
        }
        members.retain(|part| !part.is_empty());
        if members.len() == 1 {
            return vec![self];
        }
        members.iter().map(|part| self.part(part)).collect()
    }
}

/// The representative of a set, with the path to it shortened.
fn find(root: &mut [usize], mut of: usize) -> usize {
    while root[of] != of {
        root[of] = root[root[of]];
        of = root[of];
    }
    of
}

/// Of the choices that no table can tell apart the least, of equals the first.
fn reduce(id: u32, choices: &[Choice], tables: &[&Table]) -> Domain {
    let kinds = kinds(tables);
    let kind_of = |choice: &Choice| kinds.as_ref().map_or(0, |kinds| kinds[choice.class as usize] as usize);
    let mut best = vec![u32::MAX; kinds.as_ref().map_or(1, Vec::len)];
    for (rank, choice) in choices.iter().enumerate() {
        let best = &mut best[kind_of(choice)];
        if *best == u32::MAX || choice.value < choices[*best as usize].value {
            *best = rank as u32;
        }
    }
    let mut ranks: Vec<u32> = best.into_iter().filter(|&rank| rank != u32::MAX).collect();
    ranks.sort_unstable();
    let column = |rank: &u32| choices[*rank as usize];
    Domain {
        id,
        classes: ranks.iter().map(|rank| column(rank).class).collect(),
        values: ranks.iter().map(|rank| column(rank).value).collect(),
        ranks,
    }
}

/// For each class the first that none of the tables can tell from it; `None` if there are no tables.
fn kinds(tables: &[&Table]) -> Option<Vec<u16>> {
    let (first, rest) = tables.split_first()?;
    let mut kinds = first.alike().to_vec();
    for table in rest {
        let other = table.alike();
        if kinds != other {
            let both: Vec<(u16, u16)> = kinds.iter().copied().zip(other.iter().copied()).collect();
            let first = |class: usize| both.iter().position(|pair| *pair == both[class]).unwrap_or(class);
            kinds = (0..both.len()).map(|class| first(class) as u16).collect();
        }
    }
    Some(kinds)
}
