//! Makes a plan cheaper without making it slower.
//!
//! **Invariant:** never dearer than what it began with, never later than the deadline.

use super::problem::{Link, Problem, ProblemError};

/// Rounds over all tasks, at most; each makes the plan cheaper or ends the search.
const ROUNDS: usize = 8;

/// A problem whose values are times, and the choices made.
struct Schedule<'p, 'a> {
    fast: &'p Problem<'a>,
    order: Vec<u32>,
    incoming: Vec<Vec<u32>>,
    outgoing: Vec<Vec<u32>>,
    choices: Vec<u32>,
    /// When each task is done.
    done: Vec<i64>,
    /// How long it takes from the start of each task until everything after it is done.
    left: Vec<i64>,
}

/// Moves one task at a time to its cheapest choice that keeps the deadline, until nothing changes. `cheap` and `fast` are
/// the same tasks and links with costs and with times. The result is as cheap as no single move can make it, which need
/// not be the cheapest.
///
/// # Errors
/// If the problems make no sense.
pub fn trim(
    cheap: &Problem<'_>,
    fast: &Problem<'_>,
    deadline: i64,
    choices: Vec<u32>,
) -> Result<Vec<u32>, ProblemError> {
    let mut schedule = Schedule::new(fast, choices)?;
    for _ in 0..ROUNDS {
        let mut moved = false;
        for task in 0..schedule.choices.len() {
            let stay = schedule.choices[task];
            let fits = |choice: &u32| schedule.through(task, *choice) <= deadline;
            let key = |choice: &u32| (schedule.cost(cheap, task, *choice), *choice != stay);
            let best = (0..cheap.tasks[task].len() as u32).filter(fits).min_by_key(key).unwrap_or(stay);
            if best != stay {
                schedule.choices[task] = best;
                schedule.update();
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    Ok(schedule.choices)
}

impl<'p, 'a> Schedule<'p, 'a> {
    fn new(fast: &'p Problem<'a>, choices: Vec<u32>) -> Result<Self, ProblemError> {
        let order = fast.check()?;
        let mut incoming = vec![Vec::new(); fast.tasks.len()];
        for (i, link) in fast.links.iter().enumerate() {
            incoming[link.to as usize].push(i as u32);
        }
        let (done, left) = (vec![0; choices.len()], vec![0; choices.len()]);
        let mut schedule = Self { fast, order, incoming, outgoing: fast.outgoing(), choices, done, left };
        schedule.update();
        Ok(schedule)
    }

    fn class(&self, task: u32) -> u16 {
        self.fast.tasks[task as usize][self.choices[task as usize] as usize].class
    }

    fn moved(&self, link: &Link, from: u16, to: u16) -> i64 {
        link.volume * self.fast.tables[link.table as usize].at(from, to)
    }

    /// When a task can start if it runs in a class.
    fn start(&self, task: usize, class: u16) -> i64 {
        let links = self.incoming[task].iter().map(|&i| &self.fast.links[i as usize]);
        let ready = links.map(|l| self.done[l.from as usize] + self.moved(l, self.class(l.from), class));
        ready.max().unwrap_or(0)
    }

    /// How long it takes from the end of a task, run in a class, until everything after it is done.
    fn after(&self, task: usize, class: u16) -> i64 {
        let links = self.outgoing[task].iter().map(|&i| &self.fast.links[i as usize]);
        let rest = links.map(|l| self.left[l.to as usize] + self.moved(l, class, self.class(l.to)));
        rest.max().unwrap_or(0)
    }

    /// The longest path through a task if it took another choice.
    fn through(&self, task: usize, choice: u32) -> i64 {
        let own = self.fast.tasks[task][choice as usize];
        self.start(task, own.class) + own.value + self.after(task, own.class)
    }

    /// What a choice of one task costs, with the links to the others.
    fn cost(&self, cheap: &Problem<'_>, task: usize, choice: u32) -> i64 {
        let own = cheap.tasks[task][choice as usize];
        let links = self.incoming[task].iter().chain(&self.outgoing[task]).map(|&i| &cheap.links[i as usize]);
        let moved = links.map(|link| {
            let table = cheap.tables[link.table as usize];
            let inward = link.to as usize == task;
            let (from, to) = if inward { (self.class(link.from), own.class) } else { (own.class, self.class(link.to)) };
            link.volume * table.at(from, to)
        });
        own.value + moved.sum::<i64>()
    }

    /// Works the times out anew.
    fn update(&mut self) {
        for at in 0..self.order.len() {
            let task = self.order[at] as usize;
            let value = self.fast.tasks[task][self.choices[task] as usize].value;
            self.done[task] = self.start(task, self.class(task as u32)) + value;
        }
        for at in (0..self.order.len()).rev() {
            let task = self.order[at] as usize;
            let value = self.fast.tasks[task][self.choices[task] as usize].value;
            self.left[task] = self.after(task, self.class(task as u32)) + value;
        }
    }
}
