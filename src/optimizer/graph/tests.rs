use proptest::prelude::*;

use super::*;

/// A problem that owns its tables.
#[derive(Debug, Clone)]
struct Given {
    tasks: Vec<Vec<Choice>>,
    links: Vec<Link>,
    tables: Vec<Table>,
}

#[derive(Debug, Clone, Copy)]
enum Shape {
    Chain,
    Tree,
    Diamond,
    General,
}

impl Given {
    fn problem(&self) -> Problem<'_> {
        Problem { tasks: self.tasks.clone(), links: self.links.clone(), tables: self.tables.iter().collect() }
    }
}

/// The least total and the first choices that reach it, by looking at all of them.
fn exhaustive(problem: &Problem<'_>, objective: impl Fn(&[u32]) -> i64) -> (i64, Vec<u32>) {
    let mut choices = vec![0u32; problem.tasks.len()];
    let mut best = (objective(&choices), choices.clone());
    // Counts up with the first task the most significant, so that the first of equals is found first.
    while let Some(task) = (0..choices.len()).rev().find(|&t| choices[t] as usize + 1 < problem.tasks[t].len()) {
        choices[task] += 1;
        choices[task + 1..].fill(0);
        let total = objective(&choices);
        if total < best.0 {
            best = (total, choices.clone());
        }
    }
    best
}

const CLASSES: usize = 5;

/// Small numbers, so that ties are common; either anything, or as transfers are: free to oneself, by block elsewhere.
fn table() -> impl Strategy<Value = Table> {
    let anything = prop::collection::vec(0i64..9, CLASSES * CLASSES).prop_map(|values| Table::dense(CLASSES, &values));
    let blocks = (prop::collection::vec(0usize..3, CLASSES), prop::collection::vec(1i64..6, 9));
    let transfers = blocks.prop_map(|(group, block)| {
        let pairs = (0..CLASSES * CLASSES).map(|i| (i / CLASSES, i % CLASSES));
        let value = |(a, b): (usize, usize)| if a == b { 0 } else { block[group[a] * 3 + group[b]] };
        Table::dense(CLASSES, &pairs.map(value).collect::<Vec<_>>())
    });
    prop_oneof![anything, transfers]
}

/// The pairs that a shape links, before choosing among those of a general graph.
fn pairs(shape: Shape, tasks: usize, picks: &[usize]) -> Vec<(u32, u32)> {
    let before = |task: usize| picks[task] % task;
    let pairs: Vec<(usize, usize)> = match shape {
        Shape::Chain => (1..tasks).map(|task| (task - 1, task)).collect(),
        // Either end may be the parent, so both forks and joins occur.
        Shape::Tree => (1..tasks).map(|task| (before(task), task)).collect(),
        Shape::Diamond => (1..tasks.saturating_sub(1)).flat_map(|task| [(0, task), (task, tasks - 1)]).collect(),
        Shape::General => (1..tasks).flat_map(|task| [(before(task), task), (picks[task] / 7 % task, task)]).collect(),
    };
    // Numbered the other way round, so that the order of the tasks is not the order of the links.
    let flip = picks[0].is_multiple_of(2);
    let name = |task: usize| if flip { tasks - 1 - task } else { task } as u32;
    pairs.into_iter().map(|(from, to)| (name(from), name(to))).collect()
}

fn given(shape: Shape) -> impl Strategy<Value = Given> {
    let choice = (0..CLASSES as u16, 0i64..12).prop_map(|(class, value)| Choice { class, value });
    let tasks = prop::collection::vec(prop::collection::vec(choice, 1..5), 2..6);
    let tables = prop::collection::vec(table(), 1..3);
    let links = prop::collection::vec((any::<bool>(), 0u32..2, 0i64..4), 12);
    (tasks, tables, links, prop::collection::vec(0usize..1000, 8)).prop_map(move |(tasks, tables, links, picks)| {
        let pairs = pairs(shape, tasks.len(), &picks);
        let each = pairs.into_iter().zip(&links).map(|((a, b), &(turn, table, volume))| {
            // Turning single links of a tree keeps it a tree; elsewhere it could close a circle.
            let (from, to) = if turn && matches!(shape, Shape::Tree | Shape::Chain) { (b, a) } else { (a, b) };
            Link { from, to, table: table % tables.len() as u32, volume }
        });
        let links = each.collect();
        Given { tasks, links, tables }
    })
}

fn agrees(given: &Given) -> Result<(), TestCaseError> {
    let problem = given.problem();
    let (total, choices) = exhaustive(&problem, |choices| problem.cost_of(choices));
    let tables = Effort::default();
    let branching = Effort { table_entries: 0, branches: u64::MAX };
    for effort in [tables, branching] {
        let solution = cheapest(&problem, effort).unwrap();
        prop_assert_eq!(
            &solution,
            &Solution { choices: choices.clone(), total, proof: Proof::Optimal },
            "{:?}",
            effort
        );
    }
    let hasty = cheapest(&problem, Effort { table_entries: 0, branches: 0 }).unwrap();
    prop_assert_eq!(problem.cost_of(&hasty.choices), hasty.total);
    match hasty.proof {
        Proof::Optimal => prop_assert_eq!(hasty.total, total),
        Proof::Gap { lower_bound } => prop_assert!(lower_bound <= total && total <= hasty.total),
    }
    Ok(())
}

fn is_as_fast(given: &Given) -> Result<(), TestCaseError> {
    let problem = given.problem();
    let (total, _) = exhaustive(&problem, |choices| problem.time_of(choices).unwrap());
    let found = fastest(&problem, Effort { table_entries: 0, branches: u64::MAX }).unwrap();
    prop_assert_eq!((found.total, found.proof), (total, Proof::Optimal));
    prop_assert_eq!(problem.time_of(&found.choices).unwrap(), total);
    let hasty = fastest(&problem, Effort { table_entries: 0, branches: 0 }).unwrap();
    match hasty.proof {
        Proof::Optimal => prop_assert_eq!(hasty.total, total),
        Proof::Gap { lower_bound } => prop_assert!(lower_bound <= total && total <= hasty.total),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_fastest_of_chains_agrees_with_exhaustive_search(given in given(Shape::Chain)) {
        is_as_fast(&given)?;
    }

    #[test]
    fn the_fastest_of_trees_agrees_with_exhaustive_search(given in given(Shape::Tree)) {
        is_as_fast(&given)?;
    }

    #[test]
    fn the_fastest_of_diamonds_agrees_with_exhaustive_search(given in given(Shape::Diamond)) {
        is_as_fast(&given)?;
    }

    #[test]
    fn the_fastest_of_general_graphs_agrees_with_exhaustive_search(given in given(Shape::General)) {
        is_as_fast(&given)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_500))]

    #[test]
    fn chains_agree_with_exhaustive_search(given in given(Shape::Chain)) {
        agrees(&given)?;
    }

    #[test]
    fn trees_agree_with_exhaustive_search(given in given(Shape::Tree)) {
        agrees(&given)?;
    }

    #[test]
    fn diamonds_agree_with_exhaustive_search(given in given(Shape::Diamond)) {
        agrees(&given)?;
    }

    #[test]
    fn general_graphs_agree_with_exhaustive_search(given in given(Shape::General)) {
        agrees(&given)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_dearer_choice_never_changes_the_plan(given in given(Shape::General), task in 0usize..5, class in 0..CLASSES as u16) {
        let before = cheapest(&given.problem(), Effort::default()).unwrap();
        let mut more = given.clone();
        let task = task % more.tasks.len();
        // Dearer than the whole plan, so that it cannot be part of one as good.
        more.tasks[task].push(Choice { class, value: before.total + 1 });
        prop_assert_eq!(cheapest(&more.problem(), Effort::default()).unwrap(), before);
    }

    #[test]
    fn the_order_of_choices_and_links_does_not_change_the_total(given in given(Shape::General), by in 0usize..7) {
        let before = cheapest(&given.problem(), Effort::default()).unwrap();
        let mut other = given.clone();
        for choices in &mut other.tasks {
            let by = by % choices.len();
            choices.rotate_left(by);
        }
        other.links.reverse();
        prop_assert_eq!(cheapest(&other.problem(), Effort::default()).unwrap().total, before.total);
    }

    #[test]
    fn taking_away_choices_that_were_not_taken_changes_nothing(given in given(Shape::General), task in 0usize..5) {
        let before = cheapest(&given.problem(), Effort::default()).unwrap();
        let mut less = given.clone();
        let task = task % less.tasks.len();
        let kept = before.choices[task] as usize;
        less.tasks[task] = vec![less.tasks[task][kept]];
        let mut expected = before;
        expected.choices[task] = 0;
        prop_assert_eq!(cheapest(&less.problem(), Effort::default()).unwrap(), expected);
    }

    #[test]
    fn compressed_tables_keep_every_entry(values in prop::collection::vec(0i64..3, 16)) {
        let table = Table::dense(4, &values);
        for (i, &value) in values.iter().enumerate() {
            prop_assert_eq!(table.at((i / 4) as u16, (i % 4) as u16), value);
        }
    }

    #[test]
    fn the_least_over_groups_is_the_least_over_pairs(
        table in table(),
        sources in prop::collection::vec((0..CLASSES as u16, -5i64..9), 1..40),
        volume in 0i64..4,
    ) {
        use super::table::{Scratch, Toward};
        let (classes, values): (Vec<u16>, Vec<i64>) = sources.into_iter().unzip();
        // Many targets, so that the way over groups is taken.
        let targets: Vec<u16> = (0..40).map(|i| i % CLASSES as u16).collect();
        for toward in [Toward::Target, Toward::Source] {
            let (mut scratch, mut out) = (Scratch::default(), Vec::new());
            for _ in 0..2 {
                table.least(toward, volume, (&classes, &values), &targets, (&mut scratch, &mut out));
            }
            for (&to, &least) in targets.iter().zip(&out) {
                let moved = |from: u16| if toward == Toward::Target { table.at(from, to) } else { table.at(to, from) };
                let pairs = classes.iter().zip(&values).map(|(&from, value)| value + volume * moved(from));
                prop_assert_eq!(pairs.min().unwrap(), least);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Too large to try everything, so that sweeps, parts and several levels of branching all have their turn.
    #[test]
    fn tables_and_branching_agree_on_larger_graphs(
        tasks in prop::collection::vec(prop::collection::vec((0..CLASSES as u16, 0i64..12), 1..5), 10..16),
        tables in prop::collection::vec(table(), 1..3),
        links in prop::collection::vec((0usize..100, 0u32..2, 1i64..4), 30),
    ) {
        let choice = |(class, value)| Choice { class, value };
        let tasks: Vec<Vec<Choice>> = tasks.into_iter().map(|of| of.into_iter().map(choice).collect()).collect();
        let links = links.into_iter().enumerate().map(|(i, (from, table, volume))| {
            let to = 1 + i % (tasks.len() - 1);
            Link { from: (from % to) as u32, to: to as u32, table: table % tables.len() as u32, volume }
        });
        let problem = Problem { links: links.collect(), tables: tables.iter().collect(), tasks };
        let tables = cheapest(&problem, Effort { table_entries: 1 << 24, branches: 0 }).unwrap();
        let branching = cheapest(&problem, Effort { table_entries: 0, branches: u64::MAX }).unwrap();
        prop_assert_eq!(problem.cost_of(&tables.choices), tables.total);
        prop_assert_eq!(tables.proof, Proof::Optimal);
        prop_assert_eq!(tables, branching);
    }
}

/// Every task has a choice in each of four classes, in an order of its own; staying together is free.
fn together(tasks: u32, links: impl Iterator<Item = (u32, u32)>, effort: Effort) -> Vec<u16> {
    let values: Vec<i64> = (0..16).map(|i| i64::from(i / 4 != i % 4)).collect();
    let table = Table::dense(4, &values);
    let choices = |task: u32| (0..4).map(|i| Choice { class: ((task * 3 + i) % 4) as u16, value: 5 }).collect();
    let links = links.map(|(from, to)| Link { from, to, table: 0, volume: 1 }).collect();
    let problem = Problem { tasks: (0..tasks).map(choices).collect(), links, tables: vec![&table] };
    let solution = cheapest(&problem, effort).unwrap();
    assert_eq!((solution.total, solution.proof), (i64::from(tasks) * 5, Proof::Optimal));
    (0..tasks as usize).map(|task| problem.tasks[task][solution.choices[task] as usize].class).collect()
}

#[test]
fn among_equals_the_first_task_has_its_first_choice_however_many_there_are() {
    // More tasks than one number holds digits for.
    let chain = |tasks: u32| (1..tasks).map(|task| (task - 1, task));
    assert_eq!(together(60, chain(60), Effort::default()), [0; 60]);
    assert_eq!(together(60, chain(60), Effort { table_entries: 0, branches: 0 }), [0; 60], "settled one by one");
    // The same with circles.
    let ladder = || chain(60).chain((2..60).map(|task| (task - 2, task)));
    assert_eq!(together(60, ladder(), Effort::default()), [0; 60]);
    assert_eq!(together(60, ladder(), Effort { table_entries: 0, branches: 100 }), [0; 60]);
}

#[test]
fn problems_that_make_no_sense_are_refused() {
    let table = Table::dense(1, &[1]);
    let one = || vec![Choice { class: 0, value: 1 }];
    let link = |from, to| Link { from, to, table: 0, volume: 1 };
    let refused = |tasks: Vec<Vec<Choice>>, links: Vec<Link>| {
        cheapest(&Problem { tasks, links, tables: vec![&table] }, Effort::default()).unwrap_err()
    };
    assert_eq!(refused(vec![one(), vec![]], vec![]), ProblemError::NoChoice { task: 1 });
    assert_eq!(refused(vec![one(), one()], vec![link(0, 2)]), ProblemError::BadLink { link: 0 });
    assert_eq!(
        refused(vec![vec![Choice { class: 1, value: 0 }], one()], vec![link(0, 1)]),
        ProblemError::BadLink { link: 0 }
    );
    assert_eq!(refused(vec![one(), one()], vec![link(0, 1), link(1, 0)]), ProblemError::Cycle { task: 0 });
    assert_eq!(refused(vec![vec![Choice { class: 0, value: -1 }]], vec![]), ProblemError::OutOfRange);
    assert_eq!(refused(vec![vec![Choice { class: 0, value: i64::MAX / 4 }]; 5], vec![]), ProblemError::OutOfRange);
}
