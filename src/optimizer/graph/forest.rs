//! Chains and trees, exactly: messages to the root and back give for every choice the best total that uses it.
//!
//! **Invariant:** needs time in proportion to tasks times choices (apart from pairs of groups); what is left afterwards
//! holds every best solution.

use super::core::{Core, Joint};
use super::table::{Scratch, Toward};

/// How a task hangs on another.
#[derive(Clone, Copy)]
struct Hang<'a> {
    parent: usize,
    joint: Joint<'a>,
    /// The direction of a message from the child to the parent.
    up: Toward,
}

/// A task, and how it hangs on one before it in the walk; roots hang on nothing.
type Step<'a> = (usize, Option<Hang<'a>>);

/// The best total of a forest; leaves in `core` only choices that are part of a best solution.
pub(super) fn solve(core: &mut Core<'_>) -> i64 {
    let walk = walk(core);
    let mut scratch = Scratch::default();
    // For each choice the best total of its subtree, and what that adds to each choice of the parent.
    let mut sums: Vec<Vec<i64>> = core.tasks.iter().map(|task| task.values.clone()).collect();
    let mut added: Vec<Vec<i64>> = vec![Vec::new(); core.tasks.len()];
    for &(task, hang) in walk.iter().rev() {
        if let Some(hang) = hang {
            let mut message = std::mem::take(&mut added[task]);
            send(core, &hang, hang.up, (task, hang.parent), &sums[task], (&mut scratch, &mut message));
            sums[hang.parent].iter_mut().zip(&message).for_each(|(sum, add)| *sum += add);
            added[task] = message;
        }
    }
    let mut above = Vec::new();
    let mut rest = Vec::new();
    let mut total = 0;
    for &(task, hang) in &walk {
        match hang {
            None => total += least(&sums[task]),
            Some(hang) => {
                // The parent holds the best total of its whole tree for each choice; less this child's part, that is
                // what the child sees from above.
                rest.clear();
                rest.extend(sums[hang.parent].iter().zip(&added[task]).map(|(all, own)| all - own));
                send(core, &hang, hang.up.turned(), (hang.parent, task), &rest, (&mut scratch, &mut above));
                sums[task].iter_mut().zip(&above).for_each(|(sum, add)| *sum += add);
            }
        }
    }
    for (task, sums) in core.tasks.iter_mut().zip(&sums) {
        let best = least(sums);
        let keep: Vec<bool> = sums.iter().map(|&sum| sum == best).collect();
        task.retain(&keep);
    }
    total
}

fn least(sums: &[i64]) -> i64 {
    sums.iter().copied().min().expect("a task has a choice")
}

fn send(
    core: &Core<'_>,
    hang: &Hang<'_>,
    toward: Toward,
    (source, target): (usize, usize),
    values: &[i64],
    buffers: (&mut Scratch, &mut Vec<i64>),
) {
    let (sources, targets) = (&core.tasks[source].classes, &core.tasks[target].classes);
    hang.joint.table.least(toward, hang.joint.volume, (sources, values), targets, buffers);
}

/// Every task after the one it hangs on; the root of a tree is its first task.
fn walk<'a>(core: &Core<'a>) -> Vec<Step<'a>> {
    let mut touching: Vec<Vec<usize>> = vec![Vec::new(); core.tasks.len()];
    for (i, joint) in core.joints.iter().enumerate() {
        touching[joint.from].push(i);
        touching[joint.to].push(i);
    }
    let mut seen = vec![false; core.tasks.len()];
    let mut walk: Vec<Step<'a>> = Vec::with_capacity(core.tasks.len());
    for root in 0..core.tasks.len() {
        if std::mem::replace(&mut seen[root], true) {
            continue;
        }
        let mut next = walk.len();
        walk.push((root, None));
        while next < walk.len() {
            let parent = walk[next].0;
            for &joint in &touching[parent] {
                let joint = core.joints[joint];
                let (task, up) =
                    if joint.from == parent { (joint.to, Toward::Source) } else { (joint.from, Toward::Target) };
                if !std::mem::replace(&mut seen[task], true) {
                    walk.push((task, Some(Hang { parent, joint, up })));
                }
            }
            next += 1;
        }
    }
    walk
}
