//! What moving between two location classes costs, and the cheapest way into each class of a neighbour.
//!
//! **Invariant:** no entry is negative; compression never changes an entry.
//!
//! Transfer prices have far fewer distinct rows than there are regions: all that tells most regions of one cloud and
//! continent apart is that a transfer to oneself is free. So classes are gathered into groups that agree on every price
//! but the one to themselves, and the minimum over a neighbour's choices is taken over groups, not over pairs.

/// "Cannot be": larger than every total, and two of them still add without overflow.
pub(super) const NEVER: i64 = i64::MAX / 4;

/// Not yet computed.
const UNKNOWN: i64 = i64::MIN;

/// The value of a link of volume one, for each pair of location classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The group of each class.
    group: Vec<u16>,
    /// From a class to itself.
    own: Vec<i64>,
    /// From a group (row) to a group, classes being different.
    block: Vec<i64>,
    /// The same, to a group (row) from a group.
    turned: Vec<i64>,
    /// For each class, the first class that no price can tell from it (often itself).
    alike: Vec<u16>,
    groups: usize,
}

/// Which end of a link a message goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Toward {
    /// Along the link: from its source.
    Target,
    /// Against it.
    Source,
}

impl Toward {
    pub(super) const fn turned(self) -> Self {
        match self {
            Self::Target => Self::Source,
            Self::Source => Self::Target,
        }
    }
}

/// Reusable buffers of [`Table::least`].
#[derive(Debug, Default)]
pub(super) struct Scratch {
    by_class: Vec<i64>,
    by_group: Vec<i64>,
    present: Vec<u16>,
    into_group: Vec<i64>,
}

impl Table {
    /// From all pairs, row by row: `values[from * classes + to]`.
    ///
    /// # Panics
    /// If the number of values is not the square of `classes`, or one is negative.
    pub fn dense(classes: usize, values: &[i64]) -> Self {
        assert_eq!(values.len(), classes * classes, "one value a pair of classes");
        let at = |a: usize, b: usize| values[a * classes + b];
        let mut leaders: Vec<usize> = Vec::new();
        let mut members: Vec<Vec<usize>> = Vec::new();
        let mut group = Vec::with_capacity(classes);
        for class in 0..classes {
            let found = (0..leaders.len()).find(|&g| joins(&at, classes, class, &members[g]));
            let g = found.unwrap_or_else(|| {
                leaders.push(class);
                members.push(Vec::new());
                leaders.len() - 1
            });
            members[g].push(class);
            group.push(g as u16);
        }
        let between = |g: usize, h: usize| match members[g][..] {
            [first, second, ..] if g == h => at(first, second),
            _ => at(leaders[g], leaders[h]),
        };
        let block = (0..leaders.len()).flat_map(|g| (0..leaders.len()).map(move |h| (g, h)));
        let block = block.map(|(g, h)| between(g, h)).collect();
        Self::assemble(group, (0..classes).map(|c| at(c, c)).collect(), block)
    }

    /// From groups: the group of each class, and `block[from * groups + to]`, which also holds from a class to itself.
    ///
    /// # Panics
    /// If the block is not square, smaller than the groups named, or an entry is negative.
    pub fn blocks(group: Vec<u16>, block: Vec<i64>) -> Self {
        let groups = block.len().isqrt();
        let own = group.iter().map(|&g| block[g as usize * groups + g as usize]).collect();
        Self::assemble(group, own, block)
    }

    fn assemble(group: Vec<u16>, own: Vec<i64>, block: Vec<i64>) -> Self {
        let groups = block.len().isqrt();
        assert_eq!(block.len(), groups * groups, "one entry a pair of groups");
        assert!(block.iter().chain(&own).all(|&value| value >= 0), "a transfer never earns");
        let turned = (0..block.len()).map(|i| block[i % groups * groups + i / groups]).collect();
        let plain = |class: usize| {
            let g = group[class] as usize;
            own[class] == block[g * groups + g]
        };
        let first = |class: usize| (0..class).find(|&other| group[other] == group[class] && plain(other));
        let alike = (0..group.len()).map(|c| if plain(c) { first(c).unwrap_or(c) } else { c } as u16).collect();
        Self { group, own, block, turned, alike, groups }
    }

    /// How many classes it covers.
    pub fn classes(&self) -> usize {
        self.group.len()
    }

    /// How many groups of classes it distinguishes, apart from a class itself.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// From one class to another.
    pub fn at(&self, from: u16, to: u16) -> i64 {
        if from == to {
            self.own[from as usize]
        } else {
            self.block[self.group[from as usize] as usize * self.groups + self.group[to as usize] as usize]
        }
    }

    /// The largest entry.
    pub fn largest(&self) -> i64 {
        self.block.iter().chain(&self.own).copied().max().unwrap_or(0)
    }

    /// For each class, the first class that this table cannot tell from it.
    pub(super) fn alike(&self) -> &[u16] {
        &self.alike
    }

    /// For each of `targets`, the least of `values[i] + volume * (transfer between sources[i] and it)`, into `out`.
    /// Toward the target the transfer is from a source to it, toward the source from it to a source.
    pub(super) fn least(
        &self,
        toward: Toward,
        volume: i64,
        (sources, values): (&[u16], &[i64]),
        targets: &[u16],
        (scratch, out): (&mut Scratch, &mut Vec<i64>),
    ) {
        out.clear();
        // Grouping costs about as much as this many pairs.
        if sources.len() * targets.len() <= 4 * (sources.len() + targets.len()) {
            out.extend(targets.iter().map(|&to| {
                let each = sources.iter().zip(values).map(|(&from, &value)| {
                    value + volume * if toward == Toward::Target { self.at(from, to) } else { self.at(to, from) }
                });
                each.min().unwrap_or(NEVER)
            }));
            return;
        }
        scratch.gather(self, sources, values);
        let rows = if toward == Toward::Target { &self.turned } else { &self.block };
        out.extend(targets.iter().map(|&to| {
            let h = self.group[to as usize] as usize;
            let own = scratch.by_class[to as usize] + volume * self.own[to as usize];
            own.min(scratch.entering(h, &rows[h * self.groups..][..self.groups], volume))
        }));
        scratch.clear(self, sources);
    }
}

impl Scratch {
    /// The least value of each class and group.
    fn gather(&mut self, table: &Table, sources: &[u16], values: &[i64]) {
        self.by_class.resize(table.classes().max(self.by_class.len()), NEVER);
        self.by_group.resize(table.groups.max(self.by_group.len()), NEVER);
        self.into_group.clear();
        self.into_group.resize(table.groups, UNKNOWN);
        for (&class, &value) in sources.iter().zip(values) {
            self.by_class[class as usize] = self.by_class[class as usize].min(value);
            let g = table.group[class as usize];
            if self.by_group[g as usize] == NEVER {
                self.present.push(g);
            }
            self.by_group[g as usize] = self.by_group[g as usize].min(value);
        }
    }

    /// The least over all groups of getting into group `h`; taken once a group. A group's own entry also stands for a
    /// class to itself, which is harmless: that is never dearer (see [`joins`]) and is compared on its own.
    fn entering(&mut self, h: usize, row: &[i64], volume: i64) -> i64 {
        if self.into_group[h] == UNKNOWN {
            let each = self.present.iter().map(|&g| self.by_group[g as usize] + volume * row[g as usize]);
            self.into_group[h] = each.min().unwrap_or(NEVER);
        }
        self.into_group[h]
    }

    fn clear(&mut self, table: &Table, sources: &[u16]) {
        for &class in sources {
            self.by_class[class as usize] = NEVER;
        }
        for &class in sources {
            self.by_group[table.group[class as usize] as usize] = NEVER;
        }
        self.present.clear();
    }
}

/// True if `class` agrees with all members of a group on every price but those to themselves, and staying is for none
/// of them dearer than moving inside the group.
fn joins(at: &impl Fn(usize, usize) -> i64, classes: usize, class: usize, members: &[usize]) -> bool {
    let leader = members[0];
    let inside = at(leader, class);
    let elsewhere = |d: &usize| *d != class && !members.contains(d);
    let uniform = |m: &usize| at(*m, class) == inside && at(class, *m) == inside && at(*m, *m) <= inside;
    at(class, class) <= inside
        && members.iter().all(uniform)
        && (members.len() == 1 || at(leader, members[1]) == inside)
        && (0..classes).filter(elsewhere).all(|d| at(class, d) == at(leader, d) && at(d, class) == at(d, leader))
}
