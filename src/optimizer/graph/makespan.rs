//! The choices with which the last task is done soonest.
//!
//! **Invariant:** bounds are those of the longest path if every path could choose for itself; a choice is only dropped
//! when even then it comes too late.

use super::core::{Core, Picks};
use super::problem::Effort;
use super::table::{Scratch, Toward};

/// The best solution met, and the proven bound.
pub(super) struct Fastest {
    pub(super) total: i64,
    pub(super) picks: Picks,
    pub(super) bound: i64,
}

/// For each choice of each task.
#[derive(Default)]
struct Times {
    /// When it is done at the earliest.
    done: Vec<Vec<i64>>,
    /// How long everything after it takes at least.
    after: Vec<Vec<i64>>,
}

struct Search {
    best: Option<(i64, Picks)>,
    branches: u64,
    scratch: Scratch,
    message: Vec<i64>,
}

/// Tasks and links as lists, fixed for a whole search.
struct Shape {
    incoming: Vec<Vec<usize>>,
    outgoing: Vec<Vec<usize>>,
}

/// The soonest that all tasks of a connected core can be done.
pub(super) fn solve(core: Core<'_>, effort: Effort) -> Fastest {
    let (mut incoming, mut outgoing) = (vec![Vec::new(); core.tasks.len()], vec![Vec::new(); core.tasks.len()]);
    for (i, joint) in core.joints.iter().enumerate() {
        outgoing[joint.from].push(i);
        incoming[joint.to].push(i);
    }
    let shape = Shape { incoming, outgoing };
    let scratch = Scratch::default();
    let mut search = Search { best: None, branches: effort.branches, scratch, message: Vec::new() };
    let bound = search.descend(core, &shape);
    let (total, picks) = search.best.expect("the first descent ends in a solution");
    Fastest { total, picks, bound: bound.min(total) }
}

impl Search {
    /// Looks for something better than the best so far; gives a bound on what is here (no less than the best, if there is
    /// nothing better).
    fn descend(&mut self, mut core: Core<'_>, shape: &Shape) -> i64 {
        let Some((bound, chosen)) = self.narrow(&mut core, shape) else { return self.limit() };
        if bound >= self.limit() {
            return self.limit();
        }
        let Some(task) = undecided(&core, shape, &chosen) else { return bound };
        let mut order: Vec<usize> = (0..core.tasks[task].len()).collect();
        // What the greedy solution took has just been tried with the rest as it was; begin there all the same.
        order.sort_by_key(|&choice| choice != chosen[task]);
        let mut least = i64::MAX;
        for choice in order {
            // A solution as good as the bound may have turned up meanwhile.
            if bound >= self.limit() {
                return self.limit();
            }
            if self.branches == 0 {
                return least.min(bound);
            }
            self.branches -= 1;
            let mut child = core.clone();
            child.tasks[task].fix(choice);
            least = least.min(self.descend(child, shape));
        }
        least.max(bound)
    }

    fn limit(&self) -> i64 {
        self.best.as_ref().map_or(i64::MAX, |(total, _)| *total)
    }

    /// Drops choices that come too late until nothing changes; gives the bound and a greedy solution, or `None` if nothing
    /// better than the best is left.
    fn narrow(&mut self, core: &mut Core<'_>, shape: &Shape) -> Option<(i64, Vec<usize>)> {
        loop {
            let times = self.times(core, shape);
            let through =
                |task: usize| times.done[task].iter().zip(&times.after[task]).map(|(done, after)| done + after);
            let bound = (0..core.tasks.len()).filter_map(|task| through(task).min()).max().unwrap_or(0);
            let chosen = greedy(core, shape, &times);
            let total = makespan(core, shape, &chosen);
            if total < self.limit() {
                self.best = Some((total, core.picks(&chosen)));
            }
            let limit = self.limit();
            let keep: Vec<Vec<bool>> =
                (0..core.tasks.len()).map(|task| through(task).map(|total| total < limit).collect()).collect();
            if keep.iter().any(|task| !task.contains(&true)) {
                return None;
            }
            if keep.iter().all(|task| !task.contains(&false)) {
                return Some((bound, chosen));
            }
            core.tasks.iter_mut().zip(&keep).for_each(|(task, keep)| task.retain(keep));
        }
    }

    fn times(&mut self, core: &Core<'_>, shape: &Shape) -> Times {
        let mut times = Times { done: Vec::with_capacity(core.tasks.len()), after: vec![Vec::new(); core.tasks.len()] };
        for (task, domain) in core.tasks.iter().enumerate() {
            let mut done = vec![0; domain.len()];
            for &i in &shape.incoming[task] {
                let joint = &core.joints[i];
                let from = (&core.tasks[joint.from].classes[..], &times.done[joint.from][..]);
                let buffers = (&mut self.scratch, &mut self.message);
                joint.table.least(Toward::Target, joint.volume, from, &domain.classes, buffers);
                done.iter_mut().zip(&self.message).for_each(|(done, ready)| *done = (*done).max(*ready));
            }
            done.iter_mut().zip(&domain.values).for_each(|(done, value)| *done += value);
            times.done.push(done);
        }
        for (task, domain) in core.tasks.iter().enumerate().rev() {
            let mut after = vec![0; domain.len()];
            for &i in &shape.outgoing[task] {
                let joint = &core.joints[i];
                let next = &core.tasks[joint.to];
                let rest: Vec<i64> =
                    times.after[joint.to].iter().zip(&next.values).map(|(a, value)| a + value).collect();
                let buffers = (&mut self.scratch, &mut self.message);
                joint.table.least(Toward::Source, joint.volume, (&next.classes, &rest), &domain.classes, buffers);
                after.iter_mut().zip(&self.message).for_each(|(after, rest)| *after = (*after).max(*rest));
            }
            times.after[task] = after;
        }
        times
    }
}

/// Task by task, the choice with which the rest can be done soonest given the choices before.
fn greedy(core: &Core<'_>, shape: &Shape, times: &Times) -> Vec<usize> {
    let mut chosen: Vec<usize> = Vec::with_capacity(core.tasks.len());
    let mut done: Vec<i64> = Vec::with_capacity(core.tasks.len());
    for task in 0..core.tasks.len() {
        let finish = |choice: usize| start(core, shape, task, choice, &chosen, &done) + core.tasks[task].values[choice];
        let best = (0..core.tasks[task].len()).min_by_key(|&choice| finish(choice) + times.after[task][choice]);
        let best = best.expect("a task has a choice");
        done.push(finish(best));
        chosen.push(best);
    }
    chosen
}

/// When all a task waits for has arrived.
fn start(core: &Core<'_>, shape: &Shape, task: usize, choice: usize, chosen: &[usize], done: &[i64]) -> i64 {
    let own = core.tasks[task].classes[choice];
    let arrives = shape.incoming[task]
        .iter()
        .map(|&i| &core.joints[i])
        .map(|joint| done[joint.from] + joint.at(core.tasks[joint.from].classes[chosen[joint.from]], own));
    arrives.max().unwrap_or(0)
}

fn finishes(core: &Core<'_>, shape: &Shape, chosen: &[usize]) -> Vec<i64> {
    let mut done = Vec::with_capacity(chosen.len());
    for (task, &choice) in chosen.iter().enumerate() {
        done.push(start(core, shape, task, choice, chosen, &done) + core.tasks[task].values[choice]);
    }
    done
}

fn makespan(core: &Core<'_>, shape: &Shape, chosen: &[usize]) -> i64 {
    finishes(core, shape, chosen).into_iter().max().unwrap_or(0)
}

/// The task to branch on: the first on the longest path of a solution that has a choice left, else the first that has.
fn undecided(core: &Core<'_>, shape: &Shape, chosen: &[usize]) -> Option<usize> {
    let done = finishes(core, shape, chosen);
    let mut path = (0..done.len()).max_by_key(|&task| (done[task], std::cmp::Reverse(task)));
    let mut found = None;
    while let Some(task) = path {
        if core.tasks[task].len() > 1 {
            found = Some(task);
        }
        let own = core.tasks[task].classes[chosen[task]];
        let arrives = |i: &usize| {
            let joint = &core.joints[*i];
            done[joint.from] + joint.at(core.tasks[joint.from].classes[chosen[joint.from]], own)
        };
        path = shape.incoming[task].iter().max_by_key(|i| arrives(i)).map(|i| core.joints[*i].from);
    }
    found.or_else(|| (0..core.tasks.len()).find(|&task| core.tasks[task].len() > 1))
}
