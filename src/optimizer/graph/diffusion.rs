//! A lower bound for any graph, by moving value between tasks and links until no choice looks better than it is.
//!
//! **Invariant:** every solution's total stays what it was; everything that is left after the bound is taken out is not
//! negative, so a choice whose remainder exceeds what a better solution may cost can be dropped for good.
//!
//! This is sequential message passing on the linear relaxation (Kolmogorov 2006, "Convergent tree-reweighted message
//! passing"), in integers: what does not divide evenly stays where it is, which loses at most a few units of bound.

use super::core::{Core, Domain, Picks, retain};
use super::table::{Scratch, Toward};

/// Sweeps without progress after which the relaxation is taken to have settled.
const PATIENCE: usize = 3;
/// Sweeps at most; the bound is sound after any number.
const SWEEPS: usize = 60;

/// A core with its value spread over tasks and links.
pub(super) struct Diffusion<'c, 'a> {
    core: &'c mut Core<'a>,
    /// What is left at each choice.
    rest: Vec<Vec<i64>>,
    /// What each link holds per choice of its source and of its target, on top of its table.
    held: Vec<[Vec<i64>; 2]>,
    incoming: Vec<Vec<usize>>,
    outgoing: Vec<Vec<usize>>,
    /// No solution has a smaller total.
    bound: i64,
    /// Solutions with a larger total are of no interest.
    cutoff: i64,
    /// The best solution met.
    best: Option<(i64, Picks)>,
    scratch: Scratch,
    message: Vec<i64>,
}

/// What the sweeps found out.
#[derive(Debug, Clone)]
pub(super) struct Swept {
    /// No solution that is left has a smaller total.
    pub(super) bound: i64,
    /// The best solution met.
    pub(super) best: Option<(i64, Picks)>,
}

/// Sweeps until every task has one choice left, or nothing moves any more; drops from the core what cannot be part of a
/// solution with a total of at most `cutoff`. `None` if nothing is left.
pub(super) fn sweep(core: &mut Core<'_>, cutoff: i64, easy: impl Fn(&Core<'_>) -> bool) -> Option<Swept> {
    let mut state = Diffusion::new(core, cutoff);
    state.together();
    let (mut idle, mut last) = (0, (state.bound, state.cutoff, state.size()));
    for _ in 0..SWEEPS {
        for toward in [Toward::Target, Toward::Source] {
            if !state.pass(toward) {
                return None;
            }
        }
        if state.core.tasks.iter().all(|task| task.len() == 1) {
            break;
        }
        let now = (state.bound, state.cutoff, state.size());
        if now.2 < last.2 && easy(state.core) {
            break;
        }
        // Creeping along is no progress either: the gap has to shrink by a hundredth.
        let gap = |(bound, cutoff, _): (i64, i64, usize)| cutoff.saturating_sub(bound);
        idle = if now.2 < last.2 || gap(now) < gap(last) - gap(last) / 100 { 0 } else { idle + 1 };
        if idle == PATIENCE {
            break;
        }
        last = now;
    }
    Some(Swept { bound: state.bound, best: state.best })
}

impl<'c, 'a> Diffusion<'c, 'a> {
    fn new(core: &'c mut Core<'a>, cutoff: i64) -> Self {
        let (mut incoming, mut outgoing) = (vec![Vec::new(); core.tasks.len()], vec![Vec::new(); core.tasks.len()]);
        for (i, joint) in core.joints.iter().enumerate() {
            outgoing[joint.from].push(i);
            incoming[joint.to].push(i);
        }
        let zeros = |task: usize| vec![0; core.tasks[task].len()];
        let held = core.joints.iter().map(|joint| [zeros(joint.from), zeros(joint.to)]).collect();
        let rest = core.tasks.iter().map(|task| task.values.clone()).collect();
        let (scratch, message) = (Scratch::default(), Vec::new());
        Self { core, rest, held, incoming, outgoing, bound: 0, cutoff, best: None, scratch, message }
    }

    fn size(&self) -> usize {
        self.core.tasks.iter().map(Domain::len).sum()
    }

    /// Tries every class that all tasks have a choice of: nothing moves then, which is often best or nearly so.
    fn together(&mut self) {
        let classes = self.core.tasks.iter().flat_map(|task| &task.classes).max().map_or(0, |&c| c as usize + 1);
        let (mut sums, mut seen) = (vec![0i64; classes], vec![0usize; classes]);
        for task in &self.core.tasks {
            for (&class, value) in task.classes.iter().zip(&task.values) {
                sums[class as usize] += value;
                seen[class as usize] += 1;
            }
        }
        let all = (0..classes).filter(|&class| seen[class] == self.core.tasks.len());
        if let Some(class) = all.min_by_key(|&class| sums[class]) {
            let at = |task: &Domain| task.classes.iter().position(|&c| c as usize == class).expect("seen everywhere");
            let chosen: Vec<usize> = self.core.tasks.iter().map(at).collect();
            self.consider(chosen);
        }
    }

    /// Improves a solution task by task, unless it is far from the best, and keeps it if it is the best so far.
    fn consider(&mut self, mut chosen: Vec<usize>) {
        let gap = self.cutoff - self.bound;
        if self.best.is_some() && self.core.total(&chosen) - self.cutoff > gap {
            return;
        }
        for _ in 0..2 {
            let mut moved = false;
            for task in 0..chosen.len() {
                let best = self.best_response(task, &chosen);
                moved |= best != chosen[task];
                chosen[task] = best;
            }
            if !moved {
                break;
            }
        }
        let total = self.core.total(&chosen);
        if self.best.as_ref().is_none_or(|(best, _)| total < *best) {
            self.best = Some((total, self.core.picks(&chosen)));
            self.cutoff = self.cutoff.min(total);
        }
    }

    /// The best choice of one task while the others stay.
    fn best_response(&self, task: usize, chosen: &[usize]) -> usize {
        let class = |task: usize| self.core.tasks[task].classes[chosen[task]];
        let domain = &self.core.tasks[task];
        let sum = |choice: usize| {
            let own = domain.classes[choice];
            let into = self.incoming[task].iter().map(|&i| &self.core.joints[i]).map(|j| j.at(class(j.from), own));
            let out = self.outgoing[task].iter().map(|&i| &self.core.joints[i]).map(|j| j.at(own, class(j.to)));
            domain.values[choice] + into.sum::<i64>() + out.sum::<i64>()
        };
        // Staying wins ties, so that this ends.
        let stay = chosen[task];
        (0..domain.len()).min_by_key(|&choice| (sum(choice), choice != stay)).expect("a task has a choice")
    }

    /// Visits every task once, in order or against it: pulls what the links behind it hold into the task, takes out the
    /// bound, drops hopeless choices, and spreads the rest over the links ahead. False if nothing is left.
    fn pass(&mut self, toward: Toward) -> bool {
        let count = self.core.tasks.len();
        let mut chosen = vec![usize::MAX; count];
        let mut picked: Vec<u16> = vec![0; count];
        for step in 0..count {
            let task = if toward == Toward::Target { step } else { count - 1 - step };
            // Guess: the best choice given what was chosen behind.
            let guess = self.guess(task, toward, &picked);
            picked[task] = self.core.tasks[task].classes[guess];
            for i in 0..self.behind(task, toward).len() {
                let joint = self.behind(task, toward)[i];
                self.pull(joint, toward);
            }
            let least = self.rest[task].iter().copied().min().expect("a task has a choice");
            self.bound += least;
            self.rest[task].iter_mut().for_each(|rest| *rest -= least);
            if self.bound > self.cutoff {
                return false;
            }
            self.drop_hopeless(task);
            self.spread(task, toward);
        }
        for (chosen, (task, &class)) in chosen.iter_mut().zip(self.core.tasks.iter().zip(&picked)) {
            // What was guessed may have been dropped since; then the guess is not worth finishing.
            let Some(at) = task.classes.iter().position(|&c| c == class) else { return true };
            *chosen = at;
        }
        self.consider(chosen);
        true
    }

    fn behind(&self, task: usize, toward: Toward) -> &[usize] {
        if toward == Toward::Target { &self.incoming[task] } else { &self.outgoing[task] }
    }

    /// The choice of a task that looks best given the classes picked behind it.
    fn guess(&self, task: usize, toward: Toward, picked: &[u16]) -> usize {
        let domain = &self.core.tasks[task];
        let mut best = (i64::MAX, 0);
        for choice in 0..domain.len() {
            let own = domain.classes[choice];
            let mut sum = self.rest[task][choice];
            for &i in self.behind(task, toward) {
                let joint = &self.core.joints[i];
                sum += match toward {
                    Toward::Target => joint.at(picked[joint.from], own) + self.held[i][1][choice],
                    Toward::Source => joint.at(own, picked[joint.to]) + self.held[i][0][choice],
                };
            }
            best = best.min((sum, choice));
        }
        best.1
    }

    /// Moves the least that a link adds to each choice of the task ahead into that task.
    fn pull(&mut self, joint: usize, toward: Toward) {
        let link = self.core.joints[joint];
        let (source, target, near, far) =
            if toward == Toward::Target { (link.from, link.to, 0, 1) } else { (link.to, link.from, 1, 0) };
        let sources = (&self.core.tasks[source].classes[..], &self.held[joint][near][..]);
        let targets = &self.core.tasks[target].classes;
        link.table.least(toward, link.volume, sources, targets, (&mut self.scratch, &mut self.message));
        let columns = self.rest[target].iter_mut().zip(&mut self.held[joint][far]).zip(&self.message);
        for ((rest, held), least) in columns {
            *rest += least + *held;
            *held = -least;
        }
    }

    /// Drops the choices of a task that no solution of interest can have.
    fn drop_hopeless(&mut self, task: usize) {
        let room = self.cutoff - self.bound;
        if self.rest[task].iter().all(|&rest| rest <= room) {
            return;
        }
        let keep: Vec<bool> = self.rest[task].iter().map(|&rest| rest <= room).collect();
        self.core.tasks[task].retain(&keep);
        retain(&mut self.rest[task], &keep);
        for &joint in &self.incoming[task] {
            retain(&mut self.held[joint][1], &keep);
        }
        for &joint in &self.outgoing[task] {
            retain(&mut self.held[joint][0], &keep);
        }
    }

    /// Hands the rest of a task on to its links ahead, in equal parts; keeps a part for the way back where more links lie
    /// behind.
    fn spread(&mut self, task: usize, toward: Toward) {
        let (ahead, behind, side) = match toward {
            Toward::Target => (&self.outgoing[task], &self.incoming[task], 0),
            Toward::Source => (&self.incoming[task], &self.outgoing[task], 1),
        };
        let parts = ahead.len().max(behind.len()) as i64;
        for (choice, rest) in self.rest[task].iter_mut().enumerate() {
            let part = *rest / parts.max(1);
            for &joint in ahead {
                self.held[joint][side][choice] += part;
                *rest -= part;
            }
        }
    }
}
