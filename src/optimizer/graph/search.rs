//! Graphs with circles, exactly: sweep, then take apart what is left; branch only where neither proves the best.
//!
//! **Invariant:** an answer is only called exact if every other solution has been ruled out.

use super::core::{Core, Picks};
use super::problem::Effort;
use super::{diffusion, eliminate, forest};

/// What is known of a core's solutions with a total of at most some cutoff.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// The best known.
    pub(super) best: Option<(i64, Picks)>,
    /// None of them has a smaller total. Equal to the best total if that is proven; beyond the cutoff if there are none.
    pub(super) bound: i64,
}

/// What may still be spent.
pub(super) struct Budget {
    entries: u64,
    branches: u64,
}

/// An elimination this small costs no more than another sweep.
const EASY_ENTRIES: u64 = 1 << 12;

impl Budget {
    pub(super) const fn new(effort: Effort) -> Self {
        Self { entries: effort.table_entries, branches: effort.branches }
    }
}

/// The best solution of a core among those with a total of at most `cutoff`; of equals, the one whose tasks, in the order
/// of the problem, have the earlier choices.
pub(super) fn solve(mut core: Core<'_>, cutoff: i64, budget: &mut Budget) -> Answer {
    if core.is_forest() {
        let total = forest::solve(&mut core);
        let best = (total <= cutoff).then(|| (total, first_of_equals(core, budget)));
        return Answer { best, bound: total };
    }
    let easy = |core: &Core<'_>| eliminate::order(core, EASY_ENTRIES).is_some();
    let Some(swept) = diffusion::sweep(&mut core, cutoff, easy) else {
        return Answer { best: None, bound: cutoff + 1 };
    };
    let met = swept.best.filter(|(total, _)| *total <= cutoff);
    let cutoff = met.as_ref().map_or(cutoff, |(total, _)| *total);
    let answer = parts(core, cutoff, budget);
    Answer { best: better(answer.best, met), bound: answer.bound.max(swept.bound) }
}

/// All choices of a solved forest are part of a best solution; takes the first of them, task by task.
fn first_of_equals(mut core: Core<'_>, budget: &Budget) -> Picks {
    let (_, mut picks) = core.fold();
    for mut part in core.components() {
        if let Some((_, more)) = eliminate::solve(&part, budget.entries) {
            picks.extend(more);
            continue;
        }
        // Too wide for tables: settle the tasks one at a time.
        let mut tasks: Vec<usize> = (0..part.tasks.len()).collect();
        tasks.sort_unstable_by_key(|&task| part.tasks[task].id);
        for task in tasks {
            if part.tasks[task].len() > 1 {
                part.tasks[task].fix(0);
                forest::solve(&mut part);
            }
        }
        picks.extend(part.picks(&vec![0; part.tasks.len()]));
    }
    picks.sort_unstable();
    picks
}

/// Settles the tasks with one choice left, then every connected part of the rest by itself.
fn parts(mut core: Core<'_>, cutoff: i64, budget: &mut Budget) -> Answer {
    let (constant, picks) = core.fold();
    let floor = |part: &Core<'_>| -> i64 {
        part.tasks.iter().map(|task| task.values.iter().copied().min().expect("a task has a choice")).sum()
    };
    let parts = core.components();
    let mut open: i64 = parts.iter().map(floor).sum();
    let mut bound = constant;
    let mut best = Some((constant, picks));
    for part in parts {
        let least = floor(&part);
        open -= least;
        let answer = component(&part, cutoff - bound - open, budget);
        bound += answer.bound.max(least);
        if bound + open > cutoff {
            return Answer { best: None, bound: bound + open };
        }
        best = best.zip(answer.best).map(|((sum, mut picks), (total, more))| {
            picks.extend(more);
            (sum + total, picks)
        });
    }
    if let Some((_, picks)) = &mut best {
        picks.sort_unstable();
    }
    Answer { best: best.filter(|(total, _)| *total <= cutoff), bound }
}

/// Solves a connected part by tables if they fit, else by trying the choices of its busiest task.
fn component(core: &Core<'_>, cutoff: i64, budget: &mut Budget) -> Answer {
    if let Some((total, picks)) = eliminate::solve(core, budget.entries) {
        return Answer { best: (total <= cutoff).then_some((total, picks)), bound: total };
    }
    branch(core, cutoff, budget)
}

fn branch(core: &Core<'_>, mut cutoff: i64, budget: &mut Budget) -> Answer {
    let mut degree = vec![0usize; core.tasks.len()];
    for joint in &core.joints {
        degree[joint.from] += 1;
        degree[joint.to] += 1;
    }
    let busiest = |&task: &usize| (degree[task], std::cmp::Reverse(core.tasks[task].len()), std::cmp::Reverse(task));
    let task = (0..core.tasks.len()).max_by_key(busiest).expect("a part has a task");
    let mut answer = Answer { best: None, bound: i64::MAX };
    for choice in promising(core, task) {
        if budget.branches == 0 {
            // Whoever asked knows a better bound than nothing.
            answer.bound = 0;
            break;
        }
        budget.branches -= 1;
        let mut child = core.clone();
        child.tasks[task].fix(choice);
        let found = solve(child, cutoff, budget);
        answer.bound = answer.bound.min(found.bound);
        answer.best = better(answer.best, found.best);
        cutoff = answer.best.as_ref().map_or(cutoff, |(total, _)| *total);
    }
    answer
}

/// The choices of a task, those first that look best with the best of each neighbour.
fn promising(core: &Core<'_>, task: usize) -> Vec<usize> {
    let domain = &core.tasks[task];
    let mut sums = domain.values.clone();
    for joint in core.joints.iter().filter(|joint| joint.from == task || joint.to == task) {
        let other = &core.tasks[if joint.from == task { joint.to } else { joint.from }];
        for (sum, &own) in sums.iter_mut().zip(&domain.classes) {
            let each = other.classes.iter().zip(&other.values).map(|(&class, value)| {
                value + if joint.from == task { joint.at(own, class) } else { joint.at(class, own) }
            });
            *sum += each.min().unwrap_or(0);
        }
    }
    let mut order: Vec<usize> = (0..sums.len()).collect();
    order.sort_by_key(|&choice| sums[choice]);
    order
}

fn better(a: Option<(i64, Picks)>, b: Option<(i64, Picks)>) -> Option<(i64, Picks)> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
