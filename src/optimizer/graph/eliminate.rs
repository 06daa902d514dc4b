//! Any graph, exactly, as long as the tables fit: tasks are taken out one by one, each leaving a table that says what its
//! best choice costs for every combination of its neighbours.
//!
//! **Invariant:** exact, ties included; gives up before it allocates more than it was allowed.

use super::core::{Core, Picks};

/// A table over some tasks; the last of them varies fastest.
struct Factor {
    tasks: Vec<usize>,
    values: Vec<i128>,
}

/// How a task was taken out: its best choice for every combination of the tasks that were left.
struct Taken {
    task: usize,
    others: Vec<usize>,
    choice: Vec<u16>,
}

/// Bits of a total that hold the tie-break; the rest hold the objective.
const TIE_BITS: u32 = 63;

/// The best total and, of all choices that reach it, those that come first task by task. `None` if it would need more than
/// `entries` table entries.
pub(super) fn solve(core: &Core<'_>, entries: u64) -> Option<(i64, Picks)> {
    let order = order(core, entries)?;
    let mut by_id: Vec<usize> = (0..core.tasks.len()).collect();
    by_id.sort_unstable_by_key(|&task| core.tasks[task].id);
    let mut core = core.clone();
    let mut decided = 0;
    loop {
        // As many tasks as fit get a digit of the tie-break, the first task the most significant.
        let mut weights = vec![0i128; core.tasks.len()];
        let mut weight: i128 = 1;
        let fits = |weight: &i128, task: &usize| *weight * core.tasks[*task].len() as i128 <= 1 << TIE_BITS;
        let mut until = decided;
        while until < by_id.len() && fits(&weight, &by_id[until]) {
            weight *= core.tasks[by_id[until]].len() as i128;
            until += 1;
        }
        for &task in &by_id[decided..until] {
            weight /= core.tasks[task].len() as i128;
            weights[task] = weight;
        }
        let (total, chosen) = run(&core, &order, &weights);
        if until == by_id.len() {
            return Some(((total >> TIE_BITS) as i64, core.picks(&chosen)));
        }
        for &task in &by_id[decided..until] {
            core.tasks[task].fix(chosen[task]);
        }
        decided = until;
    }
}

/// The order in which tasks are taken out: always the one whose table is smallest. `None` if the tables are too large.
pub(super) fn order(core: &Core<'_>, entries: u64) -> Option<Vec<usize>> {
    let mut near: Vec<std::collections::BTreeSet<usize>> = vec![std::collections::BTreeSet::new(); core.tasks.len()];
    for joint in &core.joints {
        near[joint.from].insert(joint.to);
        near[joint.to].insert(joint.from);
    }
    let size = |task: usize, near: &[std::collections::BTreeSet<usize>]| {
        near[task]
            .iter()
            .fold(core.tasks[task].len() as u64, |size, &t| size.saturating_mul(core.tasks[t].len() as u64))
    };
    let mut sizes: Vec<u64> = (0..core.tasks.len()).map(|task| size(task, &near)).collect();
    let mut left: Vec<usize> = (0..core.tasks.len()).collect();
    let mut order = Vec::with_capacity(left.len());
    let mut used: u64 = 0;
    while let Some((at, &task)) = left.iter().enumerate().min_by_key(|&(_, &task)| sizes[task]) {
        used = used.saturating_add(sizes[task]);
        if used > entries {
            return None;
        }
        left.swap_remove(at);
        order.push(task);
        let around: Vec<usize> = std::mem::take(&mut near[task]).into_iter().collect();
        for &a in &around {
            near[a].remove(&task);
            near[a].extend(around.iter().copied().filter(|&b| b != a));
        }
        for &a in &around {
            sizes[a] = size(a, &near);
        }
    }
    Some(order)
}

/// Takes the tasks out in order and reads the best choices back.
fn run(core: &Core<'_>, order: &[usize], weights: &[i128]) -> (i128, Vec<usize>) {
    let mut position = vec![0; core.tasks.len()];
    order.iter().enumerate().for_each(|(at, &task)| position[task] = at);
    // Each factor waits at the first of its tasks to be taken out.
    let mut waiting: Vec<Vec<Factor>> = (0..core.tasks.len()).map(|_| Vec::new()).collect();
    let mut constant: i128 = 0;
    let mut put =
        |waiting: &mut Vec<Vec<Factor>>, factor: Factor| match factor.tasks.iter().min_by_key(|&&t| position[t]) {
            Some(&first) => waiting[first].push(factor),
            None => constant += factor.values[0],
        };
    for factor in factors(core, weights) {
        put(&mut waiting, factor);
    }
    let mut taken = Vec::with_capacity(order.len());
    for &task in order {
        let inputs = std::mem::take(&mut waiting[task]);
        let (left, step) = take(core, task, &inputs);
        put(&mut waiting, left);
        taken.push(step);
    }
    let mut chosen = vec![0usize; core.tasks.len()];
    for step in taken.iter().rev() {
        let at = step.others.iter().fold(0, |at, &other| at * core.tasks[other].len() + chosen[other]);
        chosen[step.task] = step.choice[at] as usize;
    }
    (constant, chosen)
}

/// The problem as tables: one a task, one a link.
fn factors<'c>(core: &'c Core<'_>, weights: &'c [i128]) -> impl Iterator<Item = Factor> + 'c {
    let single = core.tasks.iter().enumerate().map(|(task, domain)| {
        let each = domain.values.iter().enumerate();
        let values = each.map(|(i, &value)| ((value as i128) << TIE_BITS) + weights[task] * i as i128).collect();
        Factor { tasks: vec![task], values }
    });
    let pairs = core.joints.iter().map(|joint| {
        let (from, to) = (&core.tasks[joint.from].classes, &core.tasks[joint.to].classes);
        let pairs = from.iter().flat_map(|&a| to.iter().map(move |&b| (a, b)));
        let values = pairs.map(|(a, b)| (joint.at(a, b) as i128) << TIE_BITS).collect();
        Factor { tasks: vec![joint.from, joint.to], values }
    });
    single.chain(pairs)
}

/// Takes one task out of all factors that mention it.
fn take(core: &Core<'_>, task: usize, inputs: &[Factor]) -> (Factor, Taken) {
    let mut others: Vec<usize> = inputs.iter().flat_map(|f| f.tasks.iter().copied()).filter(|&t| t != task).collect();
    others.sort_unstable();
    others.dedup();
    let lengths: Vec<usize> = others.iter().map(|&other| core.tasks[other].len()).collect();
    let strides: Vec<Strides> = inputs.iter().map(|factor| Strides::new(core, factor, task, &others)).collect();
    let mut offsets = vec![0usize; inputs.len()];
    let mut digits = vec![0usize; others.len()];
    let size = lengths.iter().product();
    let (mut values, mut choice) = (Vec::with_capacity(size), Vec::with_capacity(size));
    for _ in 0..size {
        let sum = |x: usize| -> i128 {
            let parts = inputs.iter().zip(&strides).zip(&offsets);
            parts.map(|((factor, stride), offset)| factor.values[offset + x * stride.own]).sum()
        };
        let (best, value) = (0..core.tasks[task].len())
            .map(|x| (x, sum(x)))
            .min_by_key(|&(_, value)| value)
            .expect("a task has a choice");
        values.push(value);
        choice.push(best as u16);
        // Counts up, the last digit fastest.
        for at in (0..others.len()).rev() {
            digits[at] += 1;
            offsets.iter_mut().zip(&strides).for_each(|(offset, stride)| *offset += stride.others[at]);
            if digits[at] < lengths[at] {
                break;
            }
            digits[at] = 0;
            offsets.iter_mut().zip(&strides).for_each(|(offset, stride)| *offset -= stride.others[at] * lengths[at]);
        }
    }
    (Factor { tasks: others.clone(), values }, Taken { task, others, choice })
}

/// How far apart neighbouring choices are in a factor's table: of the task that is taken out, and of the others.
struct Strides {
    own: usize,
    others: Vec<usize>,
}

impl Strides {
    fn new(core: &Core<'_>, factor: &Factor, task: usize, others: &[usize]) -> Self {
        let of = |wanted: usize| match factor.tasks.iter().position(|&t| t == wanted) {
            Some(at) => factor.tasks[at + 1..].iter().map(|&t| core.tasks[t].len()).product(),
            None => 0,
        };
        Self { own: of(task), others: others.iter().map(|&other| of(other)).collect() }
    }
}
