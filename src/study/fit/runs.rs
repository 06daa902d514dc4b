//! How long pools stay up and down, as probes at even times saw it.
//!
//! **Invariant:** a run that the first probe found under way is left out, since nobody knows its start; one that the
//! last probe found is cut off, and counts as such.

/// A time that a pool stayed as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// Ticks, at least 1.
    pub ticks: usize,
    /// True if it may have gone on.
    pub is_cut: bool,
}

/// The runs of one pool: the tick at which each begins, whether it is up, and how long.
pub(super) fn in_turn(up: &[bool]) -> Vec<(usize, bool, Run)> {
    let mut found = Vec::new();
    let mut from = 0;
    for at in 1..=up.len() {
        if at < up.len() && up[at] == up[from] {
            continue;
        }
        if from > 0 {
            found.push((from, up[from], Run { ticks: at - from, is_cut: at == up.len() }));
        }
        from = at;
    }
    found
}

/// The runs of one pool: those up, those down.
pub(super) fn runs(up: &[bool]) -> [Vec<Run>; 2] {
    let mut found = [Vec::new(), Vec::new()];
    for (_, is_up, run) in in_turn(up) {
        found[usize::from(!is_up)].push(run);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_began_before_is_left_out_and_what_goes_on_is_cut() {
        let up = [true, true, false, false, false, true, false];
        let [ups, downs] = runs(&up);
        assert_eq!(ups, [Run { ticks: 1, is_cut: false }]);
        assert_eq!(downs, [Run { ticks: 3, is_cut: false }, Run { ticks: 1, is_cut: true }]);
    }
}
