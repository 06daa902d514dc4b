//! The cheapest among the fastest plans of several tasks, by moving one task at a time.
//!
//! **Invariant:** what is found is no slower than the fastest plan given, and no dearer.

use super::graph::{self, Effort, Problem, ProblemError, Solution};

/// As fast as `fastest`, and as cheap as can be found by starting from a few plans and moving one task at a time. The
/// starts: the fastest plan met, the cheapest of all, and everything in one place.
pub(super) fn thrifty(
    cheap: &Problem<'_>,
    fast: &Problem<'_>,
    fastest: &Solution,
    effort: Effort,
) -> Result<Vec<u32>, ProblemError> {
    let mut starts = vec![graph::cheapest(cheap, effort)?.choices];
    let classes = fast.tasks.iter().flatten().map(|choice| choice.class).max().map_or(0, |class| class as usize + 1);
    for class in 0..classes as u16 {
        // Of several choices in the place, the fastest, then the cheapest.
        let in_place = |task: usize| {
            let here = fast.tasks[task].iter().enumerate().filter(|(_, choice)| choice.class == class);
            here.min_by_key(|(at, choice)| (choice.value, cheap.tasks[task][*at].value)).map(|(at, _)| at as u32)
        };
        starts.extend((0..fast.tasks.len()).map(in_place).collect::<Option<Vec<u32>>>());
    }
    let mut best = (cheap.cost_of(&fastest.choices), fastest.choices.clone());
    for start in starts {
        let cost = cheap.cost_of(&start);
        if cost < best.0 && fast.time_of(&start)? <= fastest.total {
            best = (cost, start);
        }
    }
    graph::trim(cheap, fast, fastest.total, best.1)
}
