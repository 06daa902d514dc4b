//! Plans for several tasks at once, where moving data between the places they run in costs money or time.
//!
//! **Invariant:** abstract and pure: integers in, integers out, the same answer for the same question; a total is called
//! optimal only if nothing can be better.
//!
//! The least total ([`cheapest`]) is found in four steps, each exact:
//!
//! 1. Of a task's choices that no link can tell apart (same location class) the least is kept.
//! 2. Chains and trees: dynamic programming with a minimum over groups of classes instead of pairs.
//! 3. Other graphs: message passing gives a lower bound and, rounded, a solution; choices that cannot be part of
//!    anything as good are dropped, which nearly always leaves one choice a task, or a few that are equally good.
//! 4. What is left falls into connected parts; each is solved by eliminating task after task, or by branching where
//!    those tables would not fit. If the allowed effort does not suffice, the proven bound is returned with the solution.
//!
//! Ties: of all solutions with the least total, the one whose first task has the earliest choice; then the second task,
//! and so on. (Only where branching had to stop early may an equally good one be returned.)

mod core;
mod diffusion;
mod eliminate;
mod forest;
mod makespan;
mod problem;
mod search;
mod table;
#[cfg(test)]
mod tests;
mod trim;

pub use problem::{Choice, Effort, Link, Problem, ProblemError, Proof, Solution};
pub use table::Table;
pub use trim::trim;

use self::core::{Core, Parallel, Picks};
use self::problem::LIMIT;
use self::search::{Answer, Budget};

/// The choices with the least sum of values and transfers.
///
/// # Errors
/// If a task has no choice, the links are circular or malformed, or sums could overflow.
pub fn cheapest(problem: &Problem<'_>, effort: Effort) -> Result<Solution, ProblemError> {
    let order = problem.check()?;
    let core = Core::new(problem, &order, Parallel::Sum);
    let mut total = 0;
    let mut bound = 0;
    let mut choices = vec![0; problem.tasks.len()];
    for part in core.components() {
        let (best, least) = connected(&part, effort);
        total += best.0;
        bound += least;
        best.1.iter().for_each(|&(task, rank)| choices[task as usize] = rank);
    }
    let proof = if bound >= total { Proof::Optimal } else { Proof::Gap { lower_bound: bound } };
    Ok(Solution { choices, total, proof })
}

/// The choices with which the last task is done soonest: a task starts when everything it is linked from is done and has
/// been moved. `total` is the time until then. Of equally fast solutions the one met first, which is always the same.
///
/// Exact without branching where every task is followed by at most one other, or every one follows at most one.
///
/// # Errors
/// As for [`cheapest`].
pub fn fastest(problem: &Problem<'_>, effort: Effort) -> Result<Solution, ProblemError> {
    let order = problem.check()?;
    let core = Core::new(problem, &order, Parallel::Max);
    let (mut total, mut bound) = (0, 0);
    let mut choices = vec![0; problem.tasks.len()];
    for part in core.components() {
        let found = makespan::solve(part, effort);
        total = total.max(found.total);
        bound = bound.max(found.bound);
        found.picks.iter().for_each(|&(task, rank)| choices[task as usize] = rank);
    }
    let proof = if bound >= total { Proof::Optimal } else { Proof::Gap { lower_bound: bound } };
    Ok(Solution { choices, total, proof })
}

/// The best solution of a connected graph and the proven bound.
fn connected(core: &Core<'_>, effort: Effort) -> ((i64, Picks), i64) {
    let Answer { best, mut bound } = search::solve(core.clone(), LIMIT, &mut Budget::new(effort));
    let mut best = best.expect("without a cutoff there is a solution");
    // Equally good solutions may have used up the branches; then it may still be possible to rule out better ones.
    while bound < best.0 {
        let again = search::solve(core.clone(), best.0 - 1, &mut Budget::new(effort));
        bound = bound.max(again.bound.min(best.0));
        match again.best {
            Some(found) => best = found,
            None => break,
        }
    }
    (best, bound)
}
